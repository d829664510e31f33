//! `/oauth/access_token`: codes, exchanges, an app's own token, and everything that is no good there.

use countersign::{
    flow::{
        Origin,
        admin::{clients, users},
    },
    protocol::client_metadata::AuthMethod,
};

use super::{CALLBACK, Program, TOKEN, app, app_with, code, granted, refused, to};
use crate::support::{App, Reply, TestServer, eventually, update_client};

/// The token shows its person, or is refused as a dead one.
async fn is_alive(server: &TestServer, token: &str) -> bool {
    let reply = server.get(&to("/me", &[("access_token", token)])).await;
    if reply.status != 200 {
        refused(&reply, 400, 190);
    }
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_that_is_repeated_at_once_is_refused_and_ends_nothing_and_later_it_does() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let (token, _) = granted(&app.by_code(&one).await);
    for _ in 0..3 {
        assert_eq!(refused(&app.by_code(&one).await, 400, 100)["error_subcode"], 36009);
    }
    server.clock.advance(9);
    refused(&app.by_code(&one).await, 400, 100);
    assert!(is_alive(&server, &token).await);
    // somebody else, or with another address, ends nothing at any time
    server.clock.advance(2);
    let other = super::app(&server).await;
    refused(&other.by_code(&one).await, 400, 100);
    refused(&app.by_get(&[("redirect_uri", "https://app.example/x"), ("code", &one)]).await, 400, 100);
    assert!(is_alive(&server, &token).await);
    assert_eq!(refused(&app.by_code(&one).await, 400, 100)["error_subcode"], 36009);
    assert!(!is_alive(&server, &token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_repeated_ends_what_came_of_the_code() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let secret = app.secret.as_deref().unwrap();
    let form = [("client_id", &*app.client_id), ("client_secret", secret), ("redirect_uri", CALLBACK), ("code", &one)];
    let (token, _) = granted(&server.post(TOKEN, &form).await);
    assert!(is_alive(&server, &token).await);
    refused(&server.post(TOKEN, &form).await, 400, 100);
    assert!(!is_alive(&server, &token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_token_and_keeps_it() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let replies = futures_util::future::join_all((0..8).map(|_| app.by_code(&one))).await;
    let (first, others): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(first.len(), 1);
    for other in others {
        refused(&other, 400, 100);
    }
    assert!(is_alive(&server, &granted(&first[0]).0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_address_is_for_programs_and_not_for_browsers() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let secret = app.secret.as_deref().unwrap();
    let pairs = [("client_id", &*app.client_id), ("client_secret", secret), ("redirect_uri", CALLBACK), ("code", &one)];
    let way = to(TOKEN, &pairs);
    for destination in ["document", "iframe", "image", "script"] {
        refused(&server.get_with(&way, "sec-fetch-dest", destination).await, 400, 100);
    }
    let head = Reply::of(server.request("HEAD", &way).send().await.unwrap()).await;
    assert_eq!((head.status.as_u16(), head.header("allow")), (405, "GET, POST"));
    for method in ["PUT", "DELETE", "PATCH"] {
        refused(&Reply::of(server.request(method, &way).send().await.unwrap()).await, 405, 100);
    }
    let preflight = server.request("OPTIONS", &way).header("origin", "https://evil.example");
    let preflight = Reply::of(preflight.header("access-control-request-method", "GET").send().await.unwrap()).await;
    preflight.has_status(405);
    // nothing of it has touched the code
    let reply = server.get_with(&way, "origin", "https://evil.example").await;
    granted(&reply);
    for reply in [reply, preflight] {
        assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_may_stand_in_the_form_or_in_the_query_and_nowhere_twice() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let secret = app.secret.as_deref().unwrap();
    let credentials = [("client_id", &*app.client_id), ("client_secret", secret)];
    let one = code(&mut browser, &app, &[], &[]).await;
    let about = [("redirect_uri", CALLBACK), ("code", &*one)];
    refused(&server.post(&to(TOKEN, &credentials), &[&about[..], &credentials[..1]].concat()).await, 400, 100);
    refused(&app.by_get(&[about[0], about[1], ("code", &one)]).await, 400, 100);
    granted(&server.post(&to(TOKEN, &credentials), &about).await);
    let two = code(&mut browser, &app, &[], &[]).await;
    let reply = server.request("POST", &to(TOKEN, &[&credentials[..], &[about[0], ("code", &two)]].concat()));
    granted(&Reply::of(reply.send().await.unwrap()).await);
    let three = code(&mut browser, &app, &[], &[]).await;
    let basic =
        server.request("GET", &to(TOKEN, &[about[0], ("code", &three)])).header("authorization", app.basic(secret));
    granted(&Reply::of(basic.send().await.unwrap()).await);
    let four = code(&mut browser, &app, &[], &[]).await;
    let json = server.request("POST", TOKEN).header("content-type", "application/json");
    refused(&Reply::of(json.body(format!("{{\"code\":\"{four}\"}}")).send().await.unwrap()).await, 415, 100);
    let large = server.request("POST", TOKEN).header("content-type", "application/x-www-form-urlencoded");
    let large = large.body(format!("code={}", "x".repeat(300_000)));
    refused(&Reply::of(large.send().await.unwrap()).await, 413, 100);
    for body in ["%", "a=%ff", "a=%00", &"a&".repeat(2000)] {
        let odd = server.request("POST", TOKEN).header("content-type", "application/x-www-form-urlencoded");
        refused(&Reply::of(odd.body(body.to_owned()).send().await.unwrap()).await, 400, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_for_who_asks_for_it() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let secret = app.secret.as_deref().unwrap();
    let own = [("client_id", &*app.client_id), ("client_secret", secret), ("grant_type", "client_credentials")];
    for (path, accept, json) in [
        (TOKEN, "*/*", false),
        (TOKEN, "application/json", true),
        (TOKEN, "application/json, text/plain, */*", true),
        ("/v2.3/oauth/access_token", "*/*", true),
        ("/v19.0/oauth/access_token", "text/html", true),
    ] {
        let reply = server.get_with(&to(path, &own), "accept", accept).await;
        reply.has_status(200);
        assert_eq!(reply.header("content-type").starts_with("application/json"), json, "{path} {accept}");
        assert_eq!(reply.body.starts_with('{'), json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_that_services_code_and_leaves_the_code_as_it_was() {
    let server = TestServer::start().await;
    let (app, other) = (app(&server).await, app(&server).await);
    let plain = server.app().await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let usual = [("redirect_uri", CALLBACK), ("code", &*one)];
    let with = |more: &[(&'static str, &'static str)]| {
        let mut pairs: Vec<(&str, &str)> = usual.to_vec();
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend_from_slice(more);
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    for (more, code, subcode) in [
        (&[("client_id", "")][..], 101, None),
        (&[("client_id", "nobody")], 101, None),
        (&[("client_secret", "")], 1, None),
        (&[("client_secret", "wrong")], 1, None),
        (&[("client_secret", "cssecretwrong")], 1, None),
        (&[("redirect_uri", "")], 191, None),
        (&[("redirect_uri", "https://app.example/cb/")], 100, Some(36008)),
        (&[("code", "")], 1, None),
        (&[("code", "nothing")], 100, None),
        (&[("code", "csfbc_nothing")], 100, None),
        (&[("grant_type", "password")], 100, None),
        (&[("grant_type", "refresh_token")], 100, None),
        (&[("grant_type", "fb_exchange_token")], 100, None),
        (&[("code_verifier", "x")], 100, None),
        (&[("client_assertion", "x")], 100, None),
    ] {
        let pairs = with(more);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let error = refused(&app.by_get(&pairs).await, 400, code);
        assert_eq!(error.get("error_subcode").and_then(serde_json::Value::as_i64), subcode, "{more:?}");
    }
    refused(&other.by_code(&one).await, 400, 100);
    let foreign = App { server: &server, ..plain.clone() };
    refused(&foreign.by_code(&one).await, 400, 101);
    granted(&app.by_code(&one).await);
    let late = code(&mut browser, &app, &[], &[]).await;
    server.clock.advance(601);
    assert_eq!(refused(&app.by_code(&late).await, 400, 100)["error_subcode"], 36007);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_never_goes_beyond_sixty_days_from_the_approval() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let short = app.token_for(&mut browser, "email", &["email"]).await;
    let end = server.admin.now().unix_seconds() + 60 * 86_400;
    let (long, _) = granted(&app.exchange(&short).await);
    assert_eq!(app.debug(&long).await["expires_at"], end);
    server.clock.advance(3600);
    // a long one is given back as it is, and what is left of it is told
    let (same, left) = granted(&app.exchange(&long).await);
    assert_eq!((&same, left), (&long, 60 * 86_400 - 3600));
    let (later, left) = granted(&app.exchange(&short).await);
    assert_ne!(later, long);
    assert_eq!((left, &app.debug(&later).await["expires_at"]), (60 * 86_400 - 3600, &end.into()));
    assert!(is_alive(&server, &long).await && is_alive(&server, &later).await);
    // two of a grant live; the oldest goes
    let (third, _) = granted(&app.exchange(&short).await);
    assert!(!is_alive(&server, &long).await);
    assert!(is_alive(&server, &later).await && is_alive(&server, &third).await && is_alive(&server, &short).await);
    server.clock.advance(3600);
    refused(&app.exchange(&short).await, 400, 190);
    assert!(is_alive(&server, &third).await);
    server.clock.advance(60 * 86_400);
    refused(&app.exchange(&third).await, 400, 190);
    assert!(!is_alive(&server, &third).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_at_once_leave_two_long_tokens() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let short = app.token_for(&mut browser, "", &[]).await;
    let replies = futures_util::future::join_all((0..6).map(|_| app.exchange(&short))).await;
    let mut living = 0;
    for reply in &replies {
        living += usize::from(is_alive(&server, &granted(reply).0).await);
    }
    assert_eq!(living, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_living_token_of_the_apps_own_is_exchanged() {
    let server = TestServer::start().await;
    let (app, other) = (app(&server).await, app(&server).await);
    let mut browser = server.ada().await;
    let short = app.token_for(&mut browser, "email", &["email"]).await;
    refused(&other.exchange(&short).await, 400, 190);
    for wrong in ["x", "csfbo_x", &format!("{short}x"), &app.by_secret()] {
        refused(&app.exchange(wrong).await, 400, 190);
    }
    let own = app.by_get(&[("grant_type", "client_credentials")]).await;
    refused(&app.exchange(&granted(&own).0).await, 400, 190);
    granted(&app.exchange(&short).await);
    // the person takes the app away
    let page = browser.get("/account/apps").await;
    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
    refused(&app.exchange(&short).await, 400, 190);
    let token = other.token_for(&mut browser, "", &[]).await;
    server.clock.advance(1);
    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    refused(&other.exchange(&token).await, 400, 190);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_needs_the_secret_and_works_also_where_the_person_is_asked_at_each_sign_in() {
    let server = TestServer::with(&[("COUNTERSIGN_CONSENT__REMEMBER", "0s")]).await;
    let app = app(&server).await;
    let public = app_with(&server, |app| {
        app.token_endpoint_auth_method = AuthMethod::None;
        app.query_token = false;
    })
    .await;
    let mut browser = server.ada().await;
    let short = app.token_for(&mut browser, "", &[]).await;
    let nameless = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", &*short), ("client_secret", "")];
    refused(&app.by_get(&nameless).await, 400, 1);
    for grant in ["fb_exchange_token", "client_credentials"] {
        refused(&public.by_get(&[("grant_type", grant), ("client_secret", "")]).await, 400, 3);
    }
    granted(&app.exchange(&short).await);
    server.clock.advance(3601);
    let (long, _) = granted(&app.exchange(&short).await);
    assert!(is_alive(&server, &long).await);
    browser.get(&app.dialog(&[])).await.has_status(200).says("name=\"decision\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_life_is_the_life_of_a_token() {
    let server = TestServer::start().await;
    let app = app_with(&server, |app| app.access_token_ttl = Some(90 * 86_400)).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let (token, expires) = granted(&app.by_code(&one).await);
    assert_eq!(expires, 90 * 86_400);
    assert_eq!(granted(&app.exchange(&token).await), (token.clone(), expires));
    server.clock.advance(90 * 86_400 - 1);
    assert!(is_alive(&server, &token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_gives_nothing_that_the_app_has_lost_since() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let one = code(&mut browser, &app, &[("scope", "email,publish_actions")], &["email", "publish_actions"]).await;
    let (short, _) = granted(&app.by_code(&one).await);
    let exchanges = async || {
        let (long, _) = granted(&app.exchange(&short).await);
        server.get(&to("/me", &[("fields", "email"), ("access_token", &long)])).await.has_status(200).json()
    };
    assert_eq!(exchanges().await["email"], "ada@example.com");
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.scope = crate::support::scope("publish_actions");
    update_client(&server.admin, &client).await.unwrap();
    server.clock.advance(3601);
    eventually(async || exchanges().await.get("email").is_none()).await;
}
