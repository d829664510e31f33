//! The same operations with thousands and with millions of grants stored: what they cost and how long they take, how
//! large the tables are, how long a start and a sweep take, and what a sweep, the deletion of an app that many use, and a
//! backup do to everybody else.

mod ends;
mod fill;
mod sizes;

use std::{
    cell::{Cell, RefCell},
    io::Read,
    path::Path,
    process::{Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use countersign::clock::{Clock, SystemClock};

use super::{
    bench::{CONNECTIONS, Work, consent, enough, kinds},
    cases::{READER, web_app},
    client::{Connection, post},
    evidence::Evidence,
    operations::{
        Tokens, asks, asks_userinfo, basic, client_credentials, flow, gets, introspects, mixed, rotation, shows,
    },
    report::{bytes, machine, median, short},
    rounds::{Load, Measured, number, share_of},
    subject::{App, Kind, Passwords, Sessions, Subject},
};
use crate::Options;
use fill::Filling;

/// Apps that the grants are shared between.
const APPS: usize = 20;
/// Refresh chains in use, from all over the table.
const SCATTERED: u64 = 20_000;
/// Grants in use, where those are as many at every size as well: all that an app has of ten thousand.
const IN_USE: usize = 500;
/// What is asked beside a sweep and a backup, a second.
const BESIDE: f64 = 200.0;
/// At most so many are ended to be swept.
const SWEPT: u64 = 200_000;
/// For how long it is watched how what a deleted app left goes.
const WATCHED: Duration = Duration::from_mins(2);
/// Bytes a second of a dump.
const DUMPED: f64 = 20.0 * 1024.0 * 1024.0;
const FILE: &str = "data/countersign.db";
const FOR_EVER: Duration = Duration::from_mins(30);

/// Fills a database step by step, and measures after each; `PostgreSQL` where that is asked for.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let kinds = kinds(options).await?.into_iter();
    for kind in kinds.filter(|kind| kind.cluster.is_some() == options.postgres) {
        let mut grown = Grown::start(options, kind).await?;
        let mut lines = Lines::default();
        for size in &options.grants {
            grown = Box::pin(grown.to(*size, &mut lines)).await?;
        }
        println!("{}", lines.tables(&grown.subject.kind));
    }
    println!("{}.", machine());
    Ok(())
}

/// An installation that grows.
struct Grown<'a> {
    options: &'a Options,
    subject: Subject,
    filling: Filling,
    /// The first two of those that the grants are shared between: one is measured, one goes on beside a sweep, since a
    /// chain's first token is good once.
    apps: [App; 2],
    /// The others, of which one is deleted at each size.
    others: Vec<App>,
    service: App,
    grants: u64,
    swept: u64,
}

/// Rows of the tables.
#[derive(Default)]
struct Lines {
    operations: Vec<(u64, &'static str, f64, Measured)>,
    others: Vec<String>,
    sizes: Vec<String>,
}

impl<'a> Grown<'a> {
    async fn start(options: &'a Options, kind: Kind) -> Result<Self> {
        let subject = Subject::start(&kind, Passwords::Cheap).await?;
        // a slow backup takes longer than an access token usually lives
        let more = ["--grant", "refresh_token", "--access-ttl", "12h"];
        let apps: Result<Vec<App>> = (0..APPS).map(|_| web_app(&subject, READER, &more)).collect();
        let apps = apps?;
        let [app, other, others @ ..] = apps.as_slice() else { bail!("there are apps") };
        let (both, others) = ([app.clone(), other.clone()], others.to_vec());
        consent(&subject, app, READER).await?;
        let service = subject.register("service", &["--grant", "client_credentials", "--scope", "read"])?;
        let now = SystemClock.now().micros();
        let most = options.grants.iter().copied().max().unwrap_or(1);
        let filling = Filling::new(apps, now, most)?;
        Ok(Self { options, subject, filling, apps: both, others, service, grants: 0, swept: 0 })
    }

