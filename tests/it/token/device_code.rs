//! The device authorization grant (RFC 8628).

use countersign::{
    flow::{Origin, admin::clients},
    jobs::sweep,
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
    },
};

use crate::support::{App, Browser, Reply, TestServer, Tokens, rows, scope, update_client};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(crate) fn tv(app: &mut ClientMetadata) {
    app.redirect_uris = Vec::new();
    app.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    app.token_endpoint_auth_method = AuthMethod::None;
}

/// What a device has in hand.
pub(crate) struct Device {
    device_code: String,
    pub(crate) user_code: String,
}

pub(crate) async fn begin(app: &App<'_>, more: &[(&str, &str)]) -> Device {
    let begun = app.post("/oauth2/device_authorization", more).await;
    let begun = begun.has_status(200).json();
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    Device { device_code: text("device_code"), user_code: text("user_code") }
}

pub(crate) async fn poll(app: &App<'_>, device: &Device) -> Reply {
    app.token(&[("grant_type", GRANT), ("device_code", &device.device_code)]).await
}

/// Types the code in.
pub(crate) async fn enter(browser: &mut Browser<'_>, user_code: &str) -> Reply {
    let page = browser.get("/device").await;
    browser.post("/device", &[("user_code", user_code), ("csrf", &page.field("csrf"))]).await
}

async fn answer(browser: &mut Browser<'_>, page: &Reply, decision: &str, ticked: &[&str]) -> Reply {
    let (csrf, code) = (page.field("csrf"), page.field("user_code"));
    let mut fields = vec![("csrf", csrf.as_str()), ("user_code", &code), ("decision", decision)];
    fields.extend(ticked.iter().map(|scope| ("scope", *scope)));
    browser.post("/device", &fields).await
}

