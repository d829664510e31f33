//! `countersign serve`, and the commands beside a server that runs.

use std::{net::TcpListener, os::unix::fs::PermissionsExt};

use super::Shell;
use crate::support::{Database, Served, tls_file};

/// As a browser does: the link moves into a cookie first, and the page answers (PROTOCOL R-o1).
async fn open_link(server: &Served, link: &str) -> u16 {
    let mut browser = server.browser();
    browser.get(link).await.has_status(303);
    browser.get("/setup").await.status.as_u16()
}

async fn post(server: &Served, path: &str, form: &str) -> (u16, serde_json::Value) {
    let pairs: Vec<(&str, &str)> = form.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    let reply = server.post(path, &pairs).await;
    (reply.status.as_u16(), reply.json())
}

#[tokio::test]
async fn a_server_says_that_it_is_ready_answers_and_stops_when_told() {
    let shell = Shell::at(Database::empty().await);
    let mut server = Served::start(&shell, &["--listen", "localhost:0"]);
    let port = server.issuer.rsplit(':').next().unwrap();
    assert_eq!(server.issuer, format!("http://localhost:{port}"), "the issuer follows the chosen port");
    assert!(server.ready.contains(&format!("listening on 127.0.0.1:{port}")), "{}", server.ready);
    server.get("/.well-known/openid-configuration").await.has_status(200);
    server.get("/health/ready").await.has_status(200);
    shell.run(&["healthcheck"]).done();
    shell.run(&["healthcheck", "--url", &server.issuer]).done();
    assert!(server.stop().success());
    shell.run(&["healthcheck"]).failed(1, "does not answer");
}

#[tokio::test]
async fn the_log_has_colours_where_everything_else_has_them() {
    for (args, force, no, coloured) in [
        (&["--color", "always"][..], "", "", true),
        (&["--color", "never"], "1", "", false),
        (&[], "1", "", true),
        (&[], "1", "1", false),
        (&[], "", "", false),
    ] {
        let shell = Shell::new().await.with("COUNTERSIGN_LOG__FORMAT", "text");
        let shell = shell.with("CLICOLOR_FORCE", force).with("NO_COLOR", no);
        let mut server = Served::start(&shell, &[&["--listen", "127.0.0.1:0"], args].concat());
        server.stop();
        let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
        assert!(log.contains("development mode"), "{log}");
        assert_eq!(log.contains("\u{1b}["), coloured, "{args:?} {force:?} {no:?}");
    }
}

#[tokio::test]
async fn without_a_terminal_the_first_link_lies_in_a_private_file() {
    let shell = Shell::at(Database::empty().await);
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    assert!(!server.ready.contains("/setup"), "{}", server.ready);
    let file = shell.database.dir.path().join("setup-link");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let link = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(link.starts_with(&format!("{}/setup?t=", server.issuer)), "{link}");
    let printed = shell.run(&["user", "setup-link", "--json"]).json();
    let printed = printed["setup_link"].as_str().unwrap();
    assert!(printed.starts_with(&server.issuer), "commands know the issuer of the server: {printed}");
    assert_eq!(open_link(&server, &link).await, 404, "a new link voids the former");
    assert_eq!(open_link(&server, printed).await, 200);
    shell.run(&["user", "create", "root", "--admin"]).done();
    assert_eq!(open_link(&server, printed).await, 404, "once there was an administrator it opens nothing");
    server.stop();
    let _again = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    assert!(!file.exists(), "a link that opens nothing is not left lying about");
}

#[tokio::test]
async fn a_taken_port_and_a_taken_folder_are_named() {
    let shell = Shell::new().await;
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap();
    shell.run(&["serve", "--listen", &taken.to_string()]).failed(1, &format!("{taken} is in use"));
    drop(held);
    let _server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    if shell.database.url.starts_with("sqlite") {
        shell.run(&["serve", "--listen", "127.0.0.1:0"]).failed(1, "serves from");
    }
}

