//! `countersign db …`.

use std::{
    collections::HashSet,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign::secret::{Id, base62};
use serde_json::{Value, json};

use super::{Shell, names};
use crate::{
    registration::{OPEN, register},
    support::{App, Database, Served, Tokens, eventually, sql},
};

/// Makes a `SQLite` file of some size.
const FILLER: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1500) \
                      INSERT INTO audit_events (id, at, event, outcome, actor, user_agent) \
                      SELECT unhex(printf('%032x', n)), 4000000000000000, 'filler', '', '', hex(randomblob(2000)) \
                      FROM numbers";

#[tokio::test]
async fn a_backup_is_private_complete_and_never_overwrites() {
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada"]).done();
    if shell.database.url.starts_with("postgres") {
        shell.run(&["db", "backup", "copy.db"]).failed(1, "pg_dump");
        return;
    }
    let made = shell.run(&["db", "backup", "copy.db", "--json"]).json();
    assert_eq!(made["includes_secret_key"], false);
    let copy = shell.database.dir.path().join("copy.db");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    shell.run(&["db", "backup", "copy.db"]).failed(6, "exists already");
    shell.run(&["db", "backup", "nowhere/copy.db"]).failed(5, "no folder");
    shell.run(&["user", "delete", "ada"]).done();
    shell.run(&["user", "show", "ada", "--database-url", "sqlite:copy.db"]).done();
}

