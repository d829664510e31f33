//! Passwords, as hashed by default.

use countersign::credential::password::{self, Cost, Verdict};
use divan::{Bencher, black_box};

const COST: Cost = Cost { memory: 19_456, iterations: 2, parallelism: 1 };

#[divan::bench(sample_count = 20, sample_size = 1)]
fn verify(bencher: Bencher<'_, '_>) {
    let stored = password::hash("correct horse battery staple", COST).expect("a hash");
    bencher.bench_local(|| {
        let verdict = password::verify(black_box("correct horse battery staple"), &stored, COST).expect("a verdict");
        assert_eq!(verdict, Verdict::Right);
    });
}
