//! The command line: a file a noun. It reads flags, calls use cases and prints; what is decided is decided in `flow`.
//!
//! Results go to standard output, everything else to standard error (UX §2).
#![allow(clippy::doc_markdown, reason = "comments on flags are printed as help")]

mod browse;
mod client;
mod config;
mod db;
mod demo;
mod failure;
mod global;
mod grant;
mod healthcheck;
mod input;
mod keys;
mod output;
mod resource;
mod scope;
mod serve;
mod session;
mod sessions;
mod token;
mod r#try;
mod user;
mod values;
mod version;

use std::{process::ExitCode, time::Duration};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use failure::Failure;
use global::Global;
use session::Session;

/// An OAuth 2.0 and OpenID Connect authorization server.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 110,
    after_long_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration invalid, 4 sign-in \
                       required or refused, 5 not found, 6 exists already, \
                       130 interrupted.\n\n\
                       Examples:\n  countersign serve\n  \
                       countersign client create --name Notes --redirect-uri http://localhost:3000/callback"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    #[command(subcommand)]
    Try(r#try::Try),
    #[command(subcommand)]
    Client(client::Client),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Scope(scope::Scope),
    #[command(subcommand)]
    Resource(resource::Resource),
    #[command(subcommand)]
    Grant(grant::Grant),
    #[command(subcommand)]
    Session(sessions::Sessions),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Db(db::Db),
    #[command(subcommand)]
    Config(config::Config),
    Healthcheck(healthcheck::Healthcheck),
    Version(version::Version),
}

/// Runs the command the process was given.
#[must_use]
pub fn run() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let color = global::color_of(&args);
    let parsed = Cli::command().color(color.for_clap()).try_get_matches_from(&args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error, global::is_json(&args)),
    };
    let session = Session::new(cli.global);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(dispatch(&session, cli.command));
            session.close();
            // the system's resolver answers when it likes: nobody waits any more for what it was asked
            runtime.shutdown_timeout(LAST_WORDS);
            outcome
        }
        Err(error) => Err(Failure::failed(format!("cannot start threads: {error}"))),
    };
    crate::observe::log::finish();
    match outcome {
        Ok(()) => {
            session.out.flush_warnings();
            ExitCode::SUCCESS
        }
        Err(failure) => session.out.fail(&failure),
    }
}

/// Of the runtime beside those that answer requests: jobs run there.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 4).max(1))
}

/// How long threads that were given something to wait for may take to end, when everything that matters is done.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// `SIGXFSZ`, wherever this is built.
const FILE_TOO_LARGE: SignalKind = SignalKind::from_raw(25);

async fn dispatch(session: &Session, command: Command) -> Result<(), Failure> {
    // a file at its limit (`ulimit -f`) is an error like a full disk, and no reason to be killed in the middle of a write
    let _for_good = signal(FILE_TOO_LARGE);
    match command {
        Command::Serve(command) => serve::run(session, command).await,
        Command::Demo(command) => demo::run(session, command).await,
        Command::Try(command) => r#try::run(session, command).await,
        Command::Client(command) => client::run(session, command).await,
        Command::User(command) => user::run(session, command).await,
        Command::Scope(command) => scope::run(session, command).await,
        Command::Resource(command) => resource::run(session, command).await,
        Command::Grant(command) => grant::run(session, command).await,
        Command::Session(command) => sessions::run(session, command).await,
        Command::Token(command) => token::run(session, command).await,
        Command::Keys(command) => keys::run(session, command).await,
        Command::Db(command) => db::run(session, command).await,
        Command::Config(command) => config::run(session, command),
        Command::Healthcheck(command) => healthcheck::run(session, &command).await,
        Command::Version(_) => version::run(session),
    }
}

#[cfg(test)]
mod tests;
