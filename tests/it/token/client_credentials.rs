//! Client credentials (RFC 6749 §4.4).

use countersign::{
    flow::{Origin, admin::clients},
    protocol::{client_metadata::TokenFormat, grant::GrantType},
};

use crate::support::{App, TestServer, Tokens, scope};

async fn app(server: &TestServer) -> App<'_> {
    server.scope("jobs", "Run jobs", &[]).await;
    server
        .app_with(|app| {
            app.grant_types = vec![GrantType::ClientCredentials];
            app.scope = scope("openid profile jobs");
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_of_its_own_without_person_refresh_or_id_token() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let tokens = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
    assert_eq!(tokens.all["scope"], "jobs");
    assert!(tokens.all.get("refresh_token").is_none() && tokens.all.get("id_token").is_none());
    let claims = tokens.claims("access_token");
    assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some(&*app.client_id), Some(&*app.client_id)));
    assert_eq!(claims["aud"], server.issuer.as_str());
    let asked = app.token(&[("grant_type", "client_credentials"), ("scope", "openid")]).await;
    asked.refused("invalid_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_token_is_never_taken_for_a_persons_also_when_one_is_named_like_the_client() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    server.user(&app.client_id).await;
    let tokens = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
    assert!(!server.opens(&tokens.access_token).await);
    let userinfo =
        server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
    userinfo.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opaque_token_has_a_row_and_dies_with_its_revocation() {
    let server = TestServer::start().await;
    server.scope("jobs", "Run jobs", &[]).await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::ClientCredentials];
            app.scope = scope("jobs");
            app.access_token_format = Some(TokenFormat::Opaque);
            app.access_token_ttl = Some(100);
        })
        .await;
    let tokens = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
    assert!(tokens.access_token.starts_with("csat_") && tokens.all["expires_in"] == 100);
    assert_eq!(app.introspect(&tokens.access_token).await.json()["active"], true);
    app.revoke(&tokens.access_token).await.has_status(200);
    assert_eq!(app.introspect(&tokens.access_token).await.body, "{\"active\":false}");
    let other = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
    server.clock.advance(101);
    assert_eq!(app.introspect(&other.access_token).await.body, "{\"active\":false}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_the_id_of_a_deleted_one_does_not_bring_its_tokens_back() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let grant = [("grant_type", "client_credentials")];
    let former = Tokens::of(&app.token(&grant).await);
    let metadata = clients::find(&server.admin, &app.client_id).await.unwrap().metadata;
    clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
    server.clock.advance(1);
    let again = clients::NewClient {
        client_id: Some(app.client_id.clone()),
        name: "heir".to_owned(),
        metadata,
        ..clients::NewClient::default()
    };
    let made = clients::create(&server.admin, &Origin::default(), again).await.unwrap();
    let heir = App { secret: made.secret.map(|secret| secret.expose().to_owned()), ..app.clone() };
    let own = Tokens::of(&heir.token(&grant).await);
    assert_eq!(heir.introspect(&own.access_token).await.json()["active"], true);
    assert_eq!(heir.introspect(&former.access_token).await.json()["active"], false);
}
