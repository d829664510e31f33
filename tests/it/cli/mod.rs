//! The built program, as a terminal or a script runs it.

mod clients;
mod config;
mod database;
mod demo;
mod failures;
mod fence;
mod issued;
mod keys;
mod restore;
mod scopes;
mod serve;
mod sessions;
mod r#try;
mod users;

use super::support::Shell;

/// What lies in the shell's folder, sorted.
fn names(shell: &Shell) -> Vec<String> {
    let found = std::fs::read_dir(shell.database.dir.path()).unwrap();
    let mut names: Vec<_> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
