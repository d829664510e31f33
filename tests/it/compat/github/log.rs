//! What stands in addresses of this dialect never reaches the log (PROTOCOL R-f2).

use super::go;
use crate::support::{App, Browser, Reply, Served, Shell, encode};

#[tokio::test(flavor = "multi_thread")]
async fn secrets_codes_and_tokens_in_addresses_are_in_no_log_line() {
    let shell = Shell::new().await.with("COUNTERSIGN_LOG__LEVEL", "trace");
    shell.run(&["scope", "load", "github"]).done();
    shell.run_with(&format!("{}\n", crate::support::PASSWORD), &["user", "create", "ada", "--password-stdin"]).done();
    let create = ["client", "create", "--name", "Old", "--dialect", "github", "--query-token", "--json"];
    let made = shell.run(&[create.as_slice(), &["--redirect-uri", "https://app.example/cb"]].concat()).json();
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let app = App {
        server: &server,
        client_id: id.to_owned(),
        secret: Some(secret.to_owned()),
        redirect_uri: "https://app.example/cb".to_owned(),
    };
    let state = "canary-state-77301";
    let mut browser = Browser::new(&server);
    let back = go(&mut browser, &super::authorize_path(&app, &[("scope", "user:email"), ("state", state)])).await;
    let query = encode(&[("client_id", id), ("client_secret", secret), ("code", &back["code"])]);
    let send = async |method: &str, path: &str| {
        let request = server.request(method, path).header("accept", "application/json");
        Reply::of(request.send().await.unwrap()).await
    };
    let path = format!("/login/oauth/access_token?{query}");
    let granted = send("POST", &path).await.json();
    let token = granted["access_token"].as_str().unwrap().to_owned();
    send("GET", &format!("/user?access_token={token}")).await.has_status(200);
    // and where it goes wrong
    for (method, path) in [
        ("POST", path.as_str()),
        ("GET", &path),
        ("HEAD", &format!("/user?access_token={token}")),
        ("GET", &format!("/user/nothing?access_token={token}")),
        ("GET", &format!("/user?access_token={token}&access_token={token}")),
        ("GET", &format!("/api/v3/{token}?access_token={token}")),
        ("GET", &format!("/login/oauth/authorize?client_id={token}&state={secret}")),
        ("GET", &format!("/nowhere/{token}?access_token={token}")),
    ] {
        send(method, path).await;
    }
    drop(browser);
    let canaries =
        [("secret", secret.to_owned()), ("code", back["code"].clone()), ("token", token), ("state", state.into())];
    server.stop();
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
    assert!(log.contains("/login/oauth/access_token") && log.contains("/user"), "{log}");
    for (what, canary) in canaries {
        assert!(!log.contains(&canary), "the {what} is in the log");
    }
}
