//! Scopes (RFC 6749 §3.3): only what a client is registered for and, at people's doors, only what a person allowed.

use countersign::protocol::grant::GrantType;

use super::with_optional_contacts;
use crate::support::{App, Browser, PASSWORD, Reply, TestServer, Tokens, scope};

/// Scopes, an app of every grant that is registered for `read` alone, and ada, who allowed it that.
async fn reader(server: &TestServer) -> App<'_> {
    for name in ["read", "write", "admin"] {
        server.scope(name, &format!("To {name}"), &[]).await;
    }
    server
        .app_with(|app| {
            app.grant_types.extend([GrantType::ClientCredentials, GrantType::Password, GrantType::Implicit]);
            app.scope = scope("read");
        })
        .await
}

/// What every door that takes a scope answers to this one.
async fn at_every_door(app: &App<'_>, browser: &mut Browser<'_>, asked: &str) -> Vec<(&'static str, Reply)> {
    let tokens = app.tokens(browser, &[("scope", "read")]).await;
    let person = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", asked)];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh_token), ("scope", asked)];
    vec![
        ("client_credentials", app.token(&[("grant_type", "client_credentials"), ("scope", asked)]).await),
        ("password", app.token(&person).await),
        ("refresh_token", app.token(&refresh).await),
        ("code", browser.authorize(app, &[("scope", asked)]).await),
        ("token", browser.authorize(app, &[("scope", asked), ("response_type", "token")]).await),
    ]
}

