//! Programs people have, view by view: the bytes as each sends them, and what each reads of the answers.

use std::collections::HashSet;

use super::{app, app_with, go, server};
use crate::support::{Reply, encode};

/// A Django REST view: state, scopes with spaces, everything in the query, `Accept: application/json`; compares the
/// scopes it got, keeps the token in 255 characters, reads `email` and the integer `id`.
#[tokio::test(flavor = "multi_thread")]
async fn a_rest_view_that_posts_in_the_query_and_compares_the_scopes() {
    let server = server().await;
    let app = app(&server).await;
    let (id, secret) = (&app.client_id, app.secret.as_deref().unwrap());
    // built by hand: nothing but what a browser does itself is encoded
    let url = format!(
        "/login/oauth/authorize?state=3f8a1c&client_id={id}&scope=user:email repo&redirect_uri=https://app.example/cb"
    );
    let back = go(&mut server.browser(), &url).await;
    assert_eq!(back["state"], "3f8a1c");
    let query = encode(&[("code", &back["code"]), ("client_id", id), ("client_secret", secret)]);
    let request = server.request("POST", &format!("/login/oauth/access_token?{query}"));
    let request = request.header("accept", "application/json").header("content-length", "0");
    let data = Reply::of(request.send().await.unwrap()).await.has_status(200).json();
    let scopes: HashSet<&str> = data["scope"].as_str().unwrap().split(',').collect();
    assert_eq!(scopes, HashSet::from(["user:email", "repo"]));
    let token = data["access_token"].as_str().unwrap();
    assert!(token.len() <= 255);
    let me = server.get_with("/user", "authorization", &format!("token {token}")).await.has_status(200).json();
    assert_eq!(me["email"], "ada@example.com");
    assert!(me["id"].is_i64());
}

/// A Django view: `user:email, repo` with comma and space, no `redirect_uri`, parameters in the query, a form-encoded
/// answer read by a query-string parser; then `PyGithub` with a base URL.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_without_a_redirect_uri_then_pygithub() {
    let server = server().await;
    let app = app(&server).await;
    let (id, secret) = (&app.client_id, app.secret.as_deref().unwrap());
    let back =
        go(&mut server.browser(), &format!("/login/oauth/authorize?client_id={id}&scope=user:email, repo")).await;
    let query = encode(&[("client_id", id), ("client_secret", secret), ("code", &back["code"])]);
    let request = server.request("POST", &format!("/login/oauth/access_token?{query}"));
    let reply = Reply::of(request.send().await.unwrap()).await;
    let read: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(reply.has_status(200).body.as_bytes()).into_owned().collect();
    assert_eq!(read["token_type"], "bearer");
    let scopes: HashSet<&str> = read["scope"].split(',').collect();
    assert_eq!(scopes, HashSet::from(["user:email", "repo"]));
    // PyGithub(base_url=…/api/v3, login_or_token=…): `token` in the header, its own names of media types
    let request = server
        .request("GET", "/api/v3/user")
        .header("authorization", format!("token {}", read["access_token"]))
        .header("user-agent", "PyGithub/Python")
        .header("accept", "application/vnd.github.v3+json");
    let me = Reply::of(request.send().await.unwrap()).await;
    assert_eq!(me.has_status(200).json()["login"], "ada");
    assert!(me.header("content-type").starts_with("application/json"));
}

/// A Flask view: the literal scope `(no scope)`, no state; later the token in the address.
#[tokio::test(flavor = "multi_thread")]
async fn a_flask_view_with_the_literal_no_scope_and_the_token_in_the_address() {
    let server = server().await;
    let app = app_with(&server, |app| app.query_token = true).await;
    let (id, secret) = (&app.client_id, app.secret.as_deref().unwrap());
    let back = go(&mut server.browser(), &format!("/login/oauth/authorize?scope=(no scope)&client_id={id}")).await;
    assert!(!back.contains_key("state"));
    let body = encode(&[("client_id", id), ("client_secret", secret), ("code", &back["code"])]);
    let request = server.request("POST", "/login/oauth/access_token").header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let data = Reply::of(request.send().await.unwrap()).await.has_status(200).json();
    assert_eq!(data["scope"], "");
    let token = data["access_token"].as_str().unwrap();
    let me = server.get(&format!("/user?access_token={token}")).await;
    assert_eq!(me.has_status(200).json()["login"], "ada");
    assert_eq!(me.header("x-oauth-scopes"), "");
}

/// A Django view that posts a form, reads the answer as a query string, and shows `login`, `id` and `html_url`.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_posts_a_form_and_shows_a_profile() {
    let server = server().await;
    let app = app(&server).await;
    let query =
        encode(&[("client_id", app.client_id.as_str()), ("redirect_uri", &app.redirect_uri), ("scope", "user")]);
    let back = go(&mut server.browser(), &format!("/login/oauth/authorize?{query}")).await;
    let pairs = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.as_deref().unwrap()),
        ("code", &back["code"]),
        ("redirect_uri", &app.redirect_uri),
    ];
    let reply = server.post("/login/oauth/access_token", &pairs).await;
    let token = reply.has_status(200).body.split(['=', '&']).nth(1).unwrap().to_owned();
    let me = server.get_with("/user", "authorization", &format!("token {token}")).await.has_status(200).json();
    assert_eq!(me["login"], "ada");
    assert!(me["id"].is_i64() && me["html_url"].as_str().unwrap().starts_with(&server.issuer));
}

/// What published libraries send: passport-github2 (form, `grant_type`, no `Accept`), Authlib and requests-oauthlib
/// (`Accept: application/json`, `client_id` twice), golang.org/x/oauth2 (Basic first), octokit (JSON).
#[tokio::test(flavor = "multi_thread")]
async fn published_libraries_get_their_token_each_in_its_own_way() {
    let server = server().await;
    let app = app(&server).await;
    let (id, secret) = (app.client_id.as_str(), app.secret.as_deref().unwrap());
    let mut browser = server.browser();
    let mut code = async || {
        let query = encode(&[
            ("response_type", "code"),
            ("redirect_uri", &app.redirect_uri),
            ("scope", "user:email"),
            ("client_id", id),
            ("state", "s"),
        ]);
        go(&mut browser, &format!("/login/oauth/authorize?{query}")).await.remove("code").unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    let path = "/login/oauth/access_token";
    let passport = encode(&[
        ("grant_type", "authorization_code"),
        ("redirect_uri", &app.redirect_uri),
        ("client_id", id),
        ("client_secret", secret),
        ("code", &code().await),
    ]);
    let go_body = encode(&[
        ("code", code().await.as_str()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", &app.redirect_uri),
    ]);
    let authlib = encode(&[
        ("grant_type", "authorization_code"),
        ("code", &code().await),
        ("client_id", id),
        ("redirect_uri", &app.redirect_uri),
    ]);
    let octokit = serde_json::json!({"client_id": id, "client_secret": secret, "code": code().await});
    let requests = [
        server.request("POST", path).header("content-type", form).body(passport),
        server
            .request("POST", path)
            .header("content-type", form)
            .header("authorization", app.basic(secret))
            .body(go_body),
        server
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
            .header("accept", "application/json")
            .header("authorization", app.basic(secret))
            .body(authlib),
        server
            .request("POST", path)
            .header("content-type", "application/json; charset=utf-8")
            .header("accept", "application/json")
            .body(octokit.to_string()),
    ];
    for request in requests {
        let reply = Reply::of(request.send().await.unwrap()).await;
        reply.has_status(200);
        assert!(
            reply.body.contains("csgho_") && reply.body.contains("user:email") | reply.body.contains("user%3Aemail")
        );
    }
}
