//! The built program, as a terminal or a script runs it.

mod clients;
mod config;
mod database;
mod failures;
mod keys;
mod scopes;
mod serve;
mod users;

use super::support::Shell;
