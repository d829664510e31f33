//! Redirect URIs through the front door (RFC 8252 §7.3, RFC 9700 §2.1).

use countersign::{
    flow::{
        Origin,
        admin::clients::{self, NewClient},
    },
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
    },
};

use crate::support::{TestServer, Tokens, update_client};

/// A public client.
pub(crate) fn public(app: &mut ClientMetadata) {
    app.token_endpoint_auth_method = AuthMethod::None;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_client_takes_any_port_of_its_loopback_address_and_redeems_with_the_same() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut app = server
        .app_with(|app| {
            public(app);
            app.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        })
        .await;
    app.redirect_uri = "http://127.0.0.1:49152/cb".to_owned();
    let code = browser.allow(&app, &[]).await;
    let mut other = app.clone();
    other.redirect_uri = "http://127.0.0.1:49153/cb".to_owned();
    other.redeem(&code).await.refused("invalid_grant");
    Tokens::of(&app.redeem(&code).await);
    for wrong in ["http://127.0.0.1:49152/other", "http://localhost:49152/cb", "http://[::1]:49152/cb"] {
        server.get(&app.authorize_path(&[("redirect_uri", wrong)])).await.has_status(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redirect_uri_the_only_registered_one_is_meant_and_of_two_none() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[("redirect_uri", "")]).await;
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    Tokens::of(&app.token(&[("grant_type", "authorization_code"), ("code", &code)]).await);
    let two = server.app_with(|app| app.redirect_uris.push("https://app.example/cb2".to_owned())).await;
    browser.authorize(&two, &[("redirect_uri", "")]).await.has_status(400);
    browser.authorize(&two, &[("redirect_uri", "https://app.example/cb2")]).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_query_is_kept_and_carries_exactly_one_code() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.redirect_uris = vec!["https://app.example/cb?a=1&b=2".to_owned()]).await;
    let page = browser.authorize(&app, &[]).await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert!(answer.location().starts_with("https://app.example/cb?a=1&b=2&code="), "{}", answer.location());
    assert_eq!(answer.location().matches("code=").count(), 1);
    browser.authorize(&app, &[("redirect_uri", "https://app.example/cb?a=1")]).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_no_iss_gets_none_and_every_other_does() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for (no_iss, iss) in [(true, None), (false, Some(&server.issuer))] {
        let app = server.app_with(|app| app.no_iss = no_iss).await;
        let page = browser.authorize(&app, &[]).await;
        let sent = browser.decide(&page, "allow", &[]).await.redirected();
        assert!(sent.contains_key("code"), "{sent:?}");
        assert_eq!(sent.get("iss"), iss);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_registered_address_is_taken_character_by_character() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for app in [server.app().await, server.app_with(public).await] {
        browser.allow(&app, &[]).await;
        for wrong in [
            "https://app.example/cb/",
            "https://app.example/cb?",
            "https://app.example/cb#",
            "https://app.example/cb?code=evil",
            "https://app.example/cb#code=evil",
            "https://app.example/c",
            "https://app.example/CB",
            "https://app.example/%63b",
            "https://app.example//cb",
            "https://app.example/./cb",
            "https://app.example/x/../cb",
            "https://app.example/cb/../../evil",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example./cb",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "http://app.example/cb",
            "//app.example/cb",
            "/cb",
            "https:app.example/cb",
            "https://app.example\\@evil.example/cb",
            "https://app.example@evil.example/cb",
            "https://ada@app.example/cb",
            "https://app.example.evil.example/cb",
            "https://evil.example/https://app.example/cb",
            "https://evil.example/cb",
            " https://app.example/cb",
            "https://app.example/cb ",
            "https://app.example/cb\r\nSet-Cookie: evil=1",
            "https://app.example/cb\u{202e}",
            "javascript:alert(1)",
            "data:text/html,x",
            "x",
        ] {
            let reply = browser.authorize(&app, &[("redirect_uri", wrong)]).await;
            assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{wrong}");
            assert_eq!(reply.header("set-cookie"), "", "{wrong}");
        }
        assert!(browser.authorize(&app, &[]).await.redirected().contains_key("code"), "control");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_is_free_for_the_loopback_address_that_is_registered_and_nothing_else() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for (registered, free, other) in [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", ["http://[::1]:49152/cb", "http://localhost:49152/cb"]),
        ("http://[::1]:8000/cb", "http://[::1]:49152/cb", ["http://127.0.0.1:8000/cb", "http://localhost:8000/cb"]),
        ("http://localhost/cb", "http://localhost:49152/cb", ["http://127.0.0.1/cb", "http://[::1]:49152/cb"]),
    ] {
        let native = |app: &mut ClientMetadata| {
            public(app);
            app.redirect_uris = vec![registered.to_owned()];
        };
        let mut app = server.app_with(native).await;
        app.redirect_uri = free.to_owned();
        let code = browser.allow(&app, &[]).await;
        Tokens::of(&app.redeem(&code).await);
        let changed = ["/other", "/cb/", "/cb?x=1", "/cb#x", ".evil.example/cb", ":80@evil.example/cb", ""];
        let changed = changed.map(|end| free.replace("/cb", end));
        for wrong in other.iter().copied().chain(changed.iter().map(String::as_str)) {
            let reply = browser.authorize(&app, &[("redirect_uri", wrong)]).await;
            assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{wrong} for {registered}");
        }
        // a program that keeps a secret is no program on people's machines
        let web = server.app_with(|app| app.redirect_uris = vec![registered.to_owned()]).await;
        browser.authorize(&web, &[("redirect_uri", free)]).await.has_status(400);
    }
    let site = server.app_with(public).await;
    browser.authorize(&site, &[("redirect_uri", "https://app.example:49152/cb")]).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_scheme_with_a_dot_works_exactly() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            public(app);
            app.redirect_uris = vec!["com.example.app:/cb".to_owned()];
        })
        .await;
    let page = browser.authorize(&app, &[]).await;
    page.has_status(200).says("com.example.app");
    let answer = browser.decide(&page, "allow", &[]).await;
    assert!(answer.location().starts_with("com.example.app:/cb?code="), "{}", answer.location());
    Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    for wrong in [
        "com.example.app:/",
        "com.example.app:/cb/",
        "com.example.app:/cb?x=1",
        "com.example.app://cb",
        "com.example.app:cb",
        "COM.example.app:/cb",
        "com.example.app2:/cb",
        "com.example:/cb",
        "https://com.example.app/cb",
    ] {
        let reply = browser.authorize(&app, &[("redirect_uri", wrong)]).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_nowhere_good_cannot_be_registered_and_no_update_brings_it_in() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let origin = Origin::default();
    for bad in [
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://10.0.0.1/cb",
        "http://localhost./cb",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://*.example/cb",
        "https://app.example/*",
        "https://ada:secret@app.example/cb",
        "https://app.example\\@evil.example/",
        "https://app.example/x/../cb",
        "https://app.example/%2e%2e/cb",
        "https://app.example/a b",
        "https://app.example/\r\n",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https:///app.example/cb",
        "https:\\\\app.example/cb",
        "https://",
        "//app.example/cb",
        "/cb",
        "cb",
        "",
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/x",
        "about:blank",
        "view-source:https://app.example/",
        "intent:x",
        "mailto:ada@example.com",
        "ftp://app.example/cb",
        "ws://app.example/cb",
        "myapp:/cb",
        // the answer's own parameters: there would be two of them
        "https://app.example/cb?code=1",
        "https://app.example/cb?a=1&state=x",
        "https://app.example/cb?%63ode=1",
        "https://app.example/cb?iss=https://evil.example",
        "http://127.0.0.1/cb?error=none",
    ] {
        for method in [AuthMethod::AnySecret, AuthMethod::None] {
            let metadata = ClientMetadata {
                redirect_uris: vec![bad.to_owned()],
                grant_types: vec![GrantType::AuthorizationCode],
                token_endpoint_auth_method: method,
                ..ClientMetadata::default()
            };
            let new = NewClient { name: "app".to_owned(), metadata, ..NewClient::default() };
            assert!(clients::create(&server.admin, &origin, new).await.is_err(), "{bad}");
        }
        let mut changed = clients::find(&server.admin, &app.client_id).await.unwrap();
        changed.metadata.redirect_uris.push(bad.to_owned());
        assert!(update_client(&server.admin, &changed).await.is_err(), "{bad}");
    }
    let there = clients::find(&server.admin, &app.client_id).await.unwrap();
    assert_eq!(there.metadata.redirect_uris, ["https://app.example/cb"]);
}

/// PROTOCOL P23, whoever registers it.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_sent_to_no_page_of_the_persons_own_machine_unless_the_server_is_there_too() {
    for (issuer, fits) in [("https://id.example", false), ("http://localhost:8080", true)] {
        let server = TestServer::with(&[("COUNTERSIGN_ISSUER", issuer)]).await;
        for uri in ["https://localhost/cb", "https://LOCALHOST:3000/cb", "http://127.0.0.1/cb"] {
            let metadata = ClientMetadata {
                redirect_uris: vec![uri.to_owned()],
                grant_types: vec![GrantType::Implicit],
                ..ClientMetadata::default()
            };
            let new = NewClient { name: "app".to_owned(), metadata, ..NewClient::default() };
            let made = clients::create(&server.admin, &Origin::default(), new).await;
            assert_eq!(made.is_ok(), fits, "{uri} at {issuer}");
        }
    }
}
