//! `countersign demo`: what its page and its terminal say really happened, and nothing of it stays.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{Shell, names};
use crate::support::{Database, Door, Reply, Served};

/// The flows and what each of their requests is answered with.
const FLOWS: [(&str, &[u16]); 7] = [
    ("code", &[200, 303, 200, 303, 200, 200, 200, 200, 200, 200, 401, 400]),
    ("refresh", &[200, 303, 200, 303, 200, 200, 200, 200, 200, 200, 401, 400]),
    ("client-credentials", &[200, 200, 200, 200]),
    ("password", &[200, 200, 200, 200, 200, 401, 400]),
    ("device", &[200, 400, 200, 200, 303, 200, 200, 303, 200, 200, 200, 200]),
    ("github", &[200, 303, 200, 303, 200, 200, 200, 401]),
    ("facebook", &[200, 303, 200, 303, 200, 200, 200, 200, 200]),
];

/// What can be broken, the row of docs/errors.md, and what the developer sees: a status and a word.
const BREAKS: [(&str, &str, &str, u16, &str); 28] = [
    ("code", "replay-code", "CodeReplayed", 400, "invalid_grant"),
    ("code", "wrong-verifier", "VerifierWrong", 400, "invalid_grant"),
    ("code", "wrong-redirect", "RedirectUriUnregistered", 400, ""),
    ("code", "other-redirect", "RedirectUriDiffers", 400, "invalid_grant"),
    ("code", "wrong-secret", "SecretWrong", 401, "invalid_client"),
    ("code", "expired-token", "TokenInvalid", 401, "invalid_token"),
    ("code", "tampered-token", "TokenInvalid", 401, "invalid_token"),
    ("code", "used-refresh", "RefreshReused", 400, "invalid_grant"),
    ("code", "say-no", "Denied", 303, "access_denied"),
    ("refresh", "used-refresh", "RefreshReused", 400, "invalid_grant"),
    ("refresh", "wider-scope", "ScopeWidened", 400, "invalid_scope"),
    ("refresh", "wrong-secret", "SecretWrong", 401, "invalid_client"),
    ("client-credentials", "wrong-secret", "SecretWrong", 401, "invalid_client"),
    ("client-credentials", "unknown-scope", "ScopeNotAllowed", 400, "invalid_scope"),
    ("client-credentials", "no-person", "TokenInvalid", 401, "invalid_token"),
    ("password", "wrong-password", "PersonRefused", 400, "invalid_grant"),
    ("password", "wrong-secret", "SecretWrong", 401, "invalid_client"),
    ("device", "impatient", "DevicePolledTooSoon", 400, "slow_down"),
    ("device", "say-no", "Denied", 400, "access_denied"),
    ("device", "second-time", "DeviceCodeSpent", 400, "invalid_grant"),
    ("device", "no-such-code", "DeviceCodeUnknown", 400, "invalid_grant"),
    ("github", "replay-code", "CodeReplayed", 200, "bad_verification_code"),
    ("github", "wrong-code", "CodeUnknown", 200, "bad_verification_code"),
    ("github", "wrong-secret", "SecretWrong", 200, "incorrect_client_credentials"),
    ("facebook", "foreign-token", "TokenInvalid", 200, "190"),
    ("facebook", "wrong-secret", "SecretWrong", 400, "OAuthException"),
    ("facebook", "wrong-redirect", "RedirectUriUnregistered", 400, ""),
    ("facebook", "say-no", "Denied", 303, "access_denied"),
];

/// In a folder of its own, where its temporary folders are seen as well.
async fn shell() -> Shell {
    let database = Database::empty().await;
    let folder = database.dir.path().display().to_string();
    Shell::at(database).with("TMPDIR", &folder)
}

