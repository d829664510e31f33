//! The questions, one after the other.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    bench::{Bench, CONNECTIONS, Case, Work, consent, issue},
    browser::REDIRECT_URI,
    evidence::Evidence,
    operations::{
        asks, asks_userinfo, client_credentials, flow, gets, introspects, mixed, reference_asks, reference_checks,
        reference_flow, rotation, shows,
    },
    passwords,
    report::{Lane, Reach, wanted},
    rounds::{self, Operation},
    subject::{App, Sessions, Subject},
};

/// Enough for group commit to fill its groups.
const MANY_CONNECTIONS: usize = 64;
pub(crate) const SERVICE: [&str; 4] = ["--grant", "client_credentials", "--scope", "read"];
pub(crate) const READER: &str = "openid profile email read";

/// Measures everything that is asked for.
pub(crate) async fn run(bench: &mut Bench<'_>) -> Result<()> {
    tokens_of_apps(bench).await?;
    code_flows(bench).await?;
    refresh(bench).await?;
    tokens_presented(bench).await?;
    documents(bench).await?;
    mix(bench).await?;
    passwords::run(bench).await?;
    memory_and_size(bench)
}

async fn tokens_of_apps(bench: &mut Bench<'_>) -> Result<()> {
    let jwt =
        Case {
            name: "client credentials → JWT", beside: "token", reach: Reach::Ratio(1.5), connections: CONNECTIONS
        };
    let reference = || Some(reference_asks("/token", &[]));
    bench.compare(&jwt, reference(), async |subject| service(subject, &[])).await?;
    let opaque = Case {
        name: "client credentials → opaque, 64 connections",
        beside: "token + row",
        reach: Reach::Ratio(1.5),
        connections: MANY_CONNECTIONS,
    };
    let reference = Some(reference_asks("/token-and-row", &[]));
    bench.compare(&opaque, reference, async |subject| service(subject, &["--access-token", "opaque"])).await?;
    if let Some((first, row)) =
        bench.subjects.first().zip(bench.tables.rows.last().filter(|row| row.name == opaque.name))
    {
        let rate = row.lanes.first().map_or(f64::NAN, Lane::per_second);
        let syncs = syncs_a_second(first.folder.path())?;
        let times = rate / syncs;
        let shown = format!("{times:.1} × ({rate:.0} tokens a second, {syncs:.0} fsync)");
        bench.tables.add("durable opaque tokens to fsync, a second", shown, wanted("≥ 10 ×", times >= 10.0));
    }
    Ok(())
}

/// Tokens of an app's own.
fn service(subject: &Subject, more: &[&str]) -> Result<Work> {
    let app = subject.register("service", &[&SERVICE[..], more].concat())?;
    let evidence = Evidence::of(&app, "read");
    Ok(Work::new(asks(client_credentials(&app), &evidence)).leaving(&evidence))
}

async fn code_flows(bench: &mut Bench<'_>) -> Result<()> {
    for (name, scope, id_token, reach) in [
        ("code flow, RS256 ID token", "openid read", Some("RS256"), Reach::Micros(600.0)),
        ("code flow, ES256 ID token", "openid read", Some("ES256"), Reach::Micros(300.0)),
        ("code flow, no ID token", "read", None, Reach::Micros(300.0)),
    ] {
        let asked: Vec<(&str, &str)> = id_token.iter().map(|algorithm| ("id_token", *algorithm)).collect();
        let case = Case { name, beside: "row, then tokens + row", reach, connections: CONNECTIONS };
        let flags: Vec<&str> = id_token.iter().flat_map(|algorithm| ["--id-token-alg", algorithm]).collect();
        let make = async |subject: &Subject| code_flow(subject, scope, &flags).await;
        bench.compare(&case, Some(reference_flow(&asked)), make).await?;
    }
    Ok(())
}

async fn code_flow(subject: &Subject, scope: &str, more: &[&str]) -> Result<Work> {
    let app = web_app(subject, scope, more)?;
    consent(subject, &app, scope).await?;
    let (sessions, evidence) = (Sessions::default(), Evidence::of(&app, scope));
    Ok(Work::new(flow(&app, scope, &sessions, &evidence, None)).using(&sessions).leaving(&evidence))
}

/// An app with the code grant.
pub(crate) fn web_app(subject: &Subject, scope: &str, more: &[&str]) -> Result<App> {
    let flags = ["--grant", "authorization_code", "--redirect-uri", REDIRECT_URI, "--scope", scope];
    subject.register("web app", &[&flags[..], more].concat())
}

async fn refresh(bench: &mut Bench<'_>) -> Result<()> {
    let case =
        Case { name: "refresh rotation", beside: "token + row", reach: Reach::Micros(150.0), connections: CONNECTIONS };
    let make = async |subject: &Subject| {
        let app = web_app(subject, "read", &["--grant", "refresh_token"])?;
        let chains = issue(subject, &app, "read", "refresh_token").await?;
        let evidence = Evidence::of(&app, "read");
        Ok(Work::new(rotation(&app, &chains, &evidence)).leaving(&evidence))
    };
    bench.compare(&case, Some(reference_asks("/token-and-row", &[])), make).await
}

