//! Revocation (RFC 7009): dead at once, at every door and on every server.

use countersign::{protocol::client_metadata::TokenFormat, store::models::AuditEvent};

use crate::{
    authorize_public,
    support::{TestServer, Tokens, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_dead_at_once_everywhere_and_a_refresh_token_takes_everything_with_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let second = server.second().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    assert!(server.opens(&tokens.access_token).await && second.opens(&tokens.access_token).await);
    let reply = app.revoke(&tokens.access_token).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "{}"));
    assert!(!server.opens(&tokens.access_token).await && !second.opens(&tokens.access_token).await);
    assert_eq!(app.introspect(&tokens.access_token).await.body, "{\"active\":false}");
    let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
    // any token of the chain ends it, also one that was used up (R-a6)
    app.revoke(&tokens.refresh_token).await.has_status(200);
    assert!(!server.opens(&next.access_token).await && !second.opens(&next.access_token).await);
    app.refresh(&next.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_revokes_and_unknown_tokens_are_no_oracle() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let public = server.app_with(authorize_public).await;
    let tokens = app.tokens(&mut browser, &[]).await;
    for reply in [
        other.revoke(&tokens.access_token).await,
        other.revoke(&tokens.refresh_token).await,
        public.revoke(&tokens.access_token).await,
        app.revoke("nonsense").await,
    ] {
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "{}"));
    }
    assert!(server.opens(&tokens.access_token).await);
    let bare = [("client_id", app.client_id.as_str()), ("token", &tokens.access_token)];
    server.post("/oauth2/revoke", &bare).await.refused("invalid_client");
    app.post("/oauth2/revoke", &[("x", "y")]).await.refused("invalid_request");
    assert!(server.opens(&tokens.access_token).await);
    app.post("/oauth2/revoke", &[("token", &tokens.access_token), ("token_type_hint", "refresh_token")]).await;
    assert!(!server.opens(&tokens.access_token).await, "a wrong hint does not keep it alive");
    let own = public.tokens(&mut browser, &[]).await;
    public.revoke(&own.access_token).await.has_status(200);
    assert!(!server.opens(&own.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_revoked_once_in_the_audit_log_however_often_it_is_said() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for format in [TokenFormat::Jwt, TokenFormat::Opaque] {
        let app = server.app_with(|app| app.access_token_format = Some(format)).await;
        let (tokens, late) = (app.tokens(&mut browser, &[]).await, app.tokens(&mut browser, &[]).await);
        let written = async || {
            let events = server.admin.store.list_events(1000).await.unwrap();
            let own = |event: &&AuditEvent| event.client_id.as_deref() == Some(&app.client_id);
            events.iter().filter(own).filter(|event| event.event == "token.revoked").count()
        };
        for _ in 0..20 {
            app.revoke(&tokens.access_token).await.has_status(200);
        }
        for _ in 0..20 {
            app.revoke(&tokens.refresh_token).await.has_status(200);
        }
        // what has expired is dead already
        server.clock.advance(3600);
        for _ in 0..20 {
            app.revoke(&late.access_token).await.has_status(200);
        }
        app.revoke(&late.refresh_token).await.has_status(200);
        eventually(async || written().await >= 3).await;
        assert_eq!(written().await, 3, "an access token, its grant, and the other's grant");
        assert!(!server.opens(&tokens.access_token).await);
        browser.sign_in("ada").await;
    }
}
