//! What strangers send to the token endpoint: a defined answer, never a failure (DESIGN §8).

use crate::support::{Reply, TestServer, Tokens};

async fn send(server: &TestServer, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = server.request("POST", "/oauth2/access_token").header("content-type", content_type);
    Reply::of(request.body(body).send().await.unwrap()).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_mistakes_give_the_usual_codes_without_being_kept() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let with =
        |rest: &str| format!("client_id={}&client_secret={}&{rest}", app.client_id, app.secret.as_deref().unwrap());
    for (body, error, status) in [
        (String::new(), "invalid_request", 400),
        (with("x=y"), "invalid_request", 400),
        (with("grant_type=frob"), "unsupported_grant_type", 400),
        (with("grant_type=client_credentials"), "unauthorized_client", 400),
        (with("grant_type=authorization_code"), "invalid_request", 400),
        (with("grant_type=refresh_token"), "invalid_request", 400),
        (with("grant_type=refresh_token&refresh_token=x"), "invalid_grant", 400),
        (with("grant_type=refresh_token&grant_type=refresh_token"), "invalid_request", 400),
        (with("grant_type=%ff"), "invalid_request", 400),
        (with("grant_type=%00"), "invalid_request", 400),
        (with("grant_type=%zz"), "invalid_request", 400),
        ("grant_type=refresh_token&refresh_token=x".to_owned(), "invalid_client", 401),
        ("grant_type=refresh_token&client_id=nobody&client_secret=x".to_owned(), "invalid_client", 401),
    ] {
        let reply = send(&server, FORM, body.clone()).await;
        reply.refused(error).has_status(status);
        assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"), "{body}");
        assert_eq!(reply.header("content-type"), "application/json", "{body}");
        assert_eq!(reply.header("www-authenticate"), "", "no challenge without a header: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flat_json_is_taken_and_anything_else_is_refused_by_kind() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let body = serde_json::json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri,
        "client_id": app.client_id, "client_secret": app.secret,
    });
    Tokens::of(&send(&server, "application/json; charset=utf-8", body.to_string()).await);
    for bad in
        ["{", "[]", "{\"grant_type\":1}", "{\"grant_type\":\"a\",\"grant_type\":\"b\"}", "{\"a\":{\"b\":{}}}", "null"]
    {
        send(&server, "application/json", bad).await.refused("invalid_request").has_status(400);
    }
    send(&server, "application/json", "[".repeat(30_000)).await.has_status(400);
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense"] {
        send(&server, kind, "grant_type=password").await.refused("invalid_request").has_status(415);
    }
    let zipped =
        server.request("POST", "/oauth2/access_token").header("content-type", FORM).header("content-encoding", "gzip");
    let reply = Reply::of(zipped.body("x").send().await.unwrap()).await;
    reply.refused("invalid_request").has_status(415);
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_bounded() {
    let server = TestServer::start().await;
    send(&server, FORM, "x".repeat(65 * 1024)).await.has_status(413).refused("invalid_request");
    let many = (0..5000).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    send(&server, FORM, many).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charset_an_empty_query_and_another_accept_do_no_harm() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[]).await;
    let body = crate::support::encode(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &app.redirect_uri),
    ]);
    let request = server
        .request("POST", "/oauth2/access_token?x=y")
        .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
        .header("accept", "text/html, */*;q=0.1")
        .header("authorization", app.basic(app.secret.as_deref().unwrap()));
    let reply = Reply::of(request.body(body).send().await.unwrap()).await;
    assert_eq!(reply.header("content-type"), "application/json");
    Tokens::of(&reply);
}
