//! What becomes of those who come, when ten times as many come as can be served?

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use tokio::{task::JoinSet, time::timeout};

use super::{
    bench::{CONNECTIONS, Case, Work, enough, issue, kinds},
    cases::{READER, SERVICE, web_app},
    client::{Busy, Connection, get},
    evidence::Evidence,
    operations::{asks, asks_userinfo, client_credentials, introspects, mixed, password_grant, rotation},
    report::{Reach, machine, wanted},
    rounds::{Load, ONE_WITHIN, Operation, count, number},
    subject::{Passwords, Subject},
};
use crate::Options;

/// So many times what the server can do is offered …
const TIMES: f64 = 10.0;
/// … over so many connections.
const MANY: usize = 2048;
/// Who sign in with passwords.
const PEOPLE: usize = 64;
/// Of what it can do, that much is offered before and after.
const USUAL: f64 = 0.5;
/// Until the server takes it for an overload; told apart from what follows.
const BEGINNING: Duration = Duration::from_secs(4);
const FLOOD: Duration = Duration::from_secs(10);
/// Afterwards it is looked at in pieces of this length, for so long at most.
const PIECE: Duration = Duration::from_millis(500);
const RECOVERS_WITHIN: Duration = Duration::from_secs(30);
/// What is wanted of the p99 of those that are served.
const MOST: f64 = 5.0;
/// Whoever could not be asked by then does not wait any longer, and goes away.
const LEAVES_AFTER: Duration = Duration::from_millis(2);

/// Each case on each server.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let opaque = Case { name: "client credentials → opaque", beside: "", reach: Reach::Nothing, connections: 64 };
    let mix = Case { name: "mix without code flows", beside: "", reach: Reach::Nothing, connections: 64 };
    let grant = Case { name: "password grant", beside: "", reach: Reach::Nothing, connections: CONNECTIONS };
    println!(
        "| case | can do, a second | p50, p99 at half of it, ms | came, a second | were asked | served | told 503 | \
         p50, p99 of the served, ms | reach | p99 at the beginning | p99 of health; metadata, ms | most memory | \
         as before after |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for kind in kinds(options).await? {
        for (case, passwords) in [(&opaque, Passwords::Cheap), (&mix, Passwords::Cheap), (&grant, Passwords::Default)] {
            if options.wants(case.name) {
                let subject = Subject::start(&kind, passwords).await?;
                let work = if case.name == opaque.name {
                    opaque_tokens(&subject)?
                } else if case.name == mix.name {
                    mixed_work(&subject).await?
                } else {
                    passwords_of_people(&subject)?
                };
                let told = one(options, &subject, case, &work).await.with_context(|| subject.server.last_words())?;
                println!("| {}, {} {told}", case.name, kind.name);
            }
        }
    }
    println!("\n{}.", machine());
    Ok(())
}

fn opaque_tokens(subject: &Subject) -> Result<Work> {
    let app = subject.register("service", &[&SERVICE[..], &["--access-token", "opaque"]].concat())?;
    let evidence = Evidence::of(&app, "read");
    Ok(Work::new(asks(client_credentials(&app), &evidence)).leaving(&evidence))
}

fn passwords_of_people(subject: &Subject) -> Result<Work> {
    let app = subject.register("tutorial", &["--grant", "password", "--scope", "read"])?;
    let evidence = Evidence::of(&app, "read");
    // the tries of one account are looked at one after another
    let mut of_each = Vec::new();
    for number in 0..PEOPLE {
        let (name, password) = (format!("person{number}"), "correct horse battery staple");
        subject.run(&["user", "create", &name, "--password-stdin"], &format!("{password}\n"))?;
        of_each.push((1, asks(password_grant(&app, (&name, password)), &evidence)));
    }
    Ok(Work::new(mixed(of_each)).leaving(&evidence))
}

