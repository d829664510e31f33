//! `/me` and `/me/permissions`.

use countersign::flow::{Origin, admin::users};
use serde_json::{Value, json};

use super::{Program, app, app_with, code, granted, refused, to};
use crate::support::{Reply, TestServer};

async fn with(server: &TestServer, method: &str, path: &str, header: &str) -> Reply {
    Reply::of(server.request(method, path).header("authorization", header).send().await.unwrap()).await
}

/// What the permissions are, as `name status` each.
async fn permissions(server: &TestServer, token: &str) -> Vec<String> {
    let told = with(server, "GET", "/me/permissions", &format!("Bearer {token}")).await.has_status(200).json();
    let line = |line: &Value| format!("{} {}", line["permission"].as_str().unwrap(), line["status"].as_str().unwrap());
    told["data"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_as_far_as_the_permissions_go() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let (basic, full) = (app.token_for(&mut browser, "email", &[]).await, async |browser: &mut _| {
        let more = [("scope", "email"), ("auth_type", "rerequest")];
        granted(&app.by_code(&code(browser, &app, &more, &["email"]).await).await).0
    });
    let me = async |token: &str, path: &str| with(&server, "GET", path, &format!("Bearer {token}")).await;
    let told = me(&basic, "/me?fields=id,name,email").await.has_status(200).json();
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
    let full = full(&mut browser).await;
    let told = me(&full, "/me?fields=email").await;
    assert_eq!(told.header("cache-control"), "private, no-store");
    assert_eq!(told.has_status(200).json()["email"], "ada@example.com");
    let usual = me(&full, "/me").await.json();
    assert_eq!(
        usual.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["email", "first_name", "id", "name", "username"]
    );
    for fields in ["picture.width(200).height(200){url}", "picture{url}", "picture"] {
        let told = me(&full, &to("/v2.12/me", &[("fields", fields)])).await.json();
        assert!(told["picture"]["data"]["url"].is_string() && told["id"].is_string(), "{fields}");
        assert_eq!(told.as_object().unwrap().len(), 2);
    }
    assert_eq!(me(&full, "/me?fields=no,such,field,%00").await.status, 400, "a NUL is no text");
    assert_eq!(me(&full, "/me?fields=no,such,field").await.json().as_object().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_verified_is_not_told() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let new = users::NewUser {
        username: "bob".into(),
        name: Some("Bob van Dyke".into()),
        email: Some("bob@example.com".into()),
        email_verified: false,
        password: Some(crate::support::PASSWORD.into()),
        ..users::NewUser::default()
    };
    users::create(&server.admin, &Origin::default(), new).await.map(drop).unwrap();
    let mut browser = server.browser();
    browser.sign_in("bob").await;
    let token = app.token_for(&mut browser, "email", &["email"]).await;
    let told = server.get(&to("/me", &[("access_token", &token), ("fields", "email,name,first_name,last_name")])).await;
    let told = told.has_status(200).json();
    assert!(told.get("email").is_none());
    assert_eq!(
        (&told["name"], &told["first_name"], &told["last_name"]),
        (&"Bob van Dyke".into(), &"Bob van".into(), &"Dyke".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_by_header_or_by_query_where_the_app_is_registered_for_it() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let strict = app_with(&server, |app| app.query_token = false).await;
    let mut browser = server.ada().await;
    let (token, strict_token) =
        (app.token_for(&mut browser, "", &[]).await, strict.token_for(&mut browser, "", &[]).await);
    for scheme in ["Bearer", "bearer", "OAuth", "oauth"] {
        with(&server, "GET", "/me", &format!("{scheme} {token}")).await.has_status(200);
        with(&server, "GET", "/me", &format!("{scheme} {strict_token}")).await.has_status(200);
    }
    let query = |token: &str| to("/me", &[("access_token", token)]);
    server.get(&query(&token)).await.has_status(200);
    with(&server, "GET", &query(&token), &format!("Bearer {token}")).await.has_status(200);
    refused(&server.get(&query(&strict_token)).await, 400, 190);
    refused(&with(&server, "GET", &query(&strict_token), &format!("Bearer {strict_token}")).await, 400, 190);
    refused(&with(&server, "GET", &query(&token), &format!("Bearer {strict_token}")).await, 400, 100);
    let none = refused(&server.get("/me").await, 400, 2500);
    assert_eq!(none["type"], "OAuthException");
    for header in ["Basic eDp5", "Token x", "Bearer", "Bearer ", "x"] {
        refused(&with(&server, "GET", "/me", header).await, 400, 2500);
    }
    let reply = with(&server, "GET", "/me", "OAuth x").await;
    refused(&reply, 400, 190);
    assert!(reply.header("www-authenticate").starts_with("OAuth \"Facebook Platform\" \"invalid_token\""));
    let own = granted(&app.by_get(&[("grant_type", "client_credentials")]).await).0;
    for not_a_persons in [&own, &app.by_secret()] {
        refused(&server.get(&query(not_a_persons)).await, 400, 190);
    }
    for method in ["POST", "PUT", "HEAD"] {
        let reply = Reply::of(server.request(method, &query(&token)).send().await.unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_gave_back_it_does_not_have_after_the_consent_has_had_its_time_either() {
    let server = TestServer::with(&[("COUNTERSIGN_CONSENT__REMEMBER", "1h")]).await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let token = app.token_for(&mut browser, "email,publish_actions", &["email", "publish_actions"]).await;
    let (long, _) = granted(&app.exchange(&token).await);
    with(&server, "DELETE", "/me/permissions/email", &format!("Bearer {token}")).await.has_status(200);
    let expected = ["public_profile granted", "publish_actions granted", "email declined"];
    for seconds in [0, 3600, 3600] {
        server.clock.advance(seconds);
        countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
        assert_eq!(permissions(&server, &long).await, expected);
        // nor does agreeing to something else bring it back
        code(&mut browser, &app, &[("scope", "publish_actions")], &["publish_actions"]).await;
        assert_eq!(permissions(&server, &long).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skipped_permissions_are_declined_and_what_an_app_gives_back_it_does_not_have() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let all = "email,publish_actions,manage_pages";
    let token = app.token_for(&mut browser, all, &["email", "manage_pages"]).await;
    let expected = ["public_profile granted", "email granted", "manage_pages granted", "publish_actions declined"];
    assert_eq!(permissions(&server, &token).await, expected);
    let (long, _) = granted(&app.exchange(&token).await);
    browser.get("/account/apps").await.says("See your email address");
    let bearer = format!("Bearer {token}");
    for (path, status, code) in [
        ("/me/permissions/publish_actions", 400, 100),
        ("/me/permissions/public_profile", 400, 100),
        ("/me/permissions/nothing", 400, 100),
        ("/me/permissions/%00", 400, 100),
        ("/4/permissions/email", 400, 100),
        ("/4/permissions", 400, 100),
    ] {
        refused(&with(&server, "DELETE", path, &bearer).await, status, code);
    }
    // a token in the address changes nothing
    let query = to("/me/permissions/email", &[("access_token", &token)]);
    refused(&Reply::of(server.request("DELETE", &query).send().await.unwrap()).await, 400, 2500);
    let query = to("/me/permissions", &[("access_token", &token)]);
    refused(&Reply::of(server.request("DELETE", &query).send().await.unwrap()).await, 400, 2500);
    assert_eq!(permissions(&server, &token).await, expected);
    let done = with(&server, "DELETE", "/v2.7/me/permissions/email", &bearer).await;
    assert_eq!(done.has_status(200).json(), json!({"success": true}));
    for token in [&token, &long] {
        assert_eq!(
            permissions(&server, token).await,
            ["public_profile granted", "manage_pages granted", "publish_actions declined", "email declined"]
        );
        let me = server.get(&to("/me", &[("access_token", token), ("fields", "email")])).await;
        assert!(me.has_status(200).json().get("email").is_none());
    }
    assert_eq!(app.debug(&token).await["scopes"], json!(["public_profile", "manage_pages"]));
    assert!(!browser.get("/account/apps").await.body.contains("See your email address"), "it was given back");
    refused(&with(&server, "DELETE", "/me/permissions/email", &bearer).await, 400, 100);
    // nobody is asked for it, and no new token has it
    let token = app.token_for(&mut browser, all, &[]).await;
    assert_eq!(app.debug(&token).await["scopes"], json!(["public_profile", "manage_pages"]));
    let done = with(&server, "DELETE", "/me/permissions", &bearer).await;
    assert_eq!(done.has_status(200).json(), json!({"success": true}));
    for token in [&token, &long] {
        refused(&server.get(&to("/me", &[("access_token", token)])).await, 400, 190);
    }
    browser.get("/account/apps").await.has_status(200);
    browser.get(&app.dialog(&[("scope", all)])).await.has_status(200).says("publish_actions");
}
