//! Audience and resources (RFC 8707; PROTOCOL R-k).

use countersign::flow::{
    Origin,
    admin::scopes::{self, Changes},
};

use crate::support::{TestServer, Tokens, scope};

const NOTES: &str = "https://notes.example/api";
const FILES: &str = "https://files.example/api";

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.api(NOTES).await;
    server.api(FILES).await;
    for (name, resource) in [("notes", NOTES), ("files", FILES)] {
        let changes = Changes {
            description: Some(format!("Use your {name}")),
            resource: Some(Some(resource.to_owned())),
            ..Changes::default()
        };
        scopes::create(&server.admin, &Origin::default(), name, changes).await.unwrap();
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audience_is_what_was_asked_for_else_the_scopes_resource_else_the_issuer() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid profile notes files")).await;
    for (asked, audience) in [
        ("profile", serde_json::json!(server.issuer)),
        ("notes", serde_json::json!(NOTES)),
        ("openid notes", serde_json::json!([NOTES, server.issuer])),
    ] {
        let tokens = app.tokens(&mut browser, &[("scope", asked)]).await;
        assert_eq!(tokens.claims("access_token")["aud"], audience, "{asked}");
    }
    let both = browser.authorize(&app, &[("scope", "notes files")]).await;
    assert_eq!(both.redirected()["error"], "invalid_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_resource_gets_its_own_scopes_and_one_of_several_has_to_be_named() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.scope = scope("openid notes files");
            app.resources = vec![NOTES.to_owned(), FILES.to_owned()];
        })
        .await;
    let asked = [("scope", "openid notes files"), ("resource", NOTES), ("resource", FILES)];
    let code = browser.allow(&app, &asked).await;
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", &app.redirect_uri)];
    app.token(&pairs).await.refused("invalid_target");
    let named = [&pairs[..], &[("resource", NOTES)]].concat();
    let tokens = Tokens::of(&app.token(&named).await);
    let claims = tokens.claims("access_token");
    assert_eq!((claims["aud"].as_str(), claims["scope"].as_str()), (Some(NOTES), Some("notes")));
    assert!(tokens.all.get("id_token").is_some());
    assert!(!server.opens(&tokens.access_token).await, "another audience opens no door of ours");
    let refresh = |resource: &'static str| {
        [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str()), ("resource", resource)]
    };
    let files = Tokens::of(&app.token(&refresh(FILES)).await);
    assert_eq!(files.claims("access_token")["aud"], FILES);
    app.token(&refresh("https://other.example")).await.refused("invalid_target");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_resource_was_named_none_is_reached_that_the_person_was_not_shown() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.scope = scope("openid notes files");
            app.resources = vec![FILES.to_owned(), NOTES.to_owned()];
        })
        .await;
    let code = browser.allow(&app, &[("scope", "openid notes")]).await;
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", &app.redirect_uri)];
    app.token(&[&pairs[..], &[("resource", FILES)]].concat()).await.refused("invalid_target");
    let tokens = Tokens::of(&app.token(&pairs).await);
    assert_eq!(tokens.claims("access_token")["aud"], serde_json::json!([NOTES, server.issuer]));
    let refresh = async |more: (&str, &str)| {
        app.token(&[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh_token), more]).await
    };
    refresh(("resource", FILES)).await.refused("invalid_target");
    for (more, audience) in [
        (("resource", NOTES), serde_json::json!(NOTES)),
        (("scope", "notes"), serde_json::json!(NOTES)),
        (("scope", "openid"), serde_json::json!(server.issuer)),
    ] {
        let narrower = Tokens::of(&refresh(more).await);
        assert_eq!(narrower.claims("access_token")["aud"], audience, "{more:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_sees_tokens_for_it_by_introspection_and_no_others() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid notes files")).await;
    let api = server.app_with(|api| api.introspect = vec![NOTES.to_owned()]).await;
    let notes = app.tokens(&mut browser, &[("scope", "notes")]).await;
    let files = app.tokens(&mut browser, &[("scope", "files")]).await;
    let seen = api.introspect(&notes.access_token).await.json();
    assert_eq!((seen["active"].as_bool(), seen["username"].as_str()), (Some(true), Some("ada")));
    assert_eq!((seen["aud"].as_str(), seen["scope"].as_str()), (Some(NOTES), Some("notes")));
    assert_eq!(api.introspect(&files.access_token).await.body, "{\"active\":false}");
    assert_eq!(api.introspect(&notes.refresh_token).await.body, "{\"active\":false}");
}
