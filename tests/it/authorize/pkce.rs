//! PKCE (RFC 7636; RFC 9700 §2.1.1): S256 or nothing, looked at when it comes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};

use crate::{
    authorize_public,
    support::{App, Browser, CHALLENGE, TestServer, Tokens, VERIFIER, eventually},
};

/// An S256 challenge for a verifier.
fn challenge(verifier: &str) -> String {
    B64.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()))
}

#[track_caller]
fn is_refused(reply: &crate::support::Reply, what: &str) {
    let sent = reply.redirected();
    assert_eq!((sent["error"].as_str(), sent.get("code")), ("invalid_request", None), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_but_s256_is_refused_also_the_one_that_is_meant_when_none_is_named() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for app in [server.app_with(authorize_public).await, server.app().await] {
        let s256 = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        browser.allow(&app, &s256).await;
        for (sent, method) in [
            (CHALLENGE, "plain"),
            (VERIFIER, "plain"),
            (CHALLENGE, ""),
            (VERIFIER, ""),
            (CHALLENGE, "S512"),
            (CHALLENGE, "s256"),
            (CHALLENGE, "S256 plain"),
            (CHALLENGE, "none"),
            ("", "S256"),
            ("", "plain"),
        ] {
            let more = [("code_challenge", sent), ("code_challenge_method", method)];
            is_refused(&browser.authorize(&app, &more).await, &format!("{sent:?} by {method:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_challenge_is_refused_when_it_comes() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for app in [server.app_with(authorize_public).await, server.app().await] {
        for bad in [
            "x",
            &CHALLENGE[1..],
            &format!("{CHALLENGE}="),
            &format!("{CHALLENGE}A"),
            &"A".repeat(128),
            &CHALLENGE.replace('-', "+"),
            &CHALLENGE.replace('-', "/"),
            &CHALLENGE.replace('-', " "),
            &CHALLENGE.replace('-', "é"),
            &CHALLENGE.replace('-', "."),
            // 43 characters, but the last one has bits of a 33rd byte
            &CHALLENGE.replace("cM", "cN"),
        ] {
            let more = [("code_challenge", bad), ("code_challenge_method", "S256")];
            is_refused(&browser.authorize(&app, &more).await, bad);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_of_one_transaction_does_not_open_the_code_of_another() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for app in [server.app_with(authorize_public).await, server.app().await] {
        let verifiers = ["a".repeat(43), "b".repeat(128)];
        let mut codes = Vec::new();
        for verifier in &verifiers {
            let challenge = challenge(verifier);
            let more = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
            codes.push(browser.allow(&app, &more).await);
        }
        redeem(&app, &codes[0], &verifiers[1]).await.refused("invalid_grant");
        redeem(&app, &codes[1], &verifiers[0]).await.refused("invalid_grant");
        for wrong in [format!("{}c", &verifiers[0][1..]), verifiers[0].to_uppercase()] {
            redeem(&app, &codes[0], &wrong).await.refused("invalid_grant");
        }
        for (code, verifier) in codes.iter().zip(&verifiers) {
            Tokens::of(&redeem(&app, code, verifier).await);
        }
    }
}

async fn redeem(app: &App<'_>, code: &str, verifier: &str) -> crate::support::Reply {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", verifier),
    ];
    app.token(&pairs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_right_verifier_a_public_and_a_confidential_client_get_their_tokens() {
    let server = TestServer::start().await;
    let mut browser: Browser<'_> = server.ada().await;
    for app in [server.app_with(authorize_public).await, server.app().await] {
        let more = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let code = browser.allow(&app, &more).await;
        assert!(server.opens(&Tokens::of(&redeem(&app, &code, VERIFIER).await).access_token).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_that_has_used_pkce_needs_it_from_then_on() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let with = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    // it has not used it yet; and whoever merely asks with a challenge has shown nothing
    app.tokens(&mut browser, &[]).await;
    let code = browser.allow(&app, &with).await;
    redeem(&app, &code, &"x".repeat(43)).await.refused("invalid_grant");
    app.tokens(&mut browser, &[]).await;
    Tokens::of(&redeem(&app, &code, VERIFIER).await);
    let sent = browser.authorize(&app, &[]).await.redirected();
    assert_eq!(sent["error"], "invalid_request");
    assert!(sent["error_description"].contains("code_challenge is missing"), "{sent:?}");
    let code = browser.allow(&app, &with).await;
    Tokens::of(&redeem(&app, &code, VERIFIER).await);
    let told = async || {
        let events = server.admin.store.list_events(50).await.unwrap();
        let told = events.iter().filter(|event| event.event == "client.updated");
        told.map(|event| event.reason.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    eventually(async || told().await == ["used_pkce"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_may_use_pkce_as_it_likes_goes_on_without_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.pkce_optional = true).await;
    let code = browser.allow(&app, &[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]).await;
    Tokens::of(&redeem(&app, &code, VERIFIER).await);
    app.tokens(&mut browser, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_of_which_pkce_is_demanded_needs_it_from_the_first_time_on() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.require_pkce = true).await;
    is_refused(&browser.authorize(&app, &[]).await, "without a challenge");
}
