//! Tokens that come through the browser: implicit and hybrid flows, and an answer with nothing in it (OIDC Core §3.2,
//! §3.3; OAuth 2.0 Multiple Response Type Encoding Practices §3–§5).

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::protocol::{grant::GrantType, response_type::ResponseType};
use serde_json::{Value, json};

use crate::support::{App, Browser, Reply, TestServer, Tokens, claims, eventually, scope};

/// An app that may ask for everything.
async fn hybrid(server: &TestServer) -> App<'_> {
    server
        .app_with(|app| {
            app.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::Implicit];
            app.response_types = ResponseType::ALL.to_vec();
        })
        .await
}

/// The answer to a request that ada agreed to before, or agrees to now.
async fn answer(browser: &mut Browser<'_>, app: &App<'_>, more: &[(&str, &str)]) -> Reply {
    let page = browser.authorize(app, more).await;
    if page.status == 200 { browser.decide(&page, "allow", &[]).await } else { page }
}

/// OIDC Core §3.3.2.11, for a signature with SHA-256.
fn half_hash(text: &str) -> String {
    B64.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

/// The claims of an ID token that our published key signed.
async fn verified(server: &TestServer, id_token: &str) -> Value {
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&server.get("/oauth2/jwks").await.body).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.validate_aud = false;
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(id_token, &key, &validation).unwrap().claims
}

const NONCE: (&str, &str) = ("nonce", "n-0S6_WzA2Mj");

#[tokio::test(flavor = "multi_thread")]
async fn each_response_type_answers_with_exactly_what_its_name_says() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    for asked in ResponseType::ALL.iter().copied() {
        let name = asked.name();
        let reply = answer(&mut browser, &app, &[("response_type", name), NONCE, ("scope", "openid email")]).await;
        let joint = if asked.is_front_channel() { "https://app.example/cb#" } else { "https://app.example/cb?" };
        assert!(reply.location().starts_with(joint), "{name}: {}", reply.location());
        let sent = reply.redirected();
        let mut expected = vec!["iss", "state"];
        expected.extend(asked.has_code().then_some("code"));
        expected.extend(asked.has_id_token().then_some("id_token"));
        if asked.has_token() {
            expected.extend(["access_token", "expires_in", "scope", "token_type"]);
        }
        expected.sort_unstable();
        let mut names: Vec<&str> = sent.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{name}");
        assert_eq!((sent["state"].as_str(), sent["iss"].as_str()), ("xyz", server.issuer.as_str()), "{name}");
        if asked.has_token() {
            assert_eq!((sent["token_type"].as_str(), sent["expires_in"].as_str()), ("Bearer", "900"), "{name}");
            assert_eq!(sent["scope"], "openid email", "{name}");
            assert!(server.opens(&sent["access_token"]).await, "{name}");
        }
        if asked.has_code() {
            Tokens::of(&app.redeem(&sent["code"]).await);
        }
        if asked.has_id_token() {
            is_tied_to_its_answer(&verified(&server, &sent["id_token"]).await, &sent, &server, &app);
        }
    }
}

