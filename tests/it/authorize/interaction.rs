//! Interactions (PROTOCOL R-b): bound to one browser and one person, answered once.

use std::sync::{Arc, Mutex};

use countersign::{
    clock::Ts,
    flow::{Origin, admin::clients},
    protocol::client_metadata::ClientMetadata,
    store::{Pace, Store, wholly},
};
use futures_util::future::BoxFuture;

use crate::support::{Database, PASSWORD, TestServer, Tokens, encode, eventually, scope, update_client};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_one_browser_cannot_be_finished_by_another() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("eve").await;
    let app = server.app().await;
    let mut eve = server.browser();
    eve.sign_in("eve").await;
    let page = eve.authorize(&app, &[]).await;
    let reply = ada.decide(&page, "allow", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""));
    let mut without = server.browser();
    without.decide(&page, "allow", &[]).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shown_to_one_person_gives_nothing_in_anothers_session() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    let adas = browser.authorize(&app, &[]).await;
    let login = browser.get("/oauth2/logout").await;
    browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &login.field("csrf"))]).await.has_status(303);
    browser.sign_in("bob").await;
    let reply = browser.decide(&adas, "allow", &[]).await;
    reply.has_status(200).says("bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_gets_the_same_redirect_until_the_code_is_used_and_then_is_done() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let first = browser.decide(&page, "allow", &[]).await;
    let second = browser.decide(&page, "allow", &[]).await;
    assert_eq!(first.location(), second.location());
    Tokens::of(&app.redeem(&first.redirected()["code"]).await);
    let third = browser.decide(&page, "allow", &[]).await;
    third.has_status(200).says("Already done");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_decision_wins() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let denied = browser.decide(&page, "deny", &[]).await;
    assert_eq!(denied.redirected()["error"], "access_denied");
    assert_eq!(browser.decide(&page, "deny", &[]).await.location(), denied.location());
    browser.decide(&page, "allow", &[]).await.has_status(200).says("Already done");
    server.clock.advance(3000);
    browser.decide(&page, "allow", &[]).await.has_status(200).says("Already done");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_presses_at_once_give_one_code() {
    let server = TestServer::start().await;
    let browser = server.ada().await;
    let app = server.app().await;
    let page = browser.clone().authorize(&app, &[]).await;
    let presses = (0..16).map(|_| {
        let (mut browser, page) = (browser.clone(), page.clone());
        async move { browser.decide(&page, "allow", &[]).await.location().to_owned() }
    });
    let mut codes = futures_util::future::join_all(presses).await;
    codes.dedup();
    assert_eq!(codes.len(), 1, "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_two_requests() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let one = browser.authorize(&app, &[("state", "one")]).await;
    let two = browser.authorize(&app, &[("state", "two")]).await;
    let second = browser.decide(&two, "allow", &[]).await.redirected();
    let first = browser.decide(&one, "deny", &[]).await.redirected();
    assert_eq!((second["state"].as_str(), second.contains_key("code")), ("two", true));
    assert_eq!((first["state"].as_str(), first["error"].as_str()), ("one", "access_denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_come_back_when_the_browser_is_opened_again_are_all_of_that_browser() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let before = browser.authorize(&app, &[("state", "before")]).await;
    // it is closed and opened: what has no life of its own is gone
    let set = before.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let lasting: Vec<&str> = set.filter(|cookie| cookie.contains("Max-Age=")).collect();
    browser.cookies.retain(|(name, _)| lasting.iter().any(|cookie| cookie.starts_with(name)));
    // two tabs ask at once, and what the second is given takes the place of what the first was
    let one = browser.clone().authorize(&app, &[("state", "one")]).await;
    let two = browser.authorize(&app, &[("state", "two")]).await;
    browser.get(&format!("/login?interaction={}", before.field("interaction"))).await.has_status(200);
    for (page, state) in [(&one, "one"), (&two, "two")] {
        let page = browser.sign_in_here(page, "ada").await;
        assert_eq!(browser.decide(&page, "deny", &[]).await.redirected()["state"], state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_hour_the_page_says_to_start_again() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    server.clock.advance(3600);
    let reply = browser.decide(&page, "allow", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_checked_again_at_the_answer() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
    eventually(async || server.get(&app.authorize_path(&[])).await.status == 400).await;
    let reply = browser.decide(&page, "allow", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_while_the_page_waited_is_not_given() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("read", "Read your notes", &[]).await;
    let app = server
        .app_with(|app| {
            app.scope = scope("profile read");
            app.redirect_uris.push("https://app.example/second".to_owned());
        })
        .await;
    let change = async |change: fn(&mut ClientMetadata)| {
        let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
        change(&mut client.metadata);
        update_client(&server.admin, &client).await.unwrap();
    };
    let page = browser.authorize(&app, &[("scope", "read")]).await;
    change(|metadata| metadata.scope = scope("profile")).await;
    let asked = app.authorize_path(&[("scope", "read")]);
    eventually(async || server.get(&asked).await.header("location").contains("error=invalid_scope")).await;
    let reply = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!((reply["error"].as_str(), reply.get("code")), ("invalid_scope", None));
    let page = browser.authorize(&app, &[]).await;
    change(|metadata| drop(metadata.redirect_uris.remove(0))).await;
    eventually(async || server.get(&app.authorize_path(&[])).await.status == 400).await;
    let reply = browser.decide(&page, "allow", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""));
}

/// Takes an app away from its person the moment an answer that rests on an earlier consent is to be written.
#[derive(Default)]
struct Removed(Mutex<Option<(Store, i64, String, Ts)>>);

impl Pace for Removed {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let removed = if operation == "answer_on_consent" { self.0.lock().unwrap().take() } else { None };
            if let Some((store, user, client, now)) = removed {
                assert!(wholly(|| store.remove_app(user, client.clone(), now)).await.unwrap());
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_removes_an_app_while_it_is_answered_in_silence_is_asked_again() {
    let removed = Arc::new(Removed::default());
    let server = TestServer::paced(Database::fresh().await, &[], removed.clone()).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let again = browser.authorize(&app, &[]).await.redirected();
    assert!(again.contains_key("code"), "{again:?}");
    let store = server.admin.store.clone();
    let ada = store.find_user_by_name("ada".to_owned()).await.unwrap().unwrap();
    *removed.0.lock().unwrap() = Some((store.clone(), ada.id, app.client_id.clone(), server.admin.now()));
    let page = browser.authorize(&app, &[]).await;
    assert!(removed.0.lock().unwrap().is_none(), "it was not answered from the consent");
    assert_eq!((page.status.as_u16(), page.header("location")), (200, ""));
    assert!(store.list_grants(Some(ada.id), None, server.admin.now(), 9).await.unwrap().is_empty());
    browser.decide(&page, "allow", &[]).await.redirected();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_post_from_another_site_comes_back_to_its_session() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    // the other site's form arrives without our cookies
    let fields = [
        ("response_type", "code"),
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", &app.redirect_uri),
        ("state", "posted"),
    ];
    let reply = server.post("/oauth2/authorize", &fields).await;
    reply.has_status(303);
    // there they are seen again: who is signed in, and what she agreed to
    let sent = browser.get(reply.location()).await.redirected();
    assert_eq!((sent["state"].as_str(), sent.contains_key("code")), ("posted", true));
    let other = server.app().await;
    let reply = server.post("/oauth2/authorize", &[&fields[..1], &[("client_id", &other.client_id)]].concat()).await;
    browser.get(reply.location()).await.has_status(200).says("photo printer");
    let evil = [("client_id", app.client_id.as_str()), ("redirect_uri", "https://evil.example/")];
    let reply = server.post("/oauth2/authorize", &evil).await;
    let reply = browser.get(reply.location()).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_too_long_for_a_url_goes_by_a_form_of_our_own() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let state = "s".repeat(4000);
    let fields = [
        ("response_type", "code"),
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", &app.redirect_uri),
        ("state", &state),
    ];
    let page = server.post("/oauth2/authorize", &fields).await;
    page.has_status(200);
    let page = browser.post("/oauth2/authorize", &[("interaction", &page.field("interaction"))]).await;
    page.has_status(200).says("photo printer");
    assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["state"], state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_page_of_one_browser_cannot_be_finished_by_another() {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.user("eve").await;
    let app = server.app().await;
    // eve wants ada's browser to go on with what eve began, as ada or as eve
    let mut eve = server.browser();
    let eves = eve.authorize(&app, &[("state", "eves")]).await;
    let mut ada = server.browser();
    let adas = ada.authorize(&app, &[("state", "adas")]).await;
    for (username, csrf) in [("ada", &eves), ("eve", &eves), ("ada", &adas), ("eve", &adas)] {
        let fields = [
            ("username", username),
            ("password", PASSWORD),
            ("csrf", &csrf.field("csrf")),
            ("interaction", &eves.field("interaction")),
        ];
        let reply = ada.post("/login", &fields).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{username}");
        server.browser().post("/login", &fields).await.has_status(400);
        assert!(ada.cookie("countersign_session").is_none());
    }
    let link = format!("/oauth2/authorize?{}", encode(&[("interaction", &eves.field("interaction"))]));
    for path in [link.clone(), link.replace("/oauth2/authorize", "/login")] {
        ada.get(&path).await.has_status(400);
    }
    let page = ada.sign_in_here(&adas, "ada").await;
    assert_eq!(ada.decide(&page, "allow", &[]).await.redirected()["state"], "adas");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_from_the_sign_in_page_never_leads_off_the_server() {
    let server = TestServer::start().await;
    server.user("ada").await;
    // what random letters never are, and no escaping changes
    let place = "evil.example";
    let ways = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:evil.example()", place];
    for name in ["next", "return_to", "redirect", "redirect_uri", "continue", "url", "service", "interaction"] {
        for elsewhere in ways {
            let mut browser = server.browser();
            let page = browser.get(&format!("/login?{}", encode(&[(name, elsewhere)]))).await;
            assert_eq!(page.header("location"), "", "{name}");
            assert!(!page.body.contains(place), "{name}={elsewhere}");
            let own = browser.get("/login").await;
            let csrf = own.field("csrf");
            let fields = [("username", "ada"), ("password", PASSWORD), ("csrf", &*csrf), (name, elsewhere)];
            let reply = browser.post(&format!("/login?{}", encode(&[(name, elsewhere)])), &fields).await;
            // a sealed request that was not sealed here is none; everything else is not looked at
            let expected = if name == "interaction" { (400, "") } else { (303, "/account") };
            assert_eq!((reply.status.as_u16(), reply.header("location")), expected, "{name}={elsewhere}");
        }
    }
}