/// Enters the code and says yes.
pub(crate) async fn connect(browser: &mut Browser<'_>, device: &Device) {
    let page = enter(browser, &device.user_code).await;
    page.has_status(200).says("Yes, connect it");
    let done = answer(browser, &page, "allow", &[]).await;
    done.has_status(303);
    browser.get(done.location()).await.has_status(200).says("Connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_an_app_that_was_deleted_a_moment_ago_is_told_that_there_is_none() {
    let server = TestServer::start().await;
    // a server remembers an app for half a second, and now and then less
    for _ in 0..4 {
        let app = server.app_with(tv).await;
        begin(&app, &[]).await;
        clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
        let reply = app.post("/oauth2/device_authorization", &[]).await;
        reply.has_status(401).refused("invalid_client");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lets_a_device_in_and_it_gets_tokens_once() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let begun = app.post("/oauth2/device_authorization", &[("scope", "openid profile")]).await;
    let told = begun.has_status(200).json();
    let (issuer, code) = (&server.issuer, told["user_code"].as_str().unwrap());
    assert_eq!(told["verification_uri"], format!("{issuer}/device"));
    assert_eq!(told["verification_uri_complete"], format!("{issuer}/device?user_code={code}"));
    assert_eq!((told["expires_in"].as_i64(), told["interval"].as_i64()), (Some(600), Some(5)));
    assert_eq!(begun.header("cache-control"), "no-store");
    let device = Device { device_code: told["device_code"].as_str().unwrap().to_owned(), user_code: code.to_owned() };
    poll(&app, &device).await.has_status(400).refused("authorization_pending");

    // the address fills the form in, and does nothing else; whoever is not signed in signs in first
    server.user("ada").await;
    let mut browser = server.browser();
    let form = browser.get(told["verification_uri_complete"].as_str().unwrap()).await;
    form.has_status(200).says(&format!("value=\"{code}\""));
    let login = browser.post("/device", &[("user_code", code), ("csrf", &form.field("csrf"))]).await;
    login.says("id=\"login\"").says("to connect a device");
    let fields = [
        ("username", "ada"),
        ("password", crate::support::PASSWORD),
        ("csrf", &login.field("csrf")),
        ("user_code", &login.field("user_code")),
    ];
    let back = browser.post("/login", &fields).await;
    assert_eq!(back.has_status(303).location(), format!("/device?user_code={code}"));
    server.clock.advance(6);
    poll(&app, &device).await.refused("authorization_pending");
    let page = enter(&mut browser, &code.to_lowercase().replace('-', " ")).await;
    page.says("Another device")
        .says("photo printer")
        .says("Know who you are")
        .says("127.0.0.1")
        .says(&form.field("user_code")[..2]);
    let done = answer(&mut browser, &page, "allow", &[]).await;
    browser.get(done.has_status(303).location()).await.says("Connected");

    let tokens = Tokens::of(&poll(&app, &device).await);
    assert_eq!(tokens.all["scope"], "openid profile");
    assert_eq!(tokens.claims("id_token")["aud"], app.client_id);
    assert!(server.opens(&tokens.access_token).await);
    poll(&app, &device).await.refused("invalid_grant");
    assert!(server.opens(&tokens.access_token).await, "asking once more takes nothing away");
    let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);

    browser.get("/account/apps").await.says("photo printer");
    let csrf = browser.get("/account/apps").await.field("csrf");
    browser.post(&format!("/account/apps/{}", app.client_id), &[("remove", "yes"), ("csrf", &csrf)]).await;
    assert!(!server.opens(&next.access_token).await, "removing the app ends it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_reaches_the_device_and_a_second_answer_changes_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(tv).await;
    let device = begin(&app, &[]).await;
    let page = enter(&mut browser, &device.user_code).await;
    let done = answer(&mut browser, &page, "deny", &[]).await;
    browser.get(done.location()).await.says("Not connected");
    answer(&mut browser, &page, "allow", &[]).await.has_status(200).says("lready");
    poll(&app, &device).await.refused("access_denied");
    poll(&app, &device).await.refused("access_denied");
    enter(&mut browser, &device.user_code).await.says("isn’t valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_too_often_waits_five_seconds_longer_each_time() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let device = begin(&app, &[]).await;
    let after = async |seconds: i64| {
        server.clock.advance(seconds);
        poll(&app, &device).await.has_status(400).json()["error"].as_str().unwrap().to_owned()
    };
    let (pending, slower) = ("authorization_pending", "slow_down");
    // the interval is 5 s, then 10 s, then 15 s
    for (seconds, told) in
        [(0, pending), (5, pending), (4, slower), (9, slower), (15, pending), (14, slower), (20, pending)]
    {
        assert_eq!(after(seconds).await, told, "after {seconds} s");
    }
    let mut browser = server.ada().await;
    connect(&mut browser, &device).await;
    Tokens::of(&poll(&app, &device).await);
}

/// As golang.org/x/oauth2 does where nobody told it the way to authenticate: any error has it ask in the other one.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_twice_at_once_has_asked_once_and_one_that_goes_on_is_slowed() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let device = begin(&app, &[]).await;
    for _ in 0..3 {
        for _ in 0..2 {
            poll(&app, &device).await.has_status(400).refused("authorization_pending");
        }
        server.clock.advance(5);
    }
    poll(&app, &device).await.refused("authorization_pending");
    for _ in 0..2 {
        server.clock.advance(1);
        poll(&app, &device).await.refused("slow_down");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_end_and_are_forgotten() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let (asked, allowed) = (begin(&app, &[]).await, begin(&app, &[]).await);
    let mut browser = server.ada().await;
    connect(&mut browser, &allowed).await;
    server.clock.advance(600);
    for device in [&asked, &allowed] {
        poll(&app, device).await.has_status(400).refused("expired_token");
    }
    browser.sign_in("ada").await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    enter(&mut browser, &asked.user_code).await.says("isn’t valid");
    for (name, value) in [("device_code", "csdc_invented"), ("device_code", &asked.device_code[1..])] {
        app.token(&[("grant_type", GRANT), (name, value)]).await.refused("invalid_grant");
    }
    app.token(&[("grant_type", GRANT)]).await.refused("invalid_request");
    app.token(&[("grant_type", "device_code"), ("device_code", &asked.device_code)])
        .await
        .refused("unsupported_grant_type");
    // for ten minutes more a device is told that it is too late
    for (seconds, kept) in [(599, 2), (1, 0)] {
        server.clock.advance(seconds);
        sweep::run_once(&server.admin).await.unwrap();
        assert_eq!(rows(&server.database).await["device_grants"], kept);
    }
    for device in [&asked, &allowed] {
        poll(&app, device).await.refused("invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_code_is_refused_without_effect_and_who_lacks_the_grant_gets_none() {
    let server = TestServer::start().await;
    let (app, other) = (server.app_with(tv).await, server.app_with(tv).await);
    let device = begin(&app, &[]).await;
    let mut browser = server.ada().await;
    connect(&mut browser, &device).await;
    poll(&other, &device).await.refused("invalid_grant");
    Tokens::of(&poll(&app, &device).await);
    let web = server.app().await;
    web.post("/oauth2/device_authorization", &[]).await.refused("unauthorized_client");
    poll(&web, &device).await.refused("unauthorized_client");
    app.post("/oauth2/device_authorization", &[("scope", "write")]).await.refused("invalid_scope");
    let confidential = server
        .app_with(|app| {
            tv(app);
            app.token_endpoint_auth_method = AuthMethod::AnySecret;
        })
        .await;
    begin(&confidential, &[]).await;
    let nameless = App { secret: None, ..confidential.clone() };
    nameless.post("/oauth2/device_authorization", &[]).await.has_status(401).refused("invalid_client");
    server.get("/oauth2/device_authorization").await.has_status(405);
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["device_authorization_endpoint"], format!("{}/oauth2/device_authorization", server.issuer));
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&GRANT.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_sign_in_does_not_answer_for_a_device() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let device = begin(&app, &[]).await;
    let page = enter(&mut browser, &device.user_code).await;
    page.says("Yes, connect it");
    server.clock.advance(301);
    // the form that was shown in time still counts; a new question does not come
    let stale = begin(&app, &[]).await;
    enter(&mut browser, &stale.user_code).await.says("id=\"login\"").says("value=\"ada\"");
    let forged = [("csrf", "x"), ("user_code", stale.user_code.as_str()), ("decision", "allow")];
    browser.post("/device", &forged).await.says("id=\"login\"");
    answer(&mut browser, &page, "allow", &[]).await.has_status(303);
    server.clock.advance(300);
    answer(&mut browser, &page, "allow", &[]).await.says("id=\"login\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_its_forms_value_or_from_elsewhere_is_none() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let device = begin(&app, &[]).await;
    let page = enter(&mut browser, &device.user_code).await;
    let others = enter(&mut browser, &begin(&app, &[]).await.user_code).await.field("csrf");
    for csrf in ["", "x", &others] {
        let fields = [("csrf", csrf), ("user_code", &device.user_code), ("decision", "allow")];
        browser.post("/device", &fields).await.has_status(200).says("Yes, connect it");
    }
    let csrf = page.field("csrf");
    let fields = [("csrf", csrf.as_str()), ("user_code", &device.user_code), ("decision", "allow")];
    browser.headers = vec![("origin", "https://evil.example".to_owned())];
    browser.post("/device", &fields).await.has_status(403);
    browser.headers.clear();
    server.user("eve").await;
    let mut eve = server.browser();
    eve.sign_in("eve").await;
    eve.post("/device", &fields).await.says("Yes, connect it");
    poll(&app, &device).await.refused("authorization_pending");
    // a code that is looked at again and again is being tried out
    for _ in 0..10 {
        enter(&mut browser, &device.user_code).await;
    }
    enter(&mut browser, &device.user_code).await.says("isn’t valid");
    browser.get("/device?done=connected&proof=x").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_slowed_for_a_person_on_every_instance() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let device = begin(&app, &[]).await;
    for wrong in ["", "BCDF-GHJK", "aeiou", "BCDF-GHJK-LMNP", "😀😀😀😀"] {
        enter(&mut browser, wrong).await.has_status(200).says("isn’t valid");
    }
    enter(&mut browser, &device.user_code).await.has_status(429).says("Too many wrong codes");
    let second = server.second().await;
    let mut elsewhere = second.browser();
    elsewhere.cookies.clone_from(&browser.cookies);
    enter(&mut elsewhere, &device.user_code).await.has_status(429);
    server.clock.advance(2);
    enter(&mut browser, &device.user_code).await.says("Yes, connect it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_declared_optional_may_be_left_out() {
    let server = TestServer::start().await;
    server.scope("read", "Read your notes", &[]).await;
    server.scope("contacts", "See your contacts", &[]).await;
    let optional = |app: &mut ClientMetadata| {
        tv(app);
        (app.scope, app.optional_scope) = (scope("read"), scope("contacts"));
    };
    let app = server.app_with(optional).await;
    let mut browser = server.ada().await;
    for (ticked, given) in [(&[] as &[&str], "read"), (&["contacts"], "read contacts")] {
        let device = begin(&app, &[("scope", "read contacts")]).await;
        let page = enter(&mut browser, &device.user_code).await;
        answer(&mut browser, &page, "allow", ticked).await.has_status(303);
        assert_eq!(Tokens::of(&poll(&app, &device).await).all["scope"], given);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_locked_meanwhile_lets_nothing_in() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let device = begin(&app, &[]).await;
    connect(&mut browser, &device).await;
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::users::set_locked(&server.admin, &origin, "ada", true).await.unwrap();
    poll(&app, &device).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_started_at_a_bounded_rate() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    // a minute from one address
    for _ in 0..30 {
        begin(&app, &[]).await;
    }
    for _ in 0..10 {
        let reply = app.post("/oauth2/device_authorization", &[]).await;
        reply.has_status(429).refused("slow_down");
        assert_eq!(reply.header("retry-after"), "30");
    }
    server.clock.advance(61);
    begin(&app, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_types_right_codes_in_without_end_is_slowed_and_nobody_else() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let device = begin(&app, &[]).await;
    let mut statuses = Vec::new();
    for _ in 0..35 {
        statuses.push(enter(&mut browser, &device.user_code).await.status.as_u16());
    }
    assert_eq!((statuses[29], statuses[30], statuses[34]), (200, 429, 429));
    server.user("bob").await;
    let mut other = server.browser();
    other.sign_in("bob").await;
    connect(&mut other, &begin(&app, &[]).await).await;
    server.clock.advance(60);
    enter(&mut browser, &begin(&app, &[]).await.user_code).await.says("Yes, connect it");
}

/// Registered for two scopes.
async fn notes(server: &TestServer) -> App<'_> {
    for name in ["read", "delete"] {
        server.scope(name, &format!("To {name} your notes"), &[]).await;
    }
    let registered = |app: &mut ClientMetadata| {
        tv(app);
        app.scope = scope("read delete");
    };
    server.app_with(registered).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_lost_since_the_device_began_nobody_is_asked_for() {
    let server = TestServer::start().await;
    let app = notes(&server).await;
    let mut browser = server.ada().await;
    let (some, none) = (begin(&app, &[("scope", "read delete")]).await, begin(&app, &[("scope", "delete")]).await);
    let mut changed = clients::find(&server.admin, &app.client_id).await.unwrap();
    changed.metadata.scope = scope("read");
    update_client(&server.admin, &changed).await.unwrap();
    // a server of its own has not seen the client as it was
    let second = server.second().await;
    let mut elsewhere = second.browser();
    elsewhere.cookies.clone_from(&browser.cookies);
    enter(&mut elsewhere, &none.user_code).await.says("isn’t valid");
    let page = enter(&mut elsewhere, &some.user_code).await;
    assert!(page.says("To read your notes").body.find("To delete").is_none());
    answer(&mut elsewhere, &page, "allow", &[]).await.has_status(303);
    assert_eq!(Tokens::of(&poll(&app, &some).await).all["scope"], "read");
    // and what it was given back, it may ask for
    changed.metadata.scope = scope("read delete");
    update_client(&server.admin, &changed).await.unwrap();
    enter(&mut elsewhere, &none.user_code).await.says("To delete your notes");
    enter(&mut browser, &none.user_code).await.says("To delete your notes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_lost_since_the_answer_its_device_does_not_get() {
    let server = TestServer::start().await;
    let app = notes(&server).await;
    let mut browser = server.ada().await;
    let (some, none) = (begin(&app, &[("scope", "read delete")]).await, begin(&app, &[("scope", "delete")]).await);
    for device in [&some, &none] {
        connect(&mut browser, device).await;
    }
    let mut changed = clients::find(&server.admin, &app.client_id).await.unwrap();
    changed.metadata.scope = scope("read");
    update_client(&server.admin, &changed).await.unwrap();
    // a server of its own has not seen the client as it was
    let second = server.second().await;
    let elsewhere = App { server: &second, ..app.clone() };
    assert_eq!(Tokens::of(&poll(&elsewhere, &some).await).all["scope"], "read");
    poll(&elsewhere, &none).await.refused("invalid_scope");
    // and what it was given back, it gets
    changed.metadata.scope = scope("read delete");
    update_client(&server.admin, &changed).await.unwrap();
    assert_eq!(Tokens::of(&poll(&elsewhere, &none).await).all["scope"], "delete");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_free_tries_two_servers_look_at_one_wrong_code_between_them() {
    let server = TestServer::start().await;
    let app = server.app_with(tv).await;
    let mut browser = server.ada().await;
    let second = server.second().await;
    let mut elsewhere = second.browser();
    elsewhere.cookies.clone_from(&browser.cookies);
    let csrf = browser.get("/device").await.field("csrf");
    let fields = [("user_code", "BCDF-GHJK"), ("csrf", csrf.as_str())];
    for _ in 0..6 {
        browser.post("/device", &fields).await;
    }
    for round in 1..5 {
        server.clock.advance(1 << round);
        second.clock.advance(1 << round);
        let guess = async |n: usize| {
            let mut browser = if n.is_multiple_of(2) { browser.clone() } else { elsewhere.clone() };
            browser.post("/device", &fields).await.status.as_u16()
        };
        let statuses = futures_util::future::join_all((0..4).map(guess)).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "round {round}: {statuses:?}");
    }
    // a right one is no failure
    server.clock.advance(60);
    let device = begin(&app, &[]).await;
    enter(&mut browser, &device.user_code).await.says("Yes, connect it");
    enter(&mut browser, &device.user_code).await.says("Yes, connect it");
}
