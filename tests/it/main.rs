//! The whole server, through its front door: a real server on a port of its own, a real database.
//!
//! `SQLite` in a temporary folder, or with `COUNTERSIGN_TEST_DATABASE=postgres://…` a database of its own for each
//! test. A test's name is the sentence it shows.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may")]

mod account;
mod authorize;
mod cli;
mod client_auth;
mod client_logo;
mod clock;
mod compat;
mod connection;
mod house;
mod instances;
mod login;
mod logout;
mod model;
mod names;
mod oidc;
mod operation;
mod panics;
mod registration;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod token;

pub(crate) use authorize::public as authorize_public;
