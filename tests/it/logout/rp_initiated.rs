//! `OpenID` Connect RP-Initiated Logout 1.0, by section.

use countersign::{
    flow::{Origin, admin::keys},
    jose::{Algorithm, MacAlgorithm},
};
use serde_json::json;

use super::{OUT, OUT_WITH_QUERY, app, asks, hidden, id_token, path, press, send};
use crate::{
    authorize::request_object_encryption::for_us,
    registration::{self, ALL, OPEN, register},
    support::{PASSWORD, TestServer, encode, eventually},
};

/// What the certification suite sends, and worse.
const STATES: [&str; 4] =
    ["x", "aA0-._~!$&'()*+,;=:@/?\"<>{}|^%`\\#[]", "%2B%20+ %%41 &state=other&iss=x", "\u{e9}\u{4e2d}\u{1f600}  "];

#[tokio::test(flavor = "multi_thread")]
async fn s2_s3_the_person_is_asked_signed_out_and_led_back_with_the_state_byte_for_byte() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    assert!(
        server.get("/.well-known/openid-configuration").await.json()["end_session_endpoint"]
            == format!("{}/oauth2/logout", server.issuer)
    );
    for (state, by_post) in STATES.into_iter().zip([false, true, false, true]) {
        let hint = id_token(&app, &mut browser).await;
        let params = [
            ("id_token_hint", hint.as_str()),
            ("client_id", &app.client_id),
            ("post_logout_redirect_uri", if by_post { OUT_WITH_QUERY } else { OUT }),
            ("state", state),
            ("logout_hint", "ada"),
            ("ui_locales", "de fr"),
            ("unknown", "ignored"),
        ];
        let page = if by_post {
            let round = browser.post("/oauth2/logout", &params).await;
            round.has_status(303);
            browser.get(round.location()).await
        } else {
            browser.get(&path(&params)).await
        };
        asks(&page);
        page.says("photo printer").says("asked to sign you out");
        assert!(browser.is_signed_in().await, "it only asked");
        let left = press(&mut browser, &page, "yes").await;
        left.has_status(303);
        let start = if by_post { "https://app.example/out?from=op&state=" } else { "https://app.example/out?state=" };
        assert!(left.location().starts_with(start), "{}", left.location());
        let returned = left.redirected();
        assert_eq!((returned["state"].as_str(), returned.len()), (state, if by_post { 2 } else { 1 }));
        assert_eq!(left.header("referrer-policy"), "no-referrer");
        assert!(!browser.is_signed_in().await);
        browser.sign_in("ada").await.has_status(303);
    }
    // without a state there is none, and nothing else is added
    let hint = id_token(&app, &mut browser).await;
    let page = browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT)])).await;
    assert_eq!(press(&mut browser, &page, "yes").await.location(), OUT);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_who_stays_is_led_nowhere_and_who_leaves_without_an_address_reads_that_they_are_signed_out() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|metadata| {
            metadata.client_uri = Some("https://app.example/".to_owned());
            metadata.post_logout_redirect_uris = vec![OUT.to_owned()];
        })
        .await;
    let hint = id_token(&app, &mut browser).await;
    let with_address = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT), ("state", "x")];
    let page = browser.get(&path(&with_address)).await;
    assert_eq!(press(&mut browser, &page, "no").await.location(), "/account");
    assert!(browser.is_signed_in().await);
    for params in
        [vec![], vec![("state", "x")], vec![("id_token_hint", hint.as_str())], vec![("client_id", &app.client_id)]]
    {
        let page = browser.get(&path(&params)).await;
        asks(&page);
        let left = press(&mut browser, &page, "yes").await;
        left.has_status(303);
        assert!(left.location().starts_with("/oauth2/logout"), "{}", left.location());
        let done = browser.get(left.location()).await;
        done.has_status(200).says("signed out");
        let knows = params.iter().any(|(name, _)| *name != "state");
        assert_eq!(done.body.contains("href=\"https://app.example/\""), knows, "the way to the app's home page");
        browser.sign_in("ada").await.has_status(303);
    }
    server.browser().get("/oauth2/logout").await.has_status(200).says("signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_post_from_another_site_comes_without_cookies_and_goes_round_by_our_own_address() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let hint = id_token(&app, &mut browser).await;
    let long = "s".repeat(4000);
    for state in ["short", &long] {
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT), ("state", state)];
        let form = server
            .request("POST", "/oauth2/logout")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://app.example")
            .header("sec-fetch-site", "cross-site");
        let mut nobody = server.browser();
        let reply = nobody.send(form.body(encode(&params))).await;
        let page = if state == "short" {
            reply.has_status(303);
            browser.get(reply.location()).await
        } else {
            // too long for an address: a form of ours has it
            reply.has_status(200);
            send(&mut browser, &hidden(&reply)).await
        };
        asks(&page);
        assert!(browser.is_signed_in().await);
        let sent = hidden(&page);
        assert!(sent.iter().any(|(name, value)| name == "state" && value == state));
        let left = press(&mut browser, &page, "yes").await;
        assert_eq!(left.redirected()["state"], state);
        browser.sign_in("ada").await;
    }
    // the button itself is pressed here or nowhere
    for decision in ["ask", "yes", "no"] {
        browser.headers = vec![("origin", "https://app.example".to_owned())];
        browser.post("/oauth2/logout", &[("logout", decision), ("id_token_hint", &hint)]).await.has_status(403);
    }
    browser.headers.clear();
    assert!(browser.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_an_address_that_is_not_the_clients_to_the_letter_leads_nowhere() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (own, other) = (
        app(&server).await,
        server
            .app_with(|metadata| {
                metadata.post_logout_redirect_uris = vec!["https://other.example/out".to_owned()];
            })
            .await,
    );
    let without = server.app().await;
    let mut hints = Vec::new();
    for app in [&own, &other, &without] {
        hints.push(id_token(app, &mut browser).await);
    }
    let mut wrong: Vec<Vec<(&str, &str)>> = Vec::new();
    for altered in [
        "https://app.example/out/",
        "https://app.example/out?x=y",
        "https://app.example/out?",
        "https://app.example/out#x",
        "https://app.example/Out",
        "https://APP.example/out",
        "https://app.example:443/out",
        "http://app.example/out",
        "https://app.example/cb",
        "https://app.example.evil.example/out",
        "https://app.example/out\u{202e}",
        "javascript:alert(1)",
        "//app.example/out",
        "/account",
        "https://other.example/out",
    ] {
        wrong.push(vec![("id_token_hint", &hints[0]), ("post_logout_redirect_uri", altered)]);
        wrong.push(vec![("client_id", &own.client_id), ("post_logout_redirect_uri", altered)]);
    }
    // of another client than the one that the hint names; of one that has none; of nobody
    wrong.push(vec![("id_token_hint", &hints[1]), ("post_logout_redirect_uri", OUT)]);
    wrong.push(vec![("id_token_hint", &hints[2]), ("post_logout_redirect_uri", OUT)]);
    wrong.push(vec![("id_token_hint", &hints[0]), ("client_id", &other.client_id), ("post_logout_redirect_uri", OUT)]);
    wrong.push(vec![("post_logout_redirect_uri", OUT), ("state", "x")]);
    wrong.push(vec![("client_id", "nobody"), ("post_logout_redirect_uri", OUT)]);
    wrong.push(vec![("client_id", "<script>"), ("post_logout_redirect_uri", OUT)]);
    for params in &wrong {
        let page = browser.get(&path(params)).await;
        asks(&page);
        page.says("error").says("invalid_request").says("nothing leads back");
        let sent = hidden(&page);
        assert_eq!(sent.len(), 1, "nothing of it is kept: {sent:?}");
        server.browser().get(&path(params)).await.has_status(200).says("signed out").says("invalid_request");
    }
    // nor when the form is made to carry it
    for params in [&wrong[0], &wrong[30], &wrong[32], wrong.last().unwrap()] {
        let csrf = browser.get("/oauth2/logout").await.field("csrf");
        let more = [("logout", "yes"), ("csrf", csrf.as_str())];
        let left = browser.post("/oauth2/logout", &[params.as_slice(), &more].concat()).await;
        assert_eq!((left.status.as_u16(), left.location()), (303, "/oauth2/logout"), "{params:?}");
        assert!(!browser.is_signed_in().await, "the person wanted to");
        browser.sign_in("ada").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_a_wrong_address_leads_nowhere_and_signs_out_whom_the_page_names_also_when_another_account_is_in_use() {
    let server = TestServer::start().await;
    server.user("bob").await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    for by_token in [true, false] {
        let hint = id_token(&app, &mut browser).await;
        let csrf = browser.get("/login?another=yes").await.field("csrf");
        let bob = [("username", "bob"), ("password", PASSWORD), ("csrf", &csrf)];
        browser.post("/login", &bob).await.has_status(303);
        let proof = if by_token { ("id_token_hint", hint.as_str()) } else { ("logout_hint", "ada") };
        let wrong = [("client_id", app.client_id.as_str()), ("post_logout_redirect_uri", "https://app.example/out/")];
        let page = browser.get(&path(&[&wrong[..], &[proof, ("state", "x")]].concat())).await;
        asks(&page);
        page.says("nothing leads back").says("<bdi>ada</bdi>");
        let left = press(&mut browser, &page, "yes").await;
        assert!(!left.has_status(303).location().contains("app.example"), "{}", left.location());
        browser.get("/account").await.has_status(200).says("bob");
        let rest = browser.get(&path(&[("logout_hint", "ada")])).await;
        asks(&rest);
        assert!(!rest.body.contains("<bdi>ada</bdi>"), "she is signed out: {}", rest.body);
        press(&mut browser, &rest, "yes").await.has_status(303);
        browser.sign_in("ada").await.has_status(303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_a_hint_that_is_altered_foreign_or_of_another_kind_leads_nowhere() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = app(&server).await;
    let tokens = own.tokens(&mut browser, &[("scope", "openid")]).await;
    let hint = tokens.all["id_token"].as_str().unwrap();
    let parts: Vec<&str> = hint.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let elsewhere = TestServer::start().await;
    let mut other_browser = elsewhere.ada().await;
    let other_app = app(&elsewhere).await;
    let foreign = id_token(&other_app, &mut other_browser).await;
    let none = "eyJhbGciOiJub25lIn0";
    let turned: String = signature.chars().rev().collect();
    for bad in [
        &tokens.access_token,
        &tokens.refresh_token,
        &foreign,
        &format!("{head}.{body}.{turned}"),
        &format!("{head}.{body}."),
        &format!("{head}.{}.{signature}", foreign.split('.').nth(1).unwrap()),
        &format!("{none}.{body}."),
        &format!("{none}.{body}.{signature}"),
        "nonsense",
        "a.b.c",
        &"x".repeat(20_000),
    ] {
        for client in ["", own.client_id.as_str()] {
            let params =
                [("id_token_hint", bad), ("client_id", client), ("post_logout_redirect_uri", OUT), ("state", "x")];
            let csrf = browser.get("/oauth2/logout").await.field("csrf");
            let body = encode(&[&params[..], &[("logout", "ask"), ("csrf", &csrf)]].concat());
            let ask =
                server.request("POST", "/oauth2/logout").header("content-type", "application/x-www-form-urlencoded");
            let page = browser.send(ask.body(body)).await;
            asks(&page);
            page.says("invalid_request").says("id_token_hint is not an ID token");
            assert_eq!(hidden(&page).len(), 1);
        }
    }
    assert!(browser.is_signed_in().await);
    let params = [("id_token_hint", tokens.access_token.as_str()), ("post_logout_redirect_uri", OUT)];
    let page = browser.get(&path(&params)).await;
    assert_eq!(press(&mut browser, &page, "yes").await.location(), "/oauth2/logout");
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_an_expired_hint_is_as_good_also_when_its_key_is_published_no_more_but_not_when_it_was_given_away() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let hint = id_token(&app, &mut browser).await;
    let kid = jsonwebtoken::decode_header(&hint).unwrap().kid.unwrap();
    let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    server.clock.advance(3600);
    keys::rotate(&server.admin, &Origin::default(), Algorithm::Rs256, true).await.unwrap();
    server.clock.advance(20 * 24 * 3600);
    browser.sign_in("ada").await.has_status(303);
    eventually(async || !server.get("/oauth2/jwks").await.body.contains(&kid)).await;
    let page = browser.get(&path(&params)).await;
    asks(&page);
    page.says("asked to sign you out");
    assert_eq!(press(&mut browser, &page, "yes").await.location(), OUT);
    browser.sign_in("ada").await;
    keys::compromised(&server.admin, &Origin::default(), &kid).await.unwrap();
    eventually(async || browser.clone().get(&path(&params)).await.body.contains("id_token_hint is not")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_hint_made_with_the_apps_own_secret_is_its_own_and_nobody_elses() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let with_secret = |metadata: &mut countersign::protocol::client_metadata::ClientMetadata| {
        metadata.post_logout_redirect_uris = vec![OUT.to_owned()];
        metadata.sealed_secret = true;
        metadata.id_token_signed_response_alg = Some(MacAlgorithm::Hs256.into());
    };
    let (own, other) = (server.app_with(with_secret).await, server.app_with(with_secret).await);
    let hint = id_token(&own, &mut browser).await;
    let ask = |hint: &str| path(&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT)]);
    browser.get(&ask(&hint)).await.says("asked to sign you out");
    // made by the other app, in the name of this one; and in a name that no database takes
    let key = jsonwebtoken::EncodingKey::from_secret(other.secret.as_deref().unwrap().as_bytes());
    let header = jsonwebtoken::Header { typ: Some("JWT".to_owned()), ..jsonwebtoken::Header::default() };
    let mut claims = crate::support::claims(&hint);
    for (aud, good) in [(other.client_id.as_str(), true), (own.client_id.as_str(), false), ("a\u{0}b", false)] {
        claims["aud"] = aud.into();
        let forged = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let page = browser.get(&ask(&forged)).await;
        asks(&page);
        assert_eq!(page.body.contains("asked to sign you out"), good, "{aud:?}");
    }
}

/// `OpenID` Connect Core §3.1.2.1.
#[tokio::test(flavor = "multi_thread")]
async fn s2_a_hint_that_the_app_encrypted_for_us_is_as_good() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let hint = for_us(&server, &id_token(&app, &mut browser).await).await;
    let ask = |hint: &str| path(&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT)]);
    browser.get(&ask(&hint[..hint.len() - 4])).await.says("id_token_hint is not an ID token");
    let page = browser.get(&ask(&hint)).await;
    asks(&page);
    page.says("asked to sign you out");
    assert_eq!(press(&mut browser, &page, "yes").await.location(), OUT);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_s6_without_a_session_only_who_shows_a_hint_is_led_back_at_once() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let hint = id_token(&app, &mut browser).await;
    let mut nobody = server.browser();
    let led = nobody.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT), ("state", "x")])).await;
    led.has_status(302);
    assert_eq!(led.location(), format!("{OUT}?state=x"));
    // a name proves nothing: a page with a link
    let named =
        nobody.get(&path(&[("client_id", &app.client_id), ("post_logout_redirect_uri", OUT), ("state", "x")])).await;
    named.has_status(200).says("signed out").says(&format!("href=\"{OUT}?state=x\""));
    // a session that ended while the question was shown
    let page = browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT)])).await;
    browser.cookies.retain(|(name, _)| !name.ends_with("session"));
    let round = press(&mut browser, &page, "yes").await;
    assert_eq!(browser.get(round.location()).await.location(), OUT);
}

