//! The actors of these tests: the server, apps registered with it, people who use it, the browser they use, and
//! programs in other languages.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod person;
pub(crate) mod program;
pub(crate) mod receiver;
pub(crate) mod server;
mod tests;

use std::env;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// A test cannot run here. Says so past the test runner's capture, or fails where all of them must run.
fn skip(why: &str) {
    assert!(env::var_os("COUNTERSIGN_TEST_REQUIRE_ALL").is_none(), "would be skipped: {why}");
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    drop(writeln!(std::io::stderr(), "skipped: {name}: {why}"));
}

/// Asks until the answer is yes. What takes a second here may take a minute on a busy machine.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so().await? {
        if start.elapsed() > Duration::from_mins(2) {
            bail!("it does not come true that {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// A file with this name in one of the folders of `PATH`.
fn on_path(name: &str) -> Option<std::path::PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}
