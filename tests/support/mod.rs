//! Actors: a server, an administrator beside it, a browser, an app. They use the public doors only.
#![allow(dead_code, unused_imports, reason = "it is for both test programs, and each needs its part")]

mod app;
mod browser;
mod cluster;
mod database;
mod dice;
mod door;
mod effort;
mod raw;
mod reply;
mod served;
mod server;
mod shell;
mod smuggling;

pub(crate) use app::{App, CHALLENGE, Tokens, VERIFIER, claims};
pub(crate) use browser::Browser;
pub(crate) use cluster::Cluster;
pub(crate) use database::{
    Database, Plan, SECRET_KEY, columns, config, deadlocks, foreign_keys, has_sessions, indexes, is_postgres, plan,
    rows, rows_as_text, set_clock, sql,
};
pub(crate) use dice::Dice;
pub(crate) use door::Door;
pub(crate) use effort::effort;
pub(crate) use raw::{Answer, NoAnswer, Raw};
pub(crate) use reply::{Lost, Reply, encode};
pub(crate) use served::Served;
pub(crate) use server::{PASSWORD, TestServer, update_client};
pub(crate) use shell::{Said, Shell};
pub(crate) use smuggling::SMUGGLING;

/// A scope from its text.
pub(crate) fn scope(text: &str) -> countersign::protocol::scope::Scope {
    countersign::protocol::scope::Scope::parse(text).unwrap()
}

/// The path of a certificate or a key of `tests/tls`.
pub(crate) fn tls_file(name: &str) -> String {
    format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Waits until something that happens by itself within a second has happened; a busy machine may take longer.
#[track_caller]
pub(crate) fn eventually(what: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..200 {
            if what().await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it did not happen: {caller}");
    }
}
