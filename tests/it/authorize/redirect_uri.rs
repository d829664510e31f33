//! Redirect URIs through the front door (RFC 8252 §7.3, RFC 9700 §2.1).

use countersign::protocol::client_metadata::{AuthMethod, ClientMetadata};

use crate::support::{TestServer, Tokens};

/// A public client.
pub(crate) fn public(app: &mut ClientMetadata) {
    app.token_endpoint_auth_method = AuthMethod::None;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_client_takes_any_port_of_its_loopback_address_and_redeems_with_the_same() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut app = server
        .app_with(|app| {
            public(app);
            app.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        })
        .await;
    app.redirect_uri = "http://127.0.0.1:49152/cb".to_owned();
    let code = browser.allow(&app, &[]).await;
    let mut other = app.clone();
    other.redirect_uri = "http://127.0.0.1:49153/cb".to_owned();
    other.redeem(&code).await.refused("invalid_grant");
    Tokens::of(&app.redeem(&code).await);
    for wrong in ["http://127.0.0.1:49152/other", "http://localhost:49152/cb", "http://[::1]:49152/cb"] {
        server.get(&app.authorize_path(&[("redirect_uri", wrong)])).await.has_status(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redirect_uri_the_only_registered_one_is_meant_and_of_two_none() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[("redirect_uri", "")]).await;
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    Tokens::of(&app.token(&[("grant_type", "authorization_code"), ("code", &code)]).await);
    let two = server.app_with(|app| app.redirect_uris.push("https://app.example/cb2".to_owned())).await;
    browser.authorize(&two, &[("redirect_uri", "")]).await.has_status(400);
    browser.authorize(&two, &[("redirect_uri", "https://app.example/cb2")]).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_query_is_kept_and_carries_exactly_one_code() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.redirect_uris = vec!["https://app.example/cb?a=1&b=2".to_owned()]).await;
    let page = browser.authorize(&app, &[]).await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert!(answer.location().starts_with("https://app.example/cb?a=1&b=2&code="), "{}", answer.location());
    assert_eq!(answer.location().matches("code=").count(), 1);
    browser.authorize(&app, &[("redirect_uri", "https://app.example/cb?a=1")]).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_no_iss_gets_none_and_every_other_does() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.no_iss = true).await;
    let page = browser.authorize(&app, &[]).await;
    assert!(!browser.decide(&page, "allow", &[]).await.redirected().contains_key("iss"));
}