/// Of a hundred: 45 introspections, 20 userinfo, 20 refreshes, 15 tokens of apps. No code flows: a session answers only
/// so many, and signing in thousands of browsers beforehand is another question.
async fn mixed_work(subject: &Subject) -> Result<Work> {
    let app = web_app(subject, READER, &["--grant", "refresh_token"])?;
    let service = subject.register("service", &SERVICE)?;
    let access = issue(subject, &app, READER, "access_token").await?;
    let chains = issue(subject, &app, READER, "refresh_token").await?;
    let had = chains.borrow().len().max(1);
    for _ in 1..MANY / had {
        let more = issue(subject, &app, READER, "refresh_token").await?;
        chains.borrow_mut().extend(more.take());
    }
    let (refreshed, of_service) = (Evidence::of(&app, READER), Evidence::of(&service, "read"));
    let shares: Vec<(usize, Operation)> = vec![
        (45, introspects(&app, &access)),
        (20, asks_userinfo(&access)),
        (20, rotation(&app, &chains, &refreshed)),
        (15, asks(client_credentials(&service), &of_service)),
    ];
    Ok(Work::new(mixed(shares)).leaving(&refreshed).leaving(&of_service))
}

/// What one server did in one case.
struct Told {
    can_do: f64,
    usual: Asked,
    beginning: Asked,
    flood: Asked,
    health: Histogram<u32>,
    metadata: Histogram<u32>,
    most_kib: u64,
    recovered: Option<Duration>,
}

async fn one(options: &Options, subject: &Subject, case: &Case, work: &Work) -> Result<Told> {
    let at = subject.watched();
    let operations = enough(at, work, case.connections, options.cpu_a_round).await?;
    let can_do = work.round(at, &Load::busy(case.connections, operations)).await?.per_second;
    let mut lines = Lines::to(subject);
    let usual = ask(&mut lines, work, can_do * USUAL, options.steady).await?;
    ensure!(usual.refused == 0, "told 503 at half of what it can do");
    let (health, metadata) = (Rc::new(RefCell::new(times()?)), Rc::new(RefCell::new(times()?)));
    let most_kib = Rc::new(Cell::new(0));
    let beside = async {
        tokio::try_join!(
            bystander(subject, "/health/ready", &health),
            bystander(subject, "/.well-known/openid-configuration", &metadata),
            watch_memory(subject, &most_kib),
        )
        .map(drop)
    };
    let floods = async {
        let beginning = ask(&mut lines, work, can_do * TIMES, BEGINNING).await?;
        let flood = ask(&mut lines, work, can_do * TIMES, FLOOD).await?;
        anyhow::Ok((beginning, flood))
    };
    let (beginning, flood) = tokio::select! {
        floods = floods => floods?,
        failed = beside => return Err(failed.err().context("nobody stands beside it any more")?),
    };
    let (ended, mut recovered) = (Instant::now(), None);
    while recovered.is_none() && ended.elapsed() < RECOVERS_WITHIN {
        let since = ended.elapsed();
        let piece = ask(&mut lines, work, can_do * USUAL, PIECE).await?;
        recovered = (piece.refused == 0 && piece.millis(0.99) <= 1.5 * usual.millis(0.99)).then_some(since);
    }
    // what was served was good
    work.check(at.server).await?;
    let (health, metadata) = (health.borrow().clone(), metadata.borrow().clone());
    Ok(Told { can_do, usual, beginning, flood, health, metadata, most_kib: most_kib.get(), recovered })
}

/// Connections that nobody uses just now. One is made when somebody first needs it: the server keeps none open on which
/// nothing is ever asked.
struct Lines {
    to: SocketAddr,
    idle: VecDeque<Option<Connection>>,
}

impl Lines {
    fn to(subject: &Subject) -> Self {
        Self { to: subject.server.address, idle: std::iter::repeat_with(|| None).take(MANY).collect() }
    }
}

/// How it went for those who came.
struct Asked {
    came_a_second: f64,
    seconds: f64,
    served: Histogram<u32>,
    refused: u64,
}

impl Asked {
    fn millis(&self, share: f64) -> f64 {
        number(self.served.value_at_quantile(share)) / 1e3
    }

    fn a_second(&self, of: u64) -> f64 {
        number(of) / self.seconds
    }
}