/// OIDC Core §3.2.2.10, §3.3.2.11.
fn is_tied_to_its_answer(claims: &Value, sent: &HashMap<String, String>, server: &TestServer, app: &App<'_>) {
    assert_eq!(claims["iss"], server.issuer.as_str());
    assert_eq!(claims["aud"], app.client_id.as_str());
    assert_eq!(claims["nonce"], NONCE.1);
    assert!(claims["auth_time"].is_i64() && claims["sid"].is_string());
    let hash_of = |name: &str| sent.get(name).map_or(Value::Null, |text| half_hash(text).into());
    assert_eq!(claims.get("at_hash").cloned().unwrap_or_default(), hash_of("access_token"));
    assert_eq!(claims.get("c_hash").cloned().unwrap_or_default(), hash_of("code"));
    assert_eq!(claims["s_hash"], half_hash("xyz"));
    // who gets an access token as well asks userinfo (OIDC Core §5.4)
    let alone = !sent.contains_key("access_token") && !sent.contains_key("code");
    assert_eq!(claims.get("email").is_some(), alone, "{claims}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_through_the_browser_needs_a_nonce_and_openid_and_never_travels_in_a_query() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    for asked in ResponseType::ALL.iter().copied().filter(|asked| asked.has_id_token()) {
        let name = ("response_type", asked.name());
        for more in [
            &[name, ("scope", "openid")][..],
            &[name, ("scope", "openid"), ("nonce", "")],
            &[name, ("scope", "email"), NONCE],
            &[name, NONCE, ("scope", "openid"), ("response_mode", "query")],
        ] {
            let reply = browser.authorize(&app, more).await;
            assert!(reply.location().starts_with("https://app.example/cb#error=invalid_request&"), "{more:?}");
            assert_eq!(reply.redirected()["state"], "xyz");
        }
    }
    // a code or an access token alone is no answer to an authentication: it needs none (OIDC Core §3.3.2.1)
    for name in ["code", "code token"] {
        let sent = answer(&mut browser, &app, &[("response_type", name), ("scope", "openid")]).await.redirected();
        assert!(sent.contains_key("code"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_id_tokens_of_a_hybrid_answer_are_about_the_same_sign_in() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    let asked = [("response_type", "code id_token"), NONCE, ("scope", "openid email")];
    let sent = answer(&mut browser, &app, &asked).await.redirected();
    let first = claims(&sent["id_token"]);
    server.clock.advance(5);
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    let second = tokens.claims("id_token");
    for name in ["iss", "sub", "aud", "nonce", "auth_time", "amr", "sid"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert_eq!(second["at_hash"], half_hash(&tokens.access_token));
    assert!(!tokens.refresh_token.is_empty() && second.get("c_hash").is_none());
    let refreshed = Tokens::of(&app.refresh(&tokens.refresh_token).await);
    assert_eq!(refreshed.claims("id_token")["sub"], first["sub"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_browser_ends_with_its_grant_like_any_other() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    let asked = [("response_type", "code id_token token"), NONCE, ("scope", "openid email")];
    let sent = answer(&mut browser, &app, &asked).await.redirected();
    let (front, second) = (sent["access_token"].clone(), Tokens::of(&app.redeem(&sent["code"]).await));
    assert!(server.opens(&front).await && server.opens(&second.access_token).await);
    // a code that comes a second time ends everything of its answer (RFC 6749 §4.1.2)
    app.redeem(&sent["code"]).await.refused("invalid_grant");
    assert!(!server.opens(&front).await && !server.opens(&second.access_token).await);
    // revoked by itself (RFC 7009), it ends alone
    let sent = answer(&mut browser, &app, &asked).await.redirected();
    app.revoke(&sent["access_token"]).await.has_status(200);
    assert!(!server.opens(&sent["access_token"]).await);
    Tokens::of(&app.redeem(&sent["code"]).await);
    // the person takes the access back
    let sent = answer(&mut browser, &app, &asked).await.redirected();
    assert!(server.opens(&sent["access_token"]).await);
    let csrf = browser.get("/account/apps").await.field("csrf");
    browser.post(&format!("/account/apps/{}", app.client_id), &[("remove", "yes"), ("csrf", &csrf)]).await;
    assert!(!server.opens(&sent["access_token"]).await);
    app.redeem(&sent["code"]).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opaque_token_from_the_browser_is_recorded_with_the_answer() {
    let server = TestServer::with(&[("COUNTERSIGN_TOKENS__ACCESS_FORMAT", "opaque")]).await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    let asked = [("response_type", "code token"), ("scope", "openid email")];
    let page = browser.authorize(&app, &asked).await;
    let first = browser.decide(&page, "allow", &[]).await.redirected();
    // pressed again: the same code, and a token that works as well
    let second = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(first["code"], second["code"]);
    assert!(server.opens(&first["access_token"]).await && server.opens(&second["access_token"]).await);
    Tokens::of(&app.redeem(&first["code"]).await);
    browser.decide(&page, "allow", &[]).await.has_status(200).says("Already done");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_response_type_none_but_the_persons_word() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = hybrid(&server).await;
    let none = &[("response_type", "none"), ("prompt", "none")];
    assert_eq!(browser.authorize(&app, none).await.redirected()["error"], "consent_required");
    let page = browser.authorize(&app, &none[..1]).await;
    let first = browser.decide(&page, "allow", &[]).await;
    assert_eq!(browser.decide(&page, "allow", &[]).await.location(), first.location());
    browser.decide(&page, "deny", &[]).await.has_status(200).says("Already done");
    let mut names: Vec<String> = first.redirected().into_keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["iss", "state"]);
    assert!(first.location().starts_with("https://app.example/cb?"));
    // agreed to once, it is answered silently
    assert_eq!(browser.authorize(&app, none).await.redirected()["state"], "xyz");
    let listed = countersign::flow::admin::grants::list(&server.admin, None, None, 10).await.unwrap();
    assert!(listed.is_empty(), "there is nothing to take back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_response_types_it_is_registered_with_and_no_others() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
            app.response_types = vec![ResponseType::CodeIdToken];
        })
        .await;
    for asked in ResponseType::ALL.iter().copied() {
        let asking = [("response_type", asked.name()), NONCE, ("scope", "openid")];
        let sent = answer(&mut browser, &app, &asking).await.redirected();
        if asked == ResponseType::CodeIdToken {
            assert!(sent.contains_key("code") && sent.contains_key("id_token"));
        } else {
            assert_eq!(sent["error"], "unauthorized_client", "{}", asked.name());
            assert!(["code", "id_token", "access_token"].iter().all(|name| !sent.contains_key(*name)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_list_a_response_type_exactly_while_some_client_may_use_it() {
    let server = TestServer::start().await;
    let document = async || server.get("/.well-known/openid-configuration").await.json();
    let before = document().await;
    assert_eq!(before["response_types_supported"], json!(["code"]));
    assert_eq!(before["response_modes_supported"], json!(["query", "fragment", "form_post"]));
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
            app.response_types = vec![ResponseType::CodeIdTokenToken, ResponseType::IdToken];
        })
        .await;
    server.app_with(|app| app.response_types = vec![ResponseType::Code, ResponseType::None]).await;
    let all = json!(["code", "id_token", "code id_token token", "none"]);
    eventually(async || document().await["response_types_supported"] == all).await;
    assert!(!document().await["grant_types_supported"].as_array().unwrap().contains(&json!("implicit")));
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::clients::delete(&server.admin, &origin, &app.client_id).await.unwrap();
    eventually(async || document().await["response_types_supported"] == json!(["code", "none"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signed_in_and_a_no_are_told_where_the_tokens_would_have_been() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = hybrid(&server).await;
    let mut browser = server.browser();
    let asked = [("response_type", "id_token token"), NONCE, ("scope", "openid")];
    let silent = browser.authorize(&app, &[&asked[..], &[("prompt", "none")]].concat()).await;
    assert!(silent.location().starts_with("https://app.example/cb#error=login_required&"), "{}", silent.location());
    let page = browser.authorize(&app, &asked).await;
    let page = browser.sign_in_here(&page, "ada").await;
    let denied = browser.decide(&page, "deny", &[]).await;
    assert!(denied.location().starts_with("https://app.example/cb#error=access_denied&"), "{}", denied.location());
    assert_eq!(denied.redirected()["state"], "xyz");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_browser_is_for_the_resource_that_was_asked_for() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.api("https://api.example").await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::Implicit];
            app.response_types = vec![ResponseType::IdTokenToken];
            app.resources = vec!["https://api.example".to_owned()];
            app.scope = scope("openid profile");
        })
        .await;
    let asked = [("response_type", "id_token token"), NONCE, ("resource", "https://api.example")];
    let sent = answer(&mut browser, &app, &[&asked[..], &[("scope", "openid profile")]].concat()).await.redirected();
    assert_eq!(claims(&sent["access_token"])["aud"], "https://api.example");
    assert_eq!(claims(&sent["id_token"])["aud"], app.client_id.as_str());
    // for an API alone, it does not open our own doors
    assert!(!server.opens(&sent["access_token"]).await);
}
