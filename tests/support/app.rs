//! A third-party app, by raw HTTP.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use serde_json::Value;

use super::{Door, Lost, Reply, encode};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const TOKEN: &str = "/oauth2/access_token";

#[derive(Clone)]
pub(crate) struct App<'a> {
    pub(crate) server: &'a Door,
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uri: String,
}

/// What an app got.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) all: Value,
}

impl Tokens {
    #[track_caller]
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let all = reply.json();
        let text = |name: &str| all[name].as_str().unwrap_or_default().to_owned();
        Self { access_token: text("access_token"), refresh_token: text("refresh_token"), all }
    }

    /// The claims of a JWT, unverified.
    pub(crate) fn claims(&self, name: &str) -> Value {
        claims(self.all[name].as_str().unwrap())
    }
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

impl App<'_> {
    /// The path of an authorization request. A name in `more` takes the place of the usual; an empty value leaves it out.
    pub(crate) fn authorize_path(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", "xyz"),
        ];
        if self.secret.is_none() {
            pairs.push(("code_challenge", CHALLENGE));
            pairs.push(("code_challenge_method", "S256"));
        }
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        format!("/oauth2/authorize?{}", encode(&pairs))
    }

    /// The token endpoint, authenticated by header where there is a secret.
    pub(crate) async fn token(&self, pairs: &[(&str, &str)]) -> Reply {
        self.post(TOKEN, pairs).await
    }

    /// Any endpoint for clients.
    pub(crate) async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.try_post(path, pairs).await.unwrap()
    }

    /// As [`App::post`], to a server that may end before it has answered.
    pub(crate) async fn try_post(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Reply, Lost> {
        let request = self.server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        let (request, body) = match &self.secret {
            Some(secret) => (request.header("authorization", self.basic(secret)), encode(pairs)),
            None => (request, encode(&[pairs, &[("client_id", self.client_id.as_str())]].concat())),
        };
        Reply::try_of(request.body(body)).await
    }

    pub(crate) fn basic(&self, secret: &str) -> String {
        format!("Basic {}", B64.encode(format!("{}:{secret}", self.client_id)))
    }

    pub(crate) async fn redeem(&self, code: &str) -> Reply {
        self.try_redeem(code).await.unwrap()
    }

    pub(crate) async fn try_redeem(&self, code: &str) -> Result<Reply, Lost> {
        let mut pairs =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect_uri)];
        if self.secret.is_none() {
            pairs.push(("code_verifier", VERIFIER));
        }
        self.try_post(TOKEN, &pairs).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Reply {
        self.try_refresh(refresh_token).await.unwrap()
    }

    pub(crate) async fn try_refresh(&self, refresh_token: &str) -> Result<Reply, Lost> {
        self.try_post(TOKEN, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Reply {
        self.post("/oauth2/introspect", &[("token", token)]).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Reply {
        self.post("/oauth2/revoke", &[("token", token)]).await
    }

    /// The whole flow with ada's yes.
    pub(crate) async fn tokens(&self, browser: &mut super::Browser<'_>, more: &[(&str, &str)]) -> Tokens {
        let code = browser.allow(self, more).await;
        Tokens::of(&self.redeem(&code).await)
    }
}
