//! What does an operation cost the server, and how long does it take, alone and with millions of grants behind it?
//!
//! `benches/README.md` has the questions, how to run this, and what the numbers mean.

mod load {
    pub(crate) mod bench;
    pub(crate) mod browser;
    pub(crate) mod cases;
    pub(crate) mod client;
    pub(crate) mod cluster;
    pub(crate) mod evidence;
    pub(crate) mod growth;
    pub(crate) mod operations;
    pub(crate) mod overload;
    pub(crate) mod passwords;
    pub(crate) mod process;
    pub(crate) mod reference;
    pub(crate) mod report;
    pub(crate) mod rounds;
    pub(crate) mod subject;
}

use std::{env, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use load::{bench::Bench, cases, growth, overload, reference};

/// Set for the process that is to be the reference server; its value is a folder for the rows.
const REFERENCE: &str = "COUNTERSIGN_BENCH_REFERENCE";
/// How many threads of the reference answer.
const REFERENCE_WORKERS: &str = "COUNTERSIGN_BENCH_REFERENCE_WORKERS";

/// How thorough, and which.
pub(crate) struct Options {
    /// Alternating rounds of each case.
    pub(crate) rounds: usize,
    /// Server CPU in each round; `/proc` counts it in hundredths of a second.
    pub(crate) cpu_a_round: Duration,
    /// How long operations are offered by the clock.
    pub(crate) steady: Duration,
    /// Access tokens in use where grants grow: as many at every size, since who remembers more takes longer to find one.
    pub(crate) presented: usize,
    /// Threads of the reference that answer.
    pub(crate) workers: usize,
    /// Also on `PostgreSQL`.
    pub(crate) postgres: bool,
    /// Another program, in the same rounds.
    pub(crate) against: Option<PathBuf>,
    /// Ten times the load it can carry: another question.
    pub(crate) overload: bool,
    /// So many grants behind it, one after the other: the other questions.
    pub(crate) grants: Vec<u64>,
    /// Only cases whose name has one of these in it; all if empty.
    pub(crate) only: Vec<String>,
}

impl Options {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            rounds: 7,
            cpu_a_round: Duration::from_secs(1),
            steady: Duration::from_secs(4),
            presented: 4_000,
            workers: 1,
            postgres: false,
            against: None,
            overload: false,
            grants: Vec::new(),
            only: Vec::new(),
        };
        while let Some(argument) = given.next() {
            let mut value = || given.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => {
                    options.rounds = 3;
                    options.cpu_a_round = Duration::from_millis(250);
                    options.steady = Duration::from_secs(1);
                    options.presented = 400;
                }
                "--rounds" => options.rounds = value()?.parse().context("--rounds needs a number")?,
                "--workers" => options.workers = value()?.parse().context("--workers needs a number")?,
                "--overload" => options.overload = true,
                "--postgres" => options.postgres = true,
                "--against" => options.against = Some(value()?.into()),
                "--grants" => {
                    let read: Result<Vec<u64>, _> = value()?.replace('_', "").split(',').map(str::parse).collect();
                    options.grants = read.context("--grants needs numbers with commas between")?;
                }
                // from cargo itself
                "--bench" => {}
                unknown if unknown.starts_with('-') => bail!("{unknown} is unknown; see benches/README.md"),
                _ => options.only.push(argument),
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Flags that ask different questions, or of somebody who is not there.
    fn check(&self) -> Result<()> {
        let (grown, compared, threads) = (!self.grants.is_empty(), self.against.is_some(), self.workers != 1);
        for (both, first, second) in [
            (self.overload && grown, "--overload", "--grants"),
            (compared && grown, "--against", "--grants"),
            (threads && grown, "--workers", "--grants"),
            (threads && self.overload, "--workers", "--overload"),
        ] {
            ensure!(!both, "{first} and {second} do not go together; see benches/README.md");
        }
        Ok(())
    }

    /// Is the case to be run?
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

fn main() -> Result<()> {
    if let Some(folder) = env::var_os(REFERENCE) {
        let workers = env::var(REFERENCE_WORKERS)?.parse()?;
        return reference::serve(folder.as_ref(), workers);
    }
    let options = Options::read(env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        if options.overload {
            overload::run(&options).await?;
        } else if options.grants.is_empty() {
            let mut bench = Bench::start(&options).await?;
            cases::run(&mut bench).await?;
            println!("{}", bench.tables);
        } else {
            growth::run(&options).await?;
        }
        Ok(())
    })
}
