//! The machine's clock jumps, back and forth. What the sweep makes of it is shown in `src/jobs/horizon/tests.rs`.

use std::sync::Arc;

use countersign::{
    clock::{Clock, TestClock},
    flow::{
        Origin,
        admin::{encryption_keys, users},
        keys,
    },
    jobs::sweep::Sweeper,
    jose::jwe::KeyFamily,
};

use crate::support::{App, PASSWORD, TestServer, Tokens, eventually};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

async fn lock(server: &TestServer, name: &str, locked: bool) {
    users::set_locked(&server.admin, &Origin::default(), name, locked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_costs_nobody_anything() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    for back in [HOUR, DAY, YEAR] {
        let tokens = app.tokens(&mut ada, &[]).await;
        // before the keys began to sign, the tokens were made, and the session began
        server.clock.advance(-back);
        server.get("/health/ready").await.has_status(200);
        assert!(server.opens(&tokens.access_token).await);
        assert_eq!(app.introspect(&tokens.access_token).await.json()["active"], true);
        let refreshed = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        assert!(server.opens(&refreshed.access_token).await);
        ada.get("/account").await.has_status(200);
        let renewed = app.tokens(&mut ada, &[]).await;
        assert!(server.opens(&renewed.access_token).await);
        let mut bob = server.browser();
        bob.sign_in("ada").await.has_status(303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_a_year_ahead_for_a_while_leaves_nothing_behind() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    let tokens = app.tokens(&mut ada, &[]).await;

    server.clock.advance(YEAR);
    server.get("/health/ready").await.has_status(200);
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    ada.get("/account").await.has_status(303);
    // keys get successors by a clock that is wrong, twice, and guesses are counted
    keys::rotate_due(&server.admin).await.unwrap();
    server.clock.advance(YEAR);
    keys::rotate_due(&server.admin).await.unwrap();
    let mut future = server.browser();
    future.sign_in("ada").await.has_status(303);
    let ahead = app.tokens(&mut future, &[]).await;
    for _ in 0..11 {
        server.browser().try_to_sign_in("ada", "wrong").await;
    }
    server.browser().try_to_sign_in("ada", PASSWORD).await.has_status(429);

    server.clock.advance(-2 * YEAR);
    server.get("/health/ready").await.has_status(200);
    assert!(server.opens(&tokens.access_token).await);
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
    ada.get("/account").await.has_status(200);
    assert!(server.opens(&app.tokens(&mut ada, &[]).await.access_token).await);
    assert!(server.opens(&ahead.access_token).await, "its key is published");
    server.browser().sign_in("ada").await.has_status(303);
    for _ in 0..9 {
        server.browser().try_to_sign_in("ada", "wrong").await.has_status(200);
    }
    server.browser().sign_in("ada").await.has_status(303);
    // and the keys go on being succeeded
    let before = server.admin.store.list_keys().await.unwrap().len();
    server.clock.advance(200 * DAY);
    keys::rotate_due(&server.admin).await.unwrap();
    assert!(server.admin.store.list_keys().await.unwrap().len() > before);
    server.get("/health/ready").await.has_status(200);
}

/// To one that begins meanwhile the future is the past. What it takes for the time is kept, also for what is erased.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_the_clock_is_ahead_leaves_alone_what_only_the_clock_has_ended() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut server.ada().await, &[]).await;
    encryption_keys::rotate(&server.admin, &Origin::default(), KeyFamily::Rsa).await.unwrap();
    eventually(async || server.admin.store.find_horizon().await.unwrap().is_some()).await;
    server.clock.advance(2 * YEAR);
    // the last thing that happened
    let mut future = server.browser();
    future.sign_in("ada").await.has_status(303);
    app.tokens(&mut future, &[]).await;

    let (issuer, client_id, secret) = (server.issuer.clone(), app.client_id.clone(), app.secret.clone());
    let redirect_uri = app.redirect_uri.clone();
    let ahead = |clock: Arc<TestClock>| -> Arc<dyn Clock> {
        clock.advance(2 * YEAR);
        clock
    };
    let env = [("COUNTERSIGN_ISSUER", issuer.as_str())];
    let server = Box::pin(TestServer::by(server.stopped().await, &env, ahead)).await;
    keys::rotate_due(&server.admin).await.unwrap();
    let sweeper = Sweeper::new(&server.admin);
    // its own has the turn
    while sweeper.run(&server.admin).await.unwrap().is_none() {
        server.clock.advance(100);
    }

    let server = Box::pin(server.restart()).await;
    let app = App { server: &server, client_id, secret, redirect_uri };
    assert!(server.opens(&tokens.access_token).await);
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
    let mut former = server.admin.store.list_encryption_keys().await.unwrap().into_iter();
    assert!(former.all(|key| key.sealed.is_some()), "what was encrypted before cannot be opened any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ended_stays_ended_whatever_the_clock_does() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    let (single, chain, locked) =
        (app.tokens(&mut ada, &[]).await, app.tokens(&mut ada, &[]).await, app.tokens(&mut ada, &[]).await);
    let spent = ada.allow(&app, &[]).await;
    let redeemed = Tokens::of(&app.redeem(&spent).await);
    // everything from here on is earlier than what it ends
    server.clock.advance(-DAY);
    app.revoke(&single.access_token).await.has_status(200);
    app.revoke(&chain.refresh_token).await.has_status(200);
    app.redeem(&spent).await.refused("invalid_grant");
    lock(&server, "ada", true).await;
    lock(&server, "ada", false).await;
    for jump in [0, DAY, YEAR, -2 * YEAR, YEAR] {
        server.clock.advance(jump);
        for tokens in [&single, &chain, &locked, &redeemed] {
            assert!(!server.opens(&tokens.access_token).await, "after {jump}");
        }
        for tokens in [&chain, &locked, &redeemed] {
            app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_locked_while_the_clock_was_ahead_is_free_again_when_unlocked() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    let before = app.tokens(&mut ada, &[]).await;
    server.clock.advance(YEAR);
    lock(&server, "ada", true).await;
    server.clock.advance(-YEAR);
    lock(&server, "ada", false).await;
    assert!(!server.opens(&before.access_token).await);
    let mut ada = server.browser();
    ada.sign_in("ada").await.has_status(303);
    assert!(server.opens(&app.tokens(&mut ada, &[]).await.access_token).await);
}

/// Its answer would be forgotten before the page is too old to be answered again (PROTOCOL R-b3).
#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_before_the_clock_was_set_back_is_to_be_opened_anew() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    let page = ada.authorize(&app, &[]).await;
    server.clock.advance(-HOUR);
    ada.decide(&page, "allow", &[]).await.has_status(400);
    let page = ada.authorize(&app, &[]).await;
    ada.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_time_a_machine_can_show_makes_the_server_fail() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    for jump in [-100 * YEAR, 300 * YEAR, 9000 * YEAR, 100_000 * YEAR, -109_200 * YEAR] {
        server.clock.advance(jump);
        for path in ["/health/ready", "/.well-known/openid-configuration", "/login", "/account"] {
            let reply = ada.get(path).await;
            assert!(!reply.status.is_server_error(), "{jump} {path}: {} {}", reply.status, reply.body);
        }
        let mut other = server.browser();
        let reply = other.sign_in("ada").await;
        assert!(!reply.status.is_server_error(), "{jump}: {}", reply.body);
        let reply = other.authorize(&app, &[]).await;
        assert!(!reply.status.is_server_error(), "{jump}: {}", reply.body);
        if reply.status == 200 && reply.body.contains("name=\"decision\"") {
            let reply = other.decide(&reply, "allow", &[]).await;
            assert!(!reply.status.is_server_error(), "{jump}: {}", reply.body);
            if let Some(code) = reply.status.is_redirection().then(|| reply.redirected().remove("code")).flatten() {
                let reply = app.redeem(&code).await;
                assert!(!reply.status.is_server_error(), "{jump}: {}", reply.body);
            }
        }
    }
    ada.get("/account").await.has_status(200);
}