#[tokio::test]
async fn a_backup_is_private_under_any_umask() {
    let shell = Shell::new().await.after("umask 000");
    if shell.database.url.starts_with("postgres") {
        return;
    }
    shell.run(&["db", "backup", "copy.db"]).done();
    let copy = shell.database.dir.path().join("copy.db");
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_copy_that_cannot_be_written_is_no_fault_of_the_database() {
    let shell = Shell::new().await;
    if shell.database.url.starts_with("postgres") {
        return;
    }
    // a place where nobody makes a file
    let said = shell.run(&["db", "backup", "/proc/copy.db", "--json"]);
    assert!(said.err.contains("\"copy_unwritten\""), "{}", said.err);
    said.failed(1, "the copy cannot be written");
    let before = names(&shell);
    // a copy does not fit into what is allowed here; what the command itself keeps beside the database does
    let shell = shell.after("ulimit -f 128");
    shell.run(&["db", "backup", "copy.db"]).failed(1, "the copy cannot be written");
    assert_eq!(names(&shell), before, "nothing unfinished is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_busy_server_holds_all_that_was_acknowledged_before() {
    let shell = Shell::new().await;
    if shell.database.url.starts_with("postgres") {
        return;
    }
    // so large that it is copied in several pieces
    sql(&shell.database, FILLER).await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    shell.run_with("apitester\n", &["user", "create", "apitester", "--password-stdin"]).done();
    let client = ["client", "create", "--name", "Legacy", "--grant", "password refresh_token", "--json"];
    let client = shell.run(&client).json();
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    let app = App {
        server: &server,
        client_id: text("client_id"),
        secret: Some(text("client_secret")),
        redirect_uri: String::new(),
    };
    let (acknowledged, enough) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let write = async || {
        while !enough.load(Ordering::Relaxed) {
            let form = [("grant_type", "password"), ("username", "apitester"), ("password", "apitester")];
            let tokens = Tokens::of(&app.token(&form).await);
            let grant = tokens.claims("access_token")["grant"].as_str().unwrap().to_owned();
            acknowledged.lock().unwrap().push(Id::from_bytes(base62::decode(&grant).unwrap()).to_text());
        }
    };
    let back_up = async || {
        let mut known = Vec::new();
        for copy in ["one.db", "two.db", "three.db"] {
            eventually(async || acknowledged.lock().unwrap().len() >= known.len() + 20).await;
            known = acknowledged.lock().unwrap().clone();
            let made = shell.command(&["db", "backup", copy]).output();
            assert!(made.unwrap().status.success(), "{copy}");
            let during = acknowledged.lock().unwrap().len();
            let place = Shell::at(Database::empty().await);
            let copy = shell.database.dir.path().join(copy).display().to_string();
            let held = Shell::at(Database { dir: tempfile::tempdir().unwrap(), url: format!("sqlite:{copy}") });
            let held = held.run(&["grant", "list", "--limit", "100000", "--json"]).json();
            let held: HashSet<_> = held.as_array().unwrap().iter().map(|grant| grant["id"].as_str().unwrap()).collect();
            assert!(known.iter().all(|grant| held.contains(grant.as_str())), "{copy} of {during}");
            // which checks it from one end to the other
            place.run(&["db", "restore", &copy]).done();
        }
        enough.store(true, Ordering::Relaxed);
    };
    tokio::join!(write(), write(), write(), write(), back_up());
}

#[tokio::test]
async fn a_database_that_nobody_has_open_is_one_file() {
    let shell = Shell::at(Database::empty().await);
    if shell.database.url.starts_with("postgres") {
        return;
    }
    let beside = |what: &str| {
        let left = names(&shell).into_iter().filter(|name| name.starts_with("countersign.db")).collect::<Vec<_>>();
        assert_eq!(left, ["countersign.db"], "after {what}");
    };
    shell.run(&["db", "migrate"]).done();
    beside("the first start");
    shell.run(&["user", "create", "ada"]).done();
    beside("a command that writes");
    shell.run(&["user", "list"]).done();
    beside("a command that looks");
    shell.run(&["user", "show", "nobody"]).failed(5, "nobody");
    beside("a command that fails");
    let wrong = shell.command(&["user", "list"]).env("COUNTERSIGN_SECRET_KEY", "quite another text, and long").output();
    assert!(!wrong.unwrap().status.success());
    beside("a command that may not");
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    server.browser().sign_in("ada").await;
    assert!(server.stop().success());
    beside("a server that was told to stop");
    Served::start(&shell, &["--listen", "127.0.0.1:0"]).kill();
    shell.run(&["user", "list"]).done();
    beside("a command that came after a kill");
}

/// The copy is the only way back: it has to be whole, and of the moment before.
#[tokio::test]
async fn of_several_that_migrate_at_once_one_does_it_and_the_copy_is_whole() {
    let shell = Shell::new().await;
    if shell.database.url.starts_with("postgres") {
        return;
    }
    // so large that making the copy takes a moment
    sql(&shell.database, FILLER).await;
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let last = std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    sql(&shell.database, &std::fs::read_to_string(last.join("down.sql")).unwrap()).await;
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = \
                  (SELECT max(version) FROM __diesel_schema_migrations)";
    sql(&shell.database, forget).await;
    let before = shell.run(&["db", "status", "--json"]).json();

    let migrate = || {
        let mut command = shell.command(&["db", "migrate"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..6).map(|_| migrate()).collect();
    for one in all {
        let ended = one.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert_eq!(shell.run(&["db", "status", "--json"]).json()["up_to_date"], true);
    let kept: Vec<_> = names(&shell).into_iter().filter(|name| name.contains(".before-")).collect();
    let [kept] = kept.as_slice() else { panic!("one copy and nothing unfinished: {kept:?}") };
    let kept = shell.run(&["db", "status", "--json", "--database-url", &format!("sqlite:{kept}")]).json();
    assert_eq!((&kept["applied"], &kept["damage"]), (&before["applied"], &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_pruning_counts_the_apps_that_pruning_removes() {
    let (name, open) = OPEN;
    let shell = Shell::new().await.with(name, open);
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let told = [register(&server, None, &json!({})).await, register(&server, None, &json!({})).await];
    for told in &told {
        told.has_status(201);
    }
    assert!(server.stop().success());
    sql(&shell.database, "UPDATE clients SET created_at = 0").await;

    let said = shell.run(&["db", "prune", "--dry-run", "--json"]).json();
    assert_eq!((&said["tables"]["clients"], &said["ended"]), (&json!(2), &json!(2)), "{said}");
    assert_eq!(shell.run(&["client", "list", "--json"]).json().as_array().unwrap().len(), 2);
    assert_eq!(shell.run(&["db", "prune", "--json"]).json()["removed"], 2);
    assert_eq!(shell.run(&["client", "list", "--json"]).json().as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let shell = Shell::at(Database::empty().await);
    let due = shell.run(&["db", "migrate", "--dry-run", "--json"]).json()["due"].as_u64().unwrap();
    assert!(due > 0);
    shell.run(&["user", "list"]).failed(3, "not set up");
    assert_eq!(shell.run(&["db", "migrate", "--json"]).json()["due"].as_u64(), Some(due));
    assert_eq!(shell.run(&["db", "migrate", "--json"]).json()["due"], 0);
    assert_eq!(shell.run(&["db", "prune", "--dry-run", "--json"]).json()["ended"], 0);
    assert_eq!(shell.run(&["db", "prune", "--json"]).json()["removed"], 0);
}