/// PROTOCOL P3: whoever registered itself may call itself a bank.
#[tokio::test(flavor = "multi_thread")]
async fn s2_s3_an_app_that_nobody_vouches_for_gets_a_link_that_names_its_host_unless_its_hint_shows_who_signs_out() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let local = "http://localhost/out";
    let members = json!({"client_name": "Your Bank", "post_logout_redirect_uris": [OUT, local]});
    let told = register(&server, None, &members).await.has_status(201).json();
    let stranger = registration::app(&server, &told);
    let own = app(&server).await;
    let mut browser = server.ada().await;
    server.user("eve").await;
    let mut eve = server.browser();
    eve.sign_in("eve").await;
    let eves = id_token(&stranger, &mut eve).await;
    let back = |proof, to| path(&[proof, ("post_logout_redirect_uri", to), ("state", "x")]);
    for proof in [("client_id", stranger.client_id.as_str()), ("id_token_hint", eves.as_str())] {
        let page = browser.get(&back(proof, OUT)).await;
        asks(&page);
        let left = press(&mut browser, &page, "yes").await;
        left.has_status(200).says("signed out").says("href=\"https://app.example/out?state=x\"");
        left.says("Back to <bdi>Your Bank</bdi> (<bdi>app.example</bdi>)");
        assert!(!left.body.contains("http-equiv"), "{}", left.body);
        assert!(!browser.is_signed_in().await);
        browser.sign_in("ada").await.has_status(303);
    }
    // who was there just now, a program of the person's own machine, and an app of an administrator's
    let hint = id_token(&stranger, &mut browser).await;
    for (proof, to) in [
        (("id_token_hint", hint.as_str()), OUT),
        (("client_id", stranger.client_id.as_str()), local),
        (("client_id", own.client_id.as_str()), OUT),
    ] {
        let page = browser.get(&back(proof, to)).await;
        let left = press(&mut browser, &page, "yes").await;
        assert_eq!((left.status.as_u16(), left.location()), (303, &*format!("{to}?state=x")));
        browser.sign_in("ada").await.has_status(303);
    }
    // that program gets an answer also where nobody is signed in any more
    let nobody = server.browser().get(&back(("id_token_hint", hint.as_str()), local)).await;
    assert_eq!(nobody.location(), format!("{local}?state=x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_hint_of_another_person_or_session_asks_like_any_other_and_ends_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("eve").await;
    let mut eve = server.browser();
    eve.sign_in("eve").await;
    let app = app(&server).await;
    let page = eve.authorize(&app, &[("scope", "openid")]).await;
    let code = eve.decide(&page, "allow", &[]).await.redirected()["code"].clone();
    let eves = app.redeem(&code).await.json()["id_token"].as_str().unwrap().to_owned();
    let page = browser.get(&path(&[("id_token_hint", &eves), ("post_logout_redirect_uri", OUT)])).await;
    asks(&page);
    assert!(browser.is_signed_in().await && eve.is_signed_in().await);
    press(&mut browser, &page, "yes").await.has_status(303);
    assert!(!browser.is_signed_in().await && eve.is_signed_in().await);
}

#[tokio::test]
async fn s31_addresses_are_registered_exactly_by_the_command_line() {
    let shell = crate::support::Shell::new().await;
    let create = |uri: &str, more: &[&str]| {
        let args = ["client", "create", "--name", "Notes", "--post-logout-redirect-uri", uri, "--json"];
        shell.run(&[&args[..], more].concat())
    };
    let signs_in = ["--redirect-uri", "https://app.example/cb"];
    for (uri, words) in [
        ("https://app.example/out#x", "fragment"),
        ("http://app.example/out", "uses http to another machine"),
        ("https://*.example/out", "wildcard"),
        ("javascript:alert(1)", "scheme"),
        ("https://app.example/out?state=x", "parameter"),
    ] {
        create(uri, &signs_in).failed(1, words);
    }
    create("https://app.example/out", &["--grant", "client_credentials"]).failed(1, "nobody signs in");
    create("cursor://editor/out", &signs_in).done();
    let made = create("https://app.example/out", &signs_in).json();
    let id = made["client_id"].as_str().unwrap();
    let shown = |shell: &crate::support::Shell| {
        shell.run(&["client", "show", id, "--json"]).json()["post_logout_redirect_uris"].clone()
    };
    assert_eq!(shown(&shell), serde_json::json!(["https://app.example/out"]));
    shell.run(&["client", "update", id, "--add-post-logout-redirect-uri", "http://localhost:3000/out"]).done();
    shell.run(&["client", "update", id, "--remove-post-logout-redirect-uri", "https://app.example/out"]).done();
    assert_eq!(shown(&shell), serde_json::json!(["http://localhost:3000/out"]));
    shell
        .run(&["client", "update", id, "--remove-post-logout-redirect-uri", "https://nix.example"])
        .failed(1, "cannot be removed");
}
