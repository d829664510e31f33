//! Introspection (RFC 7662; PROTOCOL P15).

use crate::{authorize_public, support::TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sees_its_own_tokens_and_strangers_and_public_clients_see_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let public = server.app_with(authorize_public).await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let seen = app.introspect(&tokens.access_token).await;
    assert_eq!(seen.header("cache-control"), "no-store");
    let seen = seen.json();
    assert_eq!((seen["client_id"].as_str(), seen["token_type"].as_str()), (Some(&*app.client_id), Some("Bearer")));
    assert_eq!(seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap(), 900);
    let refresh = app.introspect(&tokens.refresh_token).await.json();
    assert_eq!((refresh["active"].as_bool(), refresh["username"].as_str()), (Some(true), Some("ada")));
    let own = public.tokens(&mut browser, &[]).await;
    for reply in [
        other.introspect(&tokens.access_token).await,
        other.introspect(&tokens.refresh_token).await,
        public.introspect(&own.access_token).await,
        public.introspect(&own.refresh_token).await,
        app.introspect("nonsense").await,
        app.introspect("csat_nonsense").await,
        app.introspect("eyJhbGciOiJub25lIn0.e30.").await,
    ] {
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "{\"active\":false}"));
    }
    server
        .post("/oauth2/introspect", &[("token", &tokens.access_token)])
        .await
        .refused("invalid_client")
        .has_status(401);
    app.post("/oauth2/introspect", &[("x", "y")]).await.refused("invalid_request");
}
