//! Several accounts in one browser (OIDC Core §3.1.2.1: `prompt=select_account`; UX §4.3).

mod attacks;
mod waiting;

use countersign::flow::admin::sessions;

use crate::support::{App, Browser, PASSWORD, Reply, TestServer, Tokens, claims};

const PATH: &str = "/oauth2/authorize/account";
const SELECT: [(&str, &str); 2] = [("scope", "openid"), ("prompt", "select_account")];
const NONE: [(&str, &str); 2] = [("scope", "openid"), ("prompt", "none")];

/// Signs somebody else in in a browser where others are.
async fn sign_in_too(browser: &mut Browser<'_>, username: &str) -> Reply {
    let page = browser.get("/login?another=yes").await;
    let fields = [("username", username), ("password", PASSWORD), ("csrf", &*page.field("csrf"))];
    browser.post("/login", &fields).await
}

/// A browser where these have signed in, one after the other.
async fn browser_of<'a>(server: &'a TestServer, names: &[&str]) -> Browser<'a> {
    let mut browser = server.browser();
    for name in names {
        server.user(name).await;
        sign_in_too(&mut browser, name).await.has_status(303);
        server.clock.advance(1);
    }
    browser
}

/// Ids and names of the accounts on the page, the one in use first.
fn listed(page: &Reply) -> Vec<(String, String)> {
    page.has_status(200).says("Choose an account");
    let lines = page.body.split("name=\"account\" value=\"").skip(1).filter(|line| !line.starts_with("other"));
    let line = |line: &str| {
        let name = line.split("<small><bdi>").nth(1).unwrap().split('<').next().unwrap();
        (line.split('"').next().unwrap().to_owned(), name.to_owned())
    };
    lines.map(line).collect()
}

fn names(page: &Reply) -> Vec<String> {
    listed(page).into_iter().map(|(_, name)| name).collect()
}

/// What pressing a button of the page sends.
fn fields(page: &Reply, button: &str, username: &str) -> Vec<(String, String)> {
    let (_, mut fields) = page.posts();
    let id = listed(page).into_iter().find(|(_, name)| name == username).unwrap().0;
    fields.push((button.to_owned(), id));
    fields
}

async fn send(browser: &mut Browser<'_>, fields: &[(String, String)]) -> Reply {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(PATH, &fields).await
}

/// Chooses an account, and goes on to what follows.
async fn choose(browser: &mut Browser<'_>, page: &Reply, username: &str) -> Reply {
    let next = send(browser, &fields(page, "account", username)).await;
    next.has_status(303);
    browser.get(next.location()).await
}

/// Whose account is in use.
async fn in_use(browser: &mut Browser<'_>) -> Option<String> {
    let page = browser.get("/account").await;
    (page.status == 200).then(|| page.body.split("class=\"me\"").nth(1).unwrap().to_owned()).map(|rest| {
        let rest = rest.split("<bdi>").nth(1).unwrap();
        rest.split('<').next().unwrap().to_owned()
    })
}

/// Whose the answer is.
async fn whose(server: &TestServer, app: &App<'_>, answer: &Reply) -> String {
    let tokens = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    server.resource(&tokens.access_token).await.json()["user"].as_str().unwrap().to_owned()
}

async fn sign_out(browser: &mut Browser<'_>, which: &str) -> Reply {
    let page = browser.get("/oauth2/logout").await;
    let reply = browser.post("/oauth2/logout", &[("csrf", &*page.field("csrf")), ("logout", which)]).await;
    reply.has_status(303);
    browser.get(reply.location()).await
}

