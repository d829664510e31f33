//! Codes (RFC 6749 §4.1.3): once, by their client, in their time.

use std::collections::HashSet;

use countersign::secret::{Secret, base62, kind::AuthorizationCode};
use futures_util::future::join_all;

use crate::{
    authorize_public,
    support::{CHALLENGE, Reply, TestServer, Tokens, VERIFIER, encode, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_redeemed_twice_loses_the_tokens_of_its_first_use() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let first = Tokens::of(&app.redeem(&code).await);
    let refreshed = Tokens::of(&app.refresh(&first.refresh_token).await);
    assert!(server.opens(&first.access_token).await);
    app.redeem(&code).await.refused("invalid_grant");
    assert!(!server.opens(&first.access_token).await);
    assert!(!server.opens(&refreshed.access_token).await, "also what came by refreshing in between");
    app.refresh(&refreshed.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_redemptions_at_once_one_wins_and_the_replay_ends_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let replies = join_all((0..64).map(|_| app.redeem(&code))).await;
    let won: Vec<Tokens> = replies.iter().filter(|reply| reply.status == 200).map(Tokens::of).collect();
    assert_eq!(won.len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused("invalid_grant");
    }
    assert!(!server.opens(&won[0].access_token).await);
    app.refresh(&won[0].refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_attempt_never_costs_the_owner_anything() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let code = browser.allow(&app, &[]).await;
    other.redeem(&code).await.refused("invalid_grant");
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", &app.redirect_uri)];
    let mut wrong = app.clone();
    wrong.secret = Some("cssecret-wrong".to_owned());
    wrong.token(&pairs).await.refused("invalid_client").has_status(401);
    let bare = [("client_id", app.client_id.as_str())];
    server.post("/oauth2/access_token", &[&pairs[..], &bare].concat()).await.refused("invalid_client");
    let tokens = Tokens::of(&app.redeem(&code).await);
    // a used code in a stranger's hands ends nothing (P20)
    other.redeem(&code).await.refused("invalid_grant");
    let elsewhere =
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", "https://x.example/")];
    app.token(&elsewhere).await.refused("invalid_grant");
    assert!(server.opens(&tokens.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_past_its_life_is_dead() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    server.clock.advance(60);
    app.redeem(&code).await.refused("invalid_grant");
    let young = browser.allow(&app, &[]).await;
    server.clock.advance(59);
    Tokens::of(&app.redeem(&young).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_nearly_right_is_wrong_and_no_other_kind_of_token() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    for wrong in [&code[1..], &format!("{code}x"), &code.to_uppercase(), "", "x", "csac_"] {
        let reply = app.redeem(wrong).await;
        reply.refused(if wrong.is_empty() { "invalid_request" } else { "invalid_grant" });
    }
    assert!(!server.opens(&code).await);
    app.refresh(&code).await.refused("invalid_grant");
    assert!(code.len() > 40 && code.starts_with("csac_"));
    Tokens::of(&app.redeem(&code).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_exactly_the_right_verifier_there_is_no_token() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(authorize_public).await;
    let code = browser.allow(&app, &[]).await;
    let with = |more: &[(&'static str, &'static str)]| {
        let mut pairs = vec![("grant_type", "authorization_code".to_owned()), ("code", code.clone())];
        pairs.push(("redirect_uri", app.redirect_uri.clone()));
        pairs.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        pairs
    };
    let other = "x".repeat(43).leak();
    for more in [
        &[][..],
        &[("code_verifier", &*other)],
        &[("code_verifier", CHALLENGE)],
        &[("code_verifier", "short")],
        &[("code_verifier", VERIFIER), ("code_verifier", VERIFIER)],
    ] {
        let pairs = with(more);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = app.token(&pairs).await;
        assert_eq!(reply.status, 400, "{more:?}");
    }
    Tokens::of(&app.redeem(&code).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_that_began_with_pkce_finishes_with_it_and_none_begins_at_the_end() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.pkce_optional = true).await;
    let code = browser.allow(&app, &[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]).await;
    app.redeem(&code).await.refused("invalid_grant");
    let right = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", &app.redirect_uri),
    ];
    Tokens::of(&app.token(&right).await);
    let code = browser.allow(&app, &[]).await;
    let unasked = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", &app.redirect_uri),
    ];
    app.token(&unasked).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_pkce_the_address_must_be_repeated_exactly() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    for wrong in ["", "https://app.example/cb/", "https://evil.example/cb"] {
        let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", wrong)];
        app.token(&pairs).await.refused("invalid_grant");
    }
    Tokens::of(&app.redeem(&code).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_sent_with_the_code_adds_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[("scope", "openid")]).await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &app.redirect_uri),
        ("scope", "openid email"),
    ];
    assert_eq!(Tokens::of(&app.token(&pairs).await).all["scope"], "openid");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_256_random_bits_that_never_repeat_or_count_up() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let mut bodies = Vec::new();
    for _ in 0..40 {
        let code = browser.allow(&app, &[]).await;
        let body = Secret::<AuthorizationCode>::presented(&code).body().unwrap().to_owned();
        bodies.push(base62::decode::<32>(&body).unwrap());
    }
    assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), 40);
    for bit in 0..256 {
        let set = bodies.iter().filter(|body| body[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!((1..40).contains(&set), "bit {bit} is always the same");
    }
    let up = bodies.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((1..39).contains(&up), "they count");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_codes_are_refused_alike_and_the_server_stays_ready() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let cut = &code[..code.len() - 1];
    // half of them could have been made here: prefix and checksum are right
    let guesses = (0..100).map(|n| match n % 4 {
        0 => format!("{cut}{n}"),
        1 => format!("csac_{n}"),
        _ => Secret::<AuthorizationCode>::generate().expose().to_owned(),
    });
    let guesses: Vec<String> = guesses.filter(|guess| *guess != code).collect();
    let replies: Vec<Reply> = join_all(guesses.iter().map(|guess| app.redeem(guess))).await;
    for reply in &replies {
        reply.refused("invalid_grant").has_status(400);
        assert_eq!(reply.body, replies[0].body);
    }
    server.get("/health/ready").await.has_status(200);
    Tokens::of(&app.redeem(&code).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_authenticates_as_one_client_and_names_another_gets_nothing_and_burns_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let public = server.app_with(authorize_public).await;
    let code = browser.allow(&app, &[]).await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &app.redirect_uri),
        ("client_id", &app.client_id),
    ];
    other.token(&pairs).await.refused("invalid_request");
    let (secret, others) = (app.secret.as_deref().unwrap(), other.secret.as_deref().unwrap());
    for (client_id, secret) in [(&app.client_id, others), (&other.client_id, secret), (&public.client_id, secret)] {
        let own = [("client_id", client_id.as_str()), ("client_secret", secret)];
        let reply = server.post("/oauth2/access_token", &[&pairs[..3], &own].concat()).await;
        reply.refused("invalid_client").has_status(401);
    }
    public.redeem(&code).await.refused("invalid_grant");
    Tokens::of(&app.token(&pairs).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_that_carries_a_code_is_kept_by_nobody_and_sends_no_referrer() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let allowed = browser.decide(&page, "allow", &[]).await;
    let silent = browser.authorize(&app, &[]).await;
    for (reply, status) in [(allowed, 303), (silent, 302)] {
        assert!(reply.has_status(status).redirected().contains_key("code"));
        assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
        assert_eq!(reply.body, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_in_the_query_or_twice_is_none() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let pairs = [("grant_type", "authorization_code"), ("redirect_uri", &app.redirect_uri), ("code", code.as_str())];
    let query = format!("/oauth2/access_token?{}", encode(&pairs));
    app.post(&query, &[]).await.refused("invalid_request");
    app.post(&query, &pairs[..2]).await.refused("invalid_request");
    app.token(&[&pairs[..], &[("code", "x")]].concat()).await.refused("invalid_request");
    app.token(&[&pairs[..], &[("code", &code)]].concat()).await.refused("invalid_request");
    Tokens::of(&app.token(&pairs).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_issued_for_a_person_who_was_locked_meanwhile() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let code = browser.allow(&app, &[]).await;
    server.clock.advance(1);
    let lock = async |locked| {
        countersign::flow::admin::users::set_locked(&server.admin, &countersign::flow::Origin::default(), "ada", locked)
            .await
            .unwrap()
    };
    lock(true).await;
    app.redeem(&code).await.refused("invalid_grant");
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&tokens.access_token).await);
    browser.get("/account").await.has_status(303);
    lock(false).await;
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&tokens.access_token).await, "unlocking brings nothing back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_clients_tokens_die_with_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::clients::delete(&server.admin, &origin, &app.client_id).await.unwrap();
    assert!(!server.opens(&tokens.access_token).await);
    // whoever still has the client in memory finds no grant; after a second nobody has
    eventually(async || app.refresh(&tokens.refresh_token).await.json()["error"] == "invalid_client").await;
}
