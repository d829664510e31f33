//! What attackers and accidents do to several accounts in one browser.

use countersign::flow::{Origin, admin::users};
use futures_util::future::join_all;

use super::{
    PATH, SELECT, browser_of, choose, fields, in_use, listed, live_sessions, names, send, sign_in_too, sign_out,
};
use crate::support::{Browser, PASSWORD, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_locked_or_got_another_password_meanwhile_is_not_there_to_be_chosen() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob", "eve", "kim"]).await;
    let page = browser.authorize(&app, &SELECT).await;
    assert_eq!(names(&page), ["kim", "eve", "bob", "ada"]);
    let origin = Origin::default();
    users::set_locked(&server.admin, &origin, "ada", true).await.map(drop).unwrap();
    users::set_password(&server.admin, &origin, "bob", "another long phrase").await.map(drop).unwrap();
    users::delete(&server.admin, &origin, "eve").await.map(drop).unwrap();
    for name in ["ada", "bob", "eve"] {
        let again = send(&mut browser, &fields(&page, "account", name)).await;
        again.has_status(200).says("no longer signed in here");
        assert_eq!(names(&again), ["kim"]);
    }
    users::set_locked(&server.admin, &origin, "ada", false).await.map(drop).unwrap();
    assert_eq!(names(&browser.get(PATH).await), ["kim"], "unlocking brings nothing back");
    // a session that idles out is not there either, and the one in use is
    sign_in_too(&mut browser, "ada").await.has_status(303);
    for _ in 0..3 {
        server.clock.advance(3000);
        browser.get("/account").await.has_status(200);
    }
    assert_eq!(names(&browser.get(PATH).await), ["ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_elsewhere_a_forged_cookie_or_another_browsers_account_chooses_nothing() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    let page = browser.authorize(&app, &SELECT).await;
    let good = fields(&page, "account", "ada");
    let without = |name: &str| good.iter().filter(|(known, _)| known != name).cloned().collect::<Vec<_>>();
    // another site posts it; it has no token of its own, or another browser's
    for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let mut foreign = browser.clone();
        foreign.headers.push((header, value.to_owned()));
        send(&mut foreign, &good).await.has_status(403);
    }
    send(&mut browser, &without("csrf")).await.has_status(200).says("open too long");
    let mut mallory = browser_of(&server, &["mallory"]).await;
    let theirs = mallory.get(PATH).await;
    let mut swapped = without("csrf");
    swapped.push(("csrf".to_owned(), theirs.field("csrf")));
    send(&mut browser, &swapped).await.has_status(200).says("open too long");
    // nor does an address choose, nor an unclear word
    browser.get(&format!("{PATH}?account={}", listed(&page)[1].0)).await.has_status(200);
    for (name, value) in [("account", "nonsense"), ("remove", "nonsense"), ("account", "")] {
        let mut odd = without("account");
        odd.push((name.to_owned(), value.to_owned()));
        assert_eq!(names(&send(&mut browser, &odd).await), ["bob", "ada"]);
    }
    // somebody else's account, by its id, in one's own browser
    let mut theft = theirs.posts().1;
    theft.push(("account".to_owned(), listed(&page)[1].0.clone()));
    send(&mut mallory, &theft).await.has_status(200).says("no longer signed in here");
    let mut theft = theirs.posts().1;
    theft.push(("remove".to_owned(), listed(&page)[1].0.clone()));
    send(&mut mallory, &theft).await.has_status(200).says("no longer signed in here");
    // what is carried for an account is no session, and a session is none of those
    let accounts = browser.cookie("countersign_accounts").unwrap();
    for secret in accounts.split('.') {
        let mut other = server.browser();
        other.cookies = vec![("countersign_session".to_owned(), secret.to_owned())];
        assert_eq!(in_use(&mut other).await, None);
    }
    let session = browser.cookie("countersign_session").unwrap();
    let mut forged = accounts.clone();
    forged.replace_range(8..9, if &forged[8..9] == "A" { "B" } else { "A" });
    for value in [session, forged.split('.').next().unwrap().to_owned(), "....".to_owned(), "x".repeat(4000)] {
        let mut other = server.browser();
        other.cookies = vec![("countersign_accounts".to_owned(), value)];
        assert_eq!(other.get(PATH).await.location(), "/login?another=yes");
        other.authorize(&app, &SELECT).await.says("id=\"login\"");
    }
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("bob"), "after all that");
    assert_eq!(in_use(&mut mallory).await.as_deref(), Some("mallory"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_one_browser_is_of_no_use_in_another_that_has_copied_what_it_carries_for_accounts() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    let page = browser.authorize(&app, &SELECT).await;
    let mut other = server.browser();
    other.cookies = browser.cookies.iter().filter(|(name, _)| name.ends_with("accounts")).cloned().collect();
    let refused = send(&mut other, &fields(&page, "account", "ada")).await;
    refused.has_status(400).says("ookies");
    assert!(other.cookie("countersign_session").is_none());
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("bob"));
    // and when the owner signs out, it is dead
    sign_out(&mut browser, "all").await;
    assert_eq!(other.get(PATH).await.location(), "/login?another=yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_click_gets_what_the_first_one_got_and_sixteen_tabs_lose_nobody() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    let page = browser.authorize(&app, &SELECT).await;
    // the browser drops the first answer, cookies and all
    let mut dropped = browser.clone();
    let fields = fields(&page, "account", "ada");
    send(&mut dropped, &fields).await.has_status(303);
    send(&mut browser, &fields).await.has_status(303);
    assert_eq!(browser.cookie("countersign_session"), dropped.cookie("countersign_session"));
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("ada"));
    // each tab has a request of its own; half of them want the one, half the other
    server.clock.advance(100);
    let mut tabs = Vec::new();
    for n in 0..16 {
        let page = browser.authorize(&app, &SELECT).await;
        tabs.push(super::fields(&page, "account", if n % 2 == 0 { "ada" } else { "bob" }));
    }
    let answers = join_all(tabs.iter().map(async |fields| {
        let mut tab = browser.clone();
        let reply = send(&mut tab, fields).await;
        assert!(matches!(reply.status.as_u16(), 200 | 303), "{}", reply.status);
        tab.cookies
    }))
    .await;
    for cookies in answers {
        // whichever answer came last
        let mut tab = Browser { cookies, ..browser.clone() };
        let mut names = names(&tab.get(PATH).await);
        names.sort();
        assert_eq!(names, ["ada", "bob"]);
    }
    assert_eq!(live_sessions(&server).await, 2);
    let page = browser.get(PATH).await;
    choose(&mut browser, &page, "bob").await;
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_has_eight_accounts_at_most_and_the_one_seen_longest_ago_makes_room() {
    let server = TestServer::start().await;
    let names: Vec<String> = (0..10).map(|n| format!("person{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut browser = browser_of(&server, &all).await;
    let listed = super::names(&browser.get(PATH).await);
    assert_eq!(listed, all.iter().skip(2).rev().copied().collect::<Vec<_>>());
    assert_eq!(live_sessions(&server).await, 8, "the others have ended");
    // who signs in again takes no second place
    sign_in_too(&mut browser, "person5").await.has_status(303);
    assert_eq!((super::names(&browser.get(PATH).await).len(), live_sessions(&server).await), (8, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_to_stay_outlives_the_browsers_own_session() {
    let server = TestServer::start().await;
    let mut browser = browser_of(&server, &["ada"]).await;
    server.user("bob").await;
    let page = browser.get("/login?another=yes").await;
    let csrf = page.field("csrf");
    let fields = [("username", "bob"), ("password", PASSWORD), ("csrf", &*csrf), ("remember", "on")];
    let reply = browser.post("/login", &fields).await;
    let set: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let of = |name: &str| *set.iter().find(|cookie| cookie.starts_with(name)).unwrap();
    assert!(of("countersign_kept_accounts=").contains("Max-Age=2592000"));
    assert!(of("countersign_session=").contains("Max-Age=2592000"));
    assert!(!of("countersign_accounts=").contains("Max-Age"), "ada did not ask for it");
    for cookie in &set {
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
    assert_eq!(names(&browser.get(PATH).await), ["bob", "ada"]);
    // the browser is closed and opened
    browser.cookies.retain(|(name, _)| !name.ends_with("countersign_accounts"));
    let page = browser.get(PATH).await;
    assert_eq!(names(&page), ["bob"]);
    // chosen again, it still is one to stay
    sign_in_too(&mut browser, "ada").await;
    let page = browser.get(PATH).await;
    let reply = send(&mut browser, &super::fields(&page, "account", "bob")).await;
    let set: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(set.iter().any(|cookie| cookie.starts_with("countersign_session=") && cookie.contains("Max-Age=")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_carried_for_an_account_that_is_in_use_is_of_no_use_without_the_session() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada"]).await;
    let mut other = browser.clone();
    other.cookies.retain(|(name, _)| name != "countersign_session");
    assert_eq!(other.get(PATH).await.location(), "/login?another=yes");
    other.authorize(&app, &[("scope", "openid")]).await.says("id=\"login\"");
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("ada"));
    // nor with the digest that a session has while it waits
    server.user("bob").await;
    sign_in_too(&mut browser, "bob").await.has_status(303);
    let accounts = browser.cookie("countersign_accounts").unwrap();
    for secret in accounts.split('.') {
        let mut text = "out of use: ".to_owned();
        text.push_str(secret);
        let mut other = server.browser();
        other.cookies = vec![("countersign_session".to_owned(), text)];
        assert_eq!(in_use(&mut other).await, None);
    }
}