#[tokio::test]
async fn certificates_that_nobody_could_be_asked_with_are_said_at_the_start() {
    let shell = Shell::at(Database::empty().await);
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let shell = shell.with("COUNTERSIGN_FETCH__CA_FILE", "nowhere.pem");
    shell.run(&serve).failed(3, "fetch.ca_file");
    shell.run(&serve).failed(3, "nowhere.pem: No such file");
    let shell = shell.with("COUNTERSIGN_FETCH__CA_FILE", &tls_file("first-key.pem"));
    shell.run(&serve).failed(3, "no certificate in it");
    assert!(!super::names(&shell).contains(&"countersign.db".to_owned()), "nothing was made");
    let shell = shell.with("COUNTERSIGN_FETCH__CA_FILE", &tls_file("first-cert.pem"));
    Served::start(&shell, &serve[1..]).get("/health/ready").await.has_status(200);
}

/// The soft and the hard limit of open files.
fn open_files(server: &Served) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[tokio::test]
async fn a_server_takes_all_the_open_files_it_may_have_and_says_when_they_are_few() {
    let shell = Shell::new().await.after("ulimit -Sn 64");
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let (soft, hard) = open_files(&server);
    assert_eq!(soft, hard);
    assert_ne!(soft, "64");
    drop(server);
    let shell = shell.after("ulimit -n 512");
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    assert_eq!(open_files(&server), ("512".to_owned(), "512".to_owned()));
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
    assert!(log.lines().any(|line| line.contains("few files may be open") && line.contains("512")), "{log}");
}

#[tokio::test]
async fn commands_work_beside_a_running_server_at_once() {
    let shell = Shell::new().await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    shell.run_with("apitester\n", &["user", "create", "apitester", "--password-stdin"]).done();
    let client = ["client", "create", "--name", "Legacy", "--grant", "password refresh_token", "--json"];
    let client = shell.run(&client).json();
    let form = format!(
        "grant_type=password&username=apitester&password=apitester&scope=openid&client_id={}&client_secret={}",
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap()
    );
    let (status, tokens) = post(&server, "/oauth2/access_token", &form).await;
    assert_eq!(status, 200, "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    let inspect = ["token", "inspect", "--json"];
    let seen = shell.run_with(access, &inspect).json();
    assert_eq!((&seen["active"], &seen["username"]), (&true.into(), &"apitester".into()));
    let elsewhere = shell.run_with(access, &["token", "inspect", "--resource", "https://api.example.com"]).done();
    assert!(elsewhere.out.starts_with("REFUSED  aud is http://localhost"), "{}", elsewhere.out);

    let said = shell.run(&["token", "revoke", access]);
    assert!(!said.err.contains(access), "an argument that may be a token is not repeated");
    said.failed(2, "standard input");

    let grants = shell.run(&["grant", "list", "--user", "apitester", "--json"]).json();
    let grant = grants[0]["id"].as_str().unwrap();
    assert_eq!(post(&server, "/api/verify", &format!("token={access}")).await.0, 200);
    shell.run(&["grant", "revoke", grant]).done();
    assert_eq!(post(&server, "/api/verify", &format!("token={access}")).await.0, 403);
    assert!(shell.run_with(access, &["token", "inspect"]).done().out.starts_with("REFUSED  it was revoked"));
    shell.run_with(tokens["refresh_token"].as_str().unwrap(), &["token", "revoke"]).failed(5, "ended before");

    let (_, tokens) = post(&server, "/oauth2/access_token", &form).await;
    shell.run_with(tokens["access_token"].as_str().unwrap(), &["token", "revoke"]).done();
    let token = format!("token={}", tokens["access_token"].as_str().unwrap());
    assert_eq!(post(&server, "/api/verify", &token).await.0, 403);
    shell.run(&["user", "lock", "apitester"]).done();
    assert_eq!(post(&server, "/oauth2/access_token", &form).await.0, 400);
}
