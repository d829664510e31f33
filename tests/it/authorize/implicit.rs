//! `response_type=token` (RFC 6749 §4.2): legacy, for clients registered with it.

use countersign::protocol::grant::GrantType;

use crate::support::{TestServer, eventually, scope};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registered_with_it_gets_a_token_in_the_fragment_and_no_other_way() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::Implicit];
            app.scope = scope("profile");
        })
        .await;
    let page = browser.authorize(&app, &[("response_type", "token")]).await;
    let answer = browser.decide(&page, "allow", &[]).await;
    let (address, fragment) = answer.location().split_once('#').unwrap();
    assert_eq!((address, fragment.contains("refresh_token")), ("https://app.example/cb", false));
    let sent = answer.redirected();
    assert_eq!(
        (sent["token_type"].as_str(), sent["expires_in"].as_str(), sent["state"].as_str()),
        ("Bearer", "900", "xyz")
    );
    assert!(server.opens(&sent["access_token"]).await);
    let query = browser.authorize(&app, &[("response_type", "token"), ("response_mode", "query")]).await;
    assert_eq!(query.redirected()["error"], "invalid_request");
    let code = browser.authorize(&app, &[("response_type", "code")]).await;
    assert_eq!(code.redirected()["error"], "unauthorized_client");
    let grant = app.token(&[("grant_type", "implicit")]).await;
    grant.refused("unsupported_grant_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_name_it_exactly_when_some_client_may_use_it() {
    let server = TestServer::start().await;
    let types =
        async || server.get("/.well-known/openid-configuration").await.json()["response_types_supported"].clone();
    assert_eq!(types().await, serde_json::json!(["code"]));
    server.app_with(|app| app.grant_types = vec![GrantType::Implicit]).await;
    eventually(async || types().await == serde_json::json!(["code", "token"])).await;
}
