//! `countersign try`: a client in the terminal, of our own server and of servers that behave badly.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::Shell;
use crate::support::{Browser, Door, PASSWORD, Reply, Said, Served};

/// A try that waits for somebody; with `--json`, so that what it says can be read.
struct Trying {
    process: Child,
    stderr: BufReader<ChildStderr>,
}

impl Trying {
    fn start(shell: &Shell, args: &[&str]) -> Self {
        let mut command = shell.command(&[&["--json", "try"], args].concat());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Self { process, stderr }
    }

    /// What it tells whoever is to go on.
    fn told(&mut self) -> Value {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ends(mut self) -> Said {
        let (mut out, mut err) = (String::new(), String::new());
        self.process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        Said { code: self.process.wait().unwrap().code(), out, err }
    }
}

/// A server of ours with somebody to sign in.
async fn served() -> (Shell, Served) {
    let shell = Shell::new().await.with("COUNTERSIGN_DEVICE__INTERVAL", "1s");
    shell.run_with(PASSWORD, &["user", "create", "ada", "--email", "ada@example.com", "--password-stdin"]).done();
    let served = Served::start(&shell, &["--listen", "localhost:0"]);
    (shell, served)
}

/// Signs in and presses a button of the consent page; where the browser is sent then.
async fn decide(browser: &mut Browser<'_>, url: &str, decision: &str) -> String {
    let mut page = browser.get(url).await;
    if page.body.contains("id=\"login\"") {
        page = browser.sign_in_here(&page, "ada").await;
    }
    browser.decide(&page, decision, &[]).await.has_status(303).location().to_owned()
}

/// The browser goes where it is sent, on this machine.
async fn go(url: &str) -> Reply {
    let (origin, path) = url.split_at(url.find("/callback").unwrap());
    Door::new(origin.replace("localhost", "127.0.0.1"), origin.to_owned()).get(path).await
}

#[tokio::test]
async fn somebody_signs_in_with_the_browser_and_the_terminal_has_tokens() {
    let (shell, served) = served().await;
    let mut browser = served.browser();
    let mut trying = Trying::start(&shell, &["code", "--no-open"]);
    let url = trying.told()["open"].as_str().unwrap().to_owned();
    let back = decide(&mut browser, &url, "allow").await;
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");
    let (callback, _) = back.split_once('?').unwrap();
    go(&format!("{callback}?code=csac_forged&state=guessed")).await.has_status(400).says("no answer to the request");
    go(&callback.replace("/callback", "/callback/elsewhere")).await.has_status(404);
    let page = go(&back).await;
    page.has_status(200).says("You can close this page");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let seen = trying.ends().json();
    assert_eq!((&seen["flow"], &seen["client_id"]), (&json!("code"), &json!("countersign-try")));
    assert_eq!(seen["issuer"], served.issuer);
    assert_eq!(seen["token"]["scope"], "openid profile email");
    assert_eq!(seen["id_token"]["aud"], "countersign-try");
    assert_eq!(
        (&seen["userinfo"]["sub"], &seen["userinfo"]["email"]),
        (&seen["id_token"]["sub"], &json!("ada@example.com"))
    );
    assert_eq!(seen["access_token"]["header"]["typ"], "at+jwt");
    assert!(served.opens(seen["token"]["access_token"].as_str().unwrap()).await);

    // the second time nobody registers anything
    let mut trying = Trying::start(&shell, &["code", "--no-open", "--redirect-uri", "http://localhost/callback"]);
    let url = trying.told()["open"].as_str().unwrap().to_owned();
    let back = decide(&mut browser, &url, "allow").await;
    assert!(back.starts_with("http://localhost:"), "{back}");
    go(&back).await.has_status(200);
    trying.ends().json();
    let clients = shell.run(&["client", "list", "--json"]).json();
    assert_eq!(clients.as_array().unwrap().len(), 1, "{clients}");
}

#[tokio::test]
async fn a_no_of_the_person_is_a_refusal_with_a_code_of_its_own() {
    let (shell, served) = served().await;
    let mut trying = Trying::start(&shell, &["code", "--no-open"]);
    let url = trying.told()["open"].as_str().unwrap().to_owned();
    go(&decide(&mut served.browser(), &url, "deny").await).await.has_status(200);
    let said = trying.ends();
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, said.out.as_str(), &error["error"]["code"]), (Some(4), "", &json!("access_denied")));
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_interrupts_it() {
    let (shell, _served) = served().await;
    let mut trying = Trying::start(&shell, &["code", "--no-open"]);
    trying.told();
    let told = Command::new("kill").args(["-s", "INT", &trying.process.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(trying.ends().code, Some(130));
}

#[tokio::test]
async fn a_refresh_token_is_used_the_one_at_hand_or_a_new_one() {
    let (shell, served) = served().await;
    let mut trying = Trying::start(&shell, &["refresh", "--no-open"]);
    let url = trying.told()["open"].as_str().unwrap().to_owned();
    go(&decide(&mut served.browser(), &url, "allow").await).await.has_status(200);
    let seen = trying.ends().json();
    assert_eq!(seen["flow"], "refresh");
    let token = seen["token"]["refresh_token"].as_str().unwrap();
    let args = ["try", "refresh", "--token-stdin", "--client-id", "countersign-try", "--scope", "openid", "--json"];
    let next = shell.run_with(token, &args).json();
    assert_eq!(next["token"]["scope"], "openid", "it may ask for less");
    assert_ne!(next["token"]["refresh_token"], seen["token"]["refresh_token"]);
    shell.run_with("csrt_invented", &args).failed(1, "invalid_grant");
}

#[tokio::test]
async fn another_device_signs_in_with_a_code() {
    let (shell, served) = served().await;
    let mut browser = served.browser();
    browser.sign_in("ada").await;
    for (decision, code) in [("allow", 0), ("deny", 4)] {
        let mut trying = Trying::start(&shell, &["device"]);
        let told = trying.told();
        assert_eq!(told["verification_uri"], format!("{}/device", served.issuer));
        let user_code = told["user_code"].as_str().unwrap();
        assert!(told["verification_uri_complete"].as_str().unwrap().ends_with(user_code));
        let form = browser.get("/device").await;
        let page = browser.post("/device", &[("user_code", user_code), ("csrf", &form.field("csrf"))]).await;
        let fields = [("user_code", user_code), ("csrf", &page.field("csrf")), ("decision", decision)];
        browser.post("/device", &fields).await;
        let said = trying.ends();
        assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
        if code == 0 {
            assert_eq!(said.json()["id_token"]["aud"], "countersign-try");
        }
    }
}

#[tokio::test]
async fn a_machine_and_a_name_with_a_password_get_tokens() {
    let (shell, served) = served().await;
    shell.run(&["scope", "create", "reports", "--description", "Read reports"]).done();
    let header = shell.run(&["try", "client-credentials", "--scope", "reports", "--header"]).done().out;
    let token = header.trim_end().strip_prefix("Authorization: Bearer ").unwrap();
    let inspected = shell.run_with(token, &["token", "inspect", "--json"]).json();
    assert_eq!(inspected["scope"], "reports", "{inspected}");
    let args = ["try", "password", "--username", "ada", "--password-stdin"];
    let seen = shell.run_with(PASSWORD, &[&args[..], &["--json"]].concat()).json();
    assert_eq!(seen["client_id"], "countersign-try-confidential");
    assert!(served.opens(seen["token"]["access_token"].as_str().unwrap()).await);
    let said = shell.run_with(PASSWORD, &args).done().out;
    for words in ["access_token", "In the ID token (checked)", "Userinfo", "ada@example.com"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    shell.run_with("not it", &args).failed(4, "refuses this name and password");
    shell.run(&["try", "client-credentials", "--scope", "nobody.knows"]).failed(1, "nobody.knows");
    shell.run(&["try", "client-credentials", "--header", "--json"]).failed(2, "--header");
}

/// Also the first time, when each would register the client.
#[tokio::test]
async fn several_at_once_each_get_what_they_ask_for() {
    let (shell, _served) = served().await;
    let scopes = ["one", "two", "three", "four", "five", "six"];
    for name in scopes {
        shell.run(&["scope", "create", name, "--description", "Read reports"]).done();
    }
    let machine = |name: &'static str| (name, Trying::start(&shell, &["client-credentials", "--scope", name]));
    let machines = scopes.map(machine);
    for (name, trying) in machines {
        assert_eq!(trying.ends().json()["token"]["scope"], name);
    }
    let mut people = [(); 4].map(|()| Trying::start(&shell, &["code", "--no-open"]));
    for trying in &mut people {
        assert!(trying.told()["open"].is_string());
        trying.process.kill().unwrap();
        trying.process.wait().unwrap();
    }
}

#[tokio::test]
async fn a_client_of_somebody_else_proves_itself_with_its_own_secret() {
    let (shell, served) = served().await;
    let made = shell
        .run(&["client", "create", "--name", "Job", "--grant", "client_credentials", "--scope", "openid", "--json"])
        .json();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    // from a folder that knows nothing of the server
    let elsewhere = Shell::new().await;
    let args = ["try", "client-credentials", "--issuer", &served.issuer, "--client-id", id, "--json"];
    let stdin = [&args[..], &["--secret-stdin"]].concat();
    let seen = elsewhere.run_with(secret, &stdin).json();
    assert_eq!((&seen["issuer"], &seen["client_id"]), (&json!(served.issuer), &json!(id)));
    elsewhere.run_with("wrong", &stdin).failed(1, "invalid_client");
    elsewhere.run(&args).failed(1, "invalid_client");
    let file = elsewhere.database.dir.path().join("secret.txt");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    elsewhere.run(&[&args[..], &["--secret-file", file.to_str().unwrap()]].concat()).json();
    elsewhere.run(&["try", "code", "--issuer", &served.issuer]).failed(2, "--client-id");
}

#[tokio::test]
async fn without_a_server_it_says_how_to_start_one() {
    let shell = Shell::new().await.with("COUNTERSIGN_ISSUER", "http://127.0.0.1:1");
    shell.run(&["try", "client-credentials"]).failed(1, "countersign serve starts it");
    shell.run(&["try", "code", "--issuer", "http://id.example.com", "--client-id", "x"]).failed(2, "neither https nor");
    shell.run(&["try", "code", "--issuer", "not a url", "--client-id", "x"]).failed(2, "is no URL");
    for redirect_uri in ["https://127.0.0.1/cb", "http://example.com/cb", "http://127.0.0.1/cb?x", "http://10.0.0.1/cb"]
    {
        let args = ["try", "code", "--no-open", "--redirect-uri", redirect_uri];
        shell.run(&args).failed(2, "no http address of this machine");
    }
}

/// A server that answers by the path; `{here}` in an answer is its own origin.
struct Fake {
    issuer: String,
}

type Answer = (u16, &'static str, String);

impl Fake {
    fn start(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let here = issuer.clone();
        let count = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for stream in listener.incoming().take(32) {
                let Ok(mut stream) = stream else { continue };
                let mut asked = Vec::new();
                let mut part = [0; 4096];
                // head and form come in one piece or two; what they say is not looked at beyond the path
                while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut part) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => asked.extend_from_slice(&part[..read]),
                    }
                }
                let head = String::from_utf8_lossy(&asked).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let at = if path.starts_with("/token") { count.fetch_add(1, Ordering::SeqCst) } else { 0 };
                let (status, kind, body) = answer(&path, at);
                let body = body.replace("{here}", &here);
                let location = if status == 302 { "Location: https://elsewhere.example.com/\r\n" } else { "" };
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _gone_already = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Self { issuer }
    }

    /// A server with good metadata, and these answers of its token endpoint in their order; the last one stays.
    fn with_tokens(answers: &'static [(u16, &'static str)]) -> Self {
        Self::start(move |path, at| match path {
            "/.well-known/openid-configuration" => (200, "application/json", METADATA.to_owned()),
            "/device" => {
                let codes = json!({
                    "device_code": "d", "user_code": "ABCD", "verification_uri": "http://localhost/device",
                    "expires_in": 4, "interval": 1,
                });
                (200, "application/json", codes.to_string())
            }
            "/token" => {
                let (status, body) = answers[at.min(answers.len() - 1)];
                (status, "application/json", body.to_owned())
            }
            _ => (200, "application/json", "{\"keys\":[]}".to_owned()),
        })
    }

    fn asked(&self, shell: &Shell, flow: &str) -> Said {
        shell.run(&["try", flow, "--issuer", &self.issuer, "--client-id", "x"])
    }
}

