//! Whose door is whose: nothing of this dialect opens the standard's endpoints or another dialect's, and the reverse.

use countersign::protocol::dialect::Dialect;

use super::{CALLBACK, Program, TOKEN, app, app_with, code, granted, refused, to};
use crate::support::{Reply, TestServer};

const PATHS: [&str; 6] =
    ["/dialog/oauth", "/oauth/access_token", "/debug_token", "/me", "/me/permissions", "/v2.12/me"];

#[tokio::test(flavor = "multi_thread")]
async fn without_such_a_client_there_is_nothing_and_with_one_there_is() {
    let server = TestServer::start().await;
    for path in PATHS {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            Reply::of(server.request(method, path).send().await.unwrap()).await.has_status(404);
        }
    }
    app(&server).await;
    server.get("/me").await.has_status(400);
    let told = TestServer::with(&[("COUNTERSIGN_DIALECTS__FACEBOOK", "true")]).await;
    told.get("/me").await.has_status(400);
    told.get("/dialog/oauth").await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standards_endpoints_take_no_client_code_or_token_of_the_dialect() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let plain = server.app().await;
    let mut browser = server.ada().await;
    let token = app.token_for(&mut browser, "email", &["email"]).await;
    let one = code(&mut browser, &app, &[], &[]).await;
    let standard = plain.tokens(&mut browser, &[("scope", "openid")]).await;
    // the client
    let reply = browser.authorize(&app, &[("scope", "email")]).await;
    assert!(!reply.status.is_redirection() && !reply.body.contains("id=\"consent\""), "{}", reply.body);
    app.redeem(&one).await.refused("unauthorized_client");
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        app.post(path, &[("token", &standard.access_token)]).await.refused("unauthorized_client");
    }
    // the code, by a client that may be there
    let stolen = [("grant_type", "authorization_code"), ("code", &*one), ("redirect_uri", CALLBACK)];
    plain.token(&stolen).await.refused("invalid_grant");
    // the token
    let bearer = format!("Bearer {token}");
    server.get_with("/oauth2/userinfo", "authorization", &bearer).await.has_status(401);
    assert!(!server.opens(&token).await);
    assert_eq!(plain.introspect(&token).await.body, "{\"active\":false}");
    plain.revoke(&token).await.has_status(200);
    server.get(&to("/me", &[("access_token", &token)])).await.has_status(200);
    granted(&app.by_code(&one).await);
    let metadata = server.get("/.well-known/openid-configuration").await;
    assert!(!metadata.body.contains("/oauth/access_token") && !metadata.body.contains("fb_exchange_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialects_endpoints_take_nobody_else() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let plain = server.app().await;
    let other = app_with(&server, |app| app.dialect = Some(Dialect::Github)).await;
    let mut browser = server.ada().await;
    let standard = plain.tokens(&mut browser, &[("scope", "openid email")]).await;
    let one = browser.allow(&plain, &[("scope", "openid")]).await;
    for client in [&plain, &other] {
        let reply = browser.get(&client.dialog(&[("scope", "email")])).await;
        reply.has_status(400);
        assert_eq!(reply.header("location"), "");
        refused(&client.by_code(&one).await, 400, 101);
        refused(&client.by_get(&[("grant_type", "client_credentials")]).await, 400, 101);
    }
    refused(&app.by_code(&one).await, 400, 100);
    for token in
        [&standard.access_token, &standard.refresh_token, &standard.all["id_token"].as_str().unwrap().to_owned()]
    {
        refused(&server.get(&to("/me", &[("access_token", token)])).await, 400, 190);
        refused(&server.get_with("/me/permissions", "authorization", &format!("Bearer {token}")).await, 400, 190);
        refused(&app.exchange(token).await, 400, 190);
    }
    // a code of the one door is none at the other, also for a client that has both
    let both = app_with(&server, |app| app.also_standard = true).await;
    let standards = browser.allow(&both, &[("scope", "email")]).await;
    refused(&both.by_code(&standards).await, 400, 100);
    both.redeem(&standards).await.has_status(200);
    let dialects = code(&mut browser, &both, &[("scope", "email")], &["email"]).await;
    both.redeem(&dialects).await.refused("invalid_grant");
    let (token, _) = granted(&both.by_code(&dialects).await);
    assert!(!server.opens(&token).await);
    server.get(&to("/me", &[("access_token", &token)])).await.has_status(200);
    let at_github = server.get_with("/user", "authorization", &format!("token {token}")).await;
    assert!(at_github.status.is_client_error(), "{}", at_github.status);
    refused(&Reply::of(server.request("PUT", TOKEN).send().await.unwrap()).await, 405, 100);
}
