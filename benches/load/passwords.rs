//! What needs passwords at their real price, in installations of its own; and how long a start takes.

use anyhow::{Context, Result};

use super::{
    bench::{Bench, CONNECTIONS, Case, Work},
    evidence::Evidence,
    operations::{asks, client_credentials, password_grant, reference_asks, signs_in},
    report::{Reach, median, wanted},
    rounds::Load,
    subject::{App, PERSON, Passwords, Subject},
};

/// What others do meanwhile, a second.
const BESIDE: f64 = 400.0;
/// Connections that have passwords hashed: enough to keep every permit taken, and no overload yet.
const HASHING: usize = 8;

pub(super) async fn run(bench: &mut Bench<'_>) -> Result<()> {
    let grant = Case { name: "password grant", beside: "Argon2id", reach: Reach::Ratio(1.1), connections: CONNECTIONS };
    let sign_in =
        Case { name: "password sign-in", beside: "Argon2id", reach: Reach::Ratio(1.1), connections: CONNECTIONS };
    let (beside, start) = ("p99 beside passwords", "start");
    if ![grant.name, sign_in.name, beside, start].iter().any(|name| bench.options.wants(name)) {
        return Ok(());
    }
    let mut dear = Vec::new();
    for cheap in &bench.subjects {
        dear.push(Subject::start(&cheap.kind, Passwords::Default).await?);
    }
    let cheap = std::mem::replace(&mut bench.subjects, dear);
    // Argon2's blocks are not counted
    let known = bench.most_memory;
    let hash = || Some(reference_asks("/hash", &[]));
    bench
        .compare(&grant, hash(), async |subject| {
            let app = tutorial(subject)?;
            let evidence = Evidence::of(&app, "read");
            Ok(Work::new(asks(password_grant(&app, PERSON), &evidence)).leaving(&evidence))
        })
        .await?;
    bench.compare(&sign_in, hash(), async |_| Ok(Work::new(signs_in()))).await?;
    if bench.options.wants(beside) {
        beside_passwords(bench).await?;
    }
    bench.most_memory = known;
    let dear = std::mem::replace(&mut bench.subjects, cheap);
    if bench.options.wants(start) {
        for subject in dear {
            let (name, took) = (subject.kind.name.clone(), starts(subject, bench.options.rounds.max(5)).await?);
            let name = format!("start to first 200 from /health/ready, {name}");
            bench.tables.add(&name, format!("{took:.0} ms"), wanted("≤ 100 ms", took <= 100.0));
        }
    }
    Ok(())
}

fn tutorial(subject: &Subject) -> Result<App> {
    subject.register("tutorial", &["--grant", "password", "--grant", "client_credentials", "--scope", "read"])
}

/// Median of some starts, in milliseconds.
async fn starts(mut subject: Subject, rounds: usize) -> Result<f64> {
    let mut all = Vec::new();
    for _ in 0..rounds {
        let (again, took) = subject.restart(async |_, _| Ok(())).await?;
        subject = again;
        all.push(took.as_secs_f64() * 1e3);
    }
    Ok(median(all.into_iter()))
}

/// How long a client-credentials token takes while every permit for password hashes is taken.
async fn beside_passwords(bench: &mut Bench<'_>) -> Result<()> {
    let subject = bench.subjects.first().context("there is nothing to measure")?;
    let app = tutorial(subject)?;
    let evidence = Evidence::of(&app, "read");
    let token = Work::new(asks(client_credentials(&app), &evidence)).leaving(&evidence);
    let password = Work::new(asks(password_grant(&app, PERSON), &evidence));
    let load = Load::steady(CONNECTIONS, BESIDE, bench.options.steady);
    let endless = Load::busy(HASHING, 1_000_000);
    let alone = token.round(subject.watched(), &load).await?;
    let beside = tokio::select! {
        beside = token.round(subject.watched(), &load) => beside?,
        ended = password.round(subject.watched(), &endless) => return ended.map(drop),
    };
    let (alone, beside) = (alone.millis(0.99), beside.millis(0.99));
    let times = beside / alone;
    let shown = format!("{times:.1} × ({alone:.2} → {beside:.2} ms)");
    bench.tables.add("p99 of a token while passwords are hashed", shown, wanted("≤ 3 ×", times <= 3.0));
    Ok(())
}
