//! Secrets that are sent where they belong, and where they do not; and looked for everywhere else.

use super::{app, serve, talkative};
use crate::{
    effort::alone,
    support::{App, Browser, Reply, Served, Shell, Tokens, VERIFIER, encode},
};

/// What must not be found, and what it is.
#[derive(Default)]
pub(super) struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    pub(super) fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() > 7, "{what} is too short to look for: {secret}");
        self.0.push((what, secret.to_owned()));
    }

    fn add_tokens(&mut self, tokens: &Tokens) {
        self.add("an access token", &tokens.access_token);
        for (what, name) in [("a refresh token", "refresh_token"), ("an ID token", "id_token")] {
            if let Some(token) = tokens.all[name].as_str() {
                self.add(what, token);
            }
        }
    }

    fn add_cookies(&mut self, browser: &Browser<'_>) {
        for (_, value) in &browser.cookies {
            self.add("a cookie", value);
        }
    }

    /// As it is, in another base, percent-encoded or with its bytes written out.
    #[track_caller]
    pub(super) fn are_not_in(&self, place: &str, text: &[u8]) {
        assert!(self.0.len() > 20, "only {} secrets were looked for", self.0.len());
        for (what, secret) in &self.0 {
            let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            let form = encode(&[("", secret)]);
            for shape in [secret.as_str(), &hex, form.trim_start_matches('=')] {
                let found = text.windows(shape.len()).position(|window| window == shape.as_bytes());
                let around = |at: usize| String::from_utf8_lossy(&text[at.saturating_sub(120)..at]).into_owned();
                assert!(found.is_none(), "{what} is in {place}, after: {}", around(found.unwrap()));
            }
        }
    }
}

/// A whole life of a person and their apps, and everything secret in it; also put where it does not belong.
pub(super) async fn live(shell: &Shell, server: &Served, is_misplaced: bool) -> Canaries {
    let mut canaries = Canaries::default();
    let password = "Grösste-Kanarie-9471!";
    canaries.add("a password", password);
    let link = shell.run(&["user", "create", "ada", "--email", "ada@example.com", "--admin", "--json"]).json();
    let link = link["setup_link"].as_str().unwrap().to_owned();
    canaries.add("a one-time link", link.split("t=").nth(1).unwrap());
    let mut browser = server.browser();
    browser.get(&link).await.has_status(303);
    let page = browser.get("/setup").await;
    let fields = [("password", password), ("t", &page.field("t")), ("csrf", &page.field("csrf")), ("username", "ada")];
    browser.post("/setup", &fields).await.has_status(303);
    canaries.add_cookies(&browser);
    // an administrator gets no password grant: somebody else for that
    shell.run_with(&format!("{password}\n"), &["user", "create", "bob", "--password-stdin"]).done();

    let chosen = "chosen-canary-5520-of-a-client";
    let grants = "authorization_code refresh_token password client_credentials";
    let apps = [
        app(shell, server, &["--grant", grants], ""),
        app(shell, server, &["--grant", grants, "--access-token", "opaque", "--access-alg", "RS256"], ""),
        app(shell, server, &["--public"], ""),
        app(shell, server, &["--grant", grants, "--secret-stdin"], &format!("{chosen}\n")),
    ];
    canaries.add("a chosen client secret", chosen);
    canaries.add("a verifier", VERIFIER);
    for app in &apps {
        if let Some(secret) = app.secret.as_deref().filter(|secret| *secret != chosen) {
            canaries.add("a client secret", secret);
        }
        use_everything(app, &mut browser, password, &mut canaries).await;
    }
    canaries.add_cookies(&browser);
    if is_misplaced {
        misplace(server, &apps, &canaries).await;
    }
    let page = browser.get("/oauth2/logout").await;
    browser.post("/oauth2/logout", &[("csrf", &page.field("csrf"))]).await;
    canaries
}

/// Each grant an app has, and each endpoint for what comes of it.
async fn use_everything(app: &App<'_>, browser: &mut Browser<'_>, password: &str, canaries: &mut Canaries) {
    let mut reply = browser.authorize(app, &[("scope", "openid profile"), ("prompt", "login")]).await;
    let fields = [
        ("username", "ada"),
        ("password", password),
        ("csrf", &reply.field("csrf")),
        ("interaction", &reply.field("interaction")),
    ];
    reply = browser.post("/login", &fields).await;
    canaries.add_cookies(browser);
    reply = browser.get(reply.location()).await;
    if reply.status == 200 {
        reply = browser.decide(&reply, "allow", &[]).await;
    }
    let code = reply.redirected()["code"].clone();
    canaries.add("a code", &code);
    let first = Tokens::of(&app.redeem(&code).await);
    let second = Tokens::of(&app.refresh(&first.refresh_token).await);
    canaries.add_tokens(&first);
    canaries.add_tokens(&second);
    app.server.resource(&second.access_token).await.has_status(200);
    app.server.post("/api/verify", &[("token", &second.access_token)]).await.has_status(200);
    app.server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", second.access_token)).await;
    if app.secret.is_some() {
        let bob = [("grant_type", "password"), ("username", "bob"), ("password", password)];
        canaries.add_tokens(&Tokens::of(&app.token(&bob).await));
        canaries.add_tokens(&Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await));
        for token in [&second.access_token, &second.refresh_token] {
            app.introspect(token).await.has_status(200);
        }
    }
    // used up, revoked, replayed: refusals are logged as well
    app.redeem(&code).await.refused("invalid_grant");
    app.revoke(&second.access_token).await.has_status(200);
    app.revoke(&second.refresh_token).await.has_status(200);
    app.refresh(&second.refresh_token).await.refused("invalid_grant");
    app.server.resource(&second.access_token).await.has_status(401);
}

