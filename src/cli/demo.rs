//! `countersign demo`: starts the demonstration, tells the terminal what happens in it, and ends it.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use clap::Args;
use futures_util::future::select_all;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{browse, failure::Failure, output::Paint, serve::listen, session::Session};
use crate::{
    config::{Config, Issuer, Listen},
    demo::{self, Flow, Place, Run, Step},
};

/// See a whole flow in the browser, and break it
///
/// Starts a throw-away server and an app beside it, both for this machine only, signs a made-up person in, and shows
/// every request and reply on one page. Everything goes when it ends (Ctrl-C).
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign demo\n  countersign demo --flow client-credentials --once --json"
)]
pub(super) struct Demo {
    /// What to show first
    #[arg(long, value_name = "FLOW", value_parser = flow, default_value = "code")]
    flow: &'static Flow,
    /// Use the data directory, and leave there what was made; it must be one of a server for this machine
    #[arg(long)]
    keep: bool,
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
    /// Port of the page; the server takes the next one [default: the system chooses]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Print the steps and end, without a browser
    #[arg(long)]
    once: bool,
}

fn flow(name: &str) -> Result<&'static Flow, String> {
    let names: Vec<_> = demo::FLOWS.iter().map(|flow| flow.name).collect();
    demo::find_flow(name).ok_or_else(|| format!("choose one of: {}", names.join(", ")))
}

pub(super) async fn run(session: &Session, command: Demo) -> Result<(), Failure> {
    let mut told = vec![listen_for(SignalKind::interrupt())?, listen_for(SignalKind::terminate())?];
    // a terminal that is closed ends it as well, and its folder is to go then
    if !ignores_hangup() {
        told.push(listen_for(SignalKind::hangup())?);
    }
    let (app_port, server_port) = match command.port {
        Some(port) => (port, port.checked_add(1).ok_or_else(|| Failure::usage("--port must be below 65535"))?),
        None => (0, 0),
    };
    let both = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let app = listen::bind(&both.map(|ip| Listen::Tcp(SocketAddr::new(ip, app_port))))?;
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server_port));
    let listener = listen::bind(&[Listen::Tcp(server)])?.pop();
    let listener = listener.ok_or_else(|| Failure::failed("no address to listen on"))?;
    // not localhost: browsers keep cookies by host, and a server that is being developed usually has that name
    let address = listener.local_addr().map_err(demo::Failure::from)?.to_string();
    let issuer = format!("http://{address}");
    let place = if command.keep { None } else { Some(Place::make()?) };
    let config = match &place {
        Some(place) => place.config(&issuer, &address)?,
        None => kept(session, &issuer, server)?,
    };
    if session.global.verbose > 0 {
        session.begin_log(&config.log);
    }
    let printer = Printer { json: session.out.is_json(), quiet: session.global.quiet, paint: session.out.paint() };
    let of = issuer.clone();
    let watcher = Box::new(move |run: &Run| printer.run(run, &of));
    let demo = demo::Demo::start(config, listener, app, command.keep, watcher).await?;
    let played = tokio::select! {
        run = demo.run(command.flow) => Some(run),
        () = asked_to_end(&mut told) => None,
    };
    let ended_well = match &played {
        Some(run) => {
            printer.ready(&demo, run, command.once);
            if !command.once {
                if !command.no_open {
                    browse::open(&session.out, &demo.page(run));
                }
                asked_to_end(&mut told).await;
            }
            run.problem.clone()
        }
        None => None,
    };
    demo.stop().await;
    drop(place);
    match ended_well {
        Some(problem) if command.once => Err(Failure::failed(format!("the demonstration ended early: {problem}"))),
        _ => Ok(()),
    }
}

/// The configuration of the data directory, for a server of this machine at another address.
fn kept(session: &Session, issuer: &str, listen: SocketAddr) -> Result<Config, Failure> {
    let mut config = session.load_as_served()?.config;
    if !config.issuer.is_loopback() {
        let message = format!("this data directory belongs to {}, and a demonstration would add to it", config.issuer);
        return Err(Failure::failed(message).hint("leave --keep out, or give --data-dir"));
    }
    config.issuer = Issuer::parse(issuer).map_err(Failure::failed)?;
    config.listen = vec![Listen::Tcp(listen)];
    Ok(config)
}

fn listen_for(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| demo::Failure::from(error).into())
}

/// Was it started so that it outlives its terminal (`nohup`)? Not where the system does not say.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // the first signal has the lowest bit
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

async fn asked_to_end(told: &mut [Signal]) {
    let _by_one_of_them = select_all(told.iter_mut().map(|one| Box::pin(one.recv()))).await;
}

