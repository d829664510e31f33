//! What opens a door is known to whom it was given, and stands nowhere else: not in the log, not at rest, not in the
//! process list, not on a page.

mod at_rest;
mod canaries;
mod log;

use crate::support::{App, Database, Served, Shell, is_postgres, rows_as_text};

/// Everything this part of the tests starts logs all there is.
async fn talkative(format: &str) -> Shell {
    Shell::at(Database::empty().await)
        .after("umask 000")
        .with("COUNTERSIGN_LOG__LEVEL", "trace")
        .with("COUNTERSIGN_LOG__FORMAT", format)
        .with("COUNTERSIGN_DATA_DIR", "data")
        .with("COUNTERSIGN_PASSWORD__FAILURE_FLOOR", "0s")
}

fn serve(shell: &Shell) -> Served {
    Served::start(shell, &["--listen", "127.0.0.1:0"])
}

/// Registers an app; `more` is appended to `client create`, `secret` is read by it if not empty.
fn app<'a>(shell: &Shell, server: &'a Served, more: &[&str], secret: &str) -> App<'a> {
    let redirect_uri = "http://127.0.0.1:9/cb".to_owned();
    let words =
        [&["client", "create", "--json", "--name", "photo printer", "--redirect-uri", redirect_uri.as_str()], more];
    let made = shell.run_with(secret, &words.concat()).json();
    let text = |name: &str| made[name].as_str().map(str::to_owned);
    let secret = text("client_secret").or_else(|| (!secret.is_empty()).then(|| secret.trim().to_owned()));
    App { server: &server.door, client_id: text("client_id").unwrap(), secret, redirect_uri }
}

/// Everything in the database: every row on `PostgreSQL`, the bytes of a backup on `SQLite`.
async fn contents(shell: &Shell) -> Vec<u8> {
    if is_postgres() {
        return rows_as_text(&shell.database).await.into_bytes();
    }
    shell.run(&["db", "backup", "data/copy.db"]).done();
    std::fs::read(shell.database.dir.path().join("data/copy.db")).unwrap()
}

/// What the server has logged.
fn logged(shell: &Shell) -> String {
    String::from_utf8(std::fs::read(shell.database.dir.path().join("log")).unwrap()).unwrap()
}
