//! `countersign scope …` and `countersign resource …`.

use serde_json::json;

use super::Shell;

#[tokio::test]
async fn a_scope_names_only_what_is_there() {
    let shell = Shell::new().await;
    shell.run(&["scope", "create", "write", "--implies", "read"]).failed(1, "countersign scope create read");
    shell.run(&["scope", "create", "read", "--resource", "https://a.example"]).failed(1, "countersign resource create");
    shell.run(&["scope", "create", "openid"]).failed(6, "built in");
    shell.run(&["scope", "update", "openid", "--danger", "true"]).failed(1, "cannot be changed");
    shell.run(&["scope", "create", "a b"]).failed(1, "cannot be a scope");
    shell.run(&["scope", "create", "read", "--description", "See your notes"]).done();
    let said = shell.run(&["scope", "create", "write", "--implies", "read"]).done();
    assert!(said.err.contains("without a description"), "{}", said.err);
    shell.run(&["scope", "create", "write"]).failed(6, "exists already");
    shell.run(&["scope", "update", "write"]).failed(2, "--description");
    let write = shell.run(&["scope", "update", "write", "--danger", "true", "--json"]).json();
    assert_eq!((&write["danger"], &write["implies"]), (&json!(true), &json!(["read"])));
}

#[tokio::test]
async fn what_something_else_names_is_not_deleted() {
    let shell = Shell::new().await;
    let api = "https://api.example.com";
    shell.run(&["resource", "create", api, "--alg", "RS256", "--access-ttl", "5m"]).done();
    shell.run(&["resource", "create", "https://API.example.com/"]).failed(6, "exists already");
    shell.run(&["scope", "create", "read", "--description", "Read", "--resource", api]).done();
    shell.run(&["scope", "create", "write", "--description", "Write", "--implies", "read"]).done();
    let client = ["client", "create", "--name", "N", "--id", "n", "--grant", "client_credentials"];
    shell.run(&[client.as_slice(), &["--scope", "write", "--resource", api]].concat()).done();
    shell.run(&["resource", "delete", api]).failed(1, "scope update read --no-resource");
    shell.run(&["scope", "delete", "read"]).failed(1, "scope update write --implies");
    shell.run(&["scope", "delete", "write"]).failed(1, "client update n --remove-scope write");
    shell.run(&["scope", "update", "read", "--no-resource"]).done();
    shell.run(&["resource", "delete", api]).failed(1, "client update n --remove-resource");
    shell.run(&["client", "update", "n", "--remove-resource", api, "--remove-scope", "write"]).done();
    shell.run(&["resource", "delete", api]).done();
    shell.run(&["scope", "delete", "write"]).done();
    shell.run(&["scope", "delete", "read"]).done();
}

#[tokio::test]
async fn a_ready_set_is_loaded_once_and_leaves_what_is_there_as_it_is() {
    let shell = Shell::new().await;
    shell.run(&["scope", "load", "gitlab"]).failed(2, "github or read-write");
    shell.run(&["scope", "create", "gist", "--description", "My own words", "--group", "Mine"]).done();
    let loaded = shell.run(&["scope", "load", "github", "--json"]).json();
    let names = |member: &str| -> Vec<String> {
        let name = |value: &serde_json::Value| value["name"].as_str().or(value.as_str()).unwrap().to_owned();
        loaded[member].as_array().unwrap().iter().map(name).collect()
    };
    let (created, all) = (names("created"), names("scopes"));
    assert!(!created.contains(&"gist".to_owned()) && all.contains(&"gist".to_owned()), "{created:?}");
    assert_eq!(created.len() + 1, all.len());
    let find = |name: &str| loaded["scopes"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(find("gist")["description"], "My own words");
    assert_eq!(find("user")["implies"], json!(["read:user", "user:email", "user:follow"]));
    assert_eq!(
        (&find("user:email")["group"], &find("user:email")["description"]),
        (&json!("Personal user data"), &json!("Email addresses (read-only)"))
    );
    assert_eq!(find("delete_repo")["danger"], true);
    let again = shell.run(&["scope", "load", "github"]).done();
    assert!(again.out.contains("are there already"), "{}", again.out);
    let listed = shell.run(&["scope", "list"]).done();
    assert!(listed.out.contains("Personal user data — Email addresses (read-only)"), "{}", listed.out);
    shell.run(&["scope", "update", "gist", "--group", ""]).done();
    shell.run(&["scope", "update", "gist", "--group", &"x".repeat(61)]).failed(1, "60 characters");
}
