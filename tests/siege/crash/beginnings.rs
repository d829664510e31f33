//! Killed before it ever served: in its first start, and in a migration.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use super::{chance::Chance, ledger::Registered, sound};
use crate::{
    effort::{alone, effort},
    support::{Database, Served, Shell, is_postgres, rows, sql},
};

/// Of each unit of effort: installations, each killed up to this often before it may start.
const INSTALLATIONS: usize = 6;
const KILLS: u64 = 6;
pub(super) const LISTEN: &[&str] = &["--listen", "127.0.0.1:0"];
pub(super) const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];
/// How long after its start, or after what it was waited for, the program is killed at most.
const SHORT: Duration = Duration::from_millis(3);
const LONG: Duration = Duration::from_millis(100);
const LATEST: Duration = Duration::from_millis(600);
/// What may lie in the data directory of a server that runs.
const FILES: &[&str] = &[
    "countersign.db",
    "countersign.db-shm",
    "countersign.db-wal",
    "secret_key",
    "serve.lock",
    "served.json",
    "setup-link",
    // the tests' own
    "log",
];

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_of_its_first_start_it_starts_the_next_time_with_one_set_of_keys() {
    let _alone = alone().await;
    let mut chance = Chance::new();
    let mut kills = 0;
    for _ in 0..INSTALLATIONS * effort() {
        let shell = Shell::at(Database::empty().await);
        // on SQLite it makes its own
        let shell = if is_postgres() { shell } else { shell.without("COUNTERSIGN_SECRET_KEY") };
        for _ in 0..=chance.below(KILLS) {
            let args = if chance.one_in(4) { &["db", "migrate"] } else { SERVE };
            start_and_kill(&shell, args, &mut chance).await;
            kills += 1;
        }
        let mut server = Served::start(&shell, LISTEN);
        server.get("/health/ready").await.has_status(200);
        let keys = server.get("/oauth2/jwks").await.json();
        let (sign, encrypt): (Vec<_>, Vec<_>) =
            keys["keys"].as_array().unwrap().iter().partition(|key| key["use"] == "sig");
        let mut algorithms: Vec<_> = sign.iter().map(|key| &key["alg"]).collect();
        algorithms.sort_by_key(ToString::to_string);
        assert_eq!(algorithms, ["ES256", "RS256"], "one set");
        let mut kinds: Vec<_> = encrypt.iter().map(|key| &key["kty"]).collect();
        kinds.sort_by_key(ToString::to_string);
        assert_eq!(kinds, ["EC", "RSA"], "one set");
        assert_eq!(shell.run(&["keys", "list", "--json"]).json().as_array().unwrap().len(), 4);
        let app = Registered::new(&shell, &["--grant", "client_credentials"]);
        app.at(&server).token(&[("grant_type", "client_credentials")]).await.has_status(200);
        assert_eq!(strays(&shell), [""; 0], "left lying about");
        assert!(server.stop().success());
        let again = Served::start(&shell, LISTEN);
        assert_eq!(again.get("/oauth2/jwks").await.json(), keys);
        app.at(&again).token(&[("grant_type", "client_credentials")]).await.has_status(200);
    }
    println!("{kills} kills in the first start of {} installations", INSTALLATIONS * effort());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_is_finished_by_the_next_start_and_loses_nothing() {
    let _alone = alone().await;
    let mut chance = Chance::new();
    for _ in 0..INSTALLATIONS * effort() {
        let shell = Shell::at(Database::fresh().await);
        let app = Registered::new(&shell, &["--grant", "client_credentials"]);
        undo_the_last_migration(&shell.database).await;
        let before = shell.run(&["db", "status", "--json"]).json();
        for _ in 0..=chance.below(KILLS) {
            let args = if chance.one_in(2) { &["db", "migrate"] } else { SERVE };
            start_and_kill(&shell, args, &mut chance).await;
            sound::is_whole(&shell.database);
        }
        let server = Served::start(&shell, LISTEN);
        server.get("/health/ready").await.has_status(200);
        assert_eq!(shell.run(&["db", "status", "--json"]).json()["up_to_date"], true);
        // before the first migration there was nothing to keep
        let held_something = before["applied"] != 0;
        if held_something {
            app.at(&server).token(&[("grant_type", "client_credentials")]).await.has_status(200);
        }
        for kept in copies(&shell) {
            let copy = Database { dir: tempfile::tempdir().unwrap(), url: format!("sqlite:{}", kept.display()) };
            sound::is_whole(&copy);
            let status = shell.run(&["db", "status", "--database-url", &copy.url, "--json"]).json();
            assert_eq!(status["applied"], before["applied"], "the copy is of what was before");
        }
        assert_eq!(copies(&shell).len(), usize::from(held_something && !is_postgres()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_before_a_migration_is_of_that_moment_whatever_was_kept_before() {
    let _alone = alone().await;
    let shell = Shell::at(Database::fresh().await);
    for clients in 1..=2 {
        let _app = Registered::new(&shell, &["--grant", "client_credentials"]);
        undo_the_last_migration(&shell.database).await;
        shell.run(&["db", "migrate"]).done();
        for kept in copies(&shell) {
            let copy = Database { dir: tempfile::tempdir().unwrap(), url: format!("sqlite:{}", kept.display()) };
            assert_eq!(rows(&copy).await["clients"], clients);
        }
    }
    assert_eq!(copies(&shell).len(), usize::from(!is_postgres()));
}

/// Starts the program and kills it somewhere in its beginning: after a moment, or when it has made one of its files.
pub(super) async fn start_and_kill(shell: &Shell, args: &[&str], chance: &mut Chance) {
    let log = shell.database.dir.path().join("log");
    let said = || File::options().create(true).append(true).open(&log).unwrap();
    let mut process = shell.command(args).stdin(Stdio::null()).stdout(said()).stderr(said()).spawn().unwrap();
    // half of the time when so many files have appeared, which are gone again in a moment, some of them
    let appeared = chance.one_in(2).then(|| chance.index(5).unwrap() + 1);
    if let Some(more) = appeared {
        let (before, began) = (names(shell), Instant::now());
        let is_new = |name: &String| !before.contains(name);
        while names(shell).iter().filter(|name| is_new(name)).count() < more && began.elapsed() < LATEST {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
    let longest = if appeared.is_some() { SHORT } else { [LONG, LATEST][chance.index(2).unwrap()] };
    tokio::time::sleep(chance.moment(longest)).await;
    process.kill().unwrap();
    let ended = process.wait().unwrap();
    let words = || std::fs::read_to_string(&log).unwrap();
    assert!(ended.code().is_none_or(|code| code == 0), "it failed before it was killed: {ended} {}", words());
}

/// As the release before left the database: of the last migration nothing is there.
async fn undo_the_last_migration(database: &Database) {
    let kind = if is_postgres() { "postgres" } else { "sqlite" };
    let all = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind)).unwrap();
    let last = all.map(|entry| entry.unwrap().path()).max().unwrap();
    sql(database, &std::fs::read_to_string(last.join("down.sql")).unwrap()).await;
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = \
                  (SELECT max(version) FROM __diesel_schema_migrations)";
    sql(database, forget).await;
}

/// Copies that were kept before a migration.
fn copies(shell: &Shell) -> Vec<PathBuf> {
    names(shell)
        .into_iter()
        .filter(|name| name.contains(".before-"))
        .map(|name| shell.database.dir.path().join(name))
        .collect()
}

/// Files that nobody will ever need.
fn strays(shell: &Shell) -> Vec<String> {
    names(shell).into_iter().filter(|name| !FILES.contains(&name.as_str())).collect()
}

fn names(shell: &Shell) -> Vec<String> {
    let entries = std::fs::read_dir(shell.database.dir.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