/// A demonstration in a process of its own; it ends with this value.
struct Shown {
    app: Door,
    server: Door,
    page: String,
    process: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Shown {
    #[track_caller]
    fn start(shell: &Shell, args: &[&str]) -> Self {
        let mut command = shell.command(&[&["demo", "--no-open", "--quiet"], args].concat());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let word =
            |before: &str| ready.split(before).nth(1).unwrap_or_else(|| panic!("{ready}")).split_whitespace().next();
        let (page, issuer) = (word(" page ").unwrap(), word(" server ").unwrap());
        let (app, page) = page.split_at(page.find("/run/").unwrap());
        let address = app.replace("localhost", "127.0.0.1");
        let (app, server) = (Door::new(address, app.to_owned()), Door::new(issuer.to_owned(), issuer.to_owned()));
        Self { app, server, page: page.to_owned(), process, _stdout: stdout }
    }

    /// Presses a button of a page.
    async fn press(&self, page: &Reply, path: &str) -> Reply {
        assert!(page.body.contains(&format!("action=\"{path}\"")), "no button {path} in: {}", page.body);
        self.app.post(path, &[("csrf", &page.field("csrf"))]).await
    }

    /// The page it leads to.
    async fn follow(&self, reply: &Reply) -> Reply {
        let page = self.app.get(reply.has_status(303).location()).await;
        page.has_status(200);
        page
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        let _has_ended = self.process.wait();
    }
}

/// The statuses and words of a timeline, in their order, as its steps say them in their headlines.
fn headlines(page: &Reply) -> Vec<(u16, String)> {
    let steps = page.body.split("<li class=\"step").skip(1);
    let status = |step: &str| {
        let text = step.split("<span class=\"status\">").nth(1).unwrap().split("</span>").next().unwrap();
        let (status, word) = text.split_once(" <code>").unwrap_or((text, ""));
        (status.parse().unwrap(), word.replace("</code>", ""))
    };
    steps.map(status).collect()
}

fn is_demo_folder(name: &str) -> bool {
    name.starts_with("countersign-demo-")
}

#[tokio::test]
async fn every_flow_is_played_once_told_and_gone() {
    let shell = shell().await;
    let before = names(&shell);
    for (flow, statuses) in FLOWS {
        let told = shell.run(&["demo", "--once", "--json", "--flow", flow]).json();
        assert_eq!((&told["flow"], &told["problem"]), (&flow.into(), &Value::Null), "{told}");
        let steps = told["steps"].as_array().unwrap();
        let seen: Vec<_> = steps.iter().map(|step| step["reply"]["status"].as_u64().unwrap()).collect();
        assert_eq!(seen, statuses.iter().map(|status| u64::from(*status)).collect::<Vec<_>>(), "{flow}");
        assert!(steps.iter().all(|step| step["curl"].as_str().unwrap().starts_with("curl ")), "{flow}");
    }
    let said = shell.run(&["demo", "--once", "--flow", "client-credentials"]).done().out;
    for words in
        ["Client credentials", "App → Server  POST /oauth2/access_token  200", "$ curl -H 'Authorization: Basic "]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(names(&shell), before, "nothing is left behind");
}

#[tokio::test]
async fn the_page_shows_what_was_asked_and_answered() {
    let shell = shell().await;
    let shown = Shown::start(&shell, &[]);
    let page = shown.app.get(&shown.page).await;
    for (header, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin")] {
        assert_eq!(page.header(header), value);
    }
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self';"));
    assert!(!page.body.contains("<script") && !page.body.contains(" style="));
    assert_eq!(headlines(&page).iter().map(|(status, _)| *status).collect::<Vec<_>>(), FLOWS[0].1);
    page.says("data-tip=\"Where the answer goes.");
    page.says("<code>access_token</code>, decoded").says("&#34;typ&#34;: &#34;at+jwt&#34;");
    page.says("The same with curl").says("the access token is not valid");
    for (flow, statuses) in FLOWS {
        let page = shown.app.get(&format!("/flow/{flow}")).await;
        let page = shown.follow(&shown.press(&page, &format!("/flow/{flow}/run")).await).await;
        assert_eq!(headlines(&page).iter().map(|(status, _)| *status).collect::<Vec<_>>(), statuses, "{flow}");
        assert!(!page.body.contains("ended early"), "{}", page.body);
        let buttons = page.body.matches(&format!("action=\"/flow/{flow}/break/")).count();
        let known: std::collections::BTreeSet<_> =
            BREAKS.iter().filter(|(of, ..)| *of == flow).map(|(_, name, ..)| name).collect();
        assert_eq!(buttons, known.len(), "every button of {flow} is pressed by a test");
    }
    for path in ["/demo.css", "/icon.svg", "/errors"] {
        shown.app.get(path).await.has_status(200);
    }
    shown.app.get("/run/99").await.has_status(404);
    shown.app.get("/flow/none").await.has_status(404);
}

#[tokio::test]
async fn every_button_breaks_it_in_the_way_it_says() {
    let shell = shell().await;
    let shown = Shown::start(&shell, &["--flow", "client-credentials"]);
    let errors = shown.app.get("/errors").await;
    for (flow, name, refusal, status, word) in BREAKS {
        let page = shown.app.get(&format!("/flow/{flow}")).await;
        let page = shown.follow(&shown.press(&page, &format!("/flow/{flow}/break/{name}")).await).await;
        let seen = headlines(&page);
        assert!(seen.contains(&(status, word.to_owned())), "{flow} {name}: {seen:?}");
        assert!(!page.body.contains("ended early"), "{flow} {name}: {}", page.body);
        page.says("Broken: ").says(&format!("href=\"/errors#{refusal}\""));
        errors.says(&format!("id=\"{refusal}\""));
    }
}

#[tokio::test]
async fn somebody_can_walk_through_it_with_their_own_browser() {
    let shell = shell().await;
    let shown = Shown::start(&shell, &[]);
    let page = shown.app.get(&shown.page).await;
    let password =
        page.body.split("with the password <code class=\"copy\">").nth(1).unwrap().split('<').next().unwrap();
    let sent = shown.press(&page, "/flow/code/walk").await;
    let mut browser = shown.server.browser();
    let login = browser.get(sent.has_status(303).location()).await;
    let (csrf, interaction) = (login.field("csrf"), login.field("interaction"));
    let fields =
        [("username", "ada"), ("password", password), ("csrf", csrf.as_str()), ("interaction", interaction.as_str())];
    let next = browser.post("/login", &fields).await;
    let consent = browser.get(next.has_status(303).location()).await;
    let back = browser.decide(&consent, "allow", &[]).await;
    let callback = back.location().strip_prefix(&shown.app.issuer).unwrap().to_owned();
    let page = shown.follow(&shown.app.get(&callback).await).await;
    page.says("You walked through it");
    let seen: Vec<_> = headlines(&page).iter().map(|(status, _)| *status).collect();
    assert_eq!(seen, [303, 303, 200, 200, 200, 200, 200, 200, 401, 400]);
    shown.app.get(&callback).await.has_status(400).says("belongs to no request");
    shown.app.get("/callback?code=x&state=y").await.has_status(400);
}

#[tokio::test]
async fn somebody_can_enter_the_code_of_a_device_with_their_own_browser() {
    let shell = shell().await;
    let shown = Shown::start(&shell, &["--flow", "client-credentials"]);
    let page = shown.app.get("/flow/device").await;
    let screen = shown.follow(&shown.press(&page, "/flow/device/walk").await).await;
    let between = |page: &Reply, before: &str, after: &str| {
        page.body.split(before).nth(1).unwrap().split(after).next().unwrap().to_owned()
    };
    let code = between(&screen, "class=\"screen\"><code dir=\"ltr\">", "<");
    let password = between(&screen, "with the password <code class=\"copy\">", "<");
    let ask = format!("/code/{code}");
    let screen = shown.follow(&shown.press(&screen, &ask).await).await;
    screen.says("authorization_pending");
    let mut browser = shown.server.browser();
    let form = browser.get(&format!("/device?user_code={code}")).await;
    let login = browser.post("/device", &[("user_code", &*code), ("csrf", &form.field("csrf"))]).await;
    let (csrf, user_code) = (login.field("csrf"), login.field("user_code"));
    let fields = [("username", "ada"), ("password", &*password), ("csrf", &*csrf), ("user_code", &*user_code)];
    let form = browser.post("/login", &fields).await;
    let form = browser.get(form.has_status(303).location()).await;
    let page = browser.post("/device", &[("user_code", &*code), ("csrf", &form.field("csrf"))]).await;
    let fields = [("user_code", &*code), ("csrf", &page.field("csrf")), ("decision", "allow")];
    browser.post("/device", &fields).await.has_status(303);
    let page = shown.follow(&shown.press(&screen, &ask).await).await;
    page.says("You walked through it");
    assert!(!page.body.contains("ended early"), "{}", page.body);
    shown.app.get(&ask).await.has_status(404).says("Nobody waits for this code");
    shown.app.post(&ask, &[]).await.has_status(403);
}

#[tokio::test]
async fn other_sites_reach_nothing_of_it() {
    let shell = shell().await;
    let shown = Shown::start(&shell, &["--flow", "client-credentials"]);
    let path = "/flow/client-credentials/run";
    shown.app.post(path, &[]).await.has_status(403);
    shown.app.post(path, &[("csrf", "guessed")]).await.has_status(403);
    let csrf = shown.app.get(&shown.page).await.field("csrf");
    let post = |name: &'static str, value: &'static str| {
        let request = shown.app.request("POST", path).header(name, value);
        Reply::try_of(request.header("content-type", "application/x-www-form-urlencoded").body(format!("csrf={csrf}")))
    };
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        post(name, value).await.unwrap().has_status(421);
    }
    post("sec-fetch-site", "same-origin").await.unwrap().has_status(303);
    let elsewhere = Door::new(shown.app.address.clone(), "http://evil.example".to_owned());
    elsewhere.get("/").await.has_status(421);
    shown.app.post(path, &[("csrf", &"x".repeat(5000))]).await.has_status(413);
}

