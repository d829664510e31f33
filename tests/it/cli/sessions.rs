//! `countersign session …`.

use serde_json::Value;

use super::Shell;
use crate::support::{App, PASSWORD, Served, Tokens};

/// `session list --json`, with these flags.
fn listed(shell: &Shell, flags: &[&str]) -> Vec<Value> {
    shell.run(&[&["session", "list", "--json"], flags].concat()).json().as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_an_administrator_signs_out_is_out_with_what_was_granted_in_it() {
    let shell = Shell::new().await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    for name in ["ada", "bob"] {
        shell.run_with(PASSWORD, &["user", "create", name, "--password-stdin"]).done();
    }
    let made = ["client", "create", "--name", "Photos", "--redirect-uri", "https://app.example/cb", "--json"];
    let made = shell.run(&[&made[..], &["--post-logout-redirect-uri", "https://app.example/out"]].concat()).json();
    let app = App {
        server: &server,
        client_id: made["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().map(str::to_owned),
        redirect_uri: "https://app.example/cb".to_owned(),
    };
    assert_eq!(shell.run(&["session", "list"]).done().out.trim(), "nobody is signed in");
    let mut browsers = [server.browser(), server.browser(), server.browser()];
    for (browser, name) in browsers.iter_mut().zip(["ada", "ada", "bob"]) {
        browser.sign_in(name).await.has_status(303);
    }
    let [first, second, bobs] = &mut browsers;
    let tokens = app.tokens(first, &[("scope", "openid")]).await;
    let others = app.tokens(second, &[("scope", "openid")]).await;
    assert_eq!(listed(&shell, &[]).len(), 3);
    assert_eq!(listed(&shell, &["--limit", "2"]).len(), 2);
    assert_eq!(listed(&shell, &["--user", "ada"]).iter().filter(|one| one["username"] == "ada").count(), 2);
    let of_bob = listed(&shell, &["--user", "bob"]);
    assert_eq!((of_bob.len(), &of_bob[0]["remembered"]), (1, &Value::Bool(false)));
    let table = shell.run(&["session", "list"]).done().out;
    assert!(table.contains("bob") && table.contains(of_bob[0]["id"].as_str().unwrap()), "{table}");
    // ids are in the order of their making
    let mut of_ada = listed(&shell, &["--user", "ada"]);
    of_ada.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    let id = of_ada[0]["id"].as_str().unwrap();
    assert_eq!(shell.run(&["session", "revoke", id, "--yes", "--json"]).json()["revoked"], id);
    assert!(!first.is_signed_in().await && second.is_signed_in().await && bobs.is_signed_in().await);
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&tokens.access_token).await);
    let others = Tokens::of(&app.refresh(&others.refresh_token).await);
    shell.run(&["session", "revoke", id, "--yes"]).failed(5, "there is no session");
    shell.run(&["session", "revoke", "nonsense", "--yes"]).failed(1, "no id of a session");
    shell.run(&["session", "revoke"]).failed(2, "<ID>");
    shell.run(&["session", "revoke", "--user", "nobody", "--yes"]).failed(5, "nobody");
    shell.run(&["session", "list", "--user", "nobody"]).failed(5, "nobody");
    let all = shell.run(&["session", "revoke", "--user", "ada", "--yes", "--json"]).json();
    assert_eq!((&all["user"], &all["revoked"]), (&"ada".into(), &1.into()));
    assert!(!second.is_signed_in().await && bobs.is_signed_in().await);
    app.refresh(&others.refresh_token).await.refused("invalid_grant");
    assert_eq!(shell.run(&["session", "revoke", "--user", "ada", "--yes", "--json"]).json()["revoked"], 0);
    assert_eq!(listed(&shell, &[]).len(), 1);
}
