//! The GitHub-shaped dialect (DESIGN §7, PROTOCOL R-f, UX Q9, Q15–Q19, Q36, Q37).

mod api;
mod authorize;
mod device;
mod get;
mod lasting;
mod log;
mod token;
mod transcripts;

use std::collections::HashMap;

use countersign::{
    flow::{Origin, admin::scopes},
    protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType, scope::ScopeSet},
};

use crate::support::{App, Browser, Door, Reply, TestServer, encode, scope};

/// With that service's scopes, and ada.
pub(crate) async fn server() -> TestServer {
    let server = TestServer::start().await;
    scopes::load(&server.admin, &Origin::default(), ScopeSet::Github).await.unwrap();
    server.user("ada").await;
    server
}

/// A client of the dialect, changed by `change`.
pub(crate) async fn app_with(server: &TestServer, change: impl FnOnce(&mut ClientMetadata)) -> App<'_> {
    server
        .app_with(|app| {
            app.dialect = Some(Dialect::Github);
            app.grant_types = vec![GrantType::AuthorizationCode];
            app.scope = scope("repo user gist read:org");
            change(app);
        })
        .await
}

pub(crate) async fn app(server: &TestServer) -> App<'_> {
    app_with(server, |_| {}).await
}

/// The path of an authorization request of these parameters besides the client's name.
pub(crate) fn authorize_path(app: &App<'_>, more: &[(&str, &str)]) -> String {
    format!("/login/oauth/authorize?{}", encode(&[&[("client_id", app.client_id.as_str())], more].concat()))
}

/// Goes there and answers whatever page comes with yes; the parameters of where it leads.
pub(crate) async fn go(browser: &mut Browser<'_>, path: &str) -> HashMap<String, String> {
    let mut reply = browser.get(path).await;
    if reply.status == 200 && reply.body.contains("id=\"login\"") {
        reply = browser.sign_in_here(&reply, "ada").await;
    }
    if reply.status == 200 {
        reply = browser.decide(&reply, "allow", &[]).await;
    }
    reply.redirected()
}

pub(crate) async fn allow(browser: &mut Browser<'_>, app: &App<'_>, more: &[(&str, &str)]) -> HashMap<String, String> {
    go(browser, &authorize_path(app, more)).await
}

/// The token endpoint, with the client's credentials in the form and the answer as JSON.
pub(crate) async fn redeem(app: &App<'_>, pairs: &[(&str, &str)]) -> Reply {
    let mut all = vec![("client_id", app.client_id.as_str())];
    all.extend(app.secret.as_deref().map(|secret| ("client_secret", secret)));
    all.retain(|(name, _)| !pairs.iter().any(|(other, _)| other == name));
    all.extend(pairs);
    let request = app.server.request("POST", "/login/oauth/access_token").header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(encode(&all));
    Reply::of(request.send().await.unwrap()).await
}

/// A token of ada's with these scopes.
pub(crate) async fn token(server: &TestServer, app: &App<'_>, scopes: &str) -> String {
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let code = allow(&mut browser, app, &[("scope", scopes)]).await.remove("code").unwrap();
    redeem(app, &[("code", &code)]).await.token()
}

/// `GET /user` with a token in the header.
pub(crate) async fn user(server: &Door, token: &str) -> Reply {
    server.get_with("/user", "authorization", &format!("token {token}")).await
}

/// What an answer in that service's shape holds.
pub(crate) trait Shown {
    /// The access token of a JSON answer.
    fn token(&self) -> String;
    /// It is an error of this name, as JSON.
    fn fails_with(&self, name: &str);
}

impl Shown for Reply {
    #[track_caller]
    fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", self.body)).to_owned()
    }

    #[track_caller]
    fn fails_with(&self, name: &str) {
        let told = self.json();
        assert_eq!(told["error"], name, "{}", self.body);
        assert!(!told["error_description"].as_str().unwrap().is_empty() && told["access_token"].is_null());
        assert!(told["error_uri"].as_str().unwrap().starts_with("https://"), "{}", self.body);
    }
}
