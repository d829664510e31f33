//! What a request may be, and what its answer carries (RFC 6749 §3.1, §4.1; RFC 9207; OIDC Core §3.1.2.1).

use countersign::protocol::grant::GrantType;

use crate::{
    authorize_public,
    support::{CHALLENGE, PASSWORD, Reply, TestServer, encode},
};

const EVERY: [&str; 13] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "code_challenge",
    "code_challenge_method",
    "unheard-of",
];

/// Nothing that opens anything, and nothing sent anywhere.
#[track_caller]
fn is_a_page_alone(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 400, "{what}");
    assert_eq!(reply.header("location"), "", "{what}");
    assert!(!reply.body.contains("http-equiv") && !reply.body.contains("href=\"https://evil"), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubled_parameter_is_an_error_and_neither_value_wins() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let path = app.authorize_path(&[]);
    assert!(browser.get(&path).await.redirected().contains_key("code"), "once each, it is answered");
    for name in EVERY {
        for pair in [[(name, "1"), (name, "2")], [(name, "same"), (name, "same")], [(name, ""), (name, "x")]] {
            let reply = browser.get(&format!("{path}&{}", encode(&pair))).await;
            is_a_page_alone(&reply, name);
            let body = format!("{}&{}", path.split_once('?').unwrap().1, encode(&pair));
            let request = server.request("POST", "/oauth2/authorize");
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            is_a_page_alone(&browser.send(request.body(body)).await, name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_is_wrong_nothing_is_sent_to_an_address_that_is_not_registered() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = server.ada().await;
    browser.allow(&app, &[]).await;
    let evil = ("redirect_uri", "https://evil.example/cb");
    for fault in [
        ("state", "nothing is wrong but the address"),
        ("response_type", ""),
        ("response_type", "token"),
        ("response_type", "magic"),
        ("response_mode", "fragment"),
        ("response_mode", "smoke"),
        ("scope", "unknown"),
        ("scope", "a\"b"),
        ("prompt", "none"),
        ("prompt", "none login"),
        ("max_age", "x"),
        ("code_challenge", CHALLENGE),
        ("resource", "https://unknown.example"),
        ("request", "eyJhbGciOiJub25lIn0.e30."),
        ("request_uri", "https://evil.example/request"),
        ("registration", "{}"),
    ] {
        let path = app.authorize_path(&[fault, evil]);
        is_a_page_alone(&server.get(&path).await, fault.1);
        is_a_page_alone(&browser.get(&path).await, fault.1);
        let fields = [("client_id", app.client_id.as_str()), ("response_type", "code"), evil];
        let fields: Vec<(&str, &str)> =
            fields.into_iter().filter(|(name, _)| *name != fault.0).chain([fault]).collect();
        let posted = browser.post("/oauth2/authorize", &fields).await;
        is_a_page_alone(&browser.get(posted.has_status(303).location()).await, fault.1);
    }
    // the query of a POST is not looked at, whatever the form says
    let path = format!("/oauth2/authorize?{}", encode(&[evil]));
    let fields = [("client_id", app.client_id.as_str()), ("response_type", "code"), ("prompt", "none")];
    let posted = browser.post(&path, &fields).await;
    let answer = browser.get(posted.location()).await;
    assert!(answer.location().starts_with("https://app.example/cb?"), "{}", answer.location());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_response_types_and_modes_are_errors_and_never_a_code() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    let unknown = ["CODE", "code code", "code none", "code  token", "device", "id_token code id_token"];
    // known, and not this app's
    let others = ["code token", "token code", "code id_token", "id_token", "id_token token", "none"];
    let modes = ["smoke", "FORM_POST", "jwt", "query.jwt", "Query", "query fragment"];
    let cases = unknown
        .map(|value| ("response_type", value, "unsupported_response_type"))
        .into_iter()
        .chain(others.map(|value| ("response_type", value, "unauthorized_client")))
        .chain(modes.map(|value| ("response_mode", value, "invalid_request")));
    for (name, value, error) in cases {
        let sent = browser.authorize(&app, &[(name, value)]).await.redirected();
        assert_eq!((sent["error"].as_str(), sent["state"].as_str()), (error, "xyz"), "{value}");
        assert!(["code", "access_token", "id_token"].iter().all(|name| !sent.contains_key(*name)), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_travels_in_the_query_unless_the_fragment_was_asked_for() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    for (mode, start) in [("", "?code="), ("query", "?code="), ("fragment", "#code=")] {
        let location = browser.authorize(&app, &[("response_mode", mode)]).await.location().to_owned();
        assert!(location.starts_with(&format!("https://app.example/cb{start}")), "{mode}: {location}");
        assert_eq!(location.matches(['?', '#']).count(), 1, "{mode}: {location}");
        let page = browser.authorize(&app, &[("response_mode", mode), ("prompt", "consent")]).await;
        let denied = browser.decide(&page, "deny", &[]).await.location().to_owned();
        let start = start.replace("code", "error");
        assert!(denied.starts_with(&format!("https://app.example/cb{start}")), "{mode}: {denied}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn state_comes_back_unchanged_and_is_nothing_but_state() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid profile email")]).await;
    for state in [
        "a b+c%20d",
        "&code=evil&iss=https://evil.example#code=evil",
        "\r\nSet-Cookie: evil=1\r\n\r\n<html>",
        "ünïcødé ✓ \u{202e}",
        "<script>alert(1)</script>",
        "?a=b&&==&%00%0d%0a",
        &"s".repeat(4096),
    ] {
        for (more, expected) in [(("scope", "openid"), "code"), (("scope", "unknown"), "error")] {
            let reply = browser.authorize(&app, &[("state", state), more]).await;
            assert_eq!(reply.header("set-cookie"), "", "{state}");
            let (address, query) = reply.location().split_once('?').unwrap();
            assert_eq!(address, "https://app.example/cb", "{state}");
            assert!(query.bytes().all(|b| b.is_ascii_graphic()) && !query.contains('#'), "{query}");
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
            let others = if expected == "code" { &[][..] } else { &["error_description"] };
            assert_eq!(names, [&[expected][..], others, &["state", "iss"]].concat(), "{state}");
            assert_eq!(reply.redirected()["state"], state);
            assert_eq!(reply.redirected()["iss"], server.issuer);
        }
    }
    let long = browser.authorize(&app, &[("state", &"s".repeat(4097))]).await.redirected();
    assert_eq!((long["error"].as_str(), long.get("state")), ("invalid_request", None));
    let none = browser.authorize(&app, &[("state", "")]).await.redirected();
    assert!(none.contains_key("code") && !none.contains_key("state"), "none was sent, none comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_who_gives_it_as_the_metadata_announce() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let app = server.app_with(authorize_public).await;
    let document = server.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let iss = document["issuer"].as_str().unwrap();
    let login = browser.authorize(&app, &[("prompt", "none")]).await.redirected();
    assert_eq!((login["error"].as_str(), login["iss"].as_str()), ("login_required", iss));
    server.user("ada").await;
    browser.sign_in("ada").await;
    let page = browser.authorize(&app, &[]).await;
    let denied = browser.decide(&page, "deny", &[]).await.redirected();
    assert_eq!((denied["error"].as_str(), denied["iss"].as_str()), ("access_denied", iss));
    let page = browser.authorize(&app, &[]).await;
    assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["iss"], iss);
    let silent = browser.authorize(&app, &[]).await.redirected();
    assert_eq!((silent.contains_key("code"), silent["iss"].as_str()), (true, iss));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_grant_gets_no_code() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for (addresses, status) in [(vec!["https://app.example/cb".to_owned()], 302), (vec![], 400)] {
        let mut app = server
            .app_with(|app| {
                app.grant_types = vec![GrantType::ClientCredentials, GrantType::Password];
                app.redirect_uris = addresses;
            })
            .await;
        app.redirect_uri = "https://app.example/cb".to_owned();
        for prompt in ["", "none", "consent"] {
            let reply = browser.authorize(&app, &[("prompt", prompt)]).await;
            reply.has_status(status);
            if status == 302 {
                let sent = reply.redirected();
                assert_eq!((sent["error"].as_str(), sent.get("code")), ("unauthorized_client", None));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_password_in_the_query_sign_nobody_in() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[]).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let fields = [("username", "ada"), ("password", PASSWORD), ("csrf", &csrf), ("interaction", &interaction)];
    for path in [
        app.authorize_path(&fields[..3]),
        format!("/oauth2/authorize?{}", encode(&fields)),
        format!("/login?{}", encode(&fields)),
        format!("/login?{}", encode(&fields[..3])),
    ] {
        browser.get(&path).await.has_status(200).says("id=\"login\"");
        assert!(browser.cookie("countersign_session").is_none(), "{path}");
    }
    // the same in the form does
    assert_eq!(browser.post("/login", &fields).await.status, 303);
    assert!(browser.cookie("countersign_session").is_some());
}
