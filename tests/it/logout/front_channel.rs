//! `OpenID` Connect Front-Channel Logout 1.0, by section.

use std::collections::BTreeMap;

use serde_json::json;

use super::{OUT, asks, id_token, path, press};
use crate::{
    registration::{self, ALL, OPEN, register},
    support::{App, PASSWORD, Reply, TestServer, claims},
};

const PAGE: &str = "https://app.example/fc?from=op";

async fn app<'a>(server: &'a TestServer, page: &str) -> App<'a> {
    let site = page.split('/').take(3).collect::<Vec<_>>().join("/");
    let change = |metadata: &mut countersign::protocol::client_metadata::ClientMetadata| {
        metadata.redirect_uris = vec![format!("{site}/cb")];
        metadata.post_logout_redirect_uris = vec![OUT.to_owned()];
        metadata.frontchannel_logout_uri = Some(page.to_owned());
        metadata.frontchannel_logout_session_required = true;
    };
    server.app_with(change).await
}

/// The addresses of a page's frames.
fn frames(page: &Reply) -> Vec<url::Url> {
    let sources = page.body.split("<iframe ").skip(1).map(|rest| rest.split(" src=\"").nth(1).unwrap());
    sources.map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&").parse().unwrap()).collect()
}

fn query(url: &url::Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_the_pages_of_the_apps_in_this_session_are_shown_with_iss_and_sid_and_then_the_way_back() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (one, two, unused) = (
        app(&server, PAGE).await,
        app(&server, "https://two.example/out").await,
        app(&server, "https://unused.example/").await,
    );
    let deaf = super::app(&server).await;
    let denied = app(&server, "https://denied.example/out").await;
    let hint = id_token(&one, &mut browser).await;
    let hints = [hint.clone(), id_token(&two, &mut browser).await];
    id_token(&deaf, &mut browser).await;
    // signed in to at another browser, and refused here
    let mut elsewhere = server.browser();
    elsewhere.sign_in("ada").await;
    id_token(&unused, &mut elsewhere).await;
    let question = browser.authorize(&denied, &[("scope", "openid")]).await;
    browser.decide(&question, "deny", &[]).await;
    let page =
        browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", OUT), ("state", "a'b&c")])).await;
    asks(&page);
    assert_eq!(frames(&page).len(), 0);
    let left = press(&mut browser, &page, "yes").await;
    left.has_status(200).says("signed out");
    assert!(!browser.is_signed_in().await);
    let shown = frames(&left);
    let mut found: BTreeMap<String, BTreeMap<String, String>> =
        shown.iter().map(|url| (format!("{}{}", url.host_str().unwrap(), url.path()), query(url))).collect();
    for (place, hint) in [("app.example/fc", &hints[0]), ("two.example/out", &hints[1])] {
        let query = found.remove(place).unwrap_or_else(|| panic!("{place}: {shown:?}"));
        assert_eq!(query["iss"], server.issuer);
        assert_eq!(query["sid"], claims(hint)["sid"].as_str().unwrap());
        assert_eq!(query.get("from").map(String::as_str), (place == "app.example/fc").then_some("op"));
    }
    assert!(found.is_empty(), "{found:?}");
    assert!(left.headers.get("location").is_none());
    left.says("<meta http-equiv=\"refresh\" content=\"1;url=https://app.example/out?state=a%27b%26c\">");
    left.says("href=\"https://app.example/out?state=a%27b%26c\"");
    let policy = left.header("content-security-policy");
    assert!(policy.ends_with("frame-src https://app.example/fc https://two.example/out"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    // nothing shows them again: neither a reload nor another sign-out
    let again = press(&mut browser, &page, "yes").await;
    assert_eq!(frames(&browser.get(again.location()).await).len(), 0);
    browser.sign_in("ada").await;
    let page = browser.get("/oauth2/logout").await;
    let left = press(&mut browser, &page, "yes").await;
    assert_eq!((left.status.as_u16(), frames(&left).len()), (303, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_without_a_way_back_the_page_stays_and_an_app_that_has_gone_is_not_shown() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, gone) = (app(&server, PAGE).await, app(&server, "https://gone.example/out").await);
    id_token(&app, &mut browser).await;
    id_token(&gone, &mut browser).await;
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::clients::delete(&server.admin, &origin, &gone.client_id).await.unwrap();
    let page = browser.get("/oauth2/logout").await;
    let left = press(&mut browser, &page, "yes").await;
    left.has_status(200).says("Sign in again");
    assert_eq!(frames(&left).len(), 1);
    assert!(!left.body.contains("http-equiv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_the_way_back_to_an_app_that_nobody_vouches_for_is_a_link_and_no_refresh() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let members = json!({"post_logout_redirect_uris": [OUT], "frontchannel_logout_uri": PAGE});
    let told = register(&server, None, &members).await.has_status(201).json();
    let stranger = registration::app(&server, &told);
    let mut browser = server.ada().await;
    for by_hint in [false, true] {
        let hint = id_token(&stranger, &mut browser).await;
        let proof = if by_hint { ("id_token_hint", hint.as_str()) } else { ("client_id", &*stranger.client_id) };
        let page = browser.get(&path(&[proof, ("post_logout_redirect_uri", OUT)])).await;
        let left = press(&mut browser, &page, "yes").await;
        left.has_status(200).says("(<bdi>app.example</bdi>)").says(&format!("href=\"{OUT}\""));
        assert_eq!((frames(&left).len(), left.body.contains("http-equiv")), (1, by_hint));
        browser.sign_in("ada").await.has_status(303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_where_other_accounts_stay_the_page_says_who_has_left_and_leads_to_them() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server, PAGE).await;
    id_token(&app, &mut browser).await;
    server.user("bob").await;
    let csrf = browser.get("/login?another=yes").await.field("csrf");
    browser.post("/login", &[("username", "bob"), ("password", PASSWORD), ("csrf", &csrf)]).await.has_status(303);
    let page = browser.get("/oauth2/logout?logout_hint=ada").await;
    let left = press(&mut browser, &page, "yes").await;
    left.has_status(200).says("<bdi>ada</bdi> is signed out").says("still signed in");
    left.says("href=\"/oauth2/authorize/account\"");
    assert!(!left.body.contains("You’re signed out"), "{}", left.body);
    assert_eq!(frames(&left).len(), 1);
    browser.get("/account").await.has_status(200).says("bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_the_page_is_at_one_of_the_apps_own_sites() {
    let server = TestServer::start().await;
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["frontchannel_logout_supported"], true);
    assert_eq!(metadata["frontchannel_logout_session_supported"], true);
    let shell = crate::support::Shell::new().await;
    let create = |page: &str| {
        shell.run(&[
            "client",
            "create",
            "--name",
            "Notes",
            "--redirect-uri",
            "https://app.example/cb",
            "--frontchannel-logout-uri",
            page,
            "--json",
        ])
    };
    for (page, words) in [
        ("https://other.example/fc", "another site"),
        ("https://app.example:8443/fc", "another site"),
        ("http://app.example/fc", "uses http to another machine"),
        ("https://app.example/fc#x", "fragment"),
        ("https://app.example;sandbox/fc", "neither a plain name nor an IP address"),
        ("com.example.app:/fc", "no web page"),
        ("cursor://editor/fc", "no web page"),
        ("javascript:alert(1)", "scheme"),
        ("/fc", "absolute"),
    ] {
        create(page).failed(1, words);
    }
    let made = create("https://app.example/fc?a=b").json();
    let id = made["client_id"].as_str().unwrap();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!(shown["frontchannel_logout_uri"], "https://app.example/fc?a=b");
    assert_eq!(shown["frontchannel_logout_session_required"], false);
    shell.run(&["client", "update", id, "--frontchannel-logout-uri", ""]).done();
    assert!(shell.run(&["client", "show", id, "--json"]).json().get("frontchannel_logout_uri").is_none());
}
