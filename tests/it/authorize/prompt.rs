//! `prompt`, `max_age`, silent answers (OIDC Core §3.1.2.1; PROTOCOL R-e, P4).

use crate::support::{TestServer, Tokens};

#[tokio::test(flavor = "multi_thread")]
async fn prompt_none_shows_no_page_whatever_is_missing() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let none = &[("prompt", "none")];
    assert_eq!(server.get(&app.authorize_path(none)).await.redirected()["error"], "login_required");
    let mut browser = server.ada().await;
    assert_eq!(browser.authorize(&app, none).await.redirected()["error"], "consent_required");
    browser.allow(&app, &[("scope", "openid")]).await;
    let wider = browser.authorize(&app, &[("prompt", "none"), ("scope", "openid email")]).await;
    assert_eq!(wider.redirected()["error"], "consent_required");
    let silent = browser.authorize(&app, &[("prompt", "none"), ("scope", "openid")]).await;
    assert!(silent.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_login_wants_a_sign_in_that_really_happens() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    server.clock.advance(5);
    let login = &[("prompt", "login")];
    let page = browser.authorize(&app, login).await;
    page.has_status(200).says("id=\"login\"");
    // opening the page and asking again without signing in is not signing in
    browser.authorize(&app, login).await.has_status(200).says("id=\"login\"");
    server.clock.advance(5);
    let next = browser.sign_in_here(&page, "ada").await;
    let code = if next.status == 200 {
        browser.decide(&next, "allow", &[]).await.redirected().remove("code")
    } else {
        next.redirected().remove("code")
    };
    assert!(code.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn max_age_asks_again_once_the_sign_in_is_older_and_auth_time_tells() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[("scope", "openid")]).await.claims("id_token");
    server.clock.advance(100);
    let young = browser.authorize(&app, &[("scope", "openid"), ("max_age", "1000")]).await;
    assert!(young.redirected().contains_key("code"));
    let page = browser.authorize(&app, &[("scope", "openid"), ("max_age", "50")]).await;
    page.has_status(200).says("id=\"login\"");
    let none = browser.authorize(&app, &[("scope", "openid"), ("max_age", "50"), ("prompt", "none")]).await;
    assert_eq!(none.redirected()["error"], "login_required");
    server.clock.advance(3);
    let page = browser.sign_in_here(&page, "ada").await;
    let page = if page.status == 200 { browser.decide(&page, "allow", &[]).await } else { page };
    let second = Tokens::of(&app.redeem(&page.redirected()["code"]).await).claims("id_token");
    assert_eq!(second["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap(), 103);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_post_is_answered_as_one_by_get() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let fields = |prompt| {
        let fields = [("client_id", app.client_id.as_str()), ("response_type", "code"), ("state", "xyz"), prompt];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let post = async |browser: &mut crate::support::Browser<'_>, prompt| {
        let fields = fields(prompt);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let round = browser.post("/oauth2/authorize", &fields).await;
        browser.get(round.has_status(303).location()).await
    };
    let none = post(&mut server.browser(), ("prompt", "none")).await;
    assert_eq!(none.redirected()["error"], "login_required");
    assert_eq!(post(&mut browser, ("prompt", "none")).await.redirected()["error"], "consent_required");
    let page = post(&mut browser, ("prompt", "")).await;
    browser.decide(&page, "allow", &[]).await.redirected();
    for prompt in ["", "none"] {
        let sent = post(&mut browser, ("prompt", prompt)).await.redirected();
        assert_eq!((sent["state"].as_str(), sent.contains_key("code")), ("xyz", true), "{prompt}");
    }
    // on its way it is somebody's navigation, and nothing else
    browser.headers = vec![("sec-fetch-mode", "no-cors".to_owned())];
    post(&mut browser, ("prompt", "")).await.has_status(200).says("photo printer");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_consent_always_asks() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    browser.authorize(&app, &[("prompt", "consent")]).await.has_status(200).says("photo printer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_on_the_computer_is_asked_about_every_time() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example")]).await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            super::redirect_uri::public(app);
            app.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        })
        .await;
    browser.allow(&app, &[]).await;
    browser.authorize(&app, &[]).await.has_status(200).says("on this computer");
    let none = browser.authorize(&app, &[("prompt", "none")]).await;
    assert_eq!(none.redirected()["error"], "interaction_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_persons_own_navigation_is_answered_silently() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    for header in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "image"),
    ] {
        browser.headers = vec![(header.0, header.1.to_owned())];
        let reply = browser.authorize(&app, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (200, ""), "{header:?}");
    }
    browser.headers = vec![("sec-fetch-mode", "navigate".to_owned()), ("sec-fetch-dest", "document".to_owned())];
    let reply = browser.authorize(&app, &[]).await;
    assert!(reply.redirected().contains_key("code"));
    assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_gets_thirty_answers_a_minute_without_a_page() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let mut silent = 0;
    for _ in 0..40 {
        silent += u32::from(browser.authorize(&app, &[]).await.status == 302);
    }
    assert_eq!(silent, 30);
    server.clock.advance(61);
    assert_eq!(browser.authorize(&app, &[]).await.status, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_hint_fills_in_the_name_as_text() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let page = server.get(&app.authorize_path(&[("login_hint", "ada\"><i>")])).await;
    page.says("value=\"ada&#34;&#62;&#60;i&#62;\"");
}
