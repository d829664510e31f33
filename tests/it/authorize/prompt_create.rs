//! `prompt=create` (Initiating User Registration 1.0).

use countersign::flow::admin::users;
use serde_json::json;

use crate::support::{App, Browser, PASSWORD, Reply, TestServer, Tokens};

const CREATE: [(&str, &str); 2] = [("scope", "openid"), ("prompt", "create")];

async fn open() -> TestServer {
    TestServer::with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")]).await
}

fn asks_for_an_account(page: &Reply) {
    page.has_status(200).says("<h1>Create an account</h1>").says("photo printer");
}

/// Fills the page in, and goes on to what follows.
async fn sign_up(browser: &mut Browser<'_>, page: &Reply, username: &str) -> Reply {
    let (action, mut fields) = page.posts();
    assert_eq!(action, "/signup");
    fields.extend([("username", username), ("password", PASSWORD)].map(|(name, value)| (name.into(), value.into())));
    let fields: Vec<_> =
        fields.iter().map(|(name, value): &(String, String)| (name.as_str(), value.as_str())).collect();
    let next = browser.post("/signup", &fields).await;
    // a request that is too long for an address goes by a form
    if next.status == 200 { carried(browser, &next).await } else { browser.get(next.location()).await }
}

/// Sends the form of a page that has nothing to ask.
async fn carried(browser: &mut Browser<'_>, page: &Reply) -> Reply {
    let (action, fields) = page.posts();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &fields).await
}

