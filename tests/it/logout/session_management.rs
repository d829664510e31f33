//! `OpenID` Connect Session Management 1.0, by section. What the frame's script does in a browser is tried in
//! `tests/clients`.

use std::collections::HashMap;

use super::{id_token, path, press};
use crate::support::{Browser, PASSWORD, TestServer};

const ON: &[(&str, &str)] = &[("COUNTERSIGN_LOGIN__SESSION_MANAGEMENT", "true")];
const COOKIE: &str = "countersign_ops";
const FRAME: &str = "/oauth2/check_session";

/// What the frame's script answers an app of this origin.
fn frame(browser: &Browser<'_>, client_id: &str, session_state: &str) -> &'static str {
    let Some(state) = browser.cookie(COOKIE) else { return "changed" };
    let (hash, salt) = session_state.split_once('.').unwrap();
    let text = format!("{client_id} https://app.example {state} {salt}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let hex = digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if hex == hash { "unchanged" } else { "changed" }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_unless_the_configuration_says_so() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    let answer = browser.decide(&page, "allow", &[]).await.redirected();
    assert!(!answer.contains_key("session_state") && answer.contains_key("code"));
    assert!(browser.cookie(COOKIE).is_none());
    server.get(FRAME).await.has_status(404);
    assert!(server.get("/.well-known/openid-configuration").await.json().get("check_session_iframe").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_s32_the_state_an_app_is_told_holds_until_somebody_else_or_nobody_is_signed_in() {
    let server = TestServer::with(ON).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let told = |answer: &HashMap<String, String>| answer["session_state"].clone();
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    let first = told(&browser.decide(&page, "allow", &[]).await.redirected());
    assert!(!first.contains(' '));
    let second = told(&browser.authorize(&app, &[("scope", "openid"), ("prompt", "none")]).await.redirected());
    assert_ne!(first, second, "salted");
    for state in [&first, &second] {
        assert_eq!(frame(&browser, &app.client_id, state), "unchanged");
        assert_eq!(frame(&browser, "another", state), "changed");
    }
    // no sign-in, no state; nor beside an error
    let plain = browser.authorize(&app, &[("scope", "profile")]).await;
    let plain = browser.decide(&plain, "allow", &[]).await.redirected();
    assert!(plain.contains_key("code") && !plain.contains_key("session_state"));
    let refused = browser.authorize(&app, &[("scope", "openid"), ("prompt", "none login")]).await.redirected();
    assert!(refused.contains_key("error") && !refused.contains_key("session_state"));
    // signed out
    let page = browser.get(&path(&[])).await;
    press(&mut browser, &page, "yes").await.has_status(303);
    assert_eq!(frame(&browser, &app.client_id, &second), "changed");
    assert!(browser.cookie(COOKIE).is_none());
    // the same person again is told anew
    browser.sign_in("ada").await;
    assert_eq!(frame(&browser, &app.client_id, &second), "changed");
    let third = told(&browser.authorize(&app, &[("scope", "openid"), ("prompt", "none")]).await.redirected());
    assert_eq!(frame(&browser, &app.client_id, &third), "unchanged");
    // another person
    server.user("eve").await;
    server.clock.advance(5);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await;
    browser.sign_in_here(&page, "eve").await;
    assert_eq!(frame(&browser, &app.client_id, &third), "changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_a_session_that_ended_elsewhere_shows_when_the_browser_comes_by() {
    let server = TestServer::with(ON).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    id_token(&app, &mut browser).await;
    assert!(browser.cookie(COOKIE).is_some());
    let mut elsewhere = server.browser();
    elsewhere.sign_in("ada").await;
    let csrf = elsewhere.get("/account/sessions").await.field("csrf");
    elsewhere.post("/account/sessions", &[("csrf", &csrf), ("end", "others")]).await.has_status(303);
    let answer = browser.authorize(&app, &[("scope", "openid"), ("prompt", "none")]).await.redirected();
    assert_eq!(answer["error"], "login_required");
    assert!(browser.cookie(COOKIE).is_none());
    // a state that somebody else put there, or none: put right with the next answer
    browser.sign_in("ada").await;
    for wrong in [Some("chosen"), None] {
        browser.cookies.retain(|(name, _)| name != COOKIE);
        browser.cookies.extend(wrong.map(|wrong| (COOKIE.to_owned(), wrong.to_owned())));
        let answer = browser.authorize(&app, &[("scope", "openid"), ("prompt", "none")]).await.redirected();
        assert_eq!(frame(&browser, &app.client_id, &answer["session_state"]), "unchanged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_an_answer_for_an_account_that_is_not_in_use_has_the_state_of_the_one_that_is_and_none_without() {
    let server = TestServer::with(ON).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let adas = id_token(&app, &mut browser).await;
    server.user("bob").await;
    let page = browser.get("/login?another=yes").await;
    let fields = [("username", "bob"), ("password", PASSWORD), ("csrf", &*page.field("csrf"))];
    browser.post("/login", &fields).await.has_status(303);
    server.clock.advance(1);
    let silent = [("scope", "openid"), ("prompt", "none"), ("id_token_hint", adas.as_str())];
    let answer = browser.authorize(&app, &silent).await.redirected();
    assert_eq!(frame(&browser, &app.client_id, &answer["session_state"]), "unchanged");
    // bob signs out, and nobody's account is in use: a state would have changed before the app asks
    let page = browser.get(&path(&[])).await;
    press(&mut browser, &page, "yes").await.has_status(303);
    assert!(browser.cookie(COOKIE).is_none());
    let answer = browser.authorize(&app, &silent).await.redirected();
    assert!(answer.contains_key("code") && !answer.contains_key("session_state"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s33_every_site_may_frame_one_page_with_one_script_and_the_cookie_opens_nothing() {
    let server = TestServer::with(&[ON, &[("COUNTERSIGN_ISSUER", "https://id.example")]].concat()).await;
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["check_session_iframe"], format!("https://id.example{FRAME}"));
    let page = server.get(FRAME).await;
    page.has_status(200);
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *"
    );
    assert!(page.headers.get("x-frame-options").is_none());
    let script = page.body.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let script = server.get(&script).await;
    script.has_status(200).says("postMessage");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(page.body.matches("<script").count(), 1);
    // every other page stays as it was
    assert_eq!(server.get("/login").await.header("x-frame-options"), "DENY");
    server.user("ada").await;
    let mut browser = server.browser();
    let signed_in = browser.sign_in("ada").await;
    let cookies: Vec<&str> =
        signed_in.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let state = cookies.iter().find(|cookie| cookie.starts_with("__Host-countersign_ops=")).unwrap();
    assert!(state.ends_with("; SameSite=None; Secure; Path=/"), "{state}");
    let mut other = server.browser();
    let value = browser.cookie(COOKIE).unwrap();
    for name in ["__Host-countersign_session", "__Host-countersign_browser", "__Host-countersign_ops"] {
        other.cookies.push((name.to_owned(), value.clone()));
    }
    other.get("/account").await.has_status(303);
}