const PENDING: (u16, &str) = (400, r#"{"error":"authorization_pending"}"#);
const METADATA: &str = r#"{"issuer":"{here}","token_endpoint":"{here}/token","jwks_uri":"{here}/jwks",
    "device_authorization_endpoint":"{here}/device"}"#;

#[tokio::test]
async fn metadata_that_is_not_what_it_should_be_ends_the_try() {
    let shell = Shell::new().await;
    let json = "application/json";
    let huge = "x".repeat(1024 * 1024 + 1);
    let cases: [(Answer, &str); 8] = [
        (
            (200, json, r#"{"issuer":"https://other.example.com"}"#.to_owned()),
            "says that it is https://other.example.com",
        ),
        ((200, "text/html", "<h1>Hello</h1>".to_owned()), "with text/html instead of a JSON object"),
        ((302, json, String::new()), "points to https://elsewhere.example.com/"),
        ((404, json, String::new()), "has no metadata"),
        ((500, json, "{}".to_owned()), "answers 500"),
        ((200, json, huge), "larger than"),
        ((200, json, r#"{"issuer":7}"#.to_owned()), "cannot be used"),
        (
            (200, json, r#"{"issuer":"{here}","token_endpoint":"http://id.example.com/token"}"#.to_owned()),
            "http://id.example.com/token of the metadata is neither https nor on this machine",
        ),
    ];
    for (answer, words) in cases {
        Fake::start(move |_, _| answer.clone()).asked(&shell, "client-credentials").failed(1, words);
    }
    // as RFC 8414 has it, when OpenID Connect's place is empty
    let fake = Fake::start(|path, _| match path {
        "/.well-known/oauth-authorization-server/tenant" => {
            (200, "application/json", METADATA.replace("\"issuer\":\"{here}\"", "\"issuer\":\"{here}/tenant\""))
        }
        "/token" => (200, "application/json", r#"{"access_token":"t","token_type":"bearer"}"#.to_owned()),
        _ => (404, "text/plain", String::new()),
    });
    let issuer = format!("{}/tenant", fake.issuer);
    shell.run(&["try", "client-credentials", "--issuer", &issuer, "--client-id", "x"]).done();
}

#[tokio::test]
async fn tokens_that_are_not_what_they_should_be_are_not_shown() {
    let shell = Shell::new().await;
    // {"alg":"none"}, and RS256 with a key that nobody publishes
    for (answer, words) in [
        ((200, r#"{"token_type":"Bearer"}"#), "without an access token"),
        ((200, r#"{"access_token":"t"}"#), "of which kind"),
        ((200, r#"{"access_token":"t","token_type":"mac"}"#), "of the kind mac"),
        ((200, r#"{"access_token":"t","token_type":"Bearer","id_token":"x"}"#), "no signed JWT"),
        (
            (200, r#"{"access_token":"t","token_type":"Bearer","id_token":"eyJhbGciOiJub25lIn0.e30."}"#),
            "signed with \"none\"",
        ),
        (
            (200, r#"{"access_token":"t","token_type":"Bearer","id_token":"eyJhbGciOiJSUzI1NiJ9.e30.AAAA"}"#),
            "publishes no key",
        ),
        ((200, r#"{"error":"invalid_scope"}"#), "invalid_scope"),
        (
            (400, r#"{"error":"invalid_grant","error_description":"Over\u001b[2Jthere"}"#),
            "invalid_grant: Over\u{fffd}[2Jthere",
        ),
        ((503, "busy"), "answers 503"),
        ((200, "access_token=t&token_type=bearer"), "instead of a JSON object"),
    ] {
        let answers: &'static [(u16, &'static str)] = Box::leak(Box::new([answer]));
        Fake::with_tokens(answers).asked(&shell, "client-credentials").failed(1, words);
    }
}

#[tokio::test]
async fn a_device_waits_as_long_as_its_code_lives_and_no_longer() {
    let shell = Shell::new().await;
    let granted = Fake::with_tokens(&[PENDING, (200, r#"{"access_token":"t","token_type":"Bearer"}"#)]);
    let said = granted.asked(&shell, "device").done();
    assert!(said.err.contains("Enter ABCD") && said.out.contains("access_token"), "{}{}", said.err, said.out);
    let said = Fake::with_tokens(&[PENDING]).asked(&shell, "device");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("expired before anybody entered it"), "{}", said.err);
    let said = Fake::with_tokens(&[(400, r#"{"error":"access_denied"}"#)]).asked(&shell, "device");
    assert_eq!(said.code, Some(4), "{}", said.err);
}
