//! How much server CPU does an operation cost, as a ratio to the least it could cost?
//!
//! `benches/README.md` has the questions, how to run this, and what the numbers mean.

mod http {
    pub(crate) mod browser;
    pub(crate) mod cases;
    pub(crate) mod client;
    pub(crate) mod load;
    pub(crate) mod operations;
    pub(crate) mod process;
    pub(crate) mod reference;
    pub(crate) mod report;
    pub(crate) mod subject;
}

use std::{env, time::Duration};

use http::{cases, reference};

/// Set for the process that is to be the reference server; its value is a folder for the rows.
const REFERENCE: &str = "COUNTERSIGN_BENCH_REFERENCE";

/// How thorough, and which.
pub(crate) struct Options {
    /// Alternating rounds of each case.
    pub(crate) rounds: usize,
    /// Server CPU in each round; `/proc` counts it in hundredths of a second.
    pub(crate) cpu_a_round: Duration,
    /// Only cases whose name has one of these in it; all if empty.
    pub(crate) only: Vec<String>,
}

impl Options {
    fn read() -> Self {
        let given: Vec<String> = env::args().skip(1).collect();
        let quick = given.iter().any(|argument| argument == "--quick");
        let (rounds, cpu_a_round) = if quick { (3, Duration::from_millis(250)) } else { (7, Duration::from_secs(1)) };
        Self { rounds, cpu_a_round, only: given.into_iter().filter(|argument| !argument.starts_with("--")).collect() }
    }

    /// Is the case to be run?
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

fn main() -> anyhow::Result<()> {
    if let Some(folder) = env::var_os(REFERENCE) {
        return reference::serve(folder.as_ref());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tables = tokio::task::LocalSet::new().block_on(&runtime, cases::run(&Options::read()))?;
    println!("{tables}");
    Ok(())
}
