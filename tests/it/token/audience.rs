//! Audience and resources (RFC 8707; PROTOCOL R-k).

use countersign::{
    flow::{
        Origin,
        admin::{
            clients,
            scopes::{self, Changes},
        },
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType},
};
use serde_json::{Value, json};

use super::device_code::{begin, connect, enter, poll};
use crate::support::{App, PASSWORD, Reply, TestServer, Tokens, claims, scope, sql, update_client};

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

/// Changes what is registered of an app.
async fn register(server: &TestServer, app: &App<'_>, change: impl FnOnce(&mut ClientMetadata)) {
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    change(&mut client.metadata);
    update_client(&server.admin, &client).await.unwrap();
}

/// Where the access token of an answer is good.
#[track_caller]
fn aud(reply: &Reply) -> Value {
    Tokens::of(reply).claims("access_token")["aud"].clone()
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

/// RFC 6749 §5.1: an answer without `scope` says that it is all of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_its_own_gets_no_token_in_which_nothing_is_left_of_the_scopes_it_asked_for() {
    let server = server().await;
    let registered = |app: &mut ClientMetadata| {
        app.grant_types = vec![GrantType::ClientCredentials];
        app.scope = scope("notes");
        app.resources = vec![FILES.to_owned()];
    };
    let app = server.app_with(registered).await;
    let grant = ("grant_type", "client_credentials");
    let named = ("resource", FILES);
    app.token(&[grant, ("scope", "notes"), named]).await.has_status(400).refused("invalid_scope");
    // who asks for nothing gets what there is
    let bare = Tokens::of(&app.token(&[grant, named]).await);
    assert_eq!((&bare.claims("access_token")["aud"], bare.all.get("scope")), (&json!(FILES), None));
    assert_eq!(aud(&app.token(&[grant, ("scope", "notes")]).await), NOTES);
    // and of a part the answer says which
    register(&server, &app, |app| app.scope = scope("notes files")).await;
    let second = server.second().await;
    let there = App { server: &second, ..app.clone() };
    let part = Tokens::of(&there.token(&[grant, ("scope", "notes files"), named]).await);
    assert_eq!(part.all["scope"], "files");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scope_is_for_may_be_named_also_by_an_app_that_has_no_api_of_its_own() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid notes files")).await;
    let code = browser.allow(&app, &[("scope", "openid notes"), ("resource", NOTES)]).await;
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", &app.redirect_uri)];
    let tokens = Tokens::of(&app.token(&[&pairs[..], &[("resource", NOTES)]].concat()).await);
    assert_eq!(tokens.claims("access_token")["aud"], NOTES);
    // named only now: the page has shown it all the same
    let code = browser.allow(&app, &[("scope", "openid notes")]).await;
    let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", &app.redirect_uri)];
    let tokens = Tokens::of(&app.token(&[&pairs[..], &[("resource", NOTES)]].concat()).await);
    assert_eq!(tokens.claims("access_token")["aud"], NOTES);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
    app.token(&[&refresh[..], &[("resource", FILES)]].concat()).await.refused("invalid_target");
    assert_eq!(aud(&app.token(&[&refresh[..], &[("resource", NOTES)]].concat()).await), NOTES);
    // what the person leaves out takes no code with it, and no token goes to its API
    let spare = |app: &mut ClientMetadata| (app.scope, app.optional_scope) = (scope("openid files"), scope("notes"));
    let app = server.app_with(spare).await;
    let page = browser.authorize(&app, &[("scope", "openid notes"), ("resource", NOTES)]).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    let code = ("code", sent["code"].as_str());
    let pairs = [("grant_type", "authorization_code"), code, ("redirect_uri", &app.redirect_uri)];
    app.token(&[&pairs[..], &[("resource", NOTES)]].concat()).await.refused("invalid_target");
    let left = Tokens::of(&app.token(&pairs).await);
    let claims = left.claims("access_token");
    assert_eq!((claims["aud"].as_str(), claims["scope"].as_str()), (Some(server.issuer.as_str()), Some("openid")));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", left.refresh_token.as_str())];
    app.token(&[&refresh[..], &[("resource", NOTES)]].concat()).await.refused("invalid_target");
    // of two it is the other
    let both = [("scope", "openid notes files"), ("resource", NOTES), ("resource", FILES)];
    let page = browser.authorize(&app, &[&both[..], &[("prompt", "consent")]].concat()).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    let code = ("code", sent["code"].as_str());
    let pairs = [("grant_type", "authorization_code"), code, ("redirect_uri", &app.redirect_uri)];
    assert_eq!(aud(&app.token(&pairs).await), FILES);
    for (asked, resource) in [("openid", NOTES), ("openid notes", FILES)] {
        let refused = browser.authorize(&app, &[("scope", asked), ("resource", resource)]).await;
        assert_eq!(refused.redirected()["error"], "invalid_target", "{asked}, {resource}");
    }
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
async fn an_api_that_an_app_or_a_scope_is_given_is_in_no_token_of_what_was_allowed_before() {
    for to_the_app in [true, false] {
        let server = server().await;
        server.scope("plain", "See the plain things", &[]).await;
        let mut browser = server.ada().await;
        let app = server
            .app_with(|app| {
                app.grant_types.extend([GrantType::DeviceCode, GrantType::Password]);
                app.scope = scope("plain");
            })
            .await;
        let device = begin(&app, &[]).await;
        connect(&mut browser, &device).await;
        let person = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
        let by_password = Tokens::of(&app.token(&person).await);
        let by_code = app.tokens(&mut browser, &[]).await;
        let waiting = browser.allow(&app, &[]).await;
        if to_the_app {
            register(&server, &app, |app| app.resources = vec![NOTES.to_owned()]).await;
        } else {
            let changes = Changes { resource: Some(Some(NOTES.to_owned())), ..Changes::default() };
            scopes::update(&server.admin, &Origin::default(), "plain", changes).await.map(drop).unwrap();
        }
        // a server of its own has not seen them as they were, and the first one may not have seen what they are
        let second = server.second().await;
        let there = App { server: &second, ..app.clone() };
        let mut elsewhere = second.browser();
        elsewhere.cookies.clone_from(&browser.cookies);
        let code = elsewhere.allow(&there, &[]).await;
        assert_eq!(aud(&app.redeem(&code).await), NOTES, "at once");

        for reply in [
            there.redeem(&waiting).await,
            poll(&there, &device).await,
            there.refresh(&by_password.refresh_token).await,
            there.refresh(&by_code.refresh_token).await,
        ] {
            let tokens = Tokens::of(&reply);
            assert_eq!((aud(&reply), &tokens.all["scope"]), (json!(server.issuer), &json!("plain")));
            let refresh = ("refresh_token", tokens.refresh_token.as_str());
            let named = [("grant_type", "refresh_token"), refresh, ("resource", NOTES)];
            there.token(&named).await.refused("invalid_target");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_by_the_release_before_goes_by_what_is_registered() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid profile files")).await;
    let before = app.tokens(&mut browser, &[("scope", "profile")]).await;
    let files = app.tokens(&mut browser, &[("scope", "openid files")]).await;
    let part = app.tokens(&mut browser, &[("scope", "profile files")]).await;
    sql(&server.database, "UPDATE grants SET audience = NULL").await;
    let registered = |app: &mut ClientMetadata| {
        (app.scope, app.resources) = (scope("openid profile"), vec![NOTES.to_owned()]);
    };
    register(&server, &app, registered).await;
    let second = server.second().await;
    let there = App { server: &second, ..app.clone() };
    assert_eq!(aud(&there.refresh(&before.refresh_token).await), NOTES);
    // what it has lost is not reached by its name either
    let named = [("grant_type", "refresh_token"), ("refresh_token", &files.refresh_token), ("resource", FILES)];
    there.token(&named).await.refused("invalid_target");
    // nor by a scope that is left
    there.refresh(&part.refresh_token).await.refused("invalid_target");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_names_apis_and_gets_tokens_for_those_that_were_granted_and_are_the_apps_still() {
    let server = server().await;
    let mut browser = server.ada().await;
    let registered = |app: &mut ClientMetadata| {
        app.grant_types = vec![GrantType::DeviceCode];
        (app.scope, app.optional_scope) = (scope("openid"), scope("notes"));
        app.resources = vec![FILES.to_owned()];
    };
    let app = server.app_with(registered).await;
    let notes = [("scope", "openid notes"), ("resource", NOTES)];
    let files = [("scope", "openid"), ("resource", FILES)];
    // `notes` is left out, as it is by whoever ticks nothing
    let device = begin(&app, &notes).await;
    connect(&mut browser, &device).await;
    assert_eq!(aud(&poll(&app, &device).await), server.issuer);
    let device = begin(&app, &[&notes[..], &files[1..]].concat()).await;
    connect(&mut browser, &device).await;
    assert_eq!(aud(&poll(&app, &device).await), FILES);
    let one = begin(&app, &files).await;
    let both = begin(&app, &[&files[..], &[("resource", &server.issuer)]].concat()).await;
    register(&server, &app, |app| app.resources.clear()).await;
    // a server of its own has not seen the app as it was
    let second = server.second().await;
    let (there, mut browser) = (App { server: &second, ..app.clone() }, second.browser());
    browser.sign_in("ada").await;
    // nobody is asked for what it cannot get any more
    enter(&mut browser, &one.user_code).await.says("That code");
    connect(&mut browser, &both).await;
    assert_eq!(aud(&poll(&there, &both).await), server.issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_the_app_has_lost_since_is_in_no_new_token_until_it_is_given_back() {
    let server = server().await;
    let mut browser = server.ada().await;
    let registered = |app: &mut ClientMetadata| {
        app.scope = scope("openid profile notes");
        app.resources = vec![NOTES.to_owned()];
    };
    let app = server.app_with(registered).await;
    let both = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
    let alone = app.tokens(&mut browser, &[("scope", "profile")]).await;
    let named = app.tokens(&mut browser, &[("scope", "openid notes"), ("resource", NOTES)]).await;
    let waiting = browser.allow(&app, &[("scope", "openid profile")]).await;
    register(&server, &app, |app| (app.scope, app.resources) = (scope("openid profile"), Vec::new())).await;
    // a server of its own has not seen the app as it was
    let second = server.second().await;
    let there = App { server: &second, ..app.clone() };
    assert_eq!(aud(&there.redeem(&waiting).await), server.issuer);
    let less = there.refresh(&both.refresh_token).await;
    assert_eq!(aud(&less), server.issuer);
    for tokens in [&alone, &named] {
        there.refresh(&tokens.refresh_token).await.refused("invalid_target");
    }
    register(&server, &app, registered).await;
    let again = there.refresh(&Tokens::of(&less).refresh_token).await;
    assert_eq!(aud(&again), json!([NOTES, server.issuer]), "at once, for the grant has kept it (P18)");
    for tokens in [&alone, &named] {
        assert_eq!(aud(&there.refresh(&tokens.refresh_token).await), NOTES);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_left_out_takes_its_api_along_and_none_that_was_not_shown_comes_in_its_place() {
    let server = server().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.grant_types.push(GrantType::Implicit);
            (app.scope, app.optional_scope) = (scope("openid"), scope("notes"));
            app.resources = vec![FILES.to_owned(), NOTES.to_owned()];
        })
        .await;
    let asked = ("scope", "openid notes");
    let code = browser.allow(&app, &[asked]).await;
    assert_eq!(aud(&app.redeem(&code).await), server.issuer);
    let page = browser.authorize(&app, &[asked, ("response_type", "token")]).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(claims(&sent["access_token"])["aud"], server.issuer);
    let page = browser.authorize(&app, &[asked]).await;
    let sent = browser.decide(&page, "allow", &["notes"]).await.redirected();
    assert_eq!(aud(&app.redeem(&sent["code"]).await), json!([NOTES, server.issuer]));
    // also where it was named, in every answer
    let app = server
        .app_with(|app| {
            app.grant_types.push(GrantType::Implicit);
            (app.scope, app.optional_scope) = (scope("openid"), scope("notes"));
        })
        .await;
    let page = browser.authorize(&app, &[asked, ("response_type", "token"), ("resource", NOTES)]).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(claims(&sent["access_token"])["aud"], server.issuer);
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
