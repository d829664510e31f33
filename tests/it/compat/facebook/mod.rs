//! The Facebook-shaped dialect, as programs that were written for that service use it.

mod debug;
mod dialog;
mod doors;
mod person;
mod token;
mod transcripts;

use countersign::protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType};
use serde_json::Value;

use crate::support::{App, Browser, Reply, TestServer, encode};

pub(crate) const DIALOG: &str = "/dialog/oauth";
pub(crate) const TOKEN: &str = "/oauth/access_token";
pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// Registers such an app, as `client create --dialect facebook` does, with two permissions of its own.
pub(crate) async fn app(server: &TestServer) -> App<'_> {
    app_with(server, |_| {}).await
}

pub(crate) async fn app_with(server: &TestServer, change: impl FnOnce(&mut ClientMetadata)) -> App<'_> {
    for (name, words) in [("publish_actions", "Post for you"), ("manage_pages", "Manage your pages")] {
        let known = countersign::flow::admin::scopes::list(&server.admin).await.unwrap();
        if !known.iter().any(|scope| scope.name == name) {
            server.scope(name, words, &[]).await;
        }
    }
    server
        .app_with(|app| {
            app.dialect = Some(Dialect::Facebook);
            app.grant_types = vec![GrantType::AuthorizationCode];
            app.scope = crate::support::scope("email publish_actions manage_pages");
            app.query_token = true;
            change(app);
        })
        .await
}

/// A path with a query.
pub(crate) fn to(path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{path}?{}", encode(pairs))
}

/// What an app's program does; each request as such a program sends it.
pub(crate) trait Program {
    fn dialog(&self, more: &[(&str, &str)]) -> String;
    async fn by_get(&self, more: &[(&str, &str)]) -> Reply;
    async fn by_code(&self, code: &str) -> Reply;
    async fn exchange(&self, token: &str) -> Reply;
    async fn debug(&self, token: &str) -> Value;
    async fn token_for(&self, browser: &mut Browser<'_>, scope: &str, ticked: &[&str]) -> String;
    fn by_secret(&self) -> String;
}

impl Program for App<'_> {
    /// The way to the dialog. A name in `more` takes the place of the usual; an empty value leaves it out.
    fn dialog(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![("client_id", &*self.client_id), ("redirect_uri", &self.redirect_uri)];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        to(DIALOG, &pairs)
    }

    /// The token endpoint by GET, with id and secret; the same about `more`.
    async fn by_get(&self, more: &[(&str, &str)]) -> Reply {
        let secret = self.secret.as_deref().unwrap_or_default();
        let mut pairs = vec![("client_id", &*self.client_id), ("client_secret", secret)];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.server.get(&to(TOKEN, &pairs)).await
    }

    async fn by_code(&self, code: &str) -> Reply {
        self.by_get(&[("redirect_uri", &self.redirect_uri), ("code", code)]).await
    }

    async fn exchange(&self, token: &str) -> Reply {
        self.by_get(&[("grant_type", "fb_exchange_token"), ("fb_exchange_token", token)]).await
    }

    /// What the app is told of a token.
    async fn debug(&self, token: &str) -> Value {
        let pairs = [("input_token", token), ("access_token", &self.by_secret())];
        let reply = self.server.get(&to("/debug_token", &pairs)).await;
        reply.has_status(200).json()["data"].clone()
    }

    /// A token of two hours, whatever page comes answered with yes and these boxes.
    async fn token_for(&self, browser: &mut Browser<'_>, scope: &str, ticked: &[&str]) -> String {
        let code = code(browser, self, &[("scope", scope)], ticked).await;
        granted(&self.by_code(&code).await).0
    }

    fn by_secret(&self) -> String {
        format!("{}|{}", self.client_id, self.secret.as_deref().unwrap_or_default())
    }
}

/// A code, whatever page comes answered with yes and these boxes.
pub(crate) async fn code(browser: &mut Browser<'_>, app: &App<'_>, more: &[(&str, &str)], ticked: &[&str]) -> String {
    let mut reply = browser.get(&app.dialog(more)).await;
    if reply.status == 200 {
        reply = browser.decide(&reply, "allow", ticked).await;
    }
    reply
        .redirected()
        .remove("code")
        .unwrap_or_else(|| panic!("no code: {} {}", reply.status, reply.header("location")))
}

/// What `access_token=(?P<access_token>[^&]+)(?:&expires=(?P<expires>.*))?` finds.
#[track_caller]
pub(crate) fn granted(reply: &Reply) -> (String, i64) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let rest = reply.body.strip_prefix("access_token=").unwrap_or_else(|| panic!("{}", reply.body));
    let (token, expires) = rest.split_once("&expires=").unwrap_or_else(|| panic!("{}", reply.body));
    assert!(!token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{token}");
    (token.to_owned(), expires.parse().unwrap())
}

/// It is an error in that service's shape, with this status and code.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: i64) -> Value {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
    let error = reply.json()["error"].clone();
    assert_eq!(error["code"], code, "{}", reply.body);
    for name in ["message", "type", "fbtrace_id"] {
        assert!(error[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {}", reply.body);
    }
    assert_eq!(error["fbtrace_id"].as_str(), Some(reply.header("x-request-id")));
    assert!(reply.header("cache-control").contains("no-store"));
    error
}