    async fn to(self, size: u64, lines: &mut Lines) -> Result<Self> {
        let Self { options, subject, filling, apps, others, service, grants, swept } = self;
        sizes::check_room(&subject, size - grants)?;
        eprint!("filling to {size} …");
        let began = Instant::now();
        let (subject, _) = subject
            .restart(async |folder, url| match url {
                Some(url) => filling.postgres(url, grants, size).await,
                None => filling.sqlite(&folder.join(FILE), grants, size),
            })
            .await?;
        let took = began.elapsed();
        settle().await?;
        eprintln!(" in {:.0} s", took.as_secs_f64());
        let (subject, start) = subject.restart(async |_, _| Ok(())).await?;
        let own = Self { options, subject, filling, apps, others, service, grants: size, swept };
        own.measure(lines).await?;
        lines.sizes.extend(sizes::lines(&own.subject, size).await?);
        Box::pin(own.disturb(start, lines)).await
    }

    async fn measure(&self, lines: &mut Lines) -> Result<()> {
        let [app, _] = &self.apps;
        let (evidence, sessions, own) =
            (Evidence::of(app, READER), Sessions::default(), Evidence::of(&self.service, "read"));
        // without the signature, which varies by more than what is looked for
        let (plain, plain_sessions) = (Evidence::of(app, "read"), Sessions::default());
        let chains = self.scattered(0)?;
        let few = few(&chains);
        let (presented, of_few) = (self.access_tokens(app, &chains).await?, self.access_tokens(app, &few).await?);
        let works: Vec<(&'static str, Work)> = vec![
            ("client credentials → JWT", Work::new(asks(client_credentials(&self.service), &own)).leaving(&own)),
            (
                "code flow, RS256 ID token",
                Work::new(flow(app, READER, &sessions, &evidence, None)).using(&sessions).leaving(&evidence),
            ),
            (
                "code flow, no ID token",
                Work::new(flow(app, "read", &plain_sessions, &plain, None)).using(&plain_sessions).leaving(&plain),
            ),
            ("refresh rotation", Work::new(rotation(app, &chains, &evidence)).leaving(&evidence)),
            ("refresh rotation, as many chains", Work::new(rotation(app, &few, &evidence)).leaving(&evidence)),
            ("introspection", Work::new(introspects(app, &presented))),
            ("introspection, as many grants", Work::new(introspects(app, &of_few))),
            ("userinfo", Work::new(asks_userinfo(&presented))),
            ("userinfo, as many grants", Work::new(asks_userinfo(&of_few))),
            ("metadata", Work::new(gets("/.well-known/openid-configuration"))),
            ("JWKS", Work::new(gets("/oauth2/jwks"))),
            ("sign-in page", Work::new(shows("/login", "id=\"login\""))),
        ];
        for (name, work) in works.into_iter().filter(|(name, _)| self.options.wants(name)) {
            eprint!("  {name} …");
            let at = self.subject.watched();
            let operations = enough(at, &work, CONNECTIONS, self.options.cpu_a_round).await?;
            let mut rounds = Vec::new();
            for _ in 0..self.options.rounds.min(3) {
                rounds.push(work.round(at, &Load::busy(CONNECTIONS, operations)).await?);
            }
            let rate = median(rounds.iter().map(|round| round.per_second)) / 2.0;
            let steady = work.round(at, &Load::steady(CONNECTIONS, rate, self.options.steady)).await?;
            let micros = median(rounds.iter().map(Measured::all_micros));
            eprintln!(" {} µs, p99 {:.2} ms", short(micros), steady.millis(0.99));
            lines.operations.push((self.grants, name, micros, steady));
        }
        Ok(())
    }

    /// First refresh tokens of one app's grants, from all over the table, each once.
    fn scattered(&self, app: u64) -> Result<Tokens> {
        let apps = u64::try_from(APPS)?;
        // what was swept, or is in use since an earlier size, is left out
        let former = self.options.grants.iter().copied().filter(|size| *size < self.grants).max().unwrap_or(0);
        let (first, last) = (self.swept.max(former).div_ceil(apps), self.grants / apps);
        let all = last - first;
        let tokens = Tokens::default();
        for number in 0..all.min(SCATTERED) {
            // a prime step goes through all of them in no order
            let number = (first + number * 7919 % all) * apps + app;
            tokens.borrow_mut().push_back(self.filling.refresh_token(number)?.1);
        }
        Ok(tokens)
    }

