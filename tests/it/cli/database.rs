//! `countersign db …`.

use std::os::unix::fs::PermissionsExt;

use super::Shell;
use crate::support::Database;

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