/// So many come a second, whether or not those before them were answered. Whoever finds no connection free goes away:
/// the latencies are those of the server, from the instant at which somebody was to be asked.
async fn ask(lines: &mut Lines, work: &Work, per_second: f64, time: Duration) -> Result<Asked> {
    let (served, refused) = (Rc::new(RefCell::new(times()?)), Rc::new(Cell::new(0)));
    let (began, taken) = (Instant::now(), Rc::new(Cell::new(0_u64)));
    let mut all = JoinSet::new();
    for mut line in lines.idle.drain(..) {
        let (served, refused, taken) = (Rc::clone(&served), Rc::clone(&refused), Rc::clone(&taken));
        let (to, operation) = (lines.to, work.operation().clone());
        all.spawn_local(async move {
            while let Some(due) = next(&taken, began, per_second, time) {
                tokio::time::sleep_until(due.into()).await;
                let line = match &mut line {
                    Some(open) => open,
                    none => none.insert(Connection::open(to).await?),
                };
                let asked = Instant::now();
                match timeout(ONE_WITHIN, operation.once(line)).await.context("an answer took too long")? {
                    Ok(()) => served.borrow_mut().record(u64::try_from(asked.elapsed().as_micros())?)?,
                    Err(error) if error.is::<Busy>() => refused.set(refused.get() + 1),
                    Err(error) => return Err(error),
                }
            }
            anyhow::Ok(line)
        });
    }
    while let Some(line) = all.join_next().await {
        lines.idle.push_back(line??);
    }
    let served = served.borrow().clone();
    Ok(Asked { came_a_second: per_second, seconds: began.elapsed().as_secs_f64(), served, refused: refused.get() })
}

/// When the next one comes whose time is not past; `None` when nobody comes any more.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of those who came so far")]
fn next(taken: &Cell<u64>, began: Instant, per_second: f64, time: Duration) -> Option<Instant> {
    let gone = began.elapsed().saturating_sub(LEAVES_AFTER).as_secs_f64() * per_second;
    let one = taken.get().max(gone as u64);
    taken.set(one + 1);
    let after = Duration::from_secs_f64(number(one) / per_second);
    (after < time).then_some(began + after)
}

/// Asks for this twenty times a second, on a connection of its own, and is always answered.
async fn bystander(subject: &Subject, path: &str, took: &RefCell<Histogram<u32>>) -> Result<()> {
    let mut line = Connection::open(subject.server.address).await?;
    let request = get(path, "");
    loop {
        let asked = Instant::now();
        timeout(ONE_WITHIN, line.ask(&request)).await.context("an answer took too long")??.expect(200)?;
        took.borrow_mut().record(u64::try_from(asked.elapsed().as_micros())?)?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn watch_memory(subject: &Subject, most: &Cell<u64>) -> Result<()> {
    loop {
        most.set(most.get().max(subject.server.memory_kib()?.0));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn times() -> Result<Histogram<u32>> {
    Ok(Histogram::new(3)?)
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usual, flood) = (&self.usual, &self.flood);
        let times = flood.millis(0.99) / usual.millis(0.99);
        let p99 = |of: &Histogram<u32>| number(of.value_at_quantile(0.99)) / 1e3;
        write!(f, "| {:.0} | {:.1}, {:.1} ", self.can_do, usual.millis(0.5), usual.millis(0.99))?;
        write!(f, "| {:.0} ", flood.came_a_second)?;
        write!(f, "| {:.0} ", flood.a_second(flood.served.len() + flood.refused))?;
        write!(f, "| {:.0} | {:.0} ", flood.a_second(flood.served.len()), flood.a_second(flood.refused))?;
        write!(f, "| {:.1}, {:.1}: {times:.1} × ", flood.millis(0.5), flood.millis(0.99))?;
        write!(f, "| {} | {:.1} ", wanted(&format!("≤ {MOST} ×"), times <= MOST), self.beginning.millis(0.99))?;
        write!(f, "| {:.1}; {:.1} ", p99(&self.health), p99(&self.metadata))?;
        let mib = count(usize::try_from(self.most_kib / 1024).unwrap_or_default());
        match self.recovered {
            Some(after) => write!(f, "| {mib:.0} MiB | {:.1} s |", after.as_secs_f64()),
            None => write!(f, "| {mib:.0} MiB | not within {} s |", RECOVERS_WITHIN.as_secs()),
        }
    }
}