    /// Access tokens of such grants, several of each where there are few.
    async fn access_tokens(&self, app: &App, chains: &Tokens) -> Result<Tokens> {
        let (tokens, basic) = (Tokens::default(), basic(app));
        let mut connection = Connection::open(self.subject.server.address).await?;
        for _ in 0..self.options.presented {
            let token = chains.borrow_mut().pop_front().context("there is no chain")?;
            let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            let reply = connection.ask(&post("/oauth2/access_token", &basic, &form)).await?.expect(200)?;
            let token = reply.need_member("access_token")?.to_owned();
            chains.borrow_mut().push_back(reply.need_member("refresh_token")?.to_owned());
            // seen before, as in the other cases: it is the state behind it that is asked for
            let form = [("token", token.as_str())];
            connection.ask(&post("/oauth2/introspect", &basic, &form)).await?.expect(200)?;
            tokens.borrow_mut().push_back(token);
        }
        Ok(tokens)
    }

    /// Lets the oldest tenth be swept, deletes an app, and makes a backup, while other apps go on.
    async fn disturb(mut self, start: Duration, lines: &mut Lines) -> Result<Self> {
        let ended = self.swept + ((self.grants - self.swept) / 10).min(SWEPT);
        let before = self.filling.instant(ended)?;
        self.swept = ended;
        let [_, app] = self.apps.clone();
        let chains = self.scattered(1)?;
        let presented = self.access_tokens(&app, &chains).await?;
        let (evidence, own) = (Evidence::of(&app, READER), Evidence::of(&self.service, "read"));
        let work = Work::new(mixed(vec![
            (50, introspects(&app, &presented)),
            (30, rotation(&app, &chains, &evidence)),
            (20, asks(client_credentials(&self.service), &own)),
        ]))
        .leaving(&evidence)
        .leaving(&own);
        let load = Load::steady(CONNECTIONS, BESIDE, self.options.steady.max(Duration::from_secs(5)));
        let alone = work.round(self.subject.watched(), &load).await?;
        let mut rows = 0;
        let (subject, _) = self
            .subject
            .restart(async |folder, url| {
                rows = match url {
                    Some(url) => ends::in_postgres(url, before).await?,
                    None => ends::in_sqlite(&folder.join(FILE), before)?,
                };
                Ok(())
            })
            .await?;
        self.subject = subject;
        settle().await?;
        let (file, url) = (self.subject.folder.path().join(FILE), self.subject.database_url.as_deref());
        let (sweep, swept_in) = self.beside(&work, ends::are_swept(&file, url, before)).await?;
        let deleted = self.others.pop().context("all apps were deleted")?;
        let (its_grants, deleted_in) = (ends::of_app(&file, url, &deleted.id).await?, Cell::default());
        let deletion = async {
            let began = Instant::now();
            let mut command = self.subject.command();
            command.args(["client", "delete", &deleted.id, "--yes"]);
            finish(command).await?;
            deleted_in.set(began.elapsed());
            ends::are_removed(&file, url, WATCHED).await
        };
        let (removal, removed_in) = self.beside(&work, deletion).await?;
        let its_left = ends::of_app(&file, url, &deleted.id).await?;
        // last: in a sweep right after a copy of gigabytes was removed everybody waited forty times as long
        let copy = self.subject.folder.path().join("copy.db");
        let (beside_backup, backed_up_in) = self.beside(&work, self.back_up(&copy)).await?;
        if copy.exists() {
            std::fs::remove_file(copy)?;
        }
        let p99 = |measured: &Measured| measured.millis(0.99);
        lines.others.push(format!(
            "| {} | {:.0} ms | {rows} grants in {:.1} s: {:.0} a second | of {its_grants} grants: {:.0} ms, {its_left} left \
             after {:.1} s | {:.1} s | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms |",
            self.grants,
            start.as_secs_f64() * 1e3,
            swept_in.as_secs_f64(),
            number(u64::try_from(rows)?) / swept_in.as_secs_f64(),
            deleted_in.get().as_secs_f64() * 1e3,
            removed_in.as_secs_f64(),
            backed_up_in.as_secs_f64(),
            p99(&alone),
            p99(&sweep),
            p99(&removal),
            p99(&beside_backup),
        ));
        Ok(self)
    }

