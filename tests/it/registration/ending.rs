//! Apps that registered themselves and that nobody uses go by themselves (UX M11).

use countersign::{flow::admin::clients, jobs::sweep};
use serde_json::json;

use super::{ALL, OPEN, app, initial_token, register};
use crate::support::{TestServer, update_client};

async fn ids(server: &TestServer) -> Vec<String> {
    clients::list(&server.admin).await.unwrap().into_iter().map(|client| client.client_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_nobody_ever_used_goes_after_an_hour_and_one_that_is_used_stays() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let by_hand = server.app().await.client_id;
    let token = initial_token(&server, "", 1, 3600).await;
    let told = register(&server, Some(&token), &json!({})).await.has_status(201).json();
    let by_token = app(&server, &told).client_id;
    let unused = register(&server, None, &json!({})).await.has_status(201).json();
    let used = register(&server, None, &json!({})).await.has_status(201).json();
    let (unused, used) = (app(&server, &unused), app(&server, &used));
    let mut browser = server.ada().await;
    used.tokens(&mut browser, &[("scope", "openid")]).await;
    sweep::run_once(&server.admin).await.unwrap();
    assert_eq!(ids(&server).await.len(), 4);
    server.clock.advance(3601);
    sweep::run_once(&server.admin).await.unwrap();
    let left = ids(&server).await;
    assert!(!left.contains(&unused.client_id));
    for kept in [&by_hand, &by_token, &used.client_id] {
        assert!(left.contains(kept), "{kept}");
    }
    // much later, when its last access is over as well
    server.clock.advance(200 * 24 * 3600);
    sweep::run_once(&server.admin).await.unwrap();
    let left = ids(&server).await;
    assert!(!left.contains(&used.client_id) && left.contains(&by_hand) && left.contains(&by_token), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_an_administrator_has_verified_stays_unused_and_makes_no_room_for_others() {
    let server = TestServer::with(&[OPEN, ALL, ("COUNTERSIGN_CLIENTS__REGISTRATION_CAP", "2")]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let verified = app(&server, &told).client_id;
    let mut client = clients::find(&server.admin, &verified).await.unwrap();
    client.metadata.verified = true;
    update_client(&server.admin, &client).await.unwrap();
    for _ in 0..2 {
        register(&server, None, &json!({"client_name": "\"verified\":true"})).await.has_status(201);
        assert!(ids(&server).await.contains(&verified));
    }
    server.clock.advance(3601);
    sweep::run_once(&server.admin).await.unwrap();
    assert_eq!(ids(&server).await, [verified]);
    client.metadata.verified = false;
    update_client(&server.admin, &client).await.unwrap();
    sweep::run_once(&server.admin).await.unwrap();
    assert!(ids(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_only_use_is_to_ask_about_tokens_is_used() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let api = app(&server, &told);
    let mut client = clients::find(&server.admin, &api.client_id).await.unwrap();
    client.metadata.introspect = vec![server.issuer.clone()];
    update_client(&server.admin, &client).await.unwrap();
    let tokens = server.app().await.tokens(&mut server.ada().await, &[("scope", "profile")]).await;
    assert_eq!(api.introspect(&tokens.access_token).await.json()["active"], true);
    server.clock.advance(3601);
    sweep::run_once(&server.admin).await.unwrap();
    assert!(ids(&server).await.contains(&api.client_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_get_nothing_are_no_use_and_keep_no_app() {
    let server = TestServer::with(&[OPEN]).await;
    let grants = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
    let public = json!({"token_endpoint_auth_method": "none", "grant_types": grants});
    let told = register(&server, None, &public).await.has_status(201).json();
    let app = app(&server, &told);
    for (grant, name) in grants.into_iter().zip(["code", "refresh_token", "device_code"]) {
        let bogus = [("grant_type", grant), (name, "x"), ("redirect_uri", &app.redirect_uri)];
        app.token(&bogus).await.has_status(400).refused("invalid_grant");
    }
    server.clock.advance(3601);
    sweep::run_once(&server.admin).await.unwrap();
    assert!(ids(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebodys_access_is_alive_an_app_stays_however_long_it_is_idle() {
    let server = TestServer::with(&[OPEN, ALL, ("COUNTERSIGN_CLIENTS__IDLE_TTL", "1d")]).await;
    let told = register(&server, None, &json!({"grant_types": ["authorization_code", "refresh_token"]})).await.json();
    let app = app(&server, &told);
    let mut browser = server.ada().await;
    app.tokens(&mut browser, &[("scope", "openid offline_access")]).await;
    server.clock.advance(20 * 24 * 3600);
    sweep::run_once(&server.admin).await.unwrap();
    assert!(ids(&server).await.contains(&app.client_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_cap_the_oldest_that_nobody_used_makes_room_and_used_ones_never_do() {
    let server = TestServer::with(&[OPEN, ALL, ("COUNTERSIGN_CLIENTS__REGISTRATION_CAP", "2")]).await;
    let by_hand = server.app().await.client_id;
    let register_one = async || register(&server, None, &json!({})).await;
    let first = register_one().await.has_status(201).json();
    server.clock.advance(1);
    let second = register_one().await.has_status(201).json();
    let mut browser = server.ada().await;
    app(&server, &first).tokens(&mut browser, &[("scope", "openid")]).await;
    server.clock.advance(1);
    let third = register_one().await.has_status(201).json();
    let left = ids(&server).await;
    assert!(!left.contains(&app(&server, &second).client_id) && left.contains(&app(&server, &first).client_id));
    app(&server, &third).tokens(&mut browser, &[("scope", "openid")]).await;
    register_one().await.has_status(429);
    assert!(ids(&server).await.contains(&by_hand));
}
