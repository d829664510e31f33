//! What was not registered brings nothing with it: unsigned request objects, addresses to fetch, hints, claims
//! (RFC 9101 §10; OIDC Core §3.1.2.1, §5.5, §6).

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

use crate::support::{App, TestServer, Tokens, encode};

/// A JWT that nobody signed.
fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", B64.encode(r#"{"alg":"none"}"#), B64.encode(claims.to_string()))
}

/// Somebody who would notice being called, and the address.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[track_caller]
fn nobody_called(listener: &TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody called");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_request_object_brings_no_other_address_client_or_scope() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    browser.allow(&app, &[("scope", "openid")]).await;
    browser.allow(&other, &[("scope", "openid")]).await;
    for claims in [
        json!({"redirect_uri": "https://evil.example/cb"}),
        json!({"client_id": other.client_id, "iss": other.client_id}),
        json!({"client_id": app.client_id, "redirect_uri": "https://evil.example/cb", "response_type": "code"}),
        json!({"scope": "openid email", "prompt": "none", "state": "of the object"}),
        json!({}),
    ] {
        let object = unsigned(&claims);
        let malformed = ["eyJ", "..", "{", "ünsigned"].map(|object| (object, "invalid_request_object"));
        for (object, error) in [(object.as_str(), "request_not_supported")].into_iter().chain(malformed) {
            let sent = browser.authorize(&app, &[("scope", "openid"), ("request", object)]).await;
            assert!(sent.location().starts_with("https://app.example/cb?error="), "{}", sent.location());
            let sent = sent.redirected();
            assert_eq!((sent["error"].as_str(), sent["state"].as_str()), (error, "xyz"));
        }
        // alone, it is a request by nobody, or by a client for nothing
        browser.get(&format!("/oauth2/authorize?{}", encode(&[("request", &object)]))).await.has_status(400);
        let alone = [("client_id", app.client_id.as_str()), ("request", object.as_str())];
        let reply = browser.get(&format!("/oauth2/authorize?{}", encode(&alone))).await;
        assert!(reply.location().starts_with("https://app.example/cb?error="), "{}", reply.location());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_uri_that_is_not_registered_is_refused_without_being_fetched() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let (open, address) = listener();
    let closed = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string() };
    let mut replies = Vec::new();
    for uri in [
        format!("http://{address}/request.jwt"),
        format!("https://{address}/request.jwt#digest"),
        format!("http://{closed}/request.jwt"),
        "file:///etc/passwd".to_owned(),
        "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c".to_owned(),
        "nonsense".to_owned(),
    ] {
        let reply = browser.authorize(&app, &[("request_uri", &uri)]).await;
        reply.has_status(302);
        replies.push(reply.location().to_owned());
    }
    assert!(replies[0].starts_with("https://app.example/cb?error=invalid_request_uri&"), "{}", replies[0]);
    replies.dedup();
    assert_eq!(replies.len(), 1, "open and closed, here and elsewhere: {replies:?}");
    nobody_called(&open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_as_client_id_is_an_unknown_client_without_a_look_up() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (open, address) = listener();
    let closed = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string() };
    for address in [&address, &closed] {
        for id in [format!("http://{address}/client.json"), format!("https://{address}/client.json")] {
            let app = App {
                server: &server,
                client_id: id.clone(),
                secret: None,
                redirect_uri: format!("http://{address}/cb"),
            };
            let reply = browser.authorize(&app, &[]).await;
            assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{id}");
            reply.says("no app is registered with client_id");
            app.redeem("x").await.refused("invalid_client").has_status(401);
            let basic = App { secret: Some("x".to_owned()), ..app };
            basic.redeem("x").await.refused("invalid_client").has_status(401);
        }
    }
    nobody_called(&open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_of_an_id_token_proves_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
    let genuine = tokens.all["id_token"].as_str().unwrap().to_owned();
    let forged = unsigned(&tokens.claims("id_token"));
    let (open, address) = listener();
    let header = json!({"alg": "RS256", "jku": format!("http://{address}/jwks"), "x5u": format!("http://{address}/")});
    let fetching = format!("{}.{}.AA", B64.encode(header.to_string()), genuine.split('.').nth(1).unwrap());
    server.user("bob").await;
    for hint in [genuine.as_str(), &forged, &fetching, "nonsense", "..", "ünsigned"] {
        let hinted = [("id_token_hint", hint), ("scope", "openid profile")];
        let silent = [("id_token_hint", hint), ("scope", "openid profile"), ("prompt", "none")];
        // nobody is signed in by it
        let mut stranger = server.browser();
        let none = stranger.authorize(&app, &silent).await.redirected();
        assert_eq!((none["error"].as_str(), none.get("code")), ("login_required", None), "{hint}");
        stranger.authorize(&app, &hinted).await.has_status(200).says("id=\"login\"");
        assert!(stranger.cookie("countersign_session").is_none(), "{hint}");
    }
    // and nobody is taken for somebody else
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    for hint in [forged.as_str(), &fetching] {
        let silent = [("id_token_hint", hint), ("scope", "openid profile"), ("prompt", "none")];
        let none = bob.authorize(&app, &silent).await.redirected();
        assert_eq!((none["error"].as_str(), none.get("code")), ("consent_required", None), "{hint}");
        bob.authorize(&app, &silent[..2]).await.has_status(200).says("bob");
    }
    nobody_called(&open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claims_parameter_however_broken_is_no_failure_and_asks_for_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let deep = "[".repeat(2000);
    for claims in [
        "{",
        "[]",
        "null",
        "\"\\ud800\"",
        "nonsense",
        deep.as_str(),
        r#"{"userinfo":7,"id_token":[]}"#,
        r#"{"id_token":{"auth_time":{"essential":"perhaps"}}}"#,
    ] {
        let sent = browser.authorize(&app, &[("scope", "openid"), ("claims", claims)]).await.redirected();
        assert_eq!((sent["error"].as_str(), sent.get("code")), ("invalid_request", None), "{claims}");
    }
    // what is well formed and unheard of is left out (OIDC Core §5.5.1)
    for claims in [r#"{"verified_claims":[7]}"#, r#"{"userinfo":{"shoe_size":null,"email#de":{"essential":true}}}"#] {
        let sent = browser.authorize(&app, &[("scope", "openid"), ("claims", claims)]).await.redirected();
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        assert_eq!(tokens.all["scope"], "openid", "{claims}");
        let bearer = format!("Bearer {}", tokens.access_token);
        let userinfo = server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
        assert_eq!(userinfo, json!({"sub": tokens.claims("id_token")["sub"]}), "{claims}");
    }
}
