//! What ends with a session, and what does not (PROTOCOL P17, P26; `OpenID` Connect Back-Channel Logout §2.7).

use countersign::{
    flow::admin::sessions,
    protocol::{grant::GrantType, response_type::ResponseType},
};

use super::{OUT, app, path, press};
use crate::support::{App, Browser, TestServer, Tokens, claims};

async fn sign_out(browser: &mut Browser<'_>) {
    let page = browser.get(&path(&[])).await;
    press(browser, &page, "yes").await.has_status(303);
}

async fn lives(server: &TestServer, app: &App<'_>, tokens: &Tokens) -> bool {
    let refreshed = app.refresh(&tokens.refresh_token).await;
    if refreshed.status == 200 {
        return server.opens(refreshed.json()["access_token"].as_str().unwrap()).await;
    }
    refreshed.refused("invalid_grant");
    assert!(!server.opens(&tokens.access_token).await, "what came with it is dead as well");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_what_was_granted_in_the_session_and_not_what_is_for_when_the_person_is_away() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut elsewhere = server.browser();
    elsewhere.sign_in("ada").await;
    let (told, untold) = (app(&server).await, server.app().await);
    let bound = told.tokens(&mut browser, &[("scope", "openid")]).await;
    let offline = told.tokens(&mut browser, &[("scope", "openid offline_access")]).await;
    let no_sign_in = told.tokens(&mut browser, &[("scope", "profile")]).await;
    let of_other_session = told.tokens(&mut elsewhere, &[("scope", "openid")]).await;
    let never_told = untold.tokens(&mut browser, &[("scope", "openid")]).await;
    let in_flight = browser.allow(&told, &[("scope", "openid")]).await;
    sign_out(&mut browser).await;
    assert!(!lives(&server, &told, &bound).await);
    assert!(lives(&server, &told, &offline).await, "offline_access");
    let refreshed = told.refresh(&no_sign_in.refresh_token).await;
    refreshed.has_status(200);
    assert!(lives(&server, &told, &of_other_session).await, "another browser");
    assert!(lives(&server, &untold, &never_told).await, "it registered nothing for signing out");
    told.redeem(&in_flight).await.refused("invalid_grant");
}

/// `OpenID` Connect Core §11.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_code_nothing_is_for_when_the_person_is_away_and_nobody_is_asked_for_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|metadata| {
            metadata.grant_types = vec![GrantType::Implicit];
            metadata.response_types = vec![ResponseType::IdTokenToken];
            metadata.post_logout_redirect_uris = vec![OUT.to_owned()];
        })
        .await;
    let asked = [("response_type", "id_token token"), ("nonce", "n")];
    let page = browser.authorize(&app, &[&asked[..], &[("scope", "openid offline_access")]].concat()).await;
    page.has_status(200).says("name=\"decision\"");
    assert!(!page.body.contains("Stay connected"), "{}", page.body);
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(sent["scope"], "openid");
    assert!(server.opens(&sent["access_token"]).await);
    sign_out(&mut browser).await;
    assert!(!server.opens(&sent["access_token"]).await);
    let alone = browser.authorize(&app, &[&asked[..], &[("scope", "offline_access")]].concat()).await;
    assert_eq!(alone.redirected()["error"], "invalid_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_person_ends_elsewhere_takes_the_same_with_it() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    server.user("ada").await;
    let mut browsers = Vec::new();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let mut browser = server.browser();
        browser.sign_in("ada").await;
        tokens.push(app.tokens(&mut browser, &[("scope", "openid")]).await);
        browsers.push(browser);
    }
    let page = browsers[0].get("/account/sessions").await;
    let csrf = page.field("csrf");
    let first = page.body.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    browsers[0]
        .post("/account/sessions", &[("csrf", &csrf), ("end", "one"), ("session", &first)])
        .await
        .has_status(303);
    let mut alive = 0;
    for tokens in &tokens {
        alive += usize::from(lives(&server, &app, tokens).await);
    }
    assert_eq!(alive, 2);
    let tokens: Vec<Tokens> = {
        let mut again = Vec::new();
        for browser in &mut browsers {
            browser.sign_in("ada").await;
            again.push(app.tokens(browser, &[("scope", "openid")]).await);
        }
        again
    };
    let csrf = browsers[0].get("/account/sessions").await.field("csrf");
    browsers[0].post("/account/sessions", &[("csrf", &csrf), ("end", "others")]).await.has_status(303);
    assert!(lives(&server, &app, &tokens[0]).await);
    assert!(!lives(&server, &app, &tokens[1]).await && !lives(&server, &app, &tokens[2]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_goes_on_with_the_session_that_apps_know_and_so_does_coming_back_after_another_person() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let first = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let cookie = browser.cookie("countersign_session").unwrap();
    server.clock.advance(5);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await;
    let answer = browser.sign_in_here(&page, "ada").await;
    let again = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    assert_ne!(browser.cookie("countersign_session").unwrap(), cookie, "under a new secret");
    let mut stale = server.browser();
    stale.cookies = vec![("countersign_session".to_owned(), cookie)];
    assert!(!stale.is_signed_in().await);
    let sid = |tokens: &Tokens| claims(tokens.all["id_token"].as_str().unwrap())["sid"].clone();
    assert_eq!(sid(&first), sid(&again));
    let other = self::app(&server).await;
    let at_other = other.tokens(&mut browser, &[("scope", "openid")]).await;
    assert_ne!(sid(&first), sid(&at_other), "no two apps know it by the same name");
    assert!(lives(&server, &app, &first).await);
    // eve signs in where ada was
    server.user("eve").await;
    server.clock.advance(5);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await;
    browser.sign_in_here(&page, "eve").await;
    assert!(lives(&server, &app, &first).await && lives(&server, &other, &at_other).await, "ada has not signed out");
    server.clock.advance(5);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await;
    let answer = browser.sign_in_here(&page, "ada").await;
    let back = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    assert_eq!(sid(&first), sid(&back));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_what_was_granted_in_sessions() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = app(&server).await;
    let bound = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let offline = app.tokens(&mut browser, &[("scope", "openid offline_access")]).await;
    let origin = countersign::flow::Origin::default();
    let new = "another password that is long";
    countersign::flow::admin::users::set_password(&server.admin, &origin, "ada", new).await.unwrap();
    assert!(!lives(&server, &app, &bound).await);
    assert!(lives(&server, &app, &offline).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_no_session_that_has_idled_out_or_ended() {
    let server = TestServer::start().await;
    let count = async |name| sessions::list(&server.admin, name, 10).await.unwrap().len();
    let mut browser = server.ada().await;
    let page = server.get("/login").await;
    let mut remembered = server.browser();
    remembered.cookies = vec![("countersign_browser".to_owned(), browser.cookie("countersign_browser").unwrap())];
    assert!(page.body.contains("remember"));
    let csrf = remembered.get("/login").await.field("csrf");
    let fields = [("username", "ada"), ("password", crate::support::PASSWORD), ("csrf", &*csrf), ("remember", "on")];
    remembered.post("/login", &fields).await.has_status(303);
    assert_eq!((count(None).await, count(Some("ada")).await), (2, 2));
    server.clock.advance(2 * 3600 - 1);
    assert_eq!(count(None).await, 2);
    server.clock.advance(1);
    assert_eq!(count(None).await, 1, "one was seen too long ago");
    browser.get("/account").await.has_status(303);
    server.clock.advance(14 * 24 * 3600);
    assert_eq!(count(Some("ada")).await, 0);
}
