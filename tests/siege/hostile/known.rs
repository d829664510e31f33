//! What an attacker may have come by: apps, an app's secret, tokens, cookies, pages.

use base64::{Engine, engine::general_purpose::STANDARD as B64};

use crate::support::{App, Browser, CHALLENGE, PASSWORD, Served, Shell, Tokens};

/// A person, two apps, and what they were given.
pub(super) struct Known {
    pub(super) issuer: String,
    pub(super) host: String,
    pub(super) client_id: String,
    pub(super) secret: String,
    pub(super) public_id: String,
    pub(super) redirect_uri: String,
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) id_token: String,
    /// Of a browser in which ada is signed in.
    pub(super) cookies: Vec<(String, String)>,
    /// A sign-in page's and a consent page's own fields.
    pub(super) login_csrf: String,
    pub(super) interaction: String,
    pub(super) csrf: String,
}

/// The address both apps registered.
const CALLBACK: &str = "http://127.0.0.1:9/cb?from=here";

impl Known {
    pub(super) async fn made(shell: &Shell, server: &Served) -> Self {
        shell.run_with(PASSWORD, &["user", "create", "ada", "--password-stdin"]).done();
        let client = |flags: &[&str]| {
            let usual = ["client", "create", "--name", "Notes", "--redirect-uri", CALLBACK, "--json"];
            shell.run(&[&usual, flags].concat()).json()
        };
        let confidential = client(&[]);
        let public = client(&["--auth-method", "none"]);
        // while one client has a chosen secret, every wrong one is hashed
        let chosen = ["client", "create", "--name", "Old", "--redirect-uri", CALLBACK, "--secret-stdin"];
        shell.run_with("a secret somebody chose for it", &chosen).done();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let app = App {
            server,
            client_id: text(&confidential["client_id"]),
            secret: Some(text(&confidential["client_secret"])),
            redirect_uri: CALLBACK.to_owned(),
        };
        let mut browser = server.browser();
        browser.sign_in("ada").await;
        let tokens = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
        let public = App { client_id: text(&public["client_id"]), secret: None, ..app.clone() };
        let page = browser.authorize(&public, &[]).await;
        let login = server.browser().get("/login").await;
        Self::of(
            &app,
            &public,
            &browser,
            tokens,
            [&login.field("csrf"), &page.field("interaction"), &page.field("csrf")],
        )
    }

    fn of(app: &App<'_>, public: &App<'_>, browser: &Browser<'_>, tokens: Tokens, fields: [&str; 3]) -> Self {
        let [login_csrf, interaction, csrf] = fields.map(str::to_owned);
        let issuer = app.server.issuer.clone();
        Self {
            host: issuer.strip_prefix("http://").unwrap().to_owned(),
            issuer,
            client_id: app.client_id.clone(),
            secret: app.secret.clone().unwrap(),
            public_id: public.client_id.clone(),
            redirect_uri: app.redirect_uri.clone(),
            id_token: tokens.all["id_token"].as_str().unwrap().to_owned(),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            cookies: browser.cookies.clone(),
            login_csrf,
            interaction,
            csrf,
        }
    }

    /// The parameters of a good authorization request.
    pub(super) fn authorization(&self) -> Vec<(String, String)> {
        [
            ("response_type", "code"),
            ("client_id", &self.public_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    pub(super) fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// A normal flow works.
    pub(super) async fn still_works(&self, server: &Served) {
        let app = App {
            server,
            client_id: self.client_id.clone(),
            secret: Some(self.secret.clone()),
            redirect_uri: self.redirect_uri.clone(),
        };
        let mut browser = server.browser();
        browser.sign_in("ada").await;
        let tokens = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
        assert!(server.opens(&tokens.access_token).await);
        Tokens::of(&app.refresh(&tokens.refresh_token).await);
        assert!(server.opens(&self.access_token).await, "what was given before is still good");
    }
}

impl Known {
    pub(super) fn basic(&self) -> String {
        format!("Basic {}", B64.encode(format!("{}:{}", self.client_id, self.secret)))
    }
}
