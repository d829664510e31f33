//! What lies on the disk.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use super::{canaries::live, contents, serve, talkative};
use crate::{
    effort::alone,
    support::{Shell, is_postgres},
};

/// Every file below a folder with its bytes, and nobody but the owner may come near any of it.
fn private_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(private_files(&path));
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_opens_a_door_lies_in_the_data_folder_the_database_or_a_backup_and_all_of_it_is_private() {
    let _alone = alone().await;
    let shell = talkative("json").await;
    let data = shell.database.dir.path().join("data");
    let inside = |shell: Shell| shell.with("COUNTERSIGN_DATABASE_URL", "sqlite:data/countersign.db");
    let shell = if is_postgres() { shell } else { inside(shell) };
    let mut server = serve(&shell);
    let canaries = live(&shell, &server, false).await;
    // at the cost that everybody has who configures nothing; tests take a cheaper one
    let words = ["client", "create", "--name", "imported", "--grant", "client_credentials", "--secret-stdin"];
    let mut usual = shell.command(&words);
    usual.env_remove("COUNTERSIGN_PASSWORD__MEMORY").env_remove("COUNTERSIGN_PASSWORD__ITERATIONS");
    let mut child = usual.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a secret that somebody chose\n").unwrap();
    assert!(child.wait().unwrap().success());
    let check = |when: &str| {
        let files = private_files(&data);
        assert!(!files.is_empty());
        for (name, bytes) in files {
            canaries.are_not_in(&format!("{name}, {when}"), &bytes);
        }
    };
    check("while serving");
    let contents = contents(&shell).await;
    canaries.are_not_in("a copy", &contents);
    let text = String::from_utf8_lossy(&contents);
    for kept in ["$argon2id$v=19$m=19456,t=2,p=1$", "ada@example.com", "photo printer", "login.succeeded"] {
        assert!(text.contains(kept), "the copy is the whole database: {kept}");
    }
    assert!(server.stop().success());
    check("after the end");
}
