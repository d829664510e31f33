//! `GET /login/oauth/access_token`, as published servers beside pages in browsers send it (PROTOCOL R-f3).

use super::{Shown, allow, app, redeem, server, user};
use crate::support::{App, Browser, Reply, encode};

const PATH: &str = "/login/oauth/access_token";

async fn code(browser: &mut Browser<'_>, app: &App<'_>) -> String {
    allow(browser, app, &[("scope", "user:email")]).await.remove("code").unwrap()
}

/// The parameters of such a request.
fn asked(app: &App<'_>, code: &str) -> String {
    encode(&[("client_id", &app.client_id), ("client_secret", app.secret.as_deref().unwrap()), ("code", code)])
}

/// The parameters in the query, the answer as JSON.
async fn get(app: &App<'_>, code: &str) -> Reply {
    app.server.get_with(&format!("{PATH}?{}", asked(app, code)), "accept", "application/json").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_redeems_with_the_parameters_in_the_query_or_in_its_body() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let one = code(&mut browser, &app).await;
    let address = encode(&[("redirect_uri", app.redirect_uri.as_str())]);
    let in_query = server.get(&format!("{PATH}?{}&{address}", asked(&app, &one))).await;
    let two = code(&mut browser, &app).await;
    let form = server.request("GET", PATH).header("content-type", "application/x-www-form-urlencoded");
    let in_body = Reply::of(form.body(asked(&app, &two)).send().await.unwrap()).await;
    for reply in [in_query, in_body] {
        assert_eq!(reply.has_status(200).header("cache-control"), "no-store");
        let token = reply.body.strip_prefix("access_token=").unwrap().split('&').next().unwrap();
        user(&server, token).await.has_status(200);
    }
    let three = code(&mut browser, &app).await;
    assert_eq!(get(&app, &three).await.json()["scope"], "user:email");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_comes_again_by_get_at_once_ends_nothing_and_later_or_by_post_it_does() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let one = code(&mut browser, &app).await;
    let token = get(&app, &one).await.token();
    for seconds in [0, 9] {
        server.clock.advance(seconds);
        get(&app, &one).await.fails_with("bad_verification_code");
        user(&server, &token).await.has_status(200);
    }
    server.clock.advance(2);
    get(&app, &one).await.fails_with("bad_verification_code");
    user(&server, &token).await.has_status(401);

    let two = code(&mut browser, &app).await;
    let token = get(&app, &two).await.token();
    redeem(&app, &[("code", &two)]).await.fails_with("bad_verification_code");
    user(&server, &token).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_gets_at_once_one_gets_the_token_and_keeps_it() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let code = code(&mut browser, &app).await;
    let replies = futures_util::future::join_all((0..8).map(|_| get(&app, &code))).await;
    let (first, others): (Vec<Reply>, Vec<Reply>) =
        replies.into_iter().partition(|reply| reply.json()["access_token"].is_string());
    assert_eq!(first.len(), 1);
    for other in others {
        other.has_status(200).fails_with("bad_verification_code");
    }
    user(&server, &first[0].token()).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_of_the_token_is_for_programs_and_not_for_browsers() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let code = code(&mut browser, &app).await;
    let way = format!("{PATH}?{}", asked(&app, &code));
    let send = async |method: &str, name: &str, value: &str| {
        let request = server.request(method, &way).header("accept", "application/json").header(name, value);
        Reply::of(request.send().await.unwrap()).await
    };
    for destination in ["document", "iframe", "image", "script"] {
        send("GET", "sec-fetch-dest", destination).await.has_status(200).fails_with("invalid_request");
    }
    for method in ["HEAD", "OPTIONS"] {
        let reply = send(method, "origin", "https://evil.example").await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, POST"), "{method}");
    }
    // nothing of it has touched the code
    let reply = send("GET", "origin", "https://evil.example").await;
    user(&server, &reply.token()).await.has_status(200);
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
