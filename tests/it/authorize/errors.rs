//! Where an error goes: to a page until the address is trusted, to the app after that (RFC 6749 §4.1.2.1).

use crate::support::{CHALLENGE, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn no_error_is_sent_anywhere_before_client_and_address_are_trusted() {
    let server = TestServer::start().await;
    let app = server.app().await;
    for more in [
        &[("client_id", "")][..],
        &[("client_id", "nobody")],
        &[("client_id", "'; DROP TABLE clients; --")],
        &[("redirect_uri", "https://evil.example/cb")],
        &[("redirect_uri", "https://app.example/cb/")],
        &[("redirect_uri", "https://app.example/cb"), ("redirect_uri", "https://evil.example/cb")],
        &[("redirect_uri", "https://evil.example/cb"), ("response_type", "nonsense")],
    ] {
        let reply = server.get(&app.authorize_path(more)).await;
        assert_eq!(reply.status, 400, "{more:?}");
        assert_eq!(reply.header("location"), "", "{more:?}");
        reply.says("<h1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_is_trusted_the_app_is_told_with_state_and_issuer() {
    let server = TestServer::start().await;
    let app = server.app().await;
    for (more, error) in [
        (&[("response_type", "")][..], "invalid_request"),
        (&[("response_type", "magic")], "unsupported_response_type"),
        (&[("response_type", "token")], "unauthorized_client"),
        (&[("scope", "unknown")], "invalid_scope"),
        (&[("scope", "a\"b")], "invalid_scope"),
        (&[("code_challenge", CHALLENGE)], "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "S256")], "invalid_request"),
        (&[("response_mode", "smoke")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("resource", "https://unknown.example")], "invalid_target"),
        (&[("request", "eyJ")], "invalid_request_object"),
        (&[("request_uri", "urn:x")], "invalid_request_uri"),
        (&[("request", "eyJ"), ("request_uri", "urn:x")], "invalid_request"),
    ] {
        let reply = server.get(&app.authorize_path(more)).await;
        assert_eq!(reply.status, 302, "{more:?} {}", reply.body);
        let implicit = more.contains(&("response_type", "token"));
        let start = if implicit { "https://app.example/cb#" } else { "https://app.example/cb?" };
        assert!(reply.location().starts_with(start), "{more:?} {}", reply.location());
        let sent = reply.redirected();
        assert_eq!(sent["error"], error, "{more:?}");
        assert_eq!((sent["state"].as_str(), sent["iss"].as_str()), ("xyz", server.issuer.as_str()), "{more:?}");
        assert!(sent["error_description"].is_ascii());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_without_a_challenge_gets_no_code() {
    let server = TestServer::start().await;
    let app = server.app_with(crate::authorize::redirect_uri::public).await;
    let reply = server.get(&app.authorize_path(&[("code_challenge", ""), ("code_challenge_method", "")])).await;
    assert_eq!(reply.redirected()["error"], "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_letter_of_rfc_9700_nobody_is_redirected_before_somebody_signed_in() {
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__ERROR_REDIRECTS", "signed-in")]).await;
    let app = server.app().await;
    let path = app.authorize_path(&[("scope", "unknown")]);
    server.get(&path).await.has_status(400).says("photo printer");
    let mut browser = server.ada().await;
    assert_eq!(browser.get(&path).await.redirected()["error"], "invalid_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_letter_of_rfc_9700_who_asks_in_silence_in_a_frame_is_answered_although_nobody_is_signed_in() {
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__ERROR_REDIRECTS", "signed-in")]).await;
    let app = server.app().await;
    let path = app.authorize_path(&[("prompt", "none")]);
    let mut browser = server.browser();
    browser.get(&path).await.has_status(400).says("photo printer");
    browser.headers = vec![("sec-fetch-dest", "iframe".to_owned())];
    assert_eq!(browser.get(&path).await.redirected()["error"], "login_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_developer_sees_what_was_received_and_only_an_administrator_what_is_registered() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let path = app.authorize_path(&[("redirect_uri", "https://app.example/cb/")]);
    let stranger = server.get(&path).await;
    stranger.says("https://app.example/cb/").says(stranger.header("x-request-id"));
    assert!(!stranger.body.contains("trailing slash") && !stranger.body.contains("countersign client update"));
    server.admin_user("root").await;
    let mut browser = server.browser();
    browser.sign_in("root").await;
    let page = browser.get(&path).await;
    page.says("registered has no trailing slash").says("countersign client update");
    // a command that would register half of it is none
    let long = format!("https://app.example/{}", "x".repeat(200));
    let cut = browser.get(&app.authorize_path(&[("redirect_uri", &long)])).await;
    cut.says("the path or the query differs").says(&format!("{}<", &long[..200]));
    assert!(!cut.body.contains("countersign client update"));
    let foreign = browser.get(&app.authorize_path(&[("redirect_uri", "https://evil.example/cb")])).await;
    foreign.says("This is a different site");
    assert!(!foreign.body.contains("countersign client update"), "no command for a foreign host");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_difference_to_the_nearest_registered_address_is_named() {
    let server = TestServer::start().await;
    let registered = ["https://app.example.com/callback", "http://localhost:3000/callback"];
    let app = server.app_with(|app| app.redirect_uris = registered.map(str::to_owned).to_vec()).await;
    server.admin_user("root").await;
    let mut browser = server.browser();
    browser.sign_in("root").await;
    let [site, local] = registered;
    for (received, nearest, difference) in [
        ("http://127.0.0.1:3000/callback", local, "the host differs: localhost, 127.0.0.1 and [::1] are not the same"),
        ("http://localhost:3001/callback", local, "the port differs, and this client is not a public one"),
        ("https://app.example.com:8443/callback", site, "the port differs"),
        ("https://APP.example.com/callback", site, "the same address in another spelling"),
        ("https://app.example.com:443/callback", site, "the same address in another spelling"),
        ("http://app.example.com/callback", site, "http instead of https"),
        ("https://app.example.com/callback/", site, "registered has no trailing slash"),
        ("https://app.example.com/other", site, "the path or the query differs"),
        ("https://example.com/callback", site, "This is a different site"),
    ] {
        let page = browser.get(&app.authorize_path(&[("redirect_uri", received)])).await;
        page.has_status(400).says(difference);
        let shown = page.body.split("<dt>Nearest</dt>").nth(1).unwrap().split("</dd>").next().unwrap();
        assert!(shown.contains(&format!(">{nearest}<")), "{received}: {shown}");
    }
}

/// Whoever wrote an extension of the same editor has the scheme as well.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_another_program_with_the_same_private_scheme_is_another_site() {
    let server = TestServer::start().await;
    let app = server.app_with(|app| app.redirect_uris = vec!["vscode://ada.notes/cb".to_owned()]).await;
    server.admin_user("root").await;
    let mut browser = server.browser();
    browser.sign_in("root").await;
    let own = browser.get(&app.authorize_path(&[("redirect_uri", "vscode://ada.notes/callback")])).await;
    own.has_status(400).says("the path or the query differs").says("countersign client update");
    let slashes = browser.get(&app.authorize_path(&[("redirect_uri", "vscode:/cb")])).await;
    slashes.has_status(400).says("the host differs");
    let other = browser.get(&app.authorize_path(&[("redirect_uri", "vscode://eve.notes/cb")])).await;
    other.has_status(400).says("This is a different site");
    assert!(!other.body.contains("countersign client update"), "no command for somebody else's extension");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_give_no_code_and_no_failure() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[]).await;
    for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FROB"] {
        let request = server.request(method, &app.authorize_path(&[]));
        let reply = browser.send(request).await;
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!((reply.header("allow"), reply.header("location")), ("GET, POST", ""), "{method}");
    }
}