#[tokio::test]
async fn told_to_end_it_ends_well_and_takes_its_folder_along() {
    let shell = shell().await;
    let before = names(&shell);
    for signal in ["TERM", "INT", "HUP"] {
        let mut shown = Shown::start(&shell, &["--flow", "client-credentials"]);
        assert_eq!(names(&shell).iter().filter(|name| is_demo_folder(name)).count(), 1);
        shown.signal(signal);
        assert!(shown.process.wait().unwrap().success(), "{signal}");
        assert_eq!(names(&shell), before, "nothing is left behind");
    }
}

#[tokio::test]
async fn one_that_was_started_to_outlive_its_terminal_does() {
    // as `nohup` does
    let shell = shell().await.after("trap '' HUP");
    let mut shown = Shown::start(&shell, &["--flow", "client-credentials"]);
    shown.signal("HUP");
    tokio::time::sleep(Duration::from_millis(500)).await;
    shown.app.get(&shown.page).await.has_status(200);
    shown.signal("TERM");
    assert!(shown.process.wait().unwrap().success());
}

#[tokio::test]
async fn what_is_kept_lies_in_the_data_directory_and_another_servers_is_left_alone() {
    let shell = shell().await;
    let keep = ["demo", "--keep", "--once", "--json", "--flow", "client-credentials"];
    let first = shell.run(&keep).json();
    let second = shell.run(&keep).json();
    assert_ne!(first["person"]["username"], second["person"]["username"]);
    let users = shell.run(&["user", "list", "--json"]).json();
    let known: BTreeSet<_> = users.as_array().unwrap().iter().map(|user| user["username"].as_str()).collect();
    assert_eq!(known, [&first, &second].map(|said| said["person"]["username"].as_str()).into());
    assert!(!names(&shell).iter().any(|name| is_demo_folder(name)));
    let shell = shell.with("COUNTERSIGN_ISSUER", "https://id.example.com");
    shell.run(&keep).failed(1, "belongs to https://id.example.com");
}

/// Only the flag of `serve` said what it is called; `served.json` has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_told_its_issuer_by_a_flag_is_left_alone_as_well() {
    let shell = Shell::new().await;
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0", "--issuer", "https://id.example.com"]);
    assert!(server.stop().success());
    let there = || ["user", "client"].map(|noun| shell.run(&[noun, "list", "--json"]).json());
    let before = there();
    let keep = ["demo", "--keep", "--once", "--flow", "client-credentials"];
    shell.run(&keep).failed(1, "belongs to https://id.example.com");
    assert_eq!(there(), before);
}

#[tokio::test]
async fn a_port_that_is_taken_or_none_and_a_flow_that_is_none_are_named() {
    let shell = shell().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    shell.run(&["demo", "--once", "--port", &port]).failed(1, &format!("127.0.0.1:{port} is in use"));
    shell.run(&["demo", "--once", "--port", "65535"]).failed(2, "below 65535");
    shell.run(&["demo", "--once", "--flow", "magic"]).failed(2, "client-credentials");
    assert!(!names(&shell).iter().any(|name| is_demo_folder(name)));
}
