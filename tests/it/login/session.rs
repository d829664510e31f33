//! Sessions: new at every sign-in, nobody's choice, never in an address.

use std::collections::HashSet;

use countersign::secret::{Secret, base62, kind};
use futures_util::future::join_all;

use crate::support::{Browser, PASSWORD, Reply, TestServer, Tokens, encode};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_browser_had_before_signing_in_is_worth_a_session_after_it() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let mut browser = server.browser();
    browser.cookies.push(("countersign_session".to_owned(), "chosen-by-somebody".to_owned()));
    browser.get("/login").await;
    let before = browser.cookies.clone();
    browser.sign_in("ada").await.has_status(303);
    let session = browser.cookie("countersign_session").unwrap();
    for (_, value) in &before {
        assert_ne!(*value, session);
        let mut other = server.browser();
        other.cookies = vec![("countersign_session".to_owned(), value.clone())];
        other.get("/account").await.has_status(303);
    }
    // nor is what shows that somebody signed in here before
    for name in ["countersign_device", "countersign_browser"] {
        let mut other = server.browser();
        other.cookies = vec![("countersign_session".to_owned(), browser.cookie(name).unwrap())];
        other.get("/account").await.has_status(303);
    }
    // two of a name: which is ours cannot be told
    let mut other = server.browser();
    other.cookies = vec![("countersign_session".to_owned(), format!("{session}; countersign_session={session}"))];
    other.get("/account").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_another_site_that_is_no_text_hides_nothing() {
    let server = TestServer::start().await;
    let browser = server.ada().await;
    let mut jar = b"theirs=\xff\xfe\xc3\x28; ".to_vec();
    jar.extend(format!("countersign_session={}", browser.cookie("countersign_session").unwrap()).into_bytes());
    let jar = reqwest::header::HeaderValue::from_bytes(&jar).unwrap();
    let reply = server.request("GET", "/account").header("cookie", jar).send().await.unwrap();
    Reply::of(reply).await.has_status(200).says("ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_an_address_adds_nothing_to_a_cookie() {
    let server = TestServer::start().await;
    for odd in [
        "x; Domain=example.com",
        "x;Domain=example.com",
        "x; SameSite=None",
        "a,b",
        "a b",
        "\"x\"",
        "x\r\nSet-Cookie: y=z",
        "\u{e9}",
    ] {
        let reply = server.get(&format!("/setup?{}", encode(&[("t", odd)]))).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, "/setup"), "{odd}");
        let cookies: Vec<&str> =
            reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(cookies, ["countersign_link=; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400"], "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_cookies_never_repeat_and_are_256_random_bits() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let mut bodies = Vec::new();
    for _ in 0..40 {
        browser.cookies.retain(|(name, _)| name != "countersign_session");
        browser.sign_in("ada").await.has_status(303);
        let secret = Secret::<kind::Session>::presented(&browser.cookie("countersign_session").unwrap());
        bodies.push(base62::decode::<32>(secret.body().unwrap()).unwrap());
    }
    assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), 40);
    for bit in 0..256 {
        let set = bodies.iter().filter(|body| body[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!((1..40).contains(&set), "bit {bit} is always the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_over_anothers_session_gets_the_code_and_the_session_is_another() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let adas = browser.cookie("countersign_session").unwrap();
    let mut copied = browser.clone();
    server.clock.advance(2);
    let page = browser.authorize(&app, &[("scope", "openid"), ("prompt", "login")]).await;
    server.clock.advance(2);
    let page = browser.sign_in_here(&page, "bob").await;
    page.has_status(200).says("bob");
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let tokens = Tokens::of(&app.redeem(&code).await);
    assert_eq!(server.resource(&tokens.access_token).await.json()["user"], "bob");
    assert_ne!(browser.cookie("countersign_session").unwrap(), adas);
    copied.get("/account").await.has_status(303);
    browser.get("/account").await.has_status(200).says("bob");
}

/// "Keep me signed in", ticked.
const TICKED: &str = "name=\"remember\" checked";

/// Signs ada in by this page, its box as it stands. Does her session outlive the browser's own?
async fn sign_in_as_it_stands(browser: &mut Browser<'_>, page: &Reply) -> bool {
    let (action, mut fields) = page.posts();
    fields.extend([("username", "ada"), ("password", PASSWORD)].map(|(name, text)| (name.to_owned(), text.to_owned())));
    fields.extend(page.body.contains(TICKED).then(|| ("remember".to_owned(), "on".to_owned())));
    let fields: Vec<_> = fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let reply = browser.post(&action, &fields).await;
    reply.has_status(303);
    let mut set = reply.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    set.any(|cookie| cookie.starts_with("countersign_session=") && cookie.contains("Max-Age="))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_to_stay_signed_in_does_so_also_after_signing_in_again_but_for_who_unticks_it() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    assert!(!page.body.contains(TICKED));
    let fields = [("username", "ada"), ("password", PASSWORD), ("remember", "on"), ("csrf", &*page.field("csrf"))];
    browser.post("/login", &fields).await.has_status(303);
    for more in [&[("prompt", "login")][..], &[("max_age", "60")], &[("prompt", "login"), ("login_hint", "ada")]] {
        server.clock.advance(301);
        let page = browser.authorize(&app, more).await;
        assert!(sign_in_as_it_stands(&mut browser, &page).await, "{more:?}: {}", page.body);
    }
    server.clock.advance(301);
    let csrf = browser.get("/device").await.field("csrf");
    let page = browser.post("/device", &[("user_code", "BCDF-GHJK"), ("csrf", &*csrf)]).await;
    assert!(sign_in_as_it_stands(&mut browser, &page).await, "{}", page.body);
    // nobody else asked for it
    server.clock.advance(301);
    let page = browser.authorize(&app, &[("prompt", "login"), ("login_hint", "bob")]).await;
    assert!(!page.says("id=\"login\"").body.contains(TICKED));
    assert!(!browser.get("/login?another=yes").await.says("id=\"login\"").body.contains(TICKED));
    // and it is a choice each time
    let page = browser.authorize(&app, &[("prompt", "login")]).await;
    page.says(TICKED);
    browser.sign_in_here(&page, "ada").await;
    server.clock.advance(301);
    let page = browser.authorize(&app, &[("prompt", "login")]).await;
    assert!(!sign_in_as_it_stands(&mut browser, &page).await, "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_password_nor_session_travels_in_an_address_or_on_a_page() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let mut replies = vec![browser.authorize(&app, &[("scope", "openid")]).await];
    let page = &replies[0];
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let wrong = "not the right password";
    for password in [wrong, PASSWORD] {
        let fields = [("username", "ada"), ("password", password), ("csrf", &csrf), ("interaction", &interaction)];
        replies.push(browser.post("/login", &fields).await);
    }
    let consent = browser.get(replies[2].location()).await;
    replies.push(browser.decide(&consent, "allow", &[]).await);
    replies.push(consent);
    for path in ["/", "/account", "/account/apps", "/account/sessions", "/oauth2/logout", "/login"] {
        replies.push(browser.get(path).await);
    }
    let secrets = [
        PASSWORD.to_owned(),
        wrong.to_owned(),
        encode(&[("", PASSWORD)])[1..].to_owned(),
        browser.cookie("countersign_session").unwrap(),
        browser.cookie("countersign_device").unwrap(),
        browser.cookie("countersign_browser").unwrap(),
    ];
    for reply in &replies {
        for secret in &secrets {
            assert!(
                !reply.body.contains(secret) && !reply.header("location").contains(secret),
                "{secret}: {}",
                reply.body
            );
        }
        if reply.header("content-type").starts_with("text/html") {
            assert_eq!(reply.header("cache-control"), "no-store");
            assert!(!reply.body.contains("method=\"get\""), "a form that would put its fields into the address");
        }
    }
    // what came in an address logs nobody in
    let mut other = server.browser();
    let query = encode(&[("username", "ada"), ("password", PASSWORD), ("csrf", &csrf), ("interaction", &interaction)]);
    for path in [
        format!("/login?{query}"),
        format!("/oauth2/authorize?{query}"),
        format!("{}&{query}", app.authorize_path(&[])),
    ] {
        let reply = other.get(&path).await;
        assert!(!reply.header("location").contains("code="), "{path}");
        assert!(other.cookie("countersign_session").is_none(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_comes_back_on_the_page_is_text() {
    let server = TestServer::start().await;
    for (name, text) in [
        ("\"><script>alert(1)</script>", "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"),
        ("' onfocus=alert(1) x='", "&#39; onfocus=alert(1) x=&#39;"),
        ("<b>ada</b>", "&#60;b&#62;ada&#60;/b&#62;"),
        ("{{7*7}}", "{{7*7}}"),
        ("</title><i>", "&#60;/title&#62;&#60;i&#62;"),
    ] {
        let page = server.browser().try_to_sign_in(name, "wrong").await;
        page.has_status(200).says(&format!("value=\"{text}\""));
        for markup in ["<script", "<b>ada", "</title><i>", "value=\"\">"] {
            assert!(!page.body.contains(markup), "{name}: {}", page.body);
        }
        assert!(!page.body.contains("' onfocus=") && !page.body.contains(">49<"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_who_sign_in_at_once_each_get_a_code_of_their_own() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let names: Vec<String> = (0..16).map(|n| format!("person{n}")).collect();
    for name in &names {
        server.user(name).await;
    }
    let codes = join_all(names.iter().map(async |name| {
        let mut browser = server.browser();
        let page = browser.authorize(&app, &[("scope", "openid"), ("state", name)]).await;
        let page = browser.sign_in_here(&page, name).await;
        let sent = browser.decide(&page, "allow", &[]).await.redirected();
        assert_eq!(sent["state"], *name);
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        assert_eq!(server.resource(&tokens.access_token).await.json()["user"], name.as_str());
        sent["code"].clone()
    }))
    .await;
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), names.len());
}
