//! `id_token_hint` (OIDC Core §3.1.2.1, §3.1.2.2; PROTOCOL P12): of whom the app speaks, and nobody else answers.

use countersign::{
    flow::{Origin, admin::clients},
    jose::Algorithm,
};

use super::request_object_encryption::for_us;
use crate::support::{App, Browser, TestServer, Tokens, eventually};

/// An ID token about whoever is signed in.
async fn id_token(browser: &mut Browser<'_>, app: &App<'_>) -> String {
    app.tokens(browser, &[("scope", "openid")]).await.all["id_token"].as_str().unwrap().to_owned()
}

async fn silent(browser: &mut Browser<'_>, app: &App<'_>, hint: &str) -> String {
    let more = [("scope", "openid"), ("prompt", "none"), ("id_token_hint", hint)];
    let sent = browser.authorize(app, &more).await.redirected();
    sent.get("error").cloned().unwrap_or_else(|| if sent.contains_key("code") { "code" } else { "nothing" }.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_of_a_hint_is_answered_and_another_is_not() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    let hint = id_token(&mut ada, &app).await;
    assert_eq!(silent(&mut ada, &app, &hint).await, "code");
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.allow(&app, &[("scope", "openid")]).await;
    assert_eq!(silent(&mut bob, &app, &hint).await, "login_required");
    assert_eq!(silent(&mut server.browser(), &app, &hint).await, "login_required");
    // with a page, somebody else may sign in instead; whoever is there is told why they cannot go on
    let page = bob.authorize(&app, &[("scope", "openid"), ("id_token_hint", &hint)]).await;
    page.has_status(200).says("id=\"login\"").says("another account");
    let page = bob.sign_in_here(&page, "bob").await;
    page.has_status(200).says("id=\"login\"").says("another account");
    let answer = bob.sign_in_here(&page, "ada").await;
    let answer = if answer.status == 200 { bob.decide(&answer, "allow", &[]).await } else { answer };
    let tokens = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    assert_eq!(server.resource(&tokens.access_token).await.json()["user"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_has_expired_or_whose_key_was_replaced_is_as_good() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    let hint = id_token(&mut ada, &app).await;
    let kid = jsonwebtoken::decode_header(&hint).unwrap().kid.unwrap();
    let at = countersign::clock::Clock::now(&*server.clock).plus_seconds(24 * 3600);
    countersign::flow::keys::succeed(&server.admin, Algorithm::Rs256, at, None).await.unwrap().unwrap();
    server.clock.advance(60 * 24 * 3600);
    eventually(async || !server.get("/oauth2/jwks").await.body.contains(&kid)).await;
    ada.sign_in("ada").await;
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.allow(&app, &[("scope", "openid")]).await;
    assert_eq!(silent(&mut ada, &app, &hint).await, "code");
    assert_eq!(silent(&mut bob, &app, &hint).await, "login_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_token_of_this_app_speaks_of_nobody() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("bob").await;
    let (app, other) = (server.app().await, server.app().await);
    let (hint, others) = (id_token(&mut ada, &app).await, id_token(&mut ada, &other).await);
    let access_token = app.tokens(&mut ada, &[("scope", "openid")]).await.access_token;
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.allow(&app, &[("scope", "openid")]).await;
    let (body, signature) = hint.rsplit_once('.').unwrap();
    let changed = format!("{body}.{}", signature.chars().rev().collect::<String>());
    for nobody in [others.as_str(), &access_token, &changed, body, "x", "a.b.c", "ünsigned"] {
        assert_eq!(silent(&mut bob, &app, nobody).await, "code", "{nobody}");
    }
    assert_eq!(silent(&mut bob, &app, &"x".repeat(9000)).await, "invalid_request");
    // a token of an app that is gone says as little
    clients::delete(&server.admin, &Origin::default(), &other.client_id).await.unwrap();
    assert_eq!(silent(&mut bob, &app, &others).await, "code");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_the_app_encrypted_for_us_is_as_good() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("bob").await;
    let (app, other) = (server.app().await, server.app().await);
    let hint = for_us(&server, &id_token(&mut ada, &app).await).await;
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.allow(&app, &[("scope", "openid")]).await;
    assert_eq!(silent(&mut ada, &app, &hint).await, "code");
    assert_eq!(silent(&mut bob, &app, &hint).await, "login_required");
    // what does not open, is encrypted twice or is another app's speaks of nobody
    let others = for_us(&server, &id_token(&mut ada, &other).await).await;
    for nobody in [&hint[..hint.len() - 4], &for_us(&server, &hint).await, &others, "a.b.c.d.e", "...."] {
        assert_eq!(silent(&mut bob, &app, nobody).await, "code", "{nobody}");
    }
}
