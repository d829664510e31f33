//! Signing out where an app asks for it, and who hears of it.

mod back_channel;
mod front_channel;
mod receiver;
mod rp_initiated;
mod session;
mod session_management;

use crate::support::{App, Browser, Reply, TestServer, encode};

const OUT: &str = "https://app.example/out";
const OUT_WITH_QUERY: &str = "https://app.example/out?from=op";

/// An app that people may be led back to.
async fn app(server: &TestServer) -> App<'_> {
    let change = |metadata: &mut countersign::protocol::client_metadata::ClientMetadata| {
        metadata.post_logout_redirect_uris = vec![OUT.to_owned(), OUT_WITH_QUERY.to_owned()];
    };
    server.app_with(change).await
}

/// An ID token of this app.
async fn id_token(app: &App<'_>, browser: &mut Browser<'_>) -> String {
    let tokens = app.tokens(browser, &[("scope", "openid"), ("nonce", "n")]).await;
    tokens.all["id_token"].as_str().unwrap().to_owned()
}

fn path(params: &[(&str, &str)]) -> String {
    format!("/oauth2/logout?{}", encode(params))
}

/// Every hidden field of a page's forms, as a browser would send it.
fn hidden(page: &Reply) -> Vec<(String, String)> {
    let fields = page.body.split("<input type=\"hidden\" name=\"").skip(1);
    let text = |text: &str| {
        let signs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
        signs.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
    };
    let field = |rest: &str| {
        let (name, rest) = rest.split_once("\" value=\"").unwrap();
        (text(name), text(rest.split('"').next().unwrap()))
    };
    fields.map(field).collect()
}

/// Presses a button of the page.
async fn press(browser: &mut Browser<'_>, page: &Reply, logout: &str) -> Reply {
    let mut fields = hidden(page);
    fields.push(("logout".to_owned(), logout.to_owned()));
    send(browser, &fields).await
}

/// Sends the form of the page as it is.
async fn send(browser: &mut Browser<'_>, fields: &[(String, String)]) -> Reply {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/oauth2/logout", &fields).await
}

/// The question came, for this app.
#[track_caller]
fn asks(page: &Reply) {
    page.has_status(200).says("name=\"logout\" value=\"yes\"").says("name=\"csrf\"");
}
