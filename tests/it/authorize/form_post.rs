//! `response_mode=form_post` (OAuth 2.0 Form Post Response Mode §2, UX P1, P2): a plain form that a script of ours sends.

use countersign::protocol::{grant::GrantType, response_type::ResponseType};

use crate::support::{Reply, TestServer, Tokens, encode};

const FORM: (&str, &str) = ("response_mode", "form_post");

/// But for who may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      base-uri 'none'; frame-ancestors";

/// A page of ours with one form, one script from here, and nothing else that runs.
#[track_caller]
fn sends_itself(page: &Reply) {
    page.has_status(200);
    for (name, value) in [
        ("content-security-policy", &*format!("{POLICY} 'none'")),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("location", ""),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    assert_eq!(page.body.matches("<form ").count(), 1);
    assert_eq!(page.body.matches("<button").count(), 1, "it works without the script");
    assert_eq!(page.body.matches("<script").count(), 1);
    assert_eq!(page.body.matches("<script src=\"/assets/").count(), 1);
    assert!(!page.body.contains(" onload") && !page.body.contains("javascript:"));
}

/// Name and value of a form's fields.
fn value<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_a_form_to_the_registered_address_with_every_value_as_it_is() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.redirect_uris = vec!["https://app.example/cb?a=1&b=2".to_owned()]).await;
    let page = browser.authorize(&app, &[FORM]).await;
    let page = browser.decide(&page, "allow", &[]).await;
    sends_itself(&page);
    page.says("Continue to");
    let (action, fields) = page.posts();
    assert_eq!(action, "https://app.example/cb?a=1&b=2");
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!((value(&fields, "state"), value(&fields, "iss")), ("xyz", server.issuer.as_str()));
    Tokens::of(&app.redeem(value(&fields, "code")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn state_comes_back_byte_for_byte_and_is_never_markup() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    for state in [
        "\"'<>{}|^%'#*?,@ -._~!$()=;:&amp;&#34;",
        "\"><script>alert(1)</script>",
        "\"></form><form action=\"https://evil.example\">",
        "${x}{{ state }}&lt;",
        "ünïcødé ✓ \u{202e}",
        &format!("{}-._~", "s".repeat(4000)),
    ] {
        for (more, expected) in [(("scope", "openid"), "code"), (("scope", "unknown"), "error")] {
            let page = browser.authorize(&app, &[FORM, ("state", state), more]).await;
            sends_itself(&page);
            let (action, fields) = page.posts();
            assert_eq!((action.as_str(), value(&fields, "state")), ("https://app.example/cb", state));
            assert!(!value(&fields, expected).is_empty(), "{fields:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_travel_in_a_form_as_the_answer_would_have() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    for (more, error) in [
        (("prompt", "none"), "login_required"),
        (("scope", "unknown"), "invalid_scope"),
        (("response_type", "magic"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_type", "code token"), "unauthorized_client"),
        (("request", "eyJ"), "invalid_request_object"),
    ] {
        let page = browser.authorize(&app, &[FORM, more]).await;
        sends_itself(&page);
        let (action, fields) = page.posts();
        assert_eq!(action, "https://app.example/cb");
        assert_eq!((value(&fields, "error"), value(&fields, "state")), (error, "xyz"), "{more:?}");
        assert!(value(&fields, "error_description").is_ascii() && !value(&fields, "iss").is_empty());
    }
    let page = browser.authorize(&app, &[FORM]).await;
    let page = browser.sign_in_here(&page, "ada").await;
    let denied = browser.decide(&page, "deny", &[]).await;
    sends_itself(&denied);
    assert_eq!(value(&denied.posts().1, "error"), "access_denied");
    // to an address that is not the app's, nothing is sent in any manner
    let foreign = browser.authorize(&app, &[FORM, ("redirect_uri", "https://evil.example/cb")]).await;
    foreign.has_status(400);
    assert!(!foreign.body.contains("<form") && !foreign.body.contains("<script"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_travel_in_a_form_as_well() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
            app.response_types = ResponseType::ALL.to_vec();
        })
        .await;
    for asked in ResponseType::ALL.iter().copied() {
        let more = [FORM, ("response_type", asked.name()), ("nonce", "n"), ("scope", "openid")];
        let page = browser.authorize(&app, &more).await;
        let page = if page.body.contains("value=\"allow\"") { browser.decide(&page, "allow", &[]).await } else { page };
        sends_itself(&page);
        let (_, fields) = page.posts();
        for (name, there) in [
            ("code", asked.has_code()),
            ("access_token", asked.has_token()),
            ("id_token", asked.has_id_token()),
            ("state", true),
        ] {
            assert_eq!(!value(&fields, name).is_empty(), there, "{}: {name}", asked.name());
        }
        if asked.has_token() {
            assert!(server.opens(value(&fields, "access_token")).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_came_by_post_is_answered_by_a_form_too() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let fields = [
        ("client_id", app.client_id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", &app.redirect_uri),
        ("state", "a\"b"),
        FORM,
    ];
    let round = browser.post("/oauth2/authorize", &fields).await;
    let page = browser.get(round.has_status(303).location()).await;
    sends_itself(&page);
    assert_eq!(value(&page.posts().1, "state"), "a\"b");
    // a long one goes round by a form of ours, and the same script sends that (PROTOCOL P10)
    let nonce = "n".repeat(500);
    let state = "s".repeat(4000);
    let mut long = fields.to_vec();
    long.retain(|(name, _)| *name != "state");
    long.extend([("state", state.as_str()), ("nonce", &nonce)]);
    let request = server.request("POST", "/oauth2/authorize");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(encode(&long));
    let round = browser.send(request).await;
    sends_itself(&round);
    let (action, sealed) = round.posts();
    assert_eq!(action, "/oauth2/authorize");
    let page = browser.post(&action, &[("interaction", value(&sealed, "interaction"))]).await;
    sends_itself(&page);
    assert_eq!(value(&page.posts().1, "state"), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_in_silence_in_a_frame_is_answered_there_and_nothing_else_is_shown_in_one() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let (mut ada, mut stranger) = (server.ada().await, server.browser());
    ada.allow(&app, &[]).await;
    for (browser, expected) in [(&mut ada, "code"), (&mut stranger, "error")] {
        let silent = [FORM, ("prompt", "none")];
        sends_itself(&browser.authorize(&app, &silent).await);
        browser.headers = vec![("sec-fetch-dest", "iframe".to_owned())];
        let page = browser.authorize(&app, &silent).await;
        assert_eq!(page.header("content-security-policy"), format!("{POLICY} *"));
        assert!(page.headers.get("x-frame-options").is_none());
        let (action, fields) = page.posts();
        assert_eq!(action, "https://app.example/cb");
        assert!(!value(&fields, expected).is_empty(), "{fields:?}");
    }
    for prompt in ["consent", "login"] {
        let page = ada.authorize(&app, &[FORM, ("prompt", prompt)]).await;
        assert_eq!(page.has_status(200).header("x-frame-options"), "DENY", "{prompt}");
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{prompt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_request_posted_in_a_frame_goes_round_there_and_pages_for_people_are_not_shown_in_one() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut ada = server.ada().await;
    ada.allow(&app, &[]).await;
    ada.headers = vec![("sec-fetch-dest", "iframe".to_owned()), ("sec-fetch-mode", "navigate".to_owned())];
    let state = "s".repeat(4000);
    for prompt in ["none", "consent", "login"] {
        let fields = [
            ("client_id", app.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &app.redirect_uri),
            ("state", &state),
            ("prompt", prompt),
        ];
        let round = ada.post("/oauth2/authorize", &fields).await;
        assert_eq!(round.header("content-security-policy"), format!("{POLICY} *"), "{prompt}");
        assert!(round.headers.get("x-frame-options").is_none(), "{prompt}");
        let (action, sealed) = round.posts();
        let next = ada.post(&action, &[("interaction", value(&sealed, "interaction"))]).await;
        if prompt == "none" {
            let sent = next.redirected();
            assert!(sent.contains_key("code") && sent["state"] == state, "{sent:?}");
        } else {
            assert_eq!(next.has_status(200).header("x-frame-options"), "DENY", "{prompt}");
            assert!(next.header("content-security-policy").contains("frame-ancestors 'none'"), "{prompt}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_is_served_from_here_as_a_script() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let page = server.get(&app.authorize_path(&[FORM, ("prompt", "none")])).await;
    let path = page.body.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = server.get(path).await;
    script.has_status(200).says("submit()");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert!(script.header("cache-control").contains("immutable"));
    server.get("/assets/other/submit.js").await.has_status(404);
}
