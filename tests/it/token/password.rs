//! The password grant (RFC 6749 §4.3; PROTOCOL R-p).

use countersign::protocol::{client_metadata::ClientMetadata, grant::GrantType};

use crate::support::{PASSWORD, Reply, TestServer, Tokens, eventually, scope};

fn with_password(app: &mut ClientMetadata) {
    app.grant_types.push(GrantType::Password);
    app.scope = scope("read write");
}

async fn ask(app: &crate::support::App<'_>, username: &str, password: &str, more: &[(&str, &str)]) -> Reply {
    let pairs = [("grant_type", "password"), ("username", username), ("password", password)];
    app.token(&[&pairs[..], more].concat()).await
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.scope("read", "Read your notes", &[]).await;
    server.scope("write", "Change your notes", &["read"]).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_curl_gets_its_token_and_the_implied_scope_is_named() {
    let server = server().await;
    let app = server.app_with(with_password).await;
    let pairs = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.as_deref().unwrap()),
        ("grant_type", "password"),
        ("username", "ada"),
        ("password", PASSWORD),
        ("scope", "write"),
    ];
    let tokens = Tokens::of(&server.post("/oauth2/access_token", &pairs).await);
    assert_eq!((tokens.all["scope"].as_str(), tokens.all["expires_in"].as_i64()), (Some("read write"), Some(900)));
    let verified = server.post("/api/verify", &[("token", &tokens.access_token)]).await;
    assert_eq!(verified.has_status(200).json(), serde_json::json!({"user": "ada"}));
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_not_given_the_grant_cannot_use_it() {
    let server = server().await;
    ask(&server.app().await, "ada", PASSWORD, &[]).await.refused("unauthorized_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_person_wrong_password_locked_person_and_administrator_read_alike() {
    let server = server().await;
    server.admin_user("root").await;
    server.user("locked").await;
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::users::set_locked(&server.admin, &origin, "locked", true).await.unwrap();
    let app = server.app_with(with_password).await;
    let wrong = ask(&app, "ada", "wrong", &[]).await;
    wrong.has_status(400).refused("invalid_grant");
    for (name, password) in [
        ("nobody", PASSWORD),
        ("root", PASSWORD),
        ("locked", PASSWORD),
        ("ada", &PASSWORD[1..]),
        ("ada\u{0001}", PASSWORD),
    ] {
        let reply = ask(&app, name, password, &[]).await;
        assert_eq!((reply.status, &reply.body), (wrong.status, &wrong.body), "{name}");
    }
    // the audit log knows why
    let reasons = async || {
        let events = server.admin.store.list_events(100).await.unwrap().into_iter();
        let failed = events.filter(|event| event.event == "login.failed");
        let mut reasons: Vec<_> = failed.map(|event| event.reason.unwrap()).collect();
        reasons.sort();
        reasons.dedup();
        reasons
    };
    eventually(async || reasons().await == ["AdministratorRefused", "PersonLocked", "PersonRefused"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_spelling_of_the_name_and_the_address_are_the_same_person() {
    let server = server().await;
    let app = server.app_with(with_password).await;
    for name in ["ada", "ADA", " Ada ", "ada@example.com", "Ada@Example.Com"] {
        Tokens::of(&ask(&app, name, PASSWORD, &[]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_credentials_are_an_invalid_request_and_huge_ones_cost_nothing() {
    let server = server().await;
    let app = server.app_with(with_password).await;
    app.token(&[("grant_type", "password"), ("username", "ada")]).await.refused("invalid_request");
    app.token(&[("grant_type", "password"), ("password", "x")]).await.refused("invalid_request");
    ask(&app, "ada", &"x".repeat(50_000), &[]).await.refused("invalid_grant");
    ask(&app, &"x".repeat(50_000), "x", &[]).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_unregistered_and_no_dangerous_scope_comes_by_this_door() {
    let server = server().await;
    let changes = countersign::flow::admin::scopes::Changes {
        description: Some("Delete everything".to_owned()),
        danger: Some(true),
        ..countersign::flow::admin::scopes::Changes::default()
    };
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::scopes::create(&server.admin, &origin, "delete", changes).await.unwrap();
    let app = server
        .app_with(|app| {
            with_password(app);
            app.scope = scope("read delete");
        })
        .await;
    ask(&app, "ada", PASSWORD, &[("scope", "write")]).await.refused("invalid_scope");
    ask(&app, "ada", PASSWORD, &[("scope", "read delete")]).await.refused("invalid_scope");
    assert_eq!(Tokens::of(&ask(&app, "ada", PASSWORD, &[]).await).all["scope"], "read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_brings_a_dangerous_one_along_does_not_come_unasked() {
    use countersign::flow::admin::scopes::{Changes, create};
    let (server, origin) = (server().await, countersign::flow::Origin::default());
    let changes = Changes { description: Some("Delete".to_owned()), danger: Some(true), ..Changes::default() };
    create(&server.admin, &origin, "delete", changes).await.unwrap();
    server.scope("manage", "Manage everything", &["delete"]).await;
    let change = |app: &mut _| {
        with_password(app);
        app.scope = scope("read manage");
    };
    let app = server.app_with(change).await;
    ask(&app, "ada", PASSWORD, &[("scope", "manage")]).await.refused("invalid_scope");
    assert_eq!(Tokens::of(&ask(&app, "ada", PASSWORD, &[]).await).all["scope"], "read");
    // and a person who is asked for it sees it among those that do harm
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let page = browser.authorize(&app, &[("scope", "manage")]).await;
    let (_, box_of_harm) = page.body.split_once("scopes danger").unwrap();
    assert!(box_of_harm.contains("Manage everything"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_of_another_origin_cannot_guess() {
    let server = server().await;
    let app = server.app_with(with_password).await;
    let body = crate::support::encode(&[("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)]);
    for (origin, status) in [("https://evil.example", 400), ("null", 400), ("https://app.example", 200)] {
        let request = server
            .request("POST", "/oauth2/access_token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", app.basic(app.secret.as_deref().unwrap()))
            .header("origin", origin);
        let reply = Reply::of(request.body(body.clone()).send().await.unwrap()).await;
        assert_eq!(reply.status, status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_stands_among_the_persons_apps_and_removing_it_kills_its_tokens() {
    let server = server().await;
    let app = server.app_with(with_password).await;
    let tokens = Tokens::of(&ask(&app, "ada", PASSWORD, &[]).await);
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let page = browser.get("/account/apps").await;
    page.says("photo printer");
    // what a password opened is no consent
    browser.authorize(&app, &[]).await.has_status(200).says("photo printer");
    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
}
