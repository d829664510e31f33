//! `/dialog/oauth`: what is asked, what may be skipped, and what comes back when something is wrong.

use countersign::{flow::admin::clients, protocol::grant::GrantType};

use super::{CALLBACK, Program, app, app_with, code, granted};
use crate::support::{TestServer, update_client};

/// The boxes on a consent page, with whether each is ticked.
fn boxes(page: &str) -> Vec<(String, bool)> {
    let all = page.split("<input type=\"checkbox\"").skip(1);
    all.map(|rest| {
        let tag = rest.split('>').next().unwrap();
        let value = tag.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        (value.to_owned(), tag.contains("checked"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_permission_but_the_basic_one_has_a_box_that_nobody_ticked_before() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let page = browser.get(&app.dialog(&[("scope", "public_profile,email, publish_actions")])).await;
    assert_eq!(boxes(&page.body), [("email".into(), false), ("publish_actions".into(), false)]);
    page.says("public_profile").says("See your public profile");
    let nothing = browser.get(&app.dialog(&[])).await;
    assert_eq!(boxes(&nothing.body), []);
    nothing.says("public_profile");
    let code = browser.decide(&nothing, "allow", &["email", "manage_pages"]).await.redirected().remove("code").unwrap();
    let (token, _) = granted(&app.by_code(&code).await);
    assert_eq!(app.debug(&token).await["scopes"], serde_json::json!(["public_profile"]), "boxes that were not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_is_not_asked_for_again_unless_the_app_says_so() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let all = [("scope", "email,publish_actions")];
    let token = app.token_for(&mut browser, all[0].1, &["email"]).await;
    assert_eq!(app.debug(&token).await["scopes"], serde_json::json!(["public_profile", "email"]));
    // the second time nobody is asked, and what was skipped stays out
    let again = browser.get(&app.dialog(&all)).await;
    again.has_status(302);
    let (token, _) = granted(&app.by_code(&again.redirected()["code"]).await);
    assert_eq!(app.debug(&token).await["scopes"], serde_json::json!(["public_profile", "email"]));
    // a new one is asked for, and only that one
    let more = browser.get(&app.dialog(&[("scope", "email,publish_actions,manage_pages")])).await;
    assert_eq!(boxes(&more.body), [("manage_pages".into(), false)]);
    assert!(more.body.contains(">email<") && !more.body.contains(">publish_actions<"));
    // and once more what was skipped
    let rerequest = [all[0], ("auth_type", "rerequest")];
    let page = browser.get(&app.dialog(&rerequest)).await;
    assert_eq!(boxes(&page.body), [("publish_actions".into(), false)]);
    let token = granted(&app.by_code(&code(&mut browser, &app, &rerequest, &["publish_actions"]).await).await).0;
    assert_eq!(app.debug(&token).await["scopes"], serde_json::json!(["public_profile", "email", "publish_actions"]));
    browser.get(&app.dialog(&all)).await.has_status(302);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_gets_the_same_redirect_whatever_the_first_has_changed_of_what_is_asked() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let page = browser.get(&app.dialog(&[("scope", "email,publish_actions")])).await;
    let first = browser.decide(&page, "allow", &["email"]).await;
    let second = browser.decide(&page, "allow", &["email"]).await;
    assert_eq!(first.has_status(303).location(), second.has_status(303).location());
    browser.decide(&page, "deny", &[]).await.has_status(200).says("Already done");
    granted(&app.by_code(&second.redirected()["code"]).await);
    browser.decide(&page, "allow", &["email"]).await.has_status(200).says("Already done");
    // of three tabs one refuses, one allows, and the one without an answer asks again
    let more = [("scope", "email,publish_actions"), ("auth_type", "rerequest")];
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(browser.get(&app.dialog(&more)).await);
    }
    let denied = browser.decide(&pages[0], "deny", &[]).await;
    assert_eq!(denied.redirected()["error"], "access_denied");
    browser.decide(&pages[1], "allow", &["publish_actions"]).await.redirected();
    browser.decide(&pages[2], "allow", &["publish_actions"]).await.has_status(200).says("name=\"decision\"");
    assert_eq!(browser.decide(&pages[0], "deny", &[]).await.location(), denied.location());
    browser.decide(&pages[0], "allow", &[]).await.has_status(200).says("Already done");
}

#[tokio::test(flavor = "multi_thread")]
async fn reauthenticate_asks_for_the_password_once_more() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    app.token_for(&mut browser, "", &[]).await;
    server.clock.advance(5);
    let page = browser.get(&app.dialog(&[("auth_type", "reauthenticate"), ("auth_nonce", "n")])).await;
    page.has_status(200).says("id=\"login\"");
    assert!(browser.sign_in_here(&page, "ada").await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_needed_and_has_to_be_the_registered_one_to_the_letter() {
    let server = TestServer::start().await;
    let app = app_with(&server, |app| app.redirect_uris.push("https://app.example/other".into())).await;
    let mut browser = server.ada().await;
    for wrong in [
        "",
        "https://app.example/cb/",
        "https://app.example/cb/below",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/CB",
        "https://evil.example/cb",
        "https://app.example.evil.example/cb",
        "http://app.example/cb",
        "app.example/cb",
        "javascript:alert(1)",
    ] {
        let reply = browser.get(&app.dialog(&[("redirect_uri", wrong)])).await;
        reply.has_status(400).says("<h1");
        assert_eq!(reply.header("location"), "", "{wrong}");
    }
    let only = super::app(&server).await;
    browser.get(&only.dialog(&[("redirect_uri", "")])).await.has_status(400).says("redirect_uri is missing");
    browser.get(&app.dialog(&[("redirect_uri", "https://app.example/other")])).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_goes_to_the_app_in_that_services_words() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    for (more, error, number) in [
        (("scope", "user_photos"), "invalid_scope", "100"),
        (("scope", "email,\""), "invalid_scope", "100"),
        (("scope", "openid"), "invalid_scope", "100"),
        (("response_type", "token"), "unauthorized_client", "3"),
        (("response_type", "code token"), "unsupported_response_type", "100"),
        (("request", "x"), "request_not_supported", "100"),
    ] {
        let told = browser.get(&app.dialog(&[more, ("state", "s")])).await.redirected();
        assert_eq!((&*told["error"], &*told["error_code"], &*told["state"]), (error, number, "s"), "{more:?}");
        assert_eq!(told["error_message"], told["error_description"]);
        assert!(!told["description"].is_empty() && !told.contains_key("error_reason") && !told.contains_key("iss"));
    }
    for (path, status) in [
        ("/dialog/oauth", 400),
        ("/dialog/oauth?client_id=nobody&redirect_uri=https://app.example/cb", 400),
        ("/dialog/oauth?client_id=a&client_id=b", 400),
        ("/dialog/oauth?client_id=%ff", 400),
        ("/dialog/oauth?%", 400),
        ("/v2/dialog/oauth", 404),
        ("/v2.x/dialog/oauth", 404),
        ("/v2.12/dialog/", 404),
    ] {
        browser.get(path).await.has_status(status);
    }
    let long = app.dialog(&[("state", &"s".repeat(5000))]);
    assert_eq!(browser.get(&long).await.redirected()["error"], "invalid_request");
    server.post("/dialog/oauth", &[("client_id", &app.client_id)]).await.has_status(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_fragment_is_for_apps_that_are_registered_for_it() {
    let server = TestServer::start().await;
    let app = app_with(&server, |app| app.grant_types.push(GrantType::Implicit)).await;
    let mut browser = server.ada().await;
    let page = browser.get(&app.dialog(&[("response_type", "token"), ("scope", "email"), ("state", "s")])).await;
    let reply = browser.decide(&page, "allow", &["email"]).await;
    assert!(reply.location().starts_with("https://app.example/cb#access_token="), "{}", reply.location());
    let told = reply.redirected();
    assert_eq!((&*told["expires_in"], &*told["state"]), ("7200", "s"));
    assert!(!told.contains_key("code") && !told.contains_key("iss"));
    assert_eq!(app.debug(&told["access_token"]).await["scopes"], serde_json::json!(["public_profile", "email"]));
    let (_, expires) = granted(&app.exchange(&told["access_token"]).await);
    assert!(expires > 59 * 86_400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_is_sent_is_held_to() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let with = [("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")];
    let one = code(&mut browser, &app, &with, &[]).await;
    let usual = [("redirect_uri", CALLBACK), ("code", &*one)];
    super::refused(&app.by_get(&usual).await, 400, 100);
    super::refused(&app.by_get(&[&usual[..], &[("code_verifier", &"x".repeat(43))]].concat()).await, 400, 100);
    granted(&app.by_get(&[&usual[..], &[("code_verifier", crate::support::VERIFIER)]].concat()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loses_the_dialect_loses_its_tokens_with_it() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let token = app.token_for(&mut browser, "email", &["email"]).await;
    let me = super::to("/me", &[("access_token", &token)]);
    server.get(&me).await.has_status(200);
    let mut changed = clients::find(&server.admin, &app.client_id).await.unwrap();
    changed.metadata.query_token = false;
    update_client(&server.admin, &changed).await.unwrap();
    // not later than the caches see it
    crate::support::eventually(async || server.get(&me).await.status == 400).await;
    let header = format!("OAuth {token}");
    server.get_with("/me", "authorization", &header).await.has_status(200);
    changed.metadata.dialect = None;
    update_client(&server.admin, &changed).await.unwrap();
    let gone = async || server.get_with("/me", "authorization", &header).await.status != 200;
    crate::support::eventually(gone).await;
}
