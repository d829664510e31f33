//! The questions, one after the other.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{
    browser::{Browser, REDIRECT_URI, authorize_query},
    client::{Connection, get, post},
    load::{self, Load, Measured, share_of},
    operations::{
        Issued, Tokens, asks, basic, checks, client_credentials, flow, gets, nothing, password_grant, presents,
        reference_flow, reference_form, rotation,
    },
    process::Server,
    report::{Reach, Row, Tables, median, wanted},
    subject::{self, App, PERSON, Passwords, Sessions, Subject},
};
use crate::{Options, REFERENCE};

const CONNECTIONS: usize = 16;
/// Enough for group commit to fill its groups.
const MANY_CONNECTIONS: usize = 64;
/// Access tokens and refresh chains that are used in turn.
const TOKENS: usize = 64;

/// Measures everything that is asked for.
pub(crate) async fn run(options: &Options) -> Result<Tables> {
    let folder = tempfile::Builder::new().prefix("countersign-bench-reference-").tempdir()?;
    let mut command = Command::new(env::current_exe()?);
    let reference = Server::start(command.env(REFERENCE, folder.path()), &folder.path().join("log"))?;
    let subject = Subject::start(Passwords::Cheap)?;
    eprintln!("countersign is process {}, the reference {}", subject.server.id(), reference.id());
    let idle = subject.server.memory_kib()?;
    let tables = Tables { rounds: options.rounds, ..Tables::default() };
    let mut bench = Bench { options, reference, _folder: folder, subject, tables, most_memory: idle };
    bench.client_credentials().await?;
    bench.code_flows().await?;
    bench.refresh().await?;
    bench.tokens_presented().await?;
    bench.documents().await?;
    bench.passwords().await?;
    bench.memory_and_size(idle)?;
    Ok(bench.tables)
}

struct Bench<'a> {
    options: &'a Options,
    reference: Server,
    _folder: TempDir,
    subject: Subject,
    tables: Tables,
    most_memory: u64,
}

/// A case and its name, for the table.
struct Case {
    name: &'static str,
    beside: &'static str,
    reach: Reach,
    connections: usize,
}

