//! An app that was registered: it sends people to the server and redeems what they come back with.

use anyhow::{Context, Result};
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use reqwest::{StatusCode, Url};
use serde_json::Value;

pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uri: String,
    issuer: String,
}

/// A request for authorization, and what the app keeps to check its answer.
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) state: String,
    verifier: PkceCodeVerifier,
}

impl App {
    /// From what `client create --json` printed.
    pub(crate) fn new(issuer: &str, redirect_uri: &str, shown: &Value) -> Result<Self> {
        let text = |name: &str| shown.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            client_id: text("client_id").with_context(|| format!("no client_id in {shown}"))?,
            secret: text("client_secret"),
            redirect_uri: redirect_uri.to_owned(),
            issuer: issuer.to_owned(),
        })
    }

    /// What a program that is this app is told in its environment.
    pub(crate) fn settings(&self) -> [(&str, &str); 3] {
        let secret = self.secret.as_deref().unwrap_or_default();
        [("ISSUER", &self.issuer), ("CLIENT_ID", &self.client_id), ("CLIENT_SECRET", secret)]
    }

    /// Where to send a person for a code; `more` are further parameters.
    pub(crate) fn ask(&self, scope: &str, more: &[(&str, &str)]) -> Result<Asked> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = oauth2::CsrfToken::new_random().secret().clone();
        let mut url = Url::parse(&format!("{}/oauth2/authorize", self.issuer))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &state)
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(more);
        Ok(Asked { url, state, verifier })
    }

    /// Exchanges the code in `back` for tokens, after the checks an app owes itself.
    pub(crate) async fn redeem(&self, asked: &Asked, back: &Url) -> Result<Value> {
        assert_eq!(parameter(back, "state").as_deref(), Some(asked.state.as_str()), "{back}");
        assert_eq!(parameter(back, "iss").as_deref(), Some(self.issuer.as_str()), "RFC 9207: {back}");
        let code = parameter(back, "code").with_context(|| format!("no code in {back}"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", asked.verifier.secret()),
        ];
        let answer = reqwest::Client::new()
            .post(format!("{}/oauth2/access_token", self.issuer))
            .basic_auth(&self.client_id, self.secret.as_deref())
            .form(&form)
            .send()
            .await?;
        let (status, body) = (answer.status(), answer.text().await?);
        assert_eq!(status, StatusCode::OK, "{body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// What the protected resource says to this access token in a form.
    pub(crate) async fn verify(&self, access_token: &str) -> Result<(StatusCode, Value)> {
        let url = format!("{}/api/verify", self.issuer);
        let answer = reqwest::Client::new().post(url).form(&[("token", access_token)]).send().await?;
        Ok((answer.status(), answer.json().await?))
    }
}

/// A parameter of an address that came back, decoded.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A member of a JSON answer that must be text.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in {answer}"))
}
