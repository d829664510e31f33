//! People make accounts for themselves (UX §4.1 `/signup`, `[login] signup`).

use countersign::flow::{
    Origin,
    admin::users::{self, Changes, NewUser},
};
use futures_util::future::join_all;

use crate::support::{App, Browser, Database, PASSWORD, Reply, SECRET_KEY, Shell, TestServer, Tokens, eventually};

const OPEN: [(&str, &str); 1] = [("COUNTERSIGN_LOGIN__SIGNUP", "open")];

/// What the page's form sends, filled in.
fn filled(page: &Reply, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    page.says("<h1>Create an account</h1>");
    let (action, mut fields) = page.posts();
    assert_eq!(action, "/signup");
    fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn send(browser: &mut Browser<'_>, fields: &[(String, String)]) -> Reply {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/signup", &fields).await
}

/// Fills the page in, and sends it.
async fn sign_up(browser: &mut Browser<'_>, typed: &[(&str, &str)]) -> Reply {
    let page = browser.get("/signup").await;
    send(browser, &filled(&page, typed)).await
}

fn named(username: &str) -> [(&str, &str); 2] {
    [("username", username), ("password", PASSWORD)]
}

/// Another server on the same database.
async fn beside(server: &TestServer, more: &[(&str, &str)]) -> TestServer {
    let database = Database { dir: tempfile::tempdir().unwrap(), url: server.database.url.clone() };
    let env = [&[OPEN[0], ("COUNTERSIGN_ISSUER", server.issuer.as_str())], more].concat();
    Box::pin(TestServer::on(database, &env)).await
}

async fn everybody(server: &TestServer) -> Vec<String> {
    users::list(&server.admin, None, 100).await.unwrap().into_iter().map(|user| user.username).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_off_there_is_neither_page_nor_link() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    assert!(!browser.get("/login").await.body.contains("signup"));
    browser.get("/signup").await.has_status(404);
    browser.post("/signup", &named("ada")).await.has_status(404);
    assert!(everybody(&server).await.is_empty());
    let open = TestServer::with(&OPEN).await;
    open.get("/login").await.says("<a href=\"/signup\">Create an account</a>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_makes_an_account_and_is_signed_in_with_it_and_has_no_rights() {
    let server = TestServer::with(&OPEN).await;
    let mut browser = server.browser();
    browser.cookies.push(("countersign_session".to_owned(), "chosen-by-somebody".to_owned()));
    let page = browser.get("/signup").await;
    for (name, autocomplete) in
        [("name", "name"), ("username", "username"), ("email", "email"), ("password", "new-password")]
    {
        page.says(&format!("name=\"{name}\" autocomplete=\"{autocomplete}\""));
    }
    let before = browser.cookies.clone();
    let typed = [("name", " Ada Lovelace "), ("username", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let made = send(&mut browser, &filled(&page, &typed)).await;
    assert_eq!(made.has_status(303).location(), "/account");
    browser.get("/account").await.has_status(200).says("Ada Lovelace");
    let session = browser.cookie("countersign_session").unwrap();
    assert!(before.iter().all(|(_, value)| *value != session), "the session is a new one");
    let user = users::find(&server.admin, "ada").await.unwrap();
    assert_eq!((user.username.as_str(), user.name.as_deref()), ("Ada", Some("Ada Lovelace")));
    assert_eq!((user.admin, user.locked, user.email_verified), (false, false, false));
    assert!(user.last_sign_in_at.is_some());
    let recorded = async || {
        let events = server.admin.store.list_events(10).await.unwrap();
        events.iter().any(|event| {
            (event.event.as_str(), event.actor.as_str(), event.user_id) == ("user.created", "user", Some(user.id))
        })
    };
    eventually(recorded).await;
    // whoever installed the server still becomes its administrator
    users::first_admin_link(&server.admin, &Origin::default()).await.unwrap().unwrap();
    // this browser is known, and the password is good in another one
    assert!(browser.cookie("countersign_device").is_some());
    server.browser().sign_in("ADA").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_user_name_and_a_password_has_to_be_told() {
    let server = TestServer::with(&OPEN).await;
    let mut browser = server.browser();
    sign_up(&mut browser, &named("grace")).await.has_status(303);
    browser.get("/account").await.has_status(200).says("grace");
    let user = users::find(&server.admin, "grace").await.unwrap();
    assert_eq!((user.name, user.email), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_at_its_field_and_nothing_but_the_password_is_lost() {
    let server = TestServer::with(&OPEN).await;
    server.user("bob").await;
    let mut browser = server.browser();
    let long = "x".repeat(81);
    for (name, value, words) in [
        ("name", long.as_str(), "The name may have"),
        ("name", "A\u{202e}da", "none that hide or turn text"),
        ("username", "", "Enter a username"),
        ("username", "a b", "A username may have only"),
        ("username", &long, "The username may have 64 characters at most"),
        ("username", &format!("{long}@example.com"), "The username may have 64 characters at most"),
        ("username", "ada@example.com", "cannot have the sign @"),
        ("username", "bob\u{ffa0}", "A username may have only"),
        ("username", "\u{3164}", "A username may have only"),
        ("username", "BOB", "That username is taken"),
        ("email", "nonsense", "Enter an email address"),
        ("email", "a\u{202e}b@example.com", "Enter an email address"),
        ("email", "a\u{2060}b@example.com", "Enter an email address"),
        ("email", &format!("{}@example.com", "x".repeat(243)), "The email address may have 254 characters at most"),
        ("password", "", "Enter a password"),
        ("password", "short", "The password needs at least 12 characters"),
        ("password", "passwordpassword", "Too many people use that password"),
        ("password", "countess-ada 2026", "Too many people use that password"),
        ("password", &"x y".repeat(2000), "The password may have"),
    ] {
        let usual =
            [("name", "Countess"), ("username", "countess-ada"), ("email", "c@example.com"), ("password", PASSWORD)];
        let typed = usual.map(|(known, usual)| (known, if known == name { value } else { usual }));
        let reply = sign_up(&mut browser, &typed).await;
        reply.has_status(200).says(words).says(&format!("id=\"{name}-error\"")).says("aria-invalid=\"true\"");
        for (known, usual) in usual.iter().filter(|(known, _)| *known != name && *known != "password") {
            reply.says(&format!("value=\"{usual}\" id=\"{known}\""));
        }
        reply.says("type=\"password\" value=\"\"");
    }
    let nul = sign_up(&mut browser, &[("name", "A\0da"), ("username", "ada"), ("password", PASSWORD)]).await;
    nul.has_status(400);
    assert_eq!(everybody(&server).await, ["bob"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_elsewhere_or_of_another_browser_makes_nothing() {
    let server = TestServer::with(&OPEN).await;
    let mut browser = server.browser();
    let page = browser.get("/signup").await;
    let fields = filled(&page, &named("ada"));
    let mut foreign = browser.clone();
    foreign.headers = vec![("origin", "https://evil.example".to_owned())];
    send(&mut foreign, &fields).await.has_status(403);
    foreign.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    send(&mut foreign, &fields).await.has_status(403);
    let mut other = server.browser();
    other.get("/signup").await;
    for (mut stranger, words) in [(server.browser(), "Your browser sent no cookie"), (other, "open too long")] {
        let reply = send(&mut stranger, &fields).await;
        reply.has_status(200).says(words).says("value=\"ada\"");
    }
    // nor is the token of another form good for it
    let login = browser.get("/login").await.field("csrf");
    let reply = browser.post("/signup", &[&named("ada")[..], &[("csrf", &*login)]].concat()).await;
    reply.has_status(200).says("open too long");
    assert!(everybody(&server).await.is_empty());
    send(&mut browser, &fields).await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_sent_twice_makes_one_account_and_ends_well_both_times() {
    let server = TestServer::with(&OPEN).await;
    let second = beside(&server, &[]).await;
    let mut browser = server.browser();
    let page = browser.get("/signup").await;
    let fields = filled(&page, &[&named("ada")[..], &[("email", "ada@example.com")]].concat());
    // many clicks at once, on two servers: each answer signs in, and is of the same person
    let clicks = (0..6).map(|n| {
        let door = if n % 2 == 0 { &server.door } else { &second.door };
        let (mut browser, fields) = (Browser { server: door, ..browser.clone() }, fields.clone());
        async move {
            assert_eq!(send(&mut browser, &fields).await.has_status(303).location(), "/account");
            browser.get("/account").await.has_status(200).says("ada");
        }
    });
    join_all(clicks).await;
    assert_eq!(everybody(&server).await, ["ada"]);
    // back, and once more
    let mut again = browser.clone();
    send(&mut again, &fields).await.has_status(303);
    again.get("/account").await.has_status(200);
    // it is no way round the password, and no other form is taken for it
    let wrong = fields.iter().cloned().map(|(name, value)| match name.as_str() {
        "password" => (name, "another long phrase".to_owned()),
        _ => (name, value),
    });
    let wrong: Vec<_> = wrong.into_iter().collect();
    send(&mut again, &wrong).await.has_status(200).says("That username is taken");
    let mut other = server.browser();
    sign_up(&mut other, &named("ada")).await.has_status(200).says("That username is taken");
    // nor is a person who was locked let in
    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    let mut again = browser.clone();
    send(&mut again, &fields).await.has_status(200).says("That username is taken");
    assert_eq!(everybody(&server).await, ["ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_makes_one_account_also_while_the_secret_key_changes() {
    let new = "another key which is long enough as well";
    let (before, after) = (format!("{SECRET_KEY},{new}"), format!("{new},{SECRET_KEY}"));
    let server = TestServer::with(&[OPEN[0], ("COUNTERSIGN_SECRET_KEY", &before)]).await;
    let second = beside(&server, &[("COUNTERSIGN_SECRET_KEY", &after)]).await;
    for (username, doors) in [("ada", [&server.door, &second.door]), ("grace", [&second.door, &server.door])] {
        let mut browser = server.browser();
        let fields = filled(&browser.get("/signup").await, &named(username));
        for door in doors {
            let mut browser = Browser { server: door, ..browser.clone() };
            assert_eq!(send(&mut browser, &fields).await.has_status(303).location(), "/account");
            browser.get("/account").await.has_status(200).says(username);
        }
    }
    assert_eq!(everybody(&server).await, ["ada", "grace"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_people_who_want_one_name_at_once_one_gets_it() {
    let server = TestServer::with(&OPEN).await;
    let second = beside(&server, &[]).await;
    let wanted = (0..8).map(|n| {
        let mut browser = if n % 2 == 0 { server.browser() } else { second.browser() };
        async move { sign_up(&mut browser, &named("ada")).await }
    });
    let replies = join_all(wanted).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 303).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 303) {
        reply.has_status(200).says("That username is taken");
    }
    assert_eq!(everybody(&server).await, ["ada"]);
}

async fn userinfo(server: &TestServer, app: &App<'_>, browser: &mut Browser<'_>) -> serde_json::Value {
    let page = browser.authorize(app, &[("scope", "openid profile email"), ("prompt", "consent")]).await;
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let tokens = Tokens::of(&app.redeem(&code).await);
    let reply = server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
    reply.has_status(200).json()
}

/// Saves the own profile with this address.
async fn change_address(browser: &mut Browser<'_>, email: &str) -> Reply {
    let page = browser.get("/account/profile").await;
    browser.post("/account/profile", &[("csrf", &*page.field("csrf")), ("email", email), ("name", "E")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_tells_nothing_and_opens_nothing_until_it_is_verified() {
    let server = TestServer::with(&OPEN).await;
    server.user("bob").await;
    let app = server.app().await;
    // bob's address, or one that is nobody's: there is no difference
    let mut browsers = Vec::new();
    for (username, email) in [("eve", "bob@example.com"), ("mallory", "bob@example.com"), ("carol", "new@example.com")]
    {
        let mut browser = server.browser();
        let typed = [&named(username)[..], &[("email", email)]].concat();
        assert_eq!(sign_up(&mut browser, &typed).await.has_status(303).location(), "/account");
        let told = userinfo(&server, &app, &mut browser).await;
        assert_eq!((&told["email"], &told["email_verified"]), (&email.into(), &false.into()));
        browser.get("/account/profile").await.says("Nobody has checked");
        browsers.push(browser);
    }
    // bob signs in with his, and carol not yet with hers
    let mut bob = server.browser();
    bob.sign_in("bob@example.com").await.has_status(303);
    bob.get("/account").await.says("bob");
    server.browser().sign_in("new@example.com").await.has_status(200).says("match");
    // saving something else, or another address, makes it no name either, and says nothing of anybody
    for (browser, email) in browsers.iter_mut().zip(["bob@example.com", "other@example.com", "bob@example.com"]) {
        change_address(browser, email).await.has_status(303);
    }
    for email in ["other@example.com", "new@example.com"] {
        server.browser().sign_in(email).await.has_status(200).says("match");
    }
    // an address that was squatted is its owner's nevertheless
    let owner = NewUser {
        username: "owner".to_owned(),
        email: Some("other@example.com".to_owned()),
        email_verified: true,
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    users::create(&server.admin, &Origin::default(), owner).await.map(drop).unwrap();
    let mut owner = server.browser();
    owner.sign_in("other@example.com").await.has_status(303);
    owner.get("/account").await.says("owner");
    // verified by the administrator it is a name; only one person's
    let verified = Changes { email_verified: Some(true), ..Changes::default() };
    let origin = Origin::default();
    assert!(users::update(&server.admin, &origin, "eve", &verified).await.is_err(), "it is bob's");
    let given = Changes { email: Some("new@example.com".to_owned()), ..Changes::default() };
    users::update(&server.admin, &origin, "carol", &given).await.unwrap();
    let mut carol = server.browser();
    carol.sign_in("NEW@example.com").await.has_status(303);
    assert_eq!(userinfo(&server, &app, &mut carol).await["email_verified"], true);
    // her next one has to be verified again
    change_address(&mut carol, "newer@example.com").await.has_status(303);
    server.browser().sign_in("newer@example.com").await.has_status(200).says("match");
    users::update(&server.admin, &origin, "carol", &verified).await.unwrap();
    server.browser().sign_in("newer@example.com").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_within_a_measure_and_the_page_says_when_to_come_back() {
    let proxied = [OPEN[0], ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = TestServer::with(&proxied).await;
    server.user("bob").await;
    let from = |address: &str| {
        let mut browser = server.browser();
        browser.headers = vec![("x-forwarded-for", address.to_owned())];
        browser
    };
    let mut browser = from("203.0.113.9");
    let page = browser.get("/signup").await;
    for _ in 0..20 {
        let fields = filled(&page, &[("name", "Eve"), ("username", "bob"), ("password", PASSWORD)]);
        send(&mut browser, &fields).await.has_status(200).says("That username is taken");
    }
    let fields = filled(&page, &[("name", "Eve"), ("username", "eve"), ("password", PASSWORD)]);
    let slowed = send(&mut browser, &fields).await;
    slowed.has_status(429).says("Too many attempts").says("value=\"eve\"").says("value=\"Eve\"");
    assert_eq!(slowed.header("retry-after"), "30");
    assert_eq!(everybody(&server).await, ["bob"]);
    // what is not even looked at counts for nothing
    let empty = filled(&page, &[("username", ""), ("password", "")]);
    send(&mut browser, &empty).await.has_status(200).says("Enter a username");
    // others are not held up, and neither is whoever waits
    sign_up(&mut from("203.0.113.10"), &named("ada")).await.has_status(303);
    server.clock.advance(60);
    send(&mut browser, &fields).await.has_status(303);
    // many /64 of one site are not as many strangers
    let mut made = 0;
    for n in 0..64 {
        let mut browser = from(&format!("2001:db8:1:{n:x}::7"));
        made += u32::from(sign_up(&mut browser, &named("bob")).await.status == 200);
    }
    assert_eq!(made, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_names_without_end_is_slowed_as_whoever_guesses_passwords() {
    let server = TestServer::with(&OPEN).await;
    server.user("bob").await;
    let mut browser = server.browser();
    let page = browser.get("/signup").await;
    let taken = filled(&page, &named("bob"));
    let mut looked_at = 0;
    while looked_at < 150 {
        server.clock.advance(3);
        let reply = send(&mut browser, &taken).await;
        if reply.status == 429 {
            break;
        }
        reply.has_status(200).says("That username is taken");
        looked_at += 1;
    }
    // a hundred are free, and then one is looked at in each delay, which doubles
    assert!((100..=104).contains(&looked_at), "{looked_at}");
    server.browser().sign_in("bob").await.has_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_way_to_a_device_it_goes_on_to_the_device() {
    let server = TestServer::with(&OPEN).await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![countersign::protocol::grant::GrantType::DeviceCode];
            app.redirect_uris = Vec::new();
        })
        .await;
    let begun = app.post("/oauth2/device_authorization", &[("scope", "openid")]).await.json();
    let code = begun["user_code"].as_str().unwrap();
    let mut browser = server.browser();
    let page = browser.get("/device").await;
    let page = browser.post("/device", &[("csrf", &*page.field("csrf")), ("user_code", code)]).await;
    let page = if page.status == 303 { browser.get(page.location()).await } else { page };
    page.says("id=\"login\"");
    let link = format!("/signup?user_code={code}");
    page.says(&format!("<a href=\"{link}\">Create an account</a>"));
    let page = browser.get(&link).await;
    page.says("to connect a device").says(&format!("<a href=\"/device?user_code={code}\">"));
    let made = send(&mut browser, &filled(&page, &named("ada"))).await;
    assert_eq!(made.has_status(303).location(), format!("/device?user_code={code}"));
    browser.get("/account").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn for_the_administrator_they_are_people_like_any_other() {
    let server = TestServer::with(&OPEN).await;
    let mut browser = server.browser();
    let typed = [&named("ada")[..], &[("email", "ada@example.com")]].concat();
    sign_up(&mut browser, &typed).await.has_status(303);
    server.user("bob").await;
    let typed = [&named("eve")[..], &[("email", "bob@example.com")]].concat();
    sign_up(&mut server.browser(), &typed).await.has_status(303);
    let shell = Shell::at(server.stopped().await);
    let shown = shell.run(&["user", "show", "ada", "--json"]).json();
    assert_eq!((&shown["email"], &shown["email_verified"]), (&"ada@example.com".into(), &false.into()));
    assert_eq!((&shown["admin"], &shown["has_password"]), (&false.into(), &true.into()));
    assert!(shell.run(&["user", "list"]).done().out.contains("ada"));
    shell.run(&["user", "show", "ada@example.com"]).failed(5, "ada@example.com");
    shell.run(&["user", "update", "ada", "--email-verified", "true"]).done();
    assert_eq!(shell.run(&["user", "show", "ada@example.com", "--json"]).json()["username"], "ada");
    shell.run(&["user", "update", "eve", "--email-verified", "true"]).failed(6, "bob@example.com");
}
