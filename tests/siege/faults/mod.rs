//! The database fails under load: full, locked, damaged, away, slow. Whoever asks meanwhile gets what they asked for or
//! 503 with the time to come back, never 500 and never nothing; health says how it stands; what was acknowledged is
//! there when the fault is over, which needs no restart.

mod commands;
mod corrupt;
mod disk;
mod instances;
mod load;
mod lock;
mod postgres;
mod proxy;

use std::time::Duration;

use crate::support::{App, Door, Reply, Served, Shell};

/// After which something counts as hanging. No bound to be reached: the machine may be slow and busy.
const HANGS: Duration = Duration::from_mins(1);

/// Waits for what must come.
#[track_caller]
fn within<T>(what: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move { tokio::time::timeout(HANGS, what).await.unwrap_or_else(|_| panic!("it hangs: {caller}")) }
}

/// Waits until it is so, for as long as nothing hangs.
#[track_caller]
fn until(what: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    within(async move {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

/// A shell whose person `ada` and `people` others have a password, and the app they use.
fn furnish(shell: &Shell, people: usize) -> (String, String) {
    for name in std::iter::once("ada".to_owned()).chain((0..people).map(|n| format!("person{n}"))) {
        let said =
            shell.run_with(&format!("{}\n", crate::support::PASSWORD), &["user", "create", &name, "--password-stdin"]);
        said.done();
    }
    let flags = ["--redirect-uri", CALLBACK, "--refresh-reuse-grace", "10m", "--access-token", "opaque", "--json"];
    let made = shell.run(&[&["client", "create", "--name", "Siege"], flags.as_slice()].concat()).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

const CALLBACK: &str = "https://app.example/cb";

fn app<'a>(server: &'a Door, client: &(String, String)) -> App<'a> {
    let (client_id, secret) = client.clone();
    App { server, client_id, secret: Some(secret), redirect_uri: CALLBACK.to_owned() }
}

/// What `/health/ready` says; `/health/live` says 200 whatever happens.
async fn is_ready(server: &Door) -> bool {
    within(server.get("/health/live")).await.has_status(200);
    let ready = within(server.get("/health/ready")).await;
    assert!([200, 503].contains(&ready.status.as_u16()), "{} {}", ready.status, ready.body);
    assert_eq!(ready.status == 200, ready.json()["status"] == "ok", "{}", ready.body);
    ready.status == 200
}

/// Was this 503? Then as it has to be: with a time to come back, in the door's own manner. Nothing of ours is 500.
#[track_caller]
fn is_busy(reply: &Reply) -> bool {
    if !reply.status.is_server_error() {
        return false;
    }
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert!(reply.header("retry-after").parse::<u32>().is_ok(), "no Retry-After: {}", reply.body);
    if reply.header("content-type").starts_with("text/html") {
        reply.says("</html>");
    } else {
        reply.refused("temporarily_unavailable");
    }
    true
}

/// No thread of it panicked, and nothing was answered 500.
fn is_calm(server: &Served, shell: &Shell) {
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap_or_default();
    for words in ["panicked", "answered 500", "\"status\":500"] {
        let found = log.lines().find(|line| line.contains(words));
        assert!(found.is_none(), "of process {}: {}", server.pid(), found.unwrap_or_default());
    }
}
