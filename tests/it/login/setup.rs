//! One-time links (PROTOCOL R-o1).

use countersign::flow::{
    Origin,
    admin::users::{self, NewUser},
};

use crate::support::TestServer;

const GOOD: &str = "quite a long phrase";

async fn open<'a>(server: &'a TestServer, url: &str) -> (crate::support::Browser<'a>, crate::support::Reply) {
    let mut browser = server.browser();
    let reply = browser.get(url).await;
    reply.has_status(303);
    assert_eq!(reply.location(), "/setup", "the link leaves the URL");
    let page = browser.get("/setup").await;
    (browser, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_by_a_link_that_works_once() {
    let server = TestServer::start().await;
    let former = users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap();
    let link = users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap();
    let (_, gone) = open(&server, &former.url).await;
    gone.has_status(404).says("countersign user setup-link");
    let (mut browser, page) = open(&server, &link.url).await;
    page.has_status(200).says("first administrator");
    // looking consumes nothing
    browser.get("/setup").await.has_status(200);
    let (csrf, token) = (page.field("csrf"), page.field("t"));
    let fields = |username, email, password| {
        vec![
            ("name", "Ada Lovelace"),
            ("username", username),
            ("email", email),
            ("password", password),
            ("t", token.as_str()),
        ]
    };
    let with_csrf = |fields: Vec<(&'static str, &str)>| {
        let mut owned: Vec<_> = fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        owned.push(("csrf", csrf.clone()));
        owned
    };
    let post = async |browser: &mut crate::support::Browser<'_>, fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/setup", &fields).await
    };
    for (username, email, password) in [
        ("", "", GOOD),
        ("a b", "", GOOD),
        ("ada", "nonsense", GOOD),
        ("ada", "", "short"),
        ("ada", "", "passwordpassword"),
        ("ada", "", ""),
    ] {
        let reply = post(&mut browser, with_csrf(fields(username, email, password))).await;
        reply.has_status(200).says("Ada Lovelace").says("first administrator");
    }
    let without = fields("ada", "", GOOD).into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    post(&mut browser, without).await.has_status(200).says("first administrator");
    let stranger = post(&mut server.browser(), with_csrf(fields("ada", "", GOOD))).await;
    stranger.has_status(200).says("first administrator").says("Your browser sent no cookie");
    let made = post(&mut browser, with_csrf(fields("ada", "ada@example.com", GOOD))).await;
    made.has_status(303);
    browser.get(made.location()).await.has_status(200).says("countersign client create");
    browser.get("/account").await.has_status(200).says("Ada Lovelace");
    post(&mut browser, with_csrf(fields("eve", "", GOOD))).await.has_status(404);
    assert!(users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().is_none());
    assert_eq!(server.browser().try_to_sign_in("ada", GOOD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_first_administrators_at_once_one_is_made() {
    let server = TestServer::start().await;
    let link = users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap();
    let (browser, page) = open(&server, &link.url).await;
    let posts = (0..6).map(|n| {
        let (mut browser, csrf, token) = (browser.clone(), page.field("csrf"), page.field("t"));
        async move {
            let name = format!("admin{n}");
            let fields = [("username", name.as_str()), ("password", GOOD), ("t", &token), ("csrf", &csrf)];
            browser.post("/setup", &fields).await.status.as_u16()
        }
    });
    let statuses = futures_util::future::join_all(posts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(users::list(&server.admin, None, 100).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_person_chooses_a_password_and_every_session_ends() {
    let server = TestServer::start().await;
    let new = NewUser { username: "ada".to_owned(), ..NewUser::default() };
    let made = users::create(&server.admin, &Origin::default(), new).await.unwrap();
    let (mut browser, page) = open(&server, &made.link.unwrap().url).await;
    page.has_status(200).says("ada");
    let fields = [("password", GOOD), ("t", &*page.field("t")), ("csrf", &page.field("csrf"))];
    assert_eq!(browser.post("/setup", &fields).await.location(), "/account");
    browser.get("/account").await.has_status(200);
    browser.post("/setup", &fields).await.has_status(404);
    let mut other = server.browser();
    assert_eq!(other.try_to_sign_in("ada", GOOD).await.status, 303);
    let (_, link) = users::setup_link(&server.admin, &Origin::default(), "ada").await.unwrap();
    let (mut again, page) = open(&server, &link.url).await;
    let fields = [("password", "another long phrase"), ("t", &*page.field("t")), ("csrf", &page.field("csrf"))];
    again.post("/setup", &fields).await.has_status(303);
    other.get("/account").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_leads_where_it_led_first_and_without_that_answer_to_the_sign_in_page() {
    let server = TestServer::start().await;
    let first = users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap().url;
    for (is_first, leads) in [(true, "/setup?done=yes"), (false, "/account")] {
        let link = if is_first {
            first.clone()
        } else {
            users::setup_link(&server.admin, &Origin::default(), "ada").await.unwrap().1.url
        };
        let (mut browser, page) = open(&server, &link).await;
        let (_, hidden) = page.posts();
        let mut fields: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.extend([("username", "ada"), ("password", GOOD)]);
        // a double click: the answer to the first is dropped, and with it who has signed in
        let mut dropped = browser.clone();
        for _ in 0..2 {
            assert_eq!(browser.post("/setup", &fields).await.has_status(303).location(), leads);
        }
        let late = dropped.post("/setup", &fields).await;
        late.has_status(404).says("you can sign in").says("href=\"/login\"");
        assert!(!late.body.contains("setup-link"), "it makes no more such link: {}", late.body);
        server.clock.advance(60);
        browser.post("/setup", &fields).await.has_status(404).says("no longer works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_expires_and_nonsense_is_nothing() {
    let server = TestServer::start().await;
    server.get("/setup").await.has_status(404);
    let link = users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap();
    server.clock.advance(30 * 60);
    let (_, page) = open(&server, &link.url).await;
    page.has_status(404);
    let (_, page) = open(&server, "/setup?t=nonsense").await;
    page.has_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_persons_link_waits_until_they_are_unlocked() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let (_, link) = users::setup_link(&server.admin, &Origin::default(), "ada").await.unwrap();
    for (locked, status) in [(true, 404), (false, 200)] {
        users::set_locked(&server.admin, &Origin::default(), "ada", locked).await.unwrap();
        open(&server, &link.url).await.1.has_status(status);
    }
}
