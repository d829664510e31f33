//! Everything a server gives out, and whether it still opens anything at the same server or at another one.

use serde_json::json;

use crate::support::{App, Browser, Door, PASSWORD, Shell, Tokens};

/// Given out by one server to ada and to two of her apps.
pub(super) struct Issued {
    /// `(client_id, secret)` of an app with JWTs and of one with opaque tokens.
    apps: [(String, String); 2],
    cookies: Vec<(String, String)>,
    pub(super) tokens: Tokens,
    opaque: Tokens,
    /// The first app's own.
    own: Tokens,
    /// Not redeemed.
    code: String,
    /// With which bob may choose a password.
    link: String,
}

impl Issued {
    /// Makes two people and two apps, and gets one of everything for ada.
    pub(super) async fn by(shell: &Shell, server: &Door) -> Self {
        shell.run_with(PASSWORD, &["user", "create", "ada", "--password-stdin"]).done();
        let link = shell.run(&["user", "create", "bob", "--json"]).json();
        shell.run(&["scope", "create", "read", "--description", "Read"]).done();
        let app = |format: &str| {
            let grants = "authorization_code refresh_token client_credentials";
            let flags =
                ["--redirect-uri", "https://app.example/cb", "--grant", grants, "--scope", "openid profile read"];
            let made = ["client", "create", "--name", "Photos", "--access-token", format, "--json"];
            let made = shell.run(&[&made[..], &flags].concat()).json();
            (made["client_id"].as_str().unwrap().to_owned(), made["client_secret"].as_str().unwrap().to_owned())
        };
        let apps = [app("jwt"), app("opaque")];
        let [first, second] = [0, 1].map(|n| Self::app(&apps, n, server));
        let mut browser = server.browser();
        browser.sign_in("ada").await.has_status(303);
        let tokens = first.tokens(&mut browser, &[("scope", "openid profile")]).await;
        let opaque = second.tokens(&mut browser, &[("scope", "openid profile")]).await;
        let own = Tokens::of(&first.token(&[("grant_type", "client_credentials"), ("scope", "read")]).await);
        let code = browser.allow(&first, &[("scope", "openid profile")]).await;
        let link = link["setup_link"].as_str().unwrap().to_owned();
        let cookies = browser.cookies.clone();
        Self { apps, cookies, tokens, opaque, own, code, link }
    }

    fn app<'a>(apps: &[(String, String); 2], n: usize, server: &'a Door) -> App<'a> {
        let (client_id, secret) = apps[n].clone();
        App { server, client_id, secret: Some(secret), redirect_uri: "https://app.example/cb".to_owned() }
    }

    /// The first app, in front of a server.
    pub(super) fn photos<'a>(&self, server: &'a Door) -> App<'a> {
        Self::app(&self.apps, 0, server)
    }

    fn browser<'a>(&self, server: &'a Door) -> Browser<'a> {
        Browser { server, cookies: self.cookies.clone(), headers: Vec::new() }
    }

    /// All of it opens what it is for; the code stays unused.
    pub(super) async fn is_alive(&self, server: &Door) {
        let app = self.photos(server);
        for tokens in [&self.tokens, &self.opaque] {
            assert!(server.opens(&tokens.access_token).await);
            let bearer = format!("Bearer {}", tokens.access_token);
            server.get_with("/oauth2/userinfo", "authorization", &bearer).await.has_status(200);
        }
        for token in [&self.tokens.access_token, &self.own.access_token, &self.tokens.refresh_token] {
            assert_eq!(app.introspect(token).await.json()["active"], true);
        }
        self.browser(server).get("/account").await.has_status(200);
        server.browser().get(&self.link).await.has_status(303);
    }

    /// None of it opens anything but, where they are kept, the refresh tokens.
    pub(super) async fn is_dead(&self, shell: &Shell, server: &Door, refresh_is_kept: bool) {
        let app = self.photos(server);
        for token in [&self.tokens.access_token, &self.opaque.access_token, &self.own.access_token] {
            server.resource(token).await.has_status(401);
            server.post("/api/verify", &[("token", token)]).await.has_status(403);
            let bearer = format!("Bearer {token}");
            server.get_with("/oauth2/userinfo", "authorization", &bearer).await.has_status(401);
            assert_eq!(app.introspect(token).await.json(), json!({"active": false}));
            assert_eq!(shell.run_with(token, &["token", "inspect", "--json"]).json()["active"], false);
        }
        app.redeem(&self.code).await.refused("invalid_grant");
        assert!(self.browser(server).get("/account").await.location().contains("/login"), "the session has ended");
        let mut browser = server.browser();
        browser.get(&self.link).await;
        browser.get("/setup").await.has_status(404);
        for (n, tokens) in [&self.tokens, &self.opaque].into_iter().enumerate() {
            let (app, refresh) = (Self::app(&self.apps, n, server), &tokens.refresh_token);
            let seen = shell.run_with(refresh, &["token", "inspect", "--json"]).json();
            assert_eq!(seen["active"], refresh_is_kept, "{seen}");
            assert_eq!(app.introspect(refresh).await.json()["active"], refresh_is_kept);
            let refreshed = app.refresh(refresh).await;
            if refresh_is_kept {
                assert!(server.opens(&Tokens::of(&refreshed).access_token).await);
            } else {
                refreshed.refused("invalid_grant");
            }
        }
    }

    /// The past that stays: password, app, its secret, what was agreed to.
    pub(super) async fn is_still_known(&self, server: &Door) {
        let (app, mut browser) = (self.photos(server), server.browser());
        browser.sign_in("ada").await.has_status(303);
        let answer = browser.authorize(&app, &[("scope", "openid profile")]).await;
        let code = answer.redirected().remove("code").expect("agreed to before");
        let tokens = Tokens::of(&app.redeem(&code).await);
        assert!(server.opens(&tokens.access_token).await);
        assert!(server.opens(&Tokens::of(&app.refresh(&tokens.refresh_token).await).access_token).await);
    }
}
