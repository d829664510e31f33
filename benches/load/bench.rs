//! Alternating rounds: the reference, countersign, and whatever else is to be compared with it.

use std::{
    env,
    path::PathBuf,
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{
    browser::{Browser, authorize_query},
    cluster::Cluster,
    evidence::Evidence,
    operations::{Tokens, flow},
    process::Server,
    report::{Lane, Reach, Row, Tables},
    rounds::{self, Load, Measured, Operation, share_of},
    subject::{App, Kind, PERSON, Passwords, Sessions, Subject, Watched, people},
};
use crate::{Options, REFERENCE, REFERENCE_WORKERS};

pub(crate) const CONNECTIONS: usize = 16;
/// Access tokens and refresh chains that are used in turn.
pub(crate) const TOKENS: usize = 64;
/// Of what it can do, that much is offered by the clock.
const STEADY_SHARE: f64 = 0.5;

/// A question.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) reach: Reach,
    pub(crate) connections: usize,
}

/// What one server is asked in a case.
pub(crate) struct Work {
    operation: Operation,
    /// Those it uses up.
    sessions: Option<Sessions>,
    /// What it leaves, to be looked at after each round.
    evidence: Vec<Evidence>,
}

impl Work {
    /// What leaves nothing.
    pub(crate) const fn new(operation: Operation) -> Self {
        Self { operation, sessions: None, evidence: Vec::new() }
    }

    /// What leaves this.
    pub(crate) fn leaving(mut self, evidence: &Evidence) -> Self {
        self.evidence.push(evidence.clone());
        self
    }

    /// What uses up answers without a page.
    pub(crate) fn using(mut self, sessions: &Sessions) -> Self {
        self.sessions = Some(sessions.clone());
        self
    }

    /// Does so much of it, and looks at what it left.
    pub(crate) async fn round(&self, at: Watched<'_>, load: &Load) -> Result<Measured> {
        if let Some(sessions) = &self.sessions {
            sessions.provide(at.server, load.operations).await?;
        }
        let measured = rounds::run(at, load, &self.operation).await?;
        self.check(at.server).await?;
        Ok(measured)
    }

    /// Looks at what it left.
    pub(crate) async fn check(&self, server: &Server) -> Result<()> {
        for evidence in &self.evidence {
            evidence.check(server).await?;
        }
        Ok(())
    }

    /// What is done, by itself.
    pub(crate) const fn operation(&self) -> &Operation {
        &self.operation
    }
}

/// Everything that runs.
pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    reference: Server,
    _folder: TempDir,
    /// What is measured; the first is what others are compared with.
    pub(crate) subjects: Vec<Subject>,
    pub(crate) tables: Tables,
    /// PSS and RSS, in KiB, of the first: idle, and the most.
    pub(crate) idle_memory: (u64, u64),
    pub(crate) most_memory: (u64, u64),
}

/// What is to be measured.
pub(crate) async fn kinds(options: &Options) -> Result<Vec<Kind>> {
    let binary = env::var_os("COUNTERSIGN_BENCH_BINARY").map(PathBuf::from);
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_countersign").into());
    let mut kinds = vec![Kind { name: "SQLite".to_owned(), binary, cluster: None, gives_way: options.overload }];
    if let Some(binary) = &options.against {
        let name = binary.display().to_string();
        kinds.push(Kind { name, binary: std::path::absolute(binary)?, cluster: None, gives_way: options.overload });
    }
    if options.postgres {
        let cluster = Rc::new(Cluster::find().await?);
        let own = kinds.first().context("there is nothing to measure")?.binary.clone();
        let name = "PostgreSQL".to_owned();
        kinds.push(Kind { name, binary: own, cluster: Some(cluster), gives_way: options.overload });
    }
    Ok(kinds)
}

impl<'a> Bench<'a> {
    /// Starts all of them.
    pub(crate) async fn start(options: &'a Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-reference-").tempdir()?;
        let mut command = Command::new(env::current_exe()?);
        command.env(REFERENCE, folder.path()).env(REFERENCE_WORKERS, options.workers.to_string());
        let reference = Server::start(&mut command, &folder.path().join("log"))?;
        let (mut subjects, mut tables) = (Vec::new(), Tables::default());
        tables.notes.push(format!("Medians of {} alternating rounds.", options.rounds));
        for kind in kinds(options).await? {
            tables.notes.extend(kind.cluster.as_ref().map(|cluster| format!("{}.", cluster.words)));
            subjects.push(Subject::start(&kind, Passwords::Cheap).await?);
        }
        let idle = subjects.first().context("there is nothing to measure")?.server.memory_kib()?;
        Ok(Self { options, reference, _folder: folder, subjects, tables, idle_memory: idle, most_memory: idle })
    }