impl From<demo::Failure> for Failure {
    fn from(failure: demo::Failure) -> Self {
        match failure {
            demo::Failure::Configuration(errors) => errors.into(),
            demo::Failure::Start(error) => error.into(),
            demo::Failure::Admin(error) => error.into(),
            error @ (demo::Failure::System(_) | demo::Failure::Server(_)) => Self::failed(error.to_string()),
        }
    }
}

/// What the terminal is told.
#[derive(Clone, Copy)]
struct Printer {
    json: bool,
    quiet: bool,
    paint: Paint,
}

impl Printer {
    /// The steps of a run, when it has ended.
    fn run(self, run: &Run, issuer: &str) {
        if self.json || self.quiet {
            return;
        }
        let broken = if run.broken.is_some() { format!("{}: ", run.flow.title) } else { String::new() };
        let mut text = format!("{}\n", self.paint.bold(&format!("{broken}{}", run.title())));
        for (at, step) in run.steps.iter().enumerate() {
            self.step(&mut text, at + 1, step, issuer);
        }
        if let Some(row) = run.explained() {
            let _ = writeln!(
                text,
                "\n  {}  {}\n  What to do: {}",
                self.paint.red(run.broken.map_or("", |broken| broken.error)),
                row.reads,
                row.remedy
            );
        }
        if let Some(problem) = &run.problem {
            let _ = writeln!(text, "\n  {} {problem}", self.paint.red("ended early:"));
        }
        say(&text);
    }

    fn step(self, text: &mut String, number: usize, step: &Step, issuer: &str) {
        let (request, reply) = (&step.exchange.request, &step.exchange.reply);
        let address = request.url.split(['?', '#']).next().unwrap_or_default();
        let path = address.strip_prefix(issuer).unwrap_or(address);
        let error = step.error().unwrap_or_default();
        let status = match reply.status {
            200..400 if error.is_empty() => self.paint.green(&reply.status.to_string()),
            status => self.paint.red(&format!("{status} {error}")),
        };
        let _ = writeln!(text, "\n {number:2}  {}", self.paint.bold(&step.exchange.title));
        let _ = writeln!(text, "     {}  {} {path}  {status}", step.lane(issuer), request.method);
        let _ = writeln!(text, "     {}", self.paint.dim(&step.exchange.why));
        if step.by != demo::Actor::Browser {
            for line in request.as_curl().lines() {
                let _ = writeln!(text, "     $ {}", line.trim_start());
            }
        }
        if !reply.json().is_null() {
            let _ = writeln!(text, "     {}", reply.body);
        } else if let Some(to) = reply.header("location").or_else(|| reply.header("www-authenticate")) {
            let _ = writeln!(text, "     → {to}");
        } else if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")) {
            let _ = writeln!(text, "     {}", reply.body);
        }
    }

    /// Where to look, and with `--json` everything at once.
    fn ready(self, demo: &demo::Demo, run: &Run, once: bool) {
        if self.json {
            say(&format!("{}\n", to_json(demo, run)));
            return;
        }
        if once {
            return;
        }
        let (paint, person) = (self.paint, demo.person());
        let mut text = String::new();
        let _ = writeln!(text, "\n  Page      {}", paint.bold(&demo.page(run)));
        let _ = writeln!(text, "  Server    {}", demo.issuer);
        let _ = writeln!(text, "  Person    {} with the password {}", person.username, person.password);
        let _ = writeln!(text, "\n  Ctrl-C ends it.");
        if !std::io::stdout().is_terminal() || self.quiet {
            text = format!("countersign demo ready: page {} server {}\n", demo.page(run), demo.issuer);
        }
        say(&text);
    }
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _stream_closed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn to_json(demo: &demo::Demo, run: &Run) -> Value {
    let headers =
        |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| json!([name, value])).collect::<Value>();
    let step = |step: &Step| {
        let (request, reply) = (&step.exchange.request, &step.exchange.reply);
        json!({
            "by": step.by.name(),
            "title": step.exchange.title,
            "why": step.exchange.why,
            "request": {
                "method": request.method,
                "url": request.url,
                "headers": headers(&request.headers),
                "body": request.body,
            },
            "curl": request.as_curl(),
            "reply": {"status": reply.status, "headers": headers(&reply.headers), "body": reply.body},
            "error": step.error(),
        })
    };
    json!({
        "flow": run.flow.name,
        "issuer": demo.issuer,
        "page": demo.page(run),
        "person": {"username": demo.person().username, "password": demo.person().password},
        "problem": run.problem,
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
    })
}