/// Whose the answer is.
async fn whose(server: &TestServer, app: &App<'_>, answer: &Reply) -> String {
    let tokens = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    server.resource(&tokens.access_token).await.json()["user"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_2_it_is_in_the_metadata_while_people_may_make_accounts_and_refused_while_not() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let supported = async |server: &TestServer| {
        let document = server.get("/.well-known/openid-configuration").await.json();
        document["prompt_values_supported"].clone()
    };
    assert_eq!(supported(&server).await, json!(["none", "login", "consent", "select_account"]));
    let refused = server.get(&app.authorize_path(&CREATE)).await.redirected();
    assert_eq!((refused["error"].as_str(), refused["state"].as_str()), ("invalid_request", "xyz"));
    assert!(refused["error_description"].contains("prompt=create"));
    let open = open().await;
    assert_eq!(supported(&open).await, json!(["none", "login", "consent", "select_account", "create"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_1_it_leads_to_the_page_and_the_app_gets_the_code_of_the_new_person() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &CREATE).await;
    asks_for_an_account(&page);
    server.clock.advance(30);
    let page = sign_up(&mut browser, &page, "ada").await;
    page.has_status(200).says("id=\"consent\"").says("ada");
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(answer.redirected()["state"], "xyz");
    let tokens = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    let claims = tokens.claims("id_token");
    assert_eq!((&claims["amr"], claims["auth_time"].is_i64()), (&json!(["pwd"]), true));
    assert_eq!(server.resource(&tokens.access_token).await.json()["user"], "ada");
    let user = users::find(&server.admin, "ada").await.unwrap();
    assert_eq!(claims["sub"], user.sub.as_str());
    server.clock.advance(1);
    // from then on this browser is signed in, and each such request asks anew
    let silent = browser.authorize(&app, &[("scope", "openid"), ("prompt", "none")]).await;
    assert_eq!(whose(&server, &app, &silent).await, "ada");
    asks_for_an_account(&browser.authorize(&app, &CREATE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_already_gets_another_account_beside_theirs() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.ada().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    server.clock.advance(1);
    let page = browser.authorize(&app, &[&CREATE[..], &[("login_hint", "ada")]].concat()).await;
    asks_for_an_account(&page);
    let page = sign_up(&mut browser, &page, "countess").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "countess");
    browser.get("/oauth2/authorize/account").await.says("<bdi>countess</bdi>").says("<bdi>ada</bdi>");
    server.clock.advance(1);
    // who is there waits, and is answered for when the app speaks of them
    let answer = browser.authorize(&app, &[("scope", "openid"), ("login_hint", "ada")]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_other_values_it_comes_first_and_with_none_it_is_refused() {
    let server = open().await;
    let app = server.app().await;
    for prompt in ["create none", "none create"] {
        let refused = server.get(&app.authorize_path(&[("prompt", prompt)])).await.redirected();
        assert_eq!(refused["error"], "invalid_request", "{prompt}");
    }
    for (n, prompt) in
        ["create login", "create consent", "select_account create", "login consent create"].iter().enumerate()
    {
        let mut browser = server.browser();
        server.clock.advance(1);
        let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", prompt)]).await;
        asks_for_an_account(&page);
        let page = sign_up(&mut browser, &page, &format!("person{n}")).await;
        page.has_status(200).says("id=\"consent\"");
        assert_eq!(whose(&server, &app, &browser.decide(&page, "allow", &[]).await).await, format!("person{n}"));
    }
    // a new account is as young a sign-in as can be asked for
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "create login"), ("max_age", "0")]).await;
    let page = sign_up(&mut browser, &page, "grace").await;
    assert_eq!(whose(&server, &app, &browser.decide(&page, "allow", &[]).await).await, "grace");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_an_account_after_all_signs_in_instead_and_the_request_goes_on() {
    let server = open().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &CREATE).await;
    let link = page.body.split("<p class=\"links\"><a href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(link.starts_with("/login?interaction="), "{link}");
    let page = browser.get(link).await;
    page.says("id=\"login\"").says("photo printer");
    // and back again
    let back = page.body.split("<p class=\"links\"><a href=\"").nth(1).unwrap().split('"').next().unwrap();
    asks_for_an_account(&browser.get(back).await);
    let page = browser.sign_in_here(&page, "ada").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_sign_in_page_of_an_app_an_account_is_made_and_the_request_goes_on() {
    let server = open().await;
    let app = server.app().await;
    for (username, prompt) in [("ada", ""), ("grace", "login"), ("mary", "select_account")] {
        let mut browser = server.browser();
        server.clock.advance(1);
        let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", prompt)]).await;
        page.says("id=\"login\"");
        let link = page.body.split("<p class=\"links\"><a href=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(link.starts_with("/signup?interaction="), "{link}");
        let page = browser.get(link).await;
        asks_for_an_account(&page);
        let page = sign_up(&mut browser, &page, username).await;
        let answer = browser.decide(&page, "allow", &[]).await;
        assert_eq!(answer.redirected()["state"], "xyz");
        assert_eq!(whose(&server, &app, &answer).await, username);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_long_for_an_address_goes_there_and_back_as_well() {
    let server = open().await;
    server.user("ada").await;
    let app = server.app().await;
    let state = "s".repeat(4000);
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[("scope", "openid"), ("state", &state)]).await;
    page.says("formaction=\"/signup\"");
    let begin = |page: &Reply| {
        let (_, mut fields) = page.posts();
        fields.push(("begin".to_owned(), "yes".to_owned()));
        fields.push(("password".to_owned(), "what was typed so far".to_owned()));
        fields
    };
    let sent = begin(&page);
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = browser.post("/signup", &sent).await;
    asks_for_an_account(&page);
    page.says("formaction=\"/login\"");
    assert!(!page.body.contains("typed so far"));
    let sent = begin(&page);
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/login", &sent).await.has_status(200).says("id=\"login\"").says("photo printer");
    let page = sign_up(&mut browser, &page, "grace").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(answer.redirected()["state"], state);
    assert_eq!(whose(&server, &app, &answer).await, "grace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_is_filled_in_where_it_fits_and_the_password_alone_is_asked_again() {
    let server = open().await;
    let app = server.app().await;
    for (hint, filled) in [
        ("ada", "value=\"ada\" id=\"username\""),
        ("ada@example.com", "value=\"ada@example.com\" id=\"email\""),
        ("ada\"><i>", "value=\"ada&#34;&#62;&#60;i&#62;\" id=\"username\""),
    ] {
        let page = server.get(&app.authorize_path(&[&CREATE[..], &[("login_hint", hint)]].concat())).await;
        asks_for_an_account(&page);
        page.says(filled);
    }
    // what was typed stays, and so does the request
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[&CREATE[..], &[("login_hint", "ada")]].concat()).await;
    let (_, mut fields) = page.posts();
    fields.extend([("username", "countess"), ("password", "short")].map(|(name, value)| (name.into(), value.into())));
    let fields: Vec<_> =
        fields.iter().map(|(name, value): &(String, String)| (name.as_str(), value.as_str())).collect();
    let page = browser.post("/signup", &fields).await;
    asks_for_an_account(&page);
    page.says("value=\"countess\" id=\"username\"");
    let page = sign_up(&mut browser, &page, "countess").await;
    let answer = browser.decide(&page, "deny", &[]).await;
    assert_eq!(answer.redirected()["error"], "access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_browser_or_a_stale_or_damaged_one_makes_no_account() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &CREATE).await;
    let interaction = page.field("interaction");
    let mut stranger = server.browser();
    stranger.get("/signup").await;
    stranger.get(&format!("/signup?interaction={interaction}")).await.has_status(400);
    browser.get("/signup?interaction=x").await.has_status(400);
    let typed = [("username", "ada"), ("password", PASSWORD), ("csrf", &*page.field("csrf")), ("interaction", "x")];
    browser.post("/signup", &typed).await.has_status(400);
    server.clock.advance(3600);
    let typed = [&typed[..3], &[("interaction", interaction.as_str())]].concat();
    browser.post("/signup", &typed).await.has_status(400);
    assert!(users::list(&server.admin, None, 100).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_click_gets_the_app_its_code_too() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &CREATE).await;
    let before = browser.clone();
    let first = sign_up(&mut browser, &page, "ada").await;
    first.says("id=\"consent\"");
    // the browser has dropped the first answer, cookies and all
    let mut browser = before;
    let page = sign_up(&mut browser, &page, "ada").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
    assert_eq!(users::list(&server.admin, None, 100).await.unwrap().len(), 1);
    assert_eq!(answer.redirected()["state"], "xyz");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_means_somebody_else_than_the_new_person_gets_no_answer_for_them() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.ada().await;
    let hint = app.tokens(&mut browser, &[("scope", "openid")]).await.all["id_token"].as_str().unwrap().to_owned();
    server.clock.advance(1);
    let page = browser.authorize(&app, &[&CREATE[..], &[("id_token_hint", &hint)]].concat()).await;
    asks_for_an_account(&page);
    let page = sign_up(&mut browser, &page, "countess").await;
    page.has_status(200).says("id=\"login\"").says("another account than the one you are signed in with");
    let page = browser.sign_in_here(&page, "ada").await;
    let answer = if page.status == 200 { browser.decide(&page, "allow", &[]).await } else { page };
    assert_eq!(whose(&server, &app, &answer).await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_before_it_was_switched_off_makes_no_account_and_the_app_is_told() {
    let server = open().await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &CREATE).await;
    asks_for_an_account(&page);
    let (csrf, interaction, cookies) = (page.field("csrf"), page.field("interaction"), browser.cookies.clone());
    let server = server.restart().await;
    let mut browser = Browser { cookies, ..server.browser() };
    let typed =
        [("username", "ada"), ("password", PASSWORD), ("csrf", csrf.as_str()), ("interaction", interaction.as_str())];
    browser.post("/signup", &typed).await.has_status(404);
    assert!(users::list(&server.admin, None, 100).await.unwrap().is_empty());
    let told = browser.get(&format!("/oauth2/authorize?interaction={interaction}")).await.redirected();
    assert_eq!((told["error"].as_str(), told["state"].as_str()), ("invalid_request", "xyz"));
}
