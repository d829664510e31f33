//! What people see, as text: each page, with data as it may be and with data at its worst.

use countersign::http::sample_pages;
use divan::Bencher;

fn names() -> Vec<String> {
    let mut names = Vec::new();
    sample_pages(&mut |name, _| names.push(name.to_owned()));
    names
}

#[divan::bench(args = names())]
fn render(bencher: Bencher<'_, '_>, page: &str) {
    let mut bencher = Some(bencher);
    sample_pages(&mut |name, render| {
        if let Some(bencher) = bencher.take_if(|_| name == page) {
            bencher.bench_local(render);
        }
    });
}