async fn live_sessions(server: &TestServer) -> usize {
    sessions::list(&server.admin, None, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_select_account_asks_which_and_the_answer_is_of_whoever_was_chosen() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("bob"));
    for (who, other, agreed) in [("ada", "bob", false), ("bob", "ada", false), ("ada", "bob", true)] {
        server.clock.advance(5);
        let before = browser.cookie("countersign_session").unwrap();
        let page = browser.authorize(&app, &SELECT).await;
        assert_eq!(names(&page), [other, who], "the one in use is first");
        page.says("photo printer");
        let mut answer = choose(&mut browser, &page, who).await;
        if !agreed {
            answer.has_status(200).says(who);
            answer = browser.decide(&answer, "allow", &[]).await;
        }
        assert_eq!(whose(&server, &app, &answer).await, who);
        assert_eq!(in_use(&mut browser).await.as_deref(), Some(who));
        // the secret of before is dead, in this browser and in any other
        let mut copied = server.browser();
        copied.cookies = vec![("countersign_session".to_owned(), before)];
        assert_eq!(in_use(&mut copied).await, None);
    }
    // each request asks anew
    server.clock.advance(1);
    let page = browser.authorize(&app, &SELECT).await;
    assert_eq!(names(&page).len(), 2);
    // whoever is in use may stay so
    let session = browser.cookie("countersign_session");
    let answer = choose(&mut browser, &page, "ada").await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
    assert_eq!(browser.cookie("countersign_session"), session);
    assert_eq!(live_sessions(&server).await, 2);
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert!(metadata["prompt_values_supported"].as_array().unwrap().contains(&"select_account".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_account_is_asked_about_as_well_and_another_one_can_sign_in_beside_it() {
    let server = TestServer::start().await;
    let app = server.app().await;
    server.user("bob").await;
    let mut browser = server.ada().await;
    server.clock.advance(1);
    let page = browser.authorize(&app, &SELECT).await;
    assert_eq!(names(&page), ["ada"]);
    let (_, mut fields) = page.posts();
    fields.push(("account".to_owned(), "other".to_owned()));
    let next = send(&mut browser, &fields).await;
    next.has_status(303);
    let page = browser.get(next.location()).await;
    page.says("id=\"login\"");
    let page = browser.sign_in_here(&page, "bob").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "bob");
    assert_eq!(names(&browser.get(PATH).await), ["bob", "ada"]);
    // nobody is here: there is nothing to choose from
    server.browser().authorize(&app, &SELECT).await.has_status(200).says("id=\"login\"");
    assert_eq!(server.browser().get(PATH).await.location(), "/login?another=yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn use_another_account_on_the_consent_page_shows_the_others() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    page.says("bob");
    let next = browser.decide(&page, "switch", &[]).await;
    next.has_status(303);
    let page = browser.get(next.location()).await;
    let page = choose(&mut browser, &page, "ada").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_is_answered_for_the_account_it_speaks_of_also_when_that_is_not_in_use() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = server.ada().await;
    let adas = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let hint = adas.all["id_token"].as_str().unwrap().to_owned();
    server.user("bob").await;
    sign_in_too(&mut browser, "bob").await.has_status(303);
    server.clock.advance(1);
    let bobs = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let session = browser.cookie("countersign_session");
    for more in [&NONE[..], &NONE[..1]] {
        let answer = browser.authorize(&app, &[more, &[("id_token_hint", &hint)]].concat()).await;
        let again = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
        let (again, first) = (again.claims("id_token"), claims(&hint));
        assert_eq!((&again["sub"], &again["sid"]), (&first["sub"], &first["sid"]));
    }
    assert_eq!(browser.cookie("countersign_session"), session, "bob's account stays in use");
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("bob"));
    // a name chooses as well, where a person would see it
    for name in ["ada", "ADA@example.com"] {
        let answer = browser.authorize(&app, &[("scope", "openid"), ("login_hint", name)]).await;
        assert_eq!(whose(&server, &app, &answer).await, "ada", "{name}");
    }
    let answer = browser.authorize(&app, &[("scope", "openid"), ("login_hint", "nobody")]).await;
    assert_eq!(whose(&server, &app, &answer).await, "bob");
    // in silence it tells nobody who else is here
    let answer = browser.authorize(&app, &[&NONE[..], &[("login_hint", "ada")]].concat()).await;
    assert_eq!(whose(&server, &app, &answer).await, "bob");
    // a sign-in that has to be new is one of whom the hint speaks
    server.clock.advance(5);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login"), ("id_token_hint", &hint)]).await;
    let answer = browser.sign_in_here(&page, "ada").await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
    assert_eq!(names(&browser.get(PATH).await), ["ada", "bob"]);
    assert_eq!(live_sessions(&server).await, 2);
    // signed out, it is answered for no more
    browser.get("/account").await.says("ada");
    sign_out(&mut browser, "yes").await;
    let answer = browser.authorize(&app, &[&NONE[..], &[("id_token_hint", &hint)]].concat()).await;
    assert_eq!(answer.redirected()["error"], "login_required");
    let hint = bobs.all["id_token"].as_str().unwrap();
    let answer = browser.authorize(&app, &[&NONE[..], &[("id_token_hint", hint)]].concat()).await;
    assert_eq!(whose(&server, &app, &answer).await, "bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_made_for_an_account_that_is_not_in_use_is_answered_for_it_and_for_no_other() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    let asked = [("scope", "openid profile"), ("login_hint", "ada")];
    let page = browser.authorize(&app, &asked).await;
    page.says("id=\"consent\"").says("ada");
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
    // what the person chooses comes before what the app says
    server.clock.advance(1);
    let page = browser.authorize(&app, &[("scope", "openid email"), ("login_hint", "ada")]).await;
    let next = browser.decide(&page, "switch", &[]).await;
    let chooser = browser.get(next.location()).await;
    let page = choose(&mut browser, &chooser, "bob").await;
    page.says("id=\"consent\"").says("bob");
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_account_is_in_use_one_is_to_be_chosen_and_prompt_none_is_told_so() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob"]).await;
    sign_out(&mut browser, "yes").await.says("still signed in").says("Choose an account");
    assert_eq!(in_use(&mut browser).await, None);
    let answer = browser.authorize(&app, &NONE).await;
    assert_eq!(answer.redirected()["error"], "account_selection_required");
    assert_eq!(browser.get("/login").await.location(), PATH);
    browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await.says("id=\"login\"");
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    assert_eq!(names(&page), ["ada"]);
    let page = choose(&mut browser, &page, "ada").await;
    let answer = browser.decide(&page, "allow", &[]).await;
    assert_eq!(whose(&server, &app, &answer).await, "ada");
    assert!(browser.authorize(&app, &NONE).await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_one_account_or_all_and_what_was_granted_in_them() {
    let server = TestServer::start().await;
    let app =
        server.app_with(|metadata| metadata.post_logout_redirect_uris = vec!["https://app.example/out".into()]).await;
    let mut browser = browser_of(&server, &["ada"]).await;
    let adas = app.tokens(&mut browser, &[("scope", "openid")]).await;
    server.user("bob").await;
    server.user("eve").await;
    sign_in_too(&mut browser, "bob").await;
    let bobs = app.tokens(&mut browser, &[("scope", "openid")]).await;
    sign_in_too(&mut browser, "eve").await;
    let eves = app.tokens(&mut browser, &[("scope", "openid")]).await;
    browser.get("/oauth2/logout").await.says("eve").says("Sign out of all accounts");
    // an app that shows whose token it has is asked about that account, in use or not
    let hint = [("id_token_hint", bobs.all["id_token"].as_str().unwrap()), ("state", "s")];
    let path = format!("/oauth2/logout?{}", crate::support::encode(&hint));
    let page = browser.get(&path).await;
    page.says("bob");
    let (_, mut pairs) = page.posts();
    pairs.retain(|(name, _)| name != "logout");
    pairs.push(("logout".to_owned(), "yes".to_owned()));
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let next = browser.post("/oauth2/logout", &pairs).await;
    assert_eq!(next.location(), PATH);
    assert_eq!(names(&browser.get(PATH).await), ["eve", "ada"]);
    app.refresh(&bobs.refresh_token).await.refused("invalid_grant");
    assert_eq!(in_use(&mut browser).await.as_deref(), Some("eve"));
    for tokens in [&adas, &eves] {
        assert!(server.opens(&tokens.access_token).await);
    }
    // by name; nobody's name asks about the one in use
    browser.get("/oauth2/logout?logout_hint=ADA").await.says("<bdi>ada</bdi>");
    browser.get("/oauth2/logout?logout_hint=bob").await.says("<bdi>eve</bdi>");
    let copied = browser.clone();
    sign_out(&mut browser, "all").await.says("You can close this page");
    assert_eq!(live_sessions(&server).await, 0);
    for tokens in [&adas, &eves] {
        app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    }
    assert!(browser.cookie("accounts").is_none() && browser.cookie("countersign_session").is_none());
    // what was copied before opens nothing after
    let mut copied = copied;
    assert_eq!(in_use(&mut copied).await, None);
    assert_eq!(copied.get(PATH).await.location(), "/login?another=yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_can_remove_an_account_from_the_list() {
    let server = TestServer::start().await;
    let app =
        server.app_with(|metadata| metadata.post_logout_redirect_uris = vec!["https://app.example/out".into()]).await;
    let mut browser = browser_of(&server, &["ada"]).await;
    let adas = app.tokens(&mut browser, &[("scope", "openid")]).await;
    server.user("bob").await;
    sign_in_too(&mut browser, "bob").await;
    server.clock.advance(1);
    let page = browser.authorize(&app, &SELECT).await;
    let copied = browser.clone();
    let next = send(&mut browser, &fields(&page, "remove", "ada")).await;
    next.has_status(303);
    let again = browser.get(next.location()).await;
    assert_eq!(names(&again), ["bob"]);
    app.refresh(&adas.refresh_token).await.refused("invalid_grant");
    let page = choose(&mut browser, &again, "bob").await;
    assert_eq!(whose(&server, &app, &browser.decide(&page, "allow", &[]).await).await, "bob");
    // the account in use is not removed so, and one that is gone cannot be chosen
    assert!(!again.body.contains("name=\"remove\""));
    let mut copied = copied;
    let page = copied.get(PATH).await;
    assert_eq!(names(&page), ["bob"]);
}