    /// Makes a backup as docs/production.md says: by our own command, or by `PostgreSQL`'s, taken slowly.
    async fn back_up(&self, copy: &Path) -> Result<()> {
        if let Some(url) = self.subject.database_url.clone() {
            return tokio::task::spawn_blocking(move || dump(&url)).await?;
        }
        let mut command = self.subject.command();
        command.args(["db", "backup"]).arg(copy);
        finish(command).await
    }

    /// How long a mix takes until something else is done, and how long that takes.
    async fn beside(&self, work: &Work, until: impl Future<Output = Result<()>>) -> Result<(Measured, Duration)> {
        let load = Load::steady(CONNECTIONS, BESIDE, FOR_EVER);
        let (enough, began) = (Rc::clone(&load.enough), Instant::now());
        let watching = async {
            let done = until.await;
            enough.set(true);
            done.map(|()| began.elapsed())
        };
        let (measured, took) = tokio::join!(work.round(self.subject.watched(), &load), watching);
        Ok((measured?, took?))
    }
}

/// Of these chains as many as there are at every size.
fn few(chains: &Tokens) -> Tokens {
    if chains.borrow().len() <= IN_USE {
        return Rc::clone(chains);
    }
    Rc::new(RefCell::new(chains.borrow_mut().drain(..IN_USE).collect()))
}

/// What was written before is on the disk, so that nobody who is measured waits for it.
async fn settle() -> Result<()> {
    finish(Command::new("sync")).await
}

/// Has a whole database dumped, and takes what comes no faster than [`DUMPED`]: `pg_dump` waits for whoever reads it, and
/// the server for `pg_dump`.
fn dump(url: &str) -> Result<()> {
    let mut command = Command::new("nice");
    command.args(["pg_dump", "--format=custom", "--compress=0", url]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().context("nice")?;
    let mut comes = child.stdout.take().context("its output is a pipe")?;
    let (mut piece, mut due) = (vec![0; 64 * 1024], Instant::now());
    loop {
        let taken = comes.read(&mut piece)?;
        if taken == 0 {
            break;
        }
        due = due.max(Instant::now()) + Duration::from_secs_f64(number(u64::try_from(taken)?) / DUMPED);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let status = child.wait()?;
    ensure!(status.success(), "pg_dump ended with {status}");
    Ok(())
}

/// Runs a program to its end.
async fn finish(mut program: Command) -> Result<()> {
    let mut child = program.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Lines {
    fn tables(&self, kind: &Kind) -> String {
        let words = kind.cluster.as_ref().map_or_else(|| kind.name.clone(), |cluster| cluster.words.clone());
        let mut text = format!(
            "\n{words}:\n\n| operation | grants | µs CPU, all processes | to the first | p50 ms | p99 ms | p99.9 ms | most ms |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        );
        let mut names: Vec<&str> = Vec::new();
        for (_, name, ..) in &self.operations {
            if !names.contains(name) {
                names.push(name);
            }
        }
        for name in names {
            let mut first = None;
            for (grants, _, micros, steady) in self.operations.iter().filter(|(_, own, ..)| *own == name) {
                let ratio = micros / *first.get_or_insert(*micros);
                let latency = super::report::percentiles(steady);
                let micros = short(*micros);
                text.extend([format!("| {name} | {grants} | {micros} | {ratio:.2} | {latency} |\n")]);
            }
        }
        text += "\n| grants | table | rows and indexes |\n| --- | --- | --- |\n";
        text += &self.sizes.concat();
        text += "\n| grants | start | sweep | an app is deleted | backup | p99 alone | beside the sweep | \
                 beside the deletion | beside the backup |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        text + &self.others.join("\n")
    }
}

/// About so many bytes a grant with all that hangs on it, for what has to be free.
fn room_for(grants: u64) -> u64 {
    // the file, and a copy of it
    u64::try_from(share_of(usize::try_from(grants).unwrap_or(usize::MAX), 2.2 * 1500.0)).unwrap_or(u64::MAX)
}

/// In words.
fn shown(size: u64) -> String {
    bytes(number(size))
}