/// Every secret in every wrong place. No answer may hold it either, but where it came in a part that a page shows to
/// whoever typed it: a user name, a redirect address.
async fn misplace(server: &Served, apps: &[App<'_>], canaries: &Canaries) {
    let paths = [
        "/oauth2/authorize",
        "/oauth2/access_token",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/userinfo",
        "/oauth2/jwks",
        "/api/verify",
        "/login",
        "/setup",
        "/account",
        "/health/ready",
        "/nowhere",
    ];
    for (what, secret) in &canaries.0 {
        let query = encode(&[("token", secret), ("access_token", secret), ("password", secret)]);
        let form = [("client_secret", secret.as_str()), ("password", secret), ("refresh_token", secret)];
        let check = |path: &str, reply: &Reply| {
            assert!(reply.status.as_u16() < 500, "{path}: {}", reply.status);
            assert!(!reply.body.contains(secret.as_str()), "{path} repeats {what}: {}", reply.body);
        };
        for path in paths {
            check(path, &server.get(&format!("{path}?{query}")).await);
            let asked = [&form[..], &[("client_id", apps[0].client_id.as_str()), ("grant_type", "refresh_token")]];
            check(path, &server.post(path, &asked.concat()).await);
        }
        // in a client's or a person's place, as a grant type, as a scope, in the path, in headers
        let swapped = [("client_id", secret.as_str()), ("client_secret", &apps[0].client_id)];
        for grant in ["authorization_code", "password", secret] {
            let asked = [&swapped[..], &[("grant_type", grant), ("username", secret), ("scope", secret)]].concat();
            check("a swapped pair", &server.post("/oauth2/access_token", &asked).await);
        }
        server.get(&format!("/oauth2/authorize?{}", encode(&swapped))).await;
        let escaped = encode(&[("", secret)]);
        // a word somebody chose cannot be told from a page's name; what we make can
        let paths = ["/account/apps/", "/assets/", "/oauth2/", "/"];
        for path in paths.iter().filter(|_| secret.len() > 32) {
            server.get(&format!("{path}{}", escaped.trim_start_matches('='))).await;
        }
        for scheme in ["Bearer", "Basic", "token", "Digest"] {
            // a header holds no more than visible ASCII
            let value = format!("{scheme} {}", escaped.trim_start_matches('='));
            check(scheme, &server.get_with("/api/verify", "authorization", &value).await);
            let reply = server.request("POST", "/oauth2/access_token").header("authorization", value).send().await;
            check(scheme, &Reply::of(reply.unwrap()).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_at_any_level_nor_shown_in_an_answer_nor_in_the_process_list() {
    let _alone = alone().await;
    for (format, is_misplaced, lines) in [("json", true, 1000), ("text", false, 50)] {
        let shell = talkative(format).await;
        let mut server = serve(&shell);
        let canaries = live(&shell, &server, is_misplaced).await;
        let process = std::fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
        canaries.are_not_in("the process list", &process);
        assert!(server.stop().success());
        let log = super::logged(&shell);
        assert!(log.lines().count() > lines, "the log is there: {} lines", log.lines().count());
        canaries.are_not_in("the log", log.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_repeats_no_secret_it_was_given_as_an_argument_and_warns() {
    let shell = talkative("text").await;
    shell.run(&["db", "migrate"]).done();
    let secret = "canary-that-somebody-typed";
    for words in [
        ["user", "create", "ada", "--password", secret],
        ["client", "create", "--name", "x", &format!("--secret={secret}")],
        ["token", "inspect", secret, "--resource", "x"],
        ["token", "revoke", secret, "--json", "--quiet"],
    ] {
        let said = shell.run(&words);
        let is_warned = said.err.contains("arguments can be seen by others");
        assert!(said.code == Some(2) || is_warned, "{words:?}: {}{}", said.out, said.err);
        assert!(!said.err.contains(secret) && !said.out.contains(secret), "{words:?}: {}", said.err);
    }
}