#[track_caller]
fn is_invalid_scope(door: &str, reply: &Reply, asked: &str, why: &str) {
    let words = reply.body.clone() + &reply.header("location").replace('+', " ");
    assert!(words.contains(why), "{asked:?} at {door}: {words}");
    if reply.status.is_redirection() {
        let sent = reply.redirected();
        assert_eq!(sent.get("error").map(String::as_str), Some("invalid_scope"), "{asked:?} at {door}");
        assert!(!sent.contains_key("code") && !sent.contains_key("access_token"), "{asked:?} at {door}");
    } else {
        assert_eq!(reply.status, 400, "{asked:?} at {door}: {}", reply.body);
        assert_eq!(reply.json()["error"], "invalid_scope", "{asked:?} at {door}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_the_client_is_not_registered_for_is_refused_at_every_door_in_every_spelling() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = reader(&server).await;
    for asked in
        ["write", "read write", "write read", " write ", "READ", "Read", "read,write", "read+write", "*", "rea"]
    {
        for (door, reply) in at_every_door(&app, &mut browser, asked).await {
            is_invalid_scope(door, &reply, asked, "the scope ");
        }
    }
    for (door, reply) in at_every_door(&app, &mut browser, "read read").await {
        assert!(reply.status.is_success() || !reply.redirected().contains_key("error"), "control, at {door}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_that_no_scope_may_have_are_an_invalid_scope_and_no_failure() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = reader(&server).await;
    for asked in [
        "re\"ad",
        "read\\",
        "read\twrite",
        "read\nwrite",
        "re\u{1}ad",
        "re\u{7f}ad",
        "réad",
        "read\u{a0}write",
        "read✓",
    ] {
        for (door, reply) in at_every_door(&app, &mut browser, asked).await {
            is_invalid_scope(door, &reply, asked, "character that no scope may have");
        }
    }
    // a NUL is no text at all, whatever the parameter
    for (door, reply) in at_every_door(&app, &mut browser, "read\0").await {
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{door}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_scopes_than_anybody_needs_are_refused_before_they_are_looked_up() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = reader(&server).await;
    let many = |n: usize| (0..n).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    // also when most of it is one name over and over
    for asked in [many(101), "read ".repeat(900), "x".repeat(4097)] {
        for (door, reply) in at_every_door(&app, &mut browser, &asked).await {
            is_invalid_scope(door, &reply, door, "is too long");
        }
    }
    let thousands = many(8000);
    app.token(&[("grant_type", "client_credentials"), ("scope", &thousands)]).await.refused("invalid_scope");
    let fields = [("client_id", app.client_id.as_str()), ("response_type", "code"), ("scope", &many(4000))];
    let page = browser.post("/oauth2/authorize", &fields).await;
    let reply = browser.post("/oauth2/authorize", &[("interaction", &page.field("interaction"))]).await;
    is_invalid_scope("code, by POST", &reply, "thousands", "is too long");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_was_left_unticked_is_not_given_silently_the_next_time() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = with_optional_contacts(&server).await;
    let asked = [("scope", "read contacts")];
    let page = browser.authorize(&app, &asked).await;
    assert!(browser.decide(&page, "allow", &[]).await.redirected().contains_key("code"));
    for _ in 0..2 {
        browser.authorize(&app, &asked).await.has_status(200).says("name=\"scope\" value=\"contacts\"");
        let silent = browser.authorize(&app, &[asked[0], ("prompt", "none")]).await.redirected();
        assert_eq!((silent["error"].as_str(), silent.get("code")), ("consent_required", None));
    }
    // what was allowed is still answered without a page, and holds nothing else
    let sent = browser.authorize(&app, &[("scope", "read")]).await.redirected();
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], "read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_was_allowed_and_is_left_unticked_later_is_not_given_silently_either() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = with_optional_contacts(&server).await;
    let asked = [("scope", "read contacts")];
    let again = [asked[0], ("prompt", "consent")];
    let page = browser.authorize(&app, &asked).await;
    browser.decide(&page, "allow", &["contacts"]).await.redirected();
    let sent = browser.authorize(&app, &asked).await.redirected();
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], "read contacts");
    let page = browser.authorize(&app, &again).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], "read");
    browser.authorize(&app, &asked).await.has_status(200).says("name=\"scope\" value=\"contacts\"");
    let silent = browser.authorize(&app, &[asked[0], ("prompt", "none")]).await.redirected();
    assert_eq!((silent["error"].as_str(), silent.get("code")), ("consent_required", None));
    // until it is ticked again
    let page = browser.authorize(&app, &again).await;
    browser.decide(&page, "allow", &["contacts"]).await.redirected();
    let sent = browser.authorize(&app, &asked).await.redirected();
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], "read contacts");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scope_a_client_gets_its_registered_harmless_ones_and_never_everything_there_is() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for name in ["read", "write", "contacts"] {
        server.scope(name, &format!("To {name}"), &[]).await;
    }
    let app = server
        .app_with(|app| {
            app.grant_types.extend([GrantType::ClientCredentials, GrantType::Password]);
            app.scope = scope("openid profile offline_access read");
            app.optional_scope = scope("contacts");
        })
        .await;
    assert_eq!(app.tokens(&mut browser, &[]).await.all["scope"], "profile read");
    let person = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    assert_eq!(Tokens::of(&app.token(&person).await).all["scope"], "profile read");
    let own = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
    assert_eq!(own.all["scope"], "read");
    // nothing registered but what has to be asked for by name
    let bare = server.app_with(|app| app.scope = scope("openid")).await;
    assert_eq!(browser.authorize(&bare, &[]).await.redirected()["error"], "invalid_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_is_not_registered_for_is_never_given_without_asking_the_person() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("read", "Read your notes", &[]).await;
    let app = server
        .app_with(|app| {
            app.first_party = true;
            app.grant_types.push(GrantType::Password);
            app.scope = scope("openid read");
        })
        .await;
    // libraries ask for OpenID Connect's scopes whatever is registered; an app of the house is waved through only
    // with what the administrator registered
    assert!(browser.authorize(&app, &[("scope", "openid read")]).await.redirected().contains_key("code"));
    let page = browser.authorize(&app, &[("scope", "openid email")]).await;
    page.has_status(200).says("See your email address");
    let silent = browser.authorize(&app, &[("scope", "openid email"), ("prompt", "none")]).await;
    assert_eq!(silent.redirected()["error"], "consent_required");
    for beyond in ["email", "openid profile", "read offline_access"] {
        let person = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", beyond)];
        app.token(&person).await.refused("invalid_scope");
    }
    assert!(browser.decide(&page, "allow", &[]).await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_only_with_an_optional_scope_has_a_box_as_well_and_is_given_only_when_ticked() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("read", "Read your notes", &[]).await;
    server.scope("label", "Name your notes", &[]).await;
    server.scope("write", "Change your notes", &["read", "label"]).await;
    let app = server.app_with(|app| (app.scope, app.optional_scope) = (scope("read"), scope("write"))).await;
    for (ticked, given) in
        [(&[] as &[&str], "read"), (&["label"], "read label"), (&["write", "label"], "read label write")]
    {
        let page = browser.authorize(&app, &[("scope", "read write")]).await;
        page.says("name=\"scope\" value=\"write\"").says("name=\"scope\" value=\"label\"");
        assert_eq!(page.body.matches("name=\"scope\"").count(), 2, "read is needed");
        let sent = browser.decide(&page, "allow", ticked).await.redirected();
        assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], given);
    }
}
