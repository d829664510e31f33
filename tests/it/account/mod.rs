//! A person's own account.

mod locked;
mod profile;

use crate::support::{Reply, TestServer, Tokens};

#[tokio::test(flavor = "multi_thread")]
async fn the_account_shows_nothing_without_a_session_and_takes_no_form_without_its_value() {
    let server = TestServer::start().await;
    for path in ["/account", "/account/profile", "/account/apps", "/account/sessions"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, "/login"), "{path}");
    }
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    for fields in [&[("remove", "yes")][..], &[("remove", "yes"), ("csrf", "x")]] {
        let apps = browser.post(&format!("/account/apps/{}", app.client_id), fields).await;
        let sessions = browser.post("/account/sessions", &[fields, &[("end", "others")]].concat()).await;
        for (reply, page) in [(apps, "/account/apps"), (sessions, "/account/sessions")] {
            assert_eq!((reply.status.as_u16(), reply.location()), (303, page));
        }
    }
    assert!(server.opens(&tokens.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_former_session_does_nothing_and_the_page_comes_again() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let mut other = server.browser();
    other.sign_in("ada").await;
    let [apps, sessions] = [browser.get("/account/apps").await, browser.get("/account/sessions").await];
    // signed in again, in another tab
    server.clock.advance(1);
    let login = browser.authorize(&app, &[("prompt", "login")]).await;
    server.clock.advance(1);
    browser.sign_in_here(&login, "ada").await;
    let remove = format!("/account/apps/{}", app.client_id);
    let (removing, ending) = (("remove", "yes"), ("end", "others"));
    for (path, page, field, stale) in
        [(&*remove, "/account/apps", removing, &apps), ("/account/sessions", "/account/sessions", ending, &sessions)]
    {
        let reply = browser.post(path, &[field, ("csrf", &stale.field("csrf"))]).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, page));
    }
    assert!(server.opens(&tokens.access_token).await);
    other.get("/account").await.has_status(200);
    // what another site posts is another thing
    browser.headers = vec![("origin", "https://evil.example".to_owned())];
    browser.post(&remove, &[removing, ("csrf", &apps.field("csrf"))]).await.has_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_an_app_kills_its_tokens_at_once_and_it_has_to_ask_again() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let tokens = app.tokens(&mut browser, &[("scope", "openid email")]).await;
    let kept = other.tokens(&mut browser, &[]).await;
    browser.get("/account").await.says("2 apps");
    let page = browser.get("/account/apps").await;
    page.has_status(200).says("photo printer").says("Know who you are").says("See your email address");
    let told = browser.get(&format!("/account/apps?removed={}", app.client_id)).await;
    assert!(!told.body.contains("has lost access"), "a link says nothing that is not so");
    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    let reply = browser.post(&format!("/account/apps/{}", app.client_id), &fields).await;
    browser.get(reply.location()).await.says("photo printer").says("has lost access");
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    assert!(server.opens(&kept.access_token).await);
    browser.authorize(&app, &[("prompt", "none")]).await.redirected()["error"]
        .eq("consent_required")
        .then_some(())
        .unwrap();
    Tokens::of(&other.refresh(&kept.refresh_token).await);
    // an app that is not there, or not theirs, is no failure
    browser.post("/account/apps/nobody", &fields).await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_nobody_was_asked_for_is_listed_with_what_it_holds_and_can_be_removed() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.first_party = true).await;
    let denied = browser.authorize(&app, &[("prompt", "consent")]).await;
    browser.decide(&denied, "deny", &[]).await;
    browser.get("/account").await.says("No app has access");
    let sent = browser.authorize(&app, &[("scope", "openid email")]).await.redirected();
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    browser.get("/account").await.says("1 app has access");
    let page = browser.get("/account/apps").await;
    page.has_status(200).says("photo printer").says("See your email address").says("Access since");
    assert!(!page.body.contains("Allowed "), "nobody was asked");
    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    let reply = browser.post(&format!("/account/apps/{}", app.client_id), &fields).await;
    browser.get(reply.location()).await.says("has lost access").says("No app has access");
    browser.get("/account").await.says("No app has access");
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    // what the app itself ends is nothing to remove any more
    let sent = browser.authorize(&app, &[]).await.redirected();
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    browser.get("/account").await.says("1 app has access");
    app.revoke(&tokens.refresh_token).await.has_status(200);
    browser.get("/account").await.says("No app has access");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_listed_with_all_it_holds_where_less_was_agreed_to() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.first_party = true).await;
    browser.allow(&app, &[("scope", "openid"), ("prompt", "consent")]).await;
    let page = browser.get("/account/apps").await;
    page.says("Allowed ").says("Know who you are");
    assert!(!page.body.contains("See your email address"));
    // for the rest it need not ask
    let sent = browser.authorize(&app, &[("scope", "openid email")]).await.redirected();
    Tokens::of(&app.redeem(&sent["code"]).await);
    browser.get("/account").await.says("1 app has access");
    browser.get("/account/apps").await.says("Allowed ").says("Know who you are").says("See your email address");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_or_all_others_can_be_ended_and_nobody_elses() {
    let server = TestServer::start().await;
    let mut here = server.ada().await;
    let [mut phone, mut laptop] = [server.browser(), server.browser()];
    phone.headers =
        vec![("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1".to_owned())];
    phone.sign_in("ada").await;
    laptop.sign_in("ada").await;
    server.user("bob").await;
    let [mut bob, mut bobs_phone] = [server.browser(), server.browser()];
    bob.sign_in("bob").await;
    bobs_phone.sign_in("bob").await;
    let other = |page: &Reply| page.field("session");
    let page = here.get("/account/sessions").await;
    page.has_status(200).says("iPhone");
    let csrf = page.field("csrf");
    let bobs = other(&bob.get("/account/sessions").await);
    here.post("/account/sessions", &[("end", "one"), ("session", &bobs), ("csrf", &csrf)]).await.has_status(303);
    bob.get("/account").await.has_status(200);
    bobs_phone.get("/account").await.has_status(200);
    let one = other(&page);
    here.post("/account/sessions", &[("end", "one"), ("session", &one), ("csrf", &csrf)]).await.has_status(303);
    let alive = [phone.get("/account").await.status == 200, laptop.get("/account").await.status == 200];
    assert_eq!(alive.iter().filter(|alive| **alive).count(), 1);
    here.post("/account/sessions", &[("end", "others"), ("csrf", &csrf)]).await.has_status(303);
    here.get("/account").await.has_status(200);
    phone.get("/account").await.has_status(303);
    laptop.get("/account").await.has_status(303);
    bobs_phone.get("/account").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_of_ours_cannot_read_is_no_mistake_of_an_apps_and_the_page_that_says_so_leads_on() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut replies = Vec::new();
    for path in
        ["/account/apps?removed=a&removed=b", "/device?user_code=%E4", "/login?x=%zz", "/oauth2/logout?state=a&state=b"]
    {
        replies.push((browser.get(path).await, 400));
    }
    let large = "x".repeat(70 * 1024);
    replies.push((browser.post("/account/profile", &[("name", &large)]).await, 413));
    for (reply, status) in &replies {
        reply.has_status(*status).says("Nothing was changed").says("<a class=\"button main\" href=\"/\">");
        assert!(!reply.body.contains("The app"), "{}", reply.body);
    }
    // where apps send people
    browser.get("/oauth2/authorize?state=a&state=b").await.has_status(400).says("The app sent a request");
}
