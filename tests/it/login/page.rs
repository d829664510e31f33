//! The sign-in page, sessions and their cookies.

use crate::support::{PASSWORD, Reply, TestServer, eventually, sql};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_person_and_wrong_password_read_alike_and_the_name_stays() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let mut pages = Vec::new();
    for name in ["ada", "nobody"] {
        let mut browser = server.browser();
        let page = browser.try_to_sign_in(name, "wrong password").await;
        page.has_status(200).says("match").says(&format!("value=\"{name}\""));
        assert!(!page.body.contains("wrong password") && browser.cookie("countersign_session").is_none());
        let unlike = page.body.replace(name, "NAME").replace(&page.field("csrf"), "CSRF");
        pages.push(unlike);
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_form_of_this_very_browser_signs_in() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    let fields =
        |csrf: &str| [("username", "ada".to_owned()), ("password", PASSWORD.to_owned()), ("csrf", csrf.to_owned())];
    let post = async |browser: &mut crate::support::Browser<'_>, csrf: &str| {
        let fields = fields(csrf);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/login", &fields).await
    };
    // without its value, with another's, and with its own but in a browser without the cookie
    post(&mut browser, "").await.has_status(200);
    let mut other = server.browser();
    let others = other.get("/login").await.field("csrf");
    post(&mut browser, &others).await.has_status(200).says("open too long");
    post(&mut server.browser(), &page.field("csrf")).await.has_status(200).says("Your browser sent no cookie");
    assert!(browser.cookie("countersign_session").is_none());
    // from elsewhere, also with good fields
    browser.headers = vec![("origin", "https://evil.example".to_owned())];
    post(&mut browser, &page.field("csrf")).await.has_status(403);
    browser.headers.clear();
    // as text, and in a query
    let request = server.request("POST", "/login").header("content-type", "text/plain");
    let body = crate::support::encode(&[("username", "ada"), ("password", PASSWORD), ("csrf", &page.field("csrf"))]);
    assert_eq!(browser.send(request.body(body.clone())).await.status, 415);
    browser.get(&format!("/login?{body}")).await;
    assert!(browser.cookie("countersign_session").is_none());
    post(&mut browser, &page.field("csrf")).await.has_status(303);
    browser.get("/account").await.has_status(200).says("ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_cookies_are_blocked_a_form_says_so_and_goes_on_once_they_are_allowed() {
    let server = TestServer::with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")]).await;
    for (path, field, value, next) in [
        ("/login", "username", "ada", "match"),
        ("/signup", "username", "a b", "A username may have only"),
        ("/device", "user_code", "BCDF-GHJK", "to connect a device"),
    ] {
        let csrf = server.get(path).await.field("csrf");
        let mut browser = server.browser();
        let told = browser.post(path, &[(field, value), ("csrf", &*csrf)]).await;
        told.has_status(200).says("Allow cookies for this site").says(&format!("value=\"{value}\""));
        assert!(!told.body.contains("open too long"), "{}", told.body);
        browser.post(path, &[(field, value), ("csrf", &*told.field("csrf"))]).await.has_status(200).says(next);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_while_the_server_is_busy_goes_on_with_the_apps_request_when_they_try_again() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let first = browser.authorize(&app, &[]).await;
    let mut sign_in = async |page: &Reply, password: &str| {
        let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
        let fields = [("username", "ada"), ("password", password), ("csrf", &*csrf), ("interaction", &*interaction)];
        browser.post("/login", &fields).await
    };
    // the same page once more has an address that says nothing of the request
    let second = sign_in(&first, "wrong password").await;
    sql(&server.database, "ALTER TABLE login_failures RENAME TO elsewhere").await;
    let busy = [sign_in(&first, PASSWORD).await, sign_in(second.has_status(200), PASSWORD).await];
    sql(&server.database, "ALTER TABLE elsewhere RENAME TO login_failures").await;
    let ways = busy.each_ref().map(|reply| {
        reply.has_status(503).says("Try again");
        reply.body.split("class=\"button main\" href=\"").nth(1).unwrap().split('"').next().unwrap()
    });
    for way in ways {
        browser.get(way).await.has_status(200).says("photo printer");
    }
    let page = browser.get(ways[1]).await;
    let consent = browser.sign_in_here(&page, "ada").await;
    assert!(browser.decide(&consent, "allow", &[]).await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_for_us_alone_and_never_readable() {
    let plain = TestServer::start().await;
    let https = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example")]).await;
    for (server, prefix, secure) in [(plain, "countersign_", false), (https, "__Host-countersign_", true)] {
        server.user("ada").await;
        let mut browser = server.browser();
        let page = browser.get("/login").await;
        let fields = [("username", "ada"), ("password", PASSWORD), ("csrf", &*page.field("csrf"))];
        let reply = browser.post("/login", &fields).await;
        let cookies: Vec<&str> = [&page, &reply]
            .iter()
            .flat_map(|reply| reply.headers.get_all("set-cookie"))
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(cookies.len(), 4, "{cookies:?}");
        for cookie in cookies {
            assert!(cookie.starts_with(prefix), "{cookie}");
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
                "{cookie}"
            );
            assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        assert_eq!(reply.header("strict-transport-security").contains("max-age=31536000"), secure);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_new_at_every_sign_in_and_dead_after_sign_out() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    browser.cookies.push(("countersign_session".to_owned(), "chosen-by-somebody".to_owned()));
    server.user("ada").await;
    browser.sign_in("ada").await;
    let first = browser.cookie("countersign_session").unwrap();
    assert_ne!(first, "chosen-by-somebody");
    let mut copied = browser.clone();
    let app = server.app().await;
    server.clock.advance(1);
    let page = browser.authorize(&app, &[("prompt", "login")]).await;
    server.clock.advance(1);
    browser.sign_in_here(&page, "ada").await;
    assert_ne!(browser.cookie("countersign_session").unwrap(), first);
    copied.get("/account").await.has_status(303);
    let mut copied = browser.clone();
    let question = browser.get("/oauth2/logout").await;
    question.has_status(200);
    copied.get("/account").await.has_status(200);
    // asking is not answering, and neither is a form without its own value
    browser.post("/oauth2/logout", &[("logout", "yes")]).await;
    copied.get("/account").await.has_status(200);
    browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &question.field("csrf"))]).await.has_status(303);
    assert!(browser.cookie("countersign_session").is_none());
    copied.get("/account").await.has_status(303);
    browser.get("/oauth2/logout").await.has_status(200).says("signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_idle_and_in_any_case_and_lasts_longer_when_remembered() {
    const HOUR: i64 = 3600;
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut idle = browser.clone();
    for _ in 0..7 {
        server.clock.advance(HOUR + HOUR / 2);
        browser.get("/account").await.has_status(200);
    }
    server.clock.advance(HOUR + HOUR / 2 + 1);
    browser.get("/account").await.has_status(303);
    idle.get("/account").await.has_status(303);
    let mut quiet = server.browser();
    quiet.sign_in("ada").await;
    server.clock.advance(2 * HOUR);
    quiet.get("/account").await.has_status(303);
    let mut remembered = server.browser();
    let page = remembered.get("/login").await;
    let fields = [("username", "ada"), ("password", PASSWORD), ("remember", "on"), ("csrf", &*page.field("csrf"))];
    let reply = remembered.post("/login", &fields).await;
    assert!(
        reply.headers.get_all("set-cookie").iter().any(|cookie| cookie.to_str().unwrap().contains("Max-Age=2592000"))
    );
    for _ in 0..2 {
        server.clock.advance(13 * 24 * HOUR);
        remembered.get("/account").await.has_status(200);
    }
    server.clock.advance(5 * 24 * HOUR);
    remembered.get("/account").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_survive_a_restart() {
    let server = TestServer::start().await;
    let cookies = server.ada().await.cookies;
    let server = server.restart().await;
    let mut browser = server.browser();
    browser.cookies = cookies;
    browser.get("/account").await.has_status(200).says("ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_hashed_again_when_the_parameters_have_changed() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let stored = async |server: &TestServer| {
        server.admin.store.find_user_by_name("ada".to_owned()).await.unwrap().unwrap().password_hash.unwrap()
    };
    assert!(stored(&server).await.contains("m=64,t=1"));
    let changed = Box::pin(TestServer::on(server.database, &[("COUNTERSIGN_PASSWORD__ITERATIONS", "2")])).await;
    changed.browser().sign_in("ada").await;
    eventually(async || stored(&changed).await.contains("m=64,t=2")).await;
    assert_eq!(changed.browser().sign_in("ada").await.location(), "/account");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_path_the_start_page_is_there_with_and_without_a_slash_at_its_end() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example/auth")]).await;
    let nothing = server.request("GET", "/auth/nothing").header("accept", "text/html");
    let nothing = server.browser().send(nothing).await;
    nothing.has_status(404).says("href=\"/auth/\"");
    for path in ["/auth", "/auth/"] {
        server.get(path).await.has_status(200).says("href=\"/auth/login\"");
    }
}