    /// Alternating rounds of all servers, after each was warmed up and its number of operations found; then each by the
    /// clock.
    pub(crate) async fn compare(
        &mut self,
        case: &Case,
        reference: Option<Operation>,
        make: impl AsyncFn(&Subject) -> Result<Work>,
    ) -> Result<()> {
        if !self.options.wants(case.name) {
            return Ok(());
        }
        eprint!("{} …", case.name);
        let began = Instant::now();
        let mut runners = Vec::new();
        for subject in &self.subjects {
            runners.push(Runner::new(subject.watched(), make(subject).await?));
        }
        if let Some(operation) = reference {
            runners.push(Runner::new(Watched { server: &self.reference, cluster: None }, Work::new(operation)));
        }
        for runner in &mut runners {
            runner.operations = enough(runner.at, &runner.work, case.connections, self.options.cpu_a_round).await?;
        }
        for round in 0..self.options.rounds {
            // another begins each time
            let turn = round % runners.len();
            let (last, first) = runners.split_at_mut(turn);
            for runner in first.iter_mut().chain(last) {
                let load = Load::busy(case.connections, runner.operations);
                let measured = runner.work.round(runner.at, &load).await?;
                runner.rounds.push(measured);
            }
            if let Some(first) = self.subjects.first() {
                let (pss, rss) = first.server.memory_kib()?;
                self.most_memory = (self.most_memory.0.max(pss), self.most_memory.1.max(rss));
            }
        }
        let mut row =
            Row { name: case.name, beside: case.beside, reach: case.reach, lanes: Vec::new(), reference: Vec::new() };
        let mut names = self.subjects.iter().map(|subject| subject.kind.name.clone());
        for runner in runners {
            let Some(name) = names.next() else {
                row.reference = runner.rounds;
                break;
            };
            let Runner { at, work, rounds, .. } = runner;
            let mut lane = Lane { name, rounds, steady: None };
            let load = Load::steady(case.connections, lane.per_second() * STEADY_SHARE, self.options.steady);
            lane.steady = Some(work.round(at, &load).await?);
            let checked: usize = work.evidence.iter().map(Evidence::checked).sum();
            eprint!(" {checked} tokens found good,");
            row.lanes.push(lane);
        }
        eprintln!(" {:.0} s", began.elapsed().as_secs_f64());
        self.tables.rows.push(row);
        Ok(())
    }
}

/// One server and what it is asked.
struct Runner<'a> {
    at: Watched<'a>,
    work: Work,
    operations: usize,
    rounds: Vec<Measured>,
}

impl<'a> Runner<'a> {
    const fn new(at: Watched<'a>, work: Work) -> Self {
        Self { at, work, operations: 0, rounds: Vec::new() }
    }
}

/// How many operations take the CPU a round is to have, and not much longer than that.
pub(crate) async fn enough(at: Watched<'_>, work: &Work, connections: usize, cpu_a_round: Duration) -> Result<usize> {
    let mut operations = 16;
    loop {
        let began = Instant::now();
        let measured = work.round(at, &Load::busy(connections, operations)).await?;
        let wanted = cpu_a_round.as_secs_f64();
        let spent = measured.micros * 1e-6 * rounds::count(operations);
        let took = rounds::count(operations) / measured.per_second;
        if spent > wanted / 5.0 || took > wanted * 2.0 || began.elapsed() > Duration::from_secs(20) {
            let times = (wanted / spent.max(1e-9)).min(wanted * 4.0 / took);
            return Ok(share_of(operations, times).max(1));
        }
        operations *= 4;
    }
}

/// Everybody allows this app what it will ask for.
pub(crate) async fn consent(subject: &Subject, app: &App, scope: &str) -> Result<()> {
    let (_, password) = PERSON;
    for name in people() {
        let mut browser = Browser::open(&subject.server).await?;
        let allowed = browser.allow(&authorize_query(&app.id, scope), &name, password).await;
        allowed.with_context(|| subject.server.last_words())?;
    }
    Ok(())
}

/// Tokens of an app, each from a code flow of its own.
pub(crate) async fn issue(subject: &Subject, app: &App, scope: &str, member: &'static str) -> Result<Tokens> {
    consent(subject, app, scope).await?;
    let (sessions, tokens, evidence) = (Sessions::default(), Tokens::default(), Evidence::of(app, scope));
    let operation = flow(app, scope, &sessions, &evidence, Some((member, Rc::clone(&tokens))));
    let work = Work::new(operation).using(&sessions).leaving(&evidence);
    work.round(subject.watched(), &Load::busy(CONNECTIONS, TOKENS)).await?;
    Ok(tokens)
}