/// Introspection and userinfo.
async fn tokens_presented(bench: &mut Bench<'_>) -> Result<()> {
    let case = Case {
        name: "introspection",
        beside: "check of a secret",
        reach: Reach::Micros(30.0),
        connections: CONNECTIONS,
    };
    let make = async |subject: &Subject| {
        let app = web_app(subject, READER, &[])?;
        let tokens = issue(subject, &app, READER, "access_token").await?;
        Ok(Work::new(introspects(&app, &tokens)))
    };
    bench.compare(&case, Some(reference_checks()), make).await?;
    let case = Case { name: "userinfo", beside: "hello", reach: Reach::Micros(40.0), connections: CONNECTIONS };
    let make = async |subject: &Subject| {
        let tokens = issue(subject, &web_app(subject, READER, &[])?, READER, "access_token").await?;
        Ok(Work::new(asks_userinfo(&tokens)))
    };
    bench.compare(&case, Some(gets("/hello")), make).await
}

async fn documents(bench: &mut Bench<'_>) -> Result<()> {
    for (name, path) in [("JWKS", "/oauth2/jwks"), ("metadata", "/.well-known/openid-configuration")] {
        let case = Case { name, beside: "hello", reach: Reach::Ratio(1.3), connections: CONNECTIONS };
        bench.compare(&case, Some(gets("/hello")), async |_| Ok(Work::new(gets(path)))).await?;
    }
    let page = Case { name: "sign-in page", beside: "hello", reach: Reach::Nothing, connections: CONNECTIONS };
    bench.compare(&page, Some(gets("/hello")), async |_| Ok(Work::new(shows("/login", "id=\"login\"")))).await?;
    let case = Case { name: "health (nothing else)", beside: "hello", reach: Reach::Nothing, connections: CONNECTIONS };
    bench.compare(&case, Some(gets("/hello")), async |_| Ok(Work::new(shows("/health/live", "")))).await
}

/// A day in small: APIs ask about tokens, apps refresh them, people come and go.
async fn mix(bench: &mut Bench<'_>) -> Result<()> {
    let case = Case { name: "mix", beside: "", reach: Reach::Nothing, connections: CONNECTIONS };
    bench.compare(&case, None, async |subject| mixed_work(subject).await).await
}

/// Of a hundred: 40 introspections, 20 userinfo, 15 refreshes, 10 tokens of apps, 5 code flows, 10 documents.
pub(crate) async fn mixed_work(subject: &Subject) -> Result<Work> {
    let (app, service) =
        (web_app(subject, READER, &["--grant", "refresh_token"])?, subject.register("service", &SERVICE)?);
    let access = issue(subject, &app, READER, "access_token").await?;
    let chains = issue(subject, &app, READER, "refresh_token").await?;
    let (sessions, own, refreshed) = (Sessions::default(), Evidence::of(&app, READER), Evidence::of(&app, READER));
    let of_service = Evidence::of(&service, "read");
    let shares: Vec<(usize, Operation)> = vec![
        (40, introspects(&app, &access)),
        (20, asks_userinfo(&access)),
        (15, rotation(&app, &chains, &refreshed)),
        (10, asks(client_credentials(&service), &of_service)),
        (5, flow(&app, READER, &sessions, &own, None)),
        (5, gets("/oauth2/jwks")),
        (5, gets("/.well-known/openid-configuration")),
    ];
    Ok(Work::new(mixed(shares)).using(&sessions).leaving(&own).leaving(&refreshed).leaving(&of_service))
}

fn memory_and_size(bench: &mut Bench<'_>) -> Result<()> {
    let mib = |kib: u64| rounds::number(kib) / 1024.0;
    if bench.options.wants("memory") {
        for (name, (pss, rss), most) in
            [("memory idle", bench.idle_memory, 20.0), ("memory loaded", bench.most_memory, 60.0)]
        {
            let shown = format!("{:.1} MiB PSS, {:.1} RSS", mib(pss), mib(rss));
            bench.tables.add(name, shown, wanted(&format!("≤ {most:.0} MiB"), mib(pss) <= most));
        }
    }
    if bench.options.wants("binary") {
        let first = bench.subjects.first().context("there is nothing to measure")?;
        let size = mib(stripped_bytes(&first.kind.binary)? / 1024);
        bench.tables.add("binary, stripped", format!("{size:.1} MiB"), wanted("≤ 20 MiB", size <= 20.0));
    }
    Ok(())
}

/// What the disk gives to a program that syncs for each of its writes.
fn syncs_a_second(folder: &Path) -> Result<f64> {
    let mut file = File::create(folder.join("syncs"))?;
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        done += 1;
    }
    Ok(rounds::count(done) / began.elapsed().as_secs_f64())
}

/// The program's size without symbols: as `strip` leaves it, or as it is where there is no `strip`.
fn stripped_bytes(binary: &Path) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("stripped");
    let done = Command::new("strip").arg("-o").arg(&stripped).arg(binary).status();
    let path = if done.is_ok_and(|done| done.success()) { &stripped } else { binary };
    Ok(fs::metadata(path)?.len())
}
