//! The log holds nobody up.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use crate::support::{Door, Served, Shell, eventually};

/// More lines than a pipe has room for.
const LINES: usize = 700;

#[tokio::test]
async fn a_server_whose_log_nobody_reads_goes_on_and_the_lines_are_there_for_who_reads_later() {
    let shell = Shell::new().await;
    let mut command = shell.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let address = ready.split("listening on ").nth(1).unwrap().split([' ', ',', '\n']).next().unwrap();
    let origin = format!("http://{address}");
    let door = Door::new(origin.clone(), origin);
    for number in 0..LINES {
        door.get(&format!("/nothing/{number}")).await.has_status(404);
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let (read, stderr) = (Arc::clone(&log), BufReader::new(process.stderr.take().unwrap()));
    let reader = thread::spawn(move || stderr.lines().for_each(|line| read.lock().unwrap().push(line.unwrap())));
    let is_a_request = |line: &&String| line.contains("\"route\":\"/nothing/");
    eventually(async || log.lock().unwrap().iter().filter(is_a_request).count() == LINES).await;
    let told = Command::new("kill").args(["-s", "TERM", &process.id().to_string()]).status().unwrap();
    assert!(told.success() && process.wait().unwrap().success());
    reader.join().unwrap();
}

#[tokio::test]
async fn forwarded_headers_of_whoever_is_no_trusted_proxy_are_warned_of_once() {
    for (trusted, lines) in [("10.0.0.0/8", 1), ("127.0.0.0/8", 0)] {
        let shell = Shell::new().await.with("COUNTERSIGN_SERVER__TRUSTED_PROXIES", trusted);
        let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
        server.get("/").await;
        for (name, value) in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")] {
            server.request("GET", "/").header(name, value).send().await.unwrap();
        }
        assert!(server.stop().success());
        let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
        let warned: Vec<&str> = log.lines().filter(|line| line.contains("server.trusted_proxies")).collect();
        assert_eq!(warned.len(), lines, "{log}");
        assert!(warned.iter().all(|line| line.contains("127.0.0.1")), "{warned:?}");
    }
}

#[tokio::test]
async fn a_line_names_the_person_who_is_signed_in_or_whose_token_it_is() {
    let shell = Shell::new().await;
    let password = "correct horse battery staple";
    let made = shell.run_with(password, &["user", "create", "ada", "--password-stdin", "--json"]).json();
    let client = ["client", "create", "--name", "Tool", "--grant", "password", "--scope", "openid", "--json"];
    let client = shell.run(&client).json();
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut browser = server.browser();
    browser.get("/account").await;
    browser.try_to_sign_in("ada", password).await;
    browser.get("/account").await.has_status(200);
    let [id, secret] = ["client_id", "client_secret"].map(|name| client[name].as_str().unwrap());
    let person = [("username", "ada"), ("password", password), ("scope", "openid")];
    let form = [&[("grant_type", "password"), ("client_id", id), ("client_secret", secret)][..], &person].concat();
    let token = server.post("/oauth2/access_token", &form).await.has_status(200).json()["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    for path in ["/oauth2/userinfo", "/api/verify"] {
        server.get(path).await.has_status(401);
        server.get_with(path, "authorization", &bearer).await.has_status(200);
    }
    assert!(server.stop().success());
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for route in ["/account", "/oauth2/userinfo", "/api/verify"] {
        let lines: Vec<_> = lines.iter().filter(|line| line["route"] == route).collect();
        let [before, after] = lines[..] else { panic!("{log}") };
        assert_eq!((&before["user_id"], &after["user_id"]), (&serde_json::Value::Null, &made["id"]), "{log}");
    }
}
