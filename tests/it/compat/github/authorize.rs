//! `/login/oauth/authorize`: what it takes, what the person sees, how it answers.

use super::{Shown, allow, app, app_with, authorize_path, redeem, server};
use crate::support::{CHALLENGE, VERIFIER, encode, scope};

#[tokio::test(flavor = "multi_thread")]
async fn the_redirect_uri_may_be_left_out_where_exactly_one_is_registered() {
    let server = server().await;
    let mut browser = server.browser();
    let one = app(&server).await;
    let reply = browser.get(&authorize_path(&one, &[("state", "a b&c")])).await;
    let page = browser.sign_in_here(&reply, "ada").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert!(answer.location().starts_with("https://app.example/cb?code="), "{}", answer.location());
    let sent = answer.redirected();
    assert_eq!(sent["state"], "a b&c");
    assert!(!sent.contains_key("iss"), "programs of this dialect take it for an error");

    let two = app_with(&server, |app| app.redirect_uris.push("https://app.example/other".to_owned())).await;
    browser.get(&authorize_path(&two, &[])).await.has_status(400).says("redirect_uri is missing");
    let named = allow(&mut browser, &two, &[("redirect_uri", "https://app.example/other")]).await;
    // and then the token request names it as well
    redeem(&two, &[("code", &named["code"])]).await.fails_with("redirect_uri_mismatch");
    let pairs = [("code", named["code"].as_str()), ("redirect_uri", "https://app.example/other")];
    redeem(&two, &pairs).await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_is_exact_also_where_the_original_takes_any_path_below() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    for foreign in [
        "https://app.example/cb/below",
        "https://app.example/cb?x=1",
        "https://app.example/",
        "https://sub.app.example/cb",
        "https://evil.example/cb",
        "http://app.example/cb",
    ] {
        let page = browser.get(&authorize_path(&app, &[("redirect_uri", foreign), ("state", "s")])).await;
        page.has_status(400).says("redirect_uri is not registered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_the_widest_permission_by_group_and_what_is_public() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app(&server).await;
    let page = browser.get(&authorize_path(&app, &[("scope", "repo, public_repo user:email")])).await;
    page.has_status(200).says("Repositories").says("Public and private");
    page.says("Personal user data").says("Email addresses (read-only)").says("ada@example.com");
    page.says("See your public profile");
    assert!(!page.body.contains("Public only") && !page.body.contains("Commit statuses"), "swallowed by repo");
    assert!(!page.body.contains("urn:countersign"));

    for none in ["", "(no scope)"] {
        let page = browser.get(&authorize_path(&app, &[("scope", none)])).await;
        page.has_status(200).says("See your public profile").says(">ada<");
        assert!(!page.body.contains("Personal user data"));
    }
    // a standard app asks for what it asks for, and sees no more
    let plain = server.app().await;
    let page = browser.authorize(&plain, &[]).await;
    assert!(page.status == 200 && !page.body.contains("See your public profile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_is_not_asked_again_and_a_wider_scope_covers_a_narrower() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app(&server).await;
    allow(&mut browser, &app, &[("scope", "repo")]).await;
    for covered in ["repo", "public_repo", ""] {
        browser.get(&authorize_path(&app, &[("scope", covered)])).await.has_status(302);
    }
    browser.get(&authorize_path(&app, &[("scope", "repo gist")])).await.has_status(200).says("New");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_go_to_the_app_in_that_services_words() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app(&server).await;
    let page = browser.get(&authorize_path(&app, &[("scope", "user"), ("state", "s1")])).await;
    let answer = browser.decide(&page, "deny", &[]).await;
    let sent = answer.has_status(303).redirected();
    assert_eq!(sent["error"], "access_denied");
    assert_eq!(sent["error_description"], "The user has denied your application access.");
    assert!(sent["error_uri"].starts_with("https://"));
    assert_eq!(sent["state"], "s1");
    assert!(!sent.contains_key("iss") && !sent.contains_key("code"));

    for (asked, why) in
        [("admin:org", "not among the app's"), ("nonsense", "unknown"), ("openid", "not of this service")]
    {
        let query = authorize_path(&app, &[("scope", asked), ("state", "s2")]);
        let sent = browser.get(&query).await.has_status(302).redirected();
        assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("invalid_scope", "s2"), "{asked}: {why}");
    }
    let query = encode(&[("client_id", app.client_id.as_str()), ("state", "a"), ("state", "b")]);
    browser.get(&format!("/login/oauth/authorize?{query}")).await.has_status(400);
    browser.get("/login/oauth/authorize?client_id=nobody").await.has_status(400).says("no app is registered");
    browser.get("/login/oauth/authorize").await.has_status(400).says("client_id is missing");
    browser.get("/login/oauth/authorize?client_id=%ff").await.has_status(400);
    for method in ["POST", "PUT", "HEAD"] {
        let reply = browser.send(server.request(method, "/login/oauth/authorize?client_id=x")).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET"), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_was_sent_is_enforced_and_a_code_lives_ten_minutes() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app_with(&server, |app| app.pkce_optional = true).await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = allow(&mut browser, &app, &pkce).await.remove("code").unwrap();
    redeem(&app, &[("code", &code)]).await.fails_with("bad_verification_code");
    let wrong = VERIFIER.replace('d', "e");
    redeem(&app, &[("code", &code), ("code_verifier", &wrong)]).await.fails_with("bad_verification_code");
    server.clock.advance(599);
    redeem(&app, &[("code", &code), ("code_verifier", VERIFIER)]).await.token();

    browser.sign_in("ada").await;
    let code = allow(&mut browser, &app, &[]).await.remove("code").unwrap();
    server.clock.advance(600);
    redeem(&app, &[("code", &code)]).await.fails_with("bad_verification_code");
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    let sent = browser.get(&authorize_path(&app, &plain)).await.redirected();
    assert_eq!(sent["error"], "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_yes_gives_the_same_code_and_later_it_is_done() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app(&server).await;
    let page = browser.get(&authorize_path(&app, &[("scope", "gist")])).await;
    let first = browser.decide(&page, "allow", &[]).await.redirected();
    let again = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(first["code"], again["code"]);
    redeem(&app, &[("code", &first["code"])]).await.token();
    browser.decide(&page, "allow", &[]).await.has_status(200).says("done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_only_with_an_optional_permission_is_left_out_with_it_and_hides_none_that_is_needed() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app =
        app_with(&server, |app| (app.scope, app.optional_scope) = (scope("read:user public_repo"), scope("repo")))
            .await;
    let asked = authorize_path(&app, &[("scope", "read:user,public_repo,repo")]);
    for (ticked, given) in [(&[] as &[&str], "read:user,public_repo"), (&["repo"], "read:user,repo")] {
        let page = browser.get(&asked).await;
        page.has_status(200).says("name=\"scope\" value=\"repo\"").says("Public only");
        assert_eq!(page.body.matches("name=\"scope\"").count(), 1, "what comes with it has no box of its own");
        let code = browser.decide(&page, "allow", ticked).await.redirected().remove("code").unwrap();
        assert_eq!(redeem(&app, &[("code", &code)]).await.json()["scope"], given);
    }
}