impl Bench<'_> {
    async fn client_credentials(&mut self) -> Result<()> {
        let jwt = Case {
            name: "client credentials → JWT",
            beside: "token",
            reach: Reach::Ratio(1.5),
            connections: CONNECTIONS,
        };
        if self.options.wants(jwt.name) {
            let app = self.subject.register("service", &["--grant", "client_credentials", "--scope", "read"])?;
            self.compare(&jwt, asks(client_credentials(&app)), asks(reference_form("/token", &[])), nothing).await?;
        }
        let opaque = Case {
            name: "client credentials → opaque, 64 connections",
            beside: "token + row",
            reach: Reach::Ratio(1.5),
            connections: MANY_CONNECTIONS,
        };
        if self.options.wants(opaque.name) {
            let flags = ["--grant", "client_credentials", "--scope", "read", "--access-token", "opaque"];
            let app = self.subject.register("opaque service", &flags)?;
            let reference = asks(reference_form("/token-and-row", &[]));
            self.compare(&opaque, asks(client_credentials(&app)), reference, nothing).await?;
            let rate = self.tables.rows.last().map_or(0.0, Row::per_second);
            let syncs = syncs_a_second(self.subject.folder.path())?;
            let times = rate / syncs;
            let shown = format!("{times:.1} × ({rate:.0} tokens a second, {syncs:.0} fsync)");
            self.tables.add("durable opaque tokens to fsync, a second", shown, wanted("≥ 10 ×", times >= 10.0));
        }
        Ok(())
    }

    async fn code_flows(&mut self) -> Result<()> {
        for (name, scope, id_token, reach) in [
            ("code flow, RS256 ID token", "openid read", Some("RS256"), Reach::Micros(600.0)),
            ("code flow, ES256 ID token", "openid read", Some("ES256"), Reach::Micros(300.0)),
            ("code flow, no ID token", "read", None, Reach::Micros(300.0)),
        ] {
            if !self.options.wants(name) {
                continue;
            }
            let mut flags = vec!["--grant", "authorization_code", "--redirect-uri", REDIRECT_URI, "--scope", scope];
            flags.extend(id_token.iter().flat_map(|algorithm| ["--id-token-alg", algorithm]));
            let app = self.subject.register(name, &flags)?;
            self.consent(&app, scope).await?;
            let sessions = Sessions::default();
            let subject = flow(&app, scope, &sessions, &Rc::default());
            let asked: Vec<(&str, &str)> = id_token.iter().map(|algorithm| ("id_token", *algorithm)).collect();
            let reference = reference_flow(reference_form("/token-and-row", &asked));
            let case = Case { name, beside: "row, then tokens + row", reach, connections: CONNECTIONS };
            let prepare = async |server: &Server, operations| sessions.provide(server, operations).await;
            self.compare(&case, subject, reference, prepare).await?;
        }
        Ok(())
    }

    async fn refresh(&mut self) -> Result<()> {
        let case = Case {
            name: "refresh rotation",
            beside: "token + row",
            reach: Reach::Micros(150.0),
            connections: CONNECTIONS,
        };
        if !self.options.wants(case.name) {
            return Ok(());
        }
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", REDIRECT_URI];
        let app = self.subject.register("refresher", &[&grants[..], &["--scope", "read"]].concat())?;
        let chains = self.issue(&app, "read", "refresh_token").await?;
        let reference = asks(reference_form("/token-and-row", &[]));
        self.compare(&case, rotation(&app, &chains), reference, nothing).await
    }

    /// Introspection and userinfo.
    async fn tokens_presented(&mut self) -> Result<()> {
        let introspection = Case {
            name: "introspection",
            beside: "check of a secret",
            reach: Reach::Micros(30.0),
            connections: CONNECTIONS,
        };
        let userinfo = Case { name: "userinfo", beside: "hello", reach: Reach::Micros(40.0), connections: CONNECTIONS };
        if !self.options.wants(introspection.name) && !self.options.wants(userinfo.name) {
            return Ok(());
        }
        let scope = "openid profile email read";
        let flags = ["--grant", "authorization_code", "--redirect-uri", REDIRECT_URI, "--scope", scope];
        let app = self.subject.register("reader", &flags)?;
        let tokens = self.issue(&app, scope, "access_token").await?;
        if self.options.wants(introspection.name) {
            let basic = basic(&app);
            let ask = move |token: &str| post("/oauth2/introspect", &basic, &[("token", token)]);
            let subject = presents(&tokens, ask, "\"active\":true");
            self.compare(&introspection, subject, checks(), nothing).await?;
        }
        if self.options.wants(userinfo.name) {
            let ask = |token: &str| get("/oauth2/userinfo", &format!("Authorization: Bearer {token}\r\n"));
            let subject = presents(&tokens, ask, "\"sub\":");
            self.compare(&userinfo, subject, gets("/hello"), nothing).await?;
        }
        Ok(())
    }

    async fn documents(&mut self) -> Result<()> {
        for (name, path) in [
            ("JWKS", "/oauth2/jwks"),
            ("metadata", "/.well-known/openid-configuration"),
            ("health (nothing else)", "/health/live"),
        ] {
            let reach = if path.starts_with("/health") { Reach::Nothing } else { Reach::Ratio(1.3) };
            let case = Case { name, beside: "hello", reach, connections: CONNECTIONS };
            if self.options.wants(name) {
                self.compare(&case, gets(path), gets("/hello"), nothing).await?;
            }
        }
        Ok(())
    }

    /// What needs passwords at their real price, in an installation of its own.
    async fn passwords(&mut self) -> Result<()> {
        let sign_in =
            Case { name: "password grant", beside: "Argon2id", reach: Reach::Ratio(1.1), connections: CONNECTIONS };
        let (saturated, start) = ("p99 beside passwords", "start");
        if ![sign_in.name, saturated, start].iter().any(|name| self.options.wants(name)) {
            return Ok(());
        }
        let subject = Subject::start(Passwords::Default)?;
        let cheap = std::mem::replace(&mut self.subject, subject);
        let known = self.most_memory;
        if self.options.wants(sign_in.name) || self.options.wants(saturated) {
            let flags = ["--grant", "password", "--grant", "client_credentials", "--scope", "read"];
            let app = self.subject.register("tutorial", &flags)?;
            if self.options.wants(sign_in.name) {
                let reference = asks(reference_form("/hash", &[]));
                self.compare(&sign_in, asks(password_grant(&app)), reference, nothing).await?;
            }
            if self.options.wants(saturated) {
                self.beside_passwords(&app).await?;
            }
        }
        // Argon2's blocks are not counted
        self.most_memory = known;
        let Subject { server, folder, .. } = std::mem::replace(&mut self.subject, cheap);
        server.stop()?;
        if self.options.wants(start) {
            let starts: Result<Vec<f64>> = (0..self.options.rounds.max(5))
                .map(|_| Ok(subject::time_to_ready(folder.path())?.as_secs_f64() * 1e3))
                .collect();
            let took = median(starts?.into_iter());
            self.tables.add(
                "start to first 200 from /health/ready",
                format!("{took:.0} ms"),
                wanted("≤ 100 ms", took <= 100.0),
            );
        }
        Ok(())
    }

    /// How long a client-credentials token takes while every permit for password hashes is taken.
    async fn beside_passwords(&mut self, app: &App) -> Result<()> {
        let seconds = if self.options.rounds < 5 { 2 } else { 6 };
        let load = Load { connections: 2, operations: seconds * 400, pace: Duration::from_millis(5) };
        let (server, token, password) =
            (&self.subject.server, asks(client_credentials(app)), asks(password_grant(app)));
        let alone = load::run(server, load, &token).await?;
        let endless = Load { connections: CONNECTIONS, operations: 1_000_000, pace: Duration::ZERO };
        let beside = tokio::select! {
            beside = load::run(server, load, &token) => beside?,
            ended = load::run(server, endless, &password) => return ended.map(drop),
        };
        let millis = |measured: &Measured| measured.percentile(0.99).as_secs_f64() * 1e3;
        let (alone, beside) = (millis(&alone), millis(&beside));
        let times = beside / alone;
        let shown = format!("{times:.1} × ({alone:.2} → {beside:.2} ms)");
        self.tables.add("p99 of a token while passwords are hashed", shown, wanted("≤ 3 ×", times <= 3.0));
        Ok(())
    }

    fn memory_and_size(&mut self, idle: u64) -> Result<()> {
        let mib = |kib: u64| load::count(usize::try_from(kib).unwrap_or(usize::MAX)) / 1024.0;
        let (idle, most) = (mib(idle), mib(self.most_memory));
        self.tables.add("memory idle (PSS)", format!("{idle:.1} MiB"), wanted("≤ 20 MiB", idle <= 20.0));
        self.tables.add("memory loaded (PSS)", format!("{most:.1} MiB"), wanted("≤ 60 MiB", most <= 60.0));
        let size = stripped_bytes()? / 1024;
        let size = mib(size);
        self.tables.add("binary, stripped", format!("{size:.1} MiB"), wanted("≤ 20 MiB", size <= 20.0));
        Ok(())
    }

    /// Alternating rounds of both servers, after each was warmed up and its number of operations found.
    async fn compare<S, R>(
        &mut self,
        case: &Case,
        subject: Rc<S>,
        reference: Rc<R>,
        prepare: impl AsyncFn(&Server, usize) -> Result<()>,
    ) -> Result<()>
    where
        S: AsyncFn(&mut Connection) -> Result<()> + 'static,
        R: AsyncFn(&mut Connection) -> Result<()> + 'static,
    {
        eprint!("{} …", case.name);
        let began = Instant::now();
        let load = |operations| Load { connections: case.connections, operations, pace: Duration::ZERO };
        let (own, other) = (&self.subject.server, &self.reference);
        let on_subject = async |operations| {
            prepare(own, operations).await?;
            load::run(own, load(operations), &subject).await
        };
        let on_reference = async |operations| load::run(other, load(operations), &reference).await;
        let (own_count, other_count) = (self.enough(&on_subject).await?, self.enough(&on_reference).await?);
        let (mut subject_rounds, mut reference_rounds) = (Vec::new(), Vec::new());
        for round in 0..self.options.rounds {
            if round % 2 == 0 {
                reference_rounds.push(on_reference(other_count).await?);
                subject_rounds.push(on_subject(own_count).await?);
            } else {
                subject_rounds.push(on_subject(own_count).await?);
                reference_rounds.push(on_reference(other_count).await?);
            }
            self.most_memory = self.most_memory.max(own.memory_kib()?);
        }
        eprintln!(" {:.0} s, {own_count} operations a round", began.elapsed().as_secs_f64());
        let Case { name, beside, reach, .. } = *case;
        self.tables.rows.push(Row { name, beside, reach, subject: subject_rounds, reference: reference_rounds });
        Ok(())
    }

    /// How many operations take the CPU a round is to have, and not much longer than that.
    async fn enough(&self, run: &impl AsyncFn(usize) -> Result<Measured>) -> Result<usize> {
        let mut operations = 16;
        loop {
            let began = Instant::now();
            let measured = run(operations).await?;
            let wanted = self.options.cpu_a_round.as_secs_f64();
            let spent = measured.micros * 1e-6 * load::count(operations);
            let took = load::count(operations) / measured.per_second;
            if spent > wanted / 5.0 || took > wanted * 2.0 || began.elapsed() > Duration::from_secs(20) {
                let times = (wanted / spent.max(1e-9)).min(wanted * 4.0 / took);
                return Ok(share_of(operations, times).max(1));
            }
            operations *= 4;
        }
    }

    /// The person allows this app what it will ask for.
    async fn consent(&self, app: &App, scope: &str) -> Result<()> {
        let (name, password) = PERSON;
        let mut browser = Browser::open(&self.subject.server).await?;
        let allowed = browser.allow(&authorize_query(&app.id, scope), name, password).await;
        allowed.map(drop).with_context(|| self.subject.server.last_words())
    }

    /// Tokens of an app, each from a code flow of its own.
    async fn issue(&self, app: &App, scope: &str, member: &'static str) -> Result<Tokens> {
        self.consent(app, scope).await?;
        let (sessions, issued) = (Sessions::default(), Issued { member, tokens: Tokens::default() });
        sessions.provide(&self.subject.server, TOKENS).await?;
        let issued = Rc::new(issued);
        let load = Load { connections: CONNECTIONS, operations: TOKENS, pace: Duration::ZERO };
        load::run(&self.subject.server, load, &flow(app, scope, &sessions, &issued)).await?;
        Ok(Rc::clone(&issued.tokens))
    }
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
    Ok(load::count(done) / began.elapsed().as_secs_f64())
}

/// The program's size without symbols: as `strip` leaves it, or as it is where there is no `strip`.
fn stripped_bytes() -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("stripped");
    let done = Command::new("strip").arg("-o").arg(&stripped).arg(subject::binary()).status();
    let path = if done.is_ok_and(|done| done.success()) { stripped } else { subject::binary() };
    Ok(fs::metadata(path)?.len())
}
