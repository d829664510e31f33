//! `prompt`, `max_age`, silent answers (OIDC Core §3.1.2.1; PROTOCOL R-e, P4).

use crate::support::{PASSWORD, TestServer, Tokens};

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
async fn what_was_agreed_to_for_two_hosts_is_asked_again_at_neither() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (web, phone) = ("https://photos.example/login", "app.photos:///oauth-callback");
    let app = server.app_with(|app| app.redirect_uris = vec![web.to_owned(), phone.to_owned()]).await;
    let at = |uri, scope| [("redirect_uri", uri), ("scope", scope)];
    for uri in [web, phone] {
        let none = browser.authorize(&app, &[&at(uri, "openid email")[..], &[("prompt", "none")]].concat()).await;
        assert_eq!(none.redirected()["error"], "consent_required", "one is not the other: {uri}");
        browser.allow(&app, &at(uri, "openid email")).await;
    }
    for uri in [web, phone, web] {
        for scope in ["openid email", "openid"] {
            assert!(browser.authorize(&app, &at(uri, scope)).await.redirected().contains_key("code"), "{uri} {scope}");
        }
    }
    // what is agreed to besides is so for one of them alone
    browser.allow(&app, &at(web, "openid email profile")).await;
    assert!(browser.authorize(&app, &at(web, "openid email profile")).await.redirected().contains_key("code"));
    browser.authorize(&app, &at(phone, "openid email profile")).await.has_status(200).says("name=\"decision\"");
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
    // where a page is forbidden it is an error (OIDC Core §3.1.2.1)
    let none = browser.authorize(&app, &[("prompt", "none")]).await.redirected();
    assert_eq!((none["error"].as_str(), none.get("code")), ("interaction_required", None));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_session_signs_in_again_where_the_sign_in_is_too_old() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    let fields = [("username", "ada"), ("password", PASSWORD), ("remember", "on"), ("csrf", &page.field("csrf"))];
    browser.post("/login", &fields).await.has_status(303);
    let first = app.tokens(&mut browser, &[("scope", "openid")]).await.claims("id_token");
    let day = 24 * 3600;
    server.clock.advance(5 * day);
    let aged = [("scope", "openid"), ("max_age", "86400")];
    assert!(browser.authorize(&app, &[("scope", "openid")]).await.redirected().contains_key("code"), "still signed in");
    let silent = browser.authorize(&app, &[aged[0], aged[1], ("prompt", "none")]).await;
    assert_eq!(silent.redirected()["error"], "login_required");
    for asked in [aged, [("scope", "openid"), ("prompt", "login")], [("scope", "openid"), ("max_age", "0")]] {
        server.clock.advance(2);
        let page = browser.authorize(&app, &asked).await;
        page.has_status(200).says("id=\"login\"");
        // what was typed wrong is no sign-in
        let wrong = [
            ("username", "ada"),
            ("password", "wrong"),
            ("csrf", &page.field("csrf")),
            ("interaction", &page.field("interaction")),
        ];
        browser.post("/login", &wrong).await.has_status(200).says("id=\"login\"");
        assert!(!browser.authorize(&app, &asked).await.status.is_redirection());
        server.clock.advance(7);
        let page = browser.sign_in_here(&page, "ada").await;
        let page = if page.status == 200 { browser.decide(&page, "allow", &[]).await } else { page };
        let claims = Tokens::of(&app.redeem(&page.redirected()["code"]).await).claims("id_token");
        assert!(claims["auth_time"].as_i64().unwrap() >= first["auth_time"].as_i64().unwrap() + 5 * day);
        assert_eq!((&claims["amr"], &claims["sub"]), (&first["amr"], &first["sub"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_a_wish_does_no_harm() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["prompt_values_supported"], serde_json::json!(["none", "login", "consent", "select_account"]));
    let class = document["acr_values_supported"][0].as_str().unwrap().to_owned();
    for wish in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "magic"),
        ("ui_locales", "fr-CA fr en"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("acr_values", &class),
        ("unheard-of", "x"),
    ] {
        let sent = browser.authorize(&app, &[("scope", "openid"), wish]).await.redirected();
        let claims = Tokens::of(&app.redeem(&sent["code"]).await).claims("id_token");
        assert_eq!(claims["acr"], class.as_str(), "{wish:?}");
    }
    for (prompt, error) in [
        ("create", "invalid_request"),
        ("none create", "invalid_request"),
        ("select", "invalid_request"),
        ("consent none", "invalid_request"),
    ] {
        let sent = browser.authorize(&app, &[("scope", "openid"), ("prompt", prompt)]).await.redirected();
        assert_eq!((sent["error"].as_str(), sent.get("code")), (error, None), "{prompt}");
    }
    server.clock.advance(2);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login consent")]).await;
    page.has_status(200).says("id=\"login\"");
    server.clock.advance(2);
    browser.sign_in_here(&page, "ada").await.has_status(200).says("photo printer");
}
