//! Exit codes and errors (UX §2).

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use serde_json::Value;

use super::Shell;
use crate::support::{Database, Said};

#[tokio::test]
async fn a_typing_error_is_answered_with_the_nearest_word() {
    let shell = Shell::new().await;
    shell.run(&["clinet", "list"]).failed(2, "'client'");
    shell.run(&["user", "creat", "ada"]).failed(2, "'create'");
    shell.run(&["client", "list", "--jsno"]).failed(2, "'--json'");
    shell.run(&["config", "explain", "tokens.acces_ttl"]).failed(5, "did you mean tokens.access_ttl?");
}

#[tokio::test]
async fn a_failure_with_json_is_one_json_value_on_standard_error() {
    let shell = Shell::new().await;
    shell.run(&["scope", "create", "read", "--description", "Read"]).done();
    for (args, exit, code) in [
        (vec!["client", "show", "nobody"], 5, "client_not_found"),
        (vec!["user", "lock", "nobody"], 5, "user_not_found"),
        (vec!["scope", "create", "read"], 6, "scope_exists"),
        (vec!["user", "create", "a b"], 1, "user_invalid"),
        (vec!["client", "create", "--name", "X", "--grant", "implicit"], 1, "client_invalid"),
        (vec!["keys", "retire", "nix"], 5, "key_not_found"),
        (vec!["grant", "revoke", "019aa5c8-4d1e-7c3b-9f2e-6b1d3f0a7e55"], 5, "grant_not_found"),
        (vec!["user", "sohw", "ada"], 2, "usage"),
        (vec!["healthcheck", "--url", "http://127.0.0.1:1"], 1, "not_ready"),
    ] {
        let said = shell.run(&[args.as_slice(), &["--json"]].concat());
        assert_eq!(said.code, Some(exit), "{args:?}: {}{}", said.out, said.err);
        assert_eq!(said.out, "", "{args:?}");
        let error: Value = serde_json::from_str(&said.err).unwrap_or_else(|_| panic!("{args:?}: {}", said.err));
        assert_eq!(error["error"]["code"], code, "{args:?}");
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{args:?}");
    }
}

#[tokio::test]
async fn an_empty_list_is_no_failure() {
    let shell = Shell::new().await;
    for noun in ["client", "user", "resource", "grant"] {
        assert_eq!(shell.run(&[noun, "list", "--json"]).json(), serde_json::json!([]), "{noun}");
        shell.run(&[noun, "list"]).done();
    }
}

#[tokio::test]
async fn a_configuration_that_does_not_hold_ends_with_3_and_changes_nothing() {
    let shell = Shell::new().await.with("COUNTERSIGN_ISSUER", "https://id.example.com/?x=1");
    shell.run(&["user", "create", "ada"]).failed(3, "issuer must not have a query or fragment");
    shell.run(&["config", "check"]).failed(3, "environment COUNTERSIGN_ISSUER");
    shell.run(&["serve"]).failed(3, "nothing was started");
}

#[tokio::test]
async fn a_variable_of_ours_that_is_no_text_is_named_without_its_value() {
    let shell = Shell::new().await;
    let with = |name: &str| {
        let mut command = shell.command(&["config", "check"]);
        Said::from(command.env(name, OsStr::from_bytes(b"canary \xe9")).output().unwrap())
    };
    let said = with("COUNTERSIGN_SECRET_KEY");
    assert!(!said.err.contains("canary"), "{}", said.err);
    said.failed(3, "COUNTERSIGN_SECRET_KEY is not UTF-8");
    with("SOMEBODY_ELSES").done();
}

#[tokio::test]
async fn commands_do_not_make_a_database_that_is_not_there() {
    let shell = Shell::at(Database::empty().await);
    shell.run(&["user", "list"]).failed(3, "countersign db migrate");
    assert_eq!(shell.run(&["db", "status", "--json"]).json()["applied"], 0);
    shell.run(&["db", "migrate"]).done();
    shell.run(&["user", "list"]).done();
    assert_eq!(shell.run(&["db", "status", "--json"]).json()["up_to_date"], true);
}

#[tokio::test]
async fn a_wrong_secret_key_opens_nothing() {
    let shell = Shell::new().await.with("COUNTERSIGN_SECRET_KEY", "quite another text that is long enough");
    shell.run(&["user", "list"]).failed(3, "secret_key is not the one");
}

#[tokio::test]
async fn a_command_that_finds_no_secret_key_says_how_to_name_it() {
    let shell = Shell::new().await.without("COUNTERSIGN_SECRET_KEY");
    shell.run(&["user", "list"]).failed(3, "COUNTERSIGN_SECRET_KEY_FILE");
    assert!(!super::names(&shell).contains(&"secret_key".to_owned()), "none is made beside a database that has one");
}

#[tokio::test]
async fn colours_are_for_terminals_and_for_those_who_ask() {
    let shell = Shell::new().await;
    let colour = "\u{1b}[";
    assert!(!shell.run(&["user", "show", "nobody"]).err.contains(colour));
    assert!(shell.run(&["user", "show", "nobody", "--color", "always"]).err.contains(colour));
    let shell = shell.with("CLICOLOR_FORCE", "1");
    assert!(shell.run(&["user", "show", "nobody"]).err.contains(colour));
    assert!(!shell.run(&["user", "show", "nobody", "--color", "never"]).err.contains(colour));
    let shell = shell.with("NO_COLOR", "1");
    assert!(!shell.run(&["user", "show", "nobody"]).err.contains(colour));
}
