//! Actors: a server, an administrator beside it, a browser, an app. They use the public doors only.

mod app;
mod browser;
mod database;
mod reply;
mod server;

pub(crate) use app::{App, CHALLENGE, Tokens, VERIFIER};
pub(crate) use browser::Browser;
pub(crate) use database::{Database, SECRET_KEY, columns, config, is_postgres, sql};
pub(crate) use reply::{Reply, encode};
pub(crate) use server::{PASSWORD, TestServer};

/// A scope from its text.
pub(crate) fn scope(text: &str) -> countersign::protocol::scope::Scope {
    countersign::protocol::scope::Scope::parse(text).unwrap()
}
