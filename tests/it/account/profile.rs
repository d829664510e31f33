//! What a person lets others know of them, and what becomes of it in claims (OIDC Core §5.1).

use std::sync::{Arc, Mutex};

use countersign::{
    flow::{
        Origin,
        admin::users::{self, Changes, Claims},
    },
    store::{
        Pace, PersonUpdated, Store,
        models::{PersonDetails, User},
    },
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::support::{App, Browser, Database, PASSWORD, Reply, TestServer};

/// Saves the form with these fields changed from what it shows.
async fn save(browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> Reply {
    let page = browser.get("/account/profile").await;
    send(browser, &page, changes).await
}

/// Sends the form of this page with these fields changed from what it shows; one of several lines is sent only if it is
/// among them.
async fn send(browser: &mut Browser<'_>, page: &Reply, changes: &[(&str, &str)]) -> Reply {
    let csrf = page.has_status(200).field("csrf");
    let mut fields = vec![("csrf".to_owned(), csrf)];
    for input in page.body.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let attribute = |name: &str| {
            input.split(&format!("{name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
        };
        let name = attribute(" name").unwrap();
        if name != "csrf" && !changes.iter().any(|(changed, _)| *changed == name) {
            fields.push((name, attribute("value").unwrap_or_default()));
        }
    }
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/account/profile", &fields).await
}

async fn userinfo(server: &TestServer, app: &App<'_>, browser: &mut Browser<'_>) -> Value {
    let tokens = app.tokens(browser, &[("scope", "openid profile email phone address"), ("prompt", "consent")]).await;
    let reply = server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
    reply.has_status(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_who_they_are_and_an_edited_address_or_number_is_not_verified_any_more() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let before = userinfo(&server, &app, &mut browser).await;
    assert_eq!((before["email_verified"].as_bool(), before.get("given_name")), (Some(true), None));
    let saved = save(
        &mut browser,
        &[
            ("given_name", "Ada"),
            ("birthdate", "1815-12-10"),
            ("phone_number", "+44 20 7946 0018"),
            ("address.street_address", "12 St James’s Square\r\nFlat 3"),
            ("address.country", "UK"),
        ],
    )
    .await;
    browser.get(saved.has_status(303).location()).await.says("Saved").says("value=\"+442079460018\"").says("Flat 3");
    let after = userinfo(&server, &app, &mut browser).await;
    assert_eq!(after["sub"], before["sub"]);
    assert_eq!(after["email_verified"], true, "the address is what it was");
    assert_eq!((&after["phone_number"], &after["phone_number_verified"]), (&json!("+442079460018"), &json!(false)));
    assert_eq!((after["given_name"].as_str(), after["birthdate"].as_str()), (Some("Ada"), Some("1815-12-10")));
    assert_eq!(after["address"]["formatted"], "12 St James’s Square\nFlat 3\nUK");
    save(&mut browser, &[("email", "countess@example.com"), ("given_name", "")]).await.has_status(303);
    let edited = userinfo(&server, &app, &mut browser).await;
    assert_eq!((&edited["email"], &edited["email_verified"]), (&json!("countess@example.com"), &json!(false)));
    assert!(edited.get("given_name").is_none(), "what is empty is not said: {edited}");
    browser.get("/account/profile").await.says("Nobody has checked");
    // it is the name to sign in with, too
    server.browser().sign_in("countess@example.com").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_at_its_field_and_nothing_of_the_form_is_saved() {
    let server = TestServer::start().await;
    server.user("bob").await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let before = userinfo(&server, &app, &mut browser).await;
    for (name, value, words) in [
        ("website", "javascript:alert(1)", "Website: enter a web address"),
        ("locale", "en_GB", "Enter a language"),
        ("phone_number", "0800 CALL", "Enter a phone number"),
        ("birthdate", "yesterday", "Enter a date of birth"),
        ("zoneinfo", "../../etc", "Enter a time zone"),
        ("nickname", &"x".repeat(81), "Nickname: 80 characters at most"),
        ("name", "A\u{202e}da", "The name may have"),
        ("email", "no address", "Enter an email address"),
        ("email", &format!("{}@example.com", "x".repeat(243)), "254 characters at most"),
        ("email", "BOB@example.com", "already belongs"),
    ] {
        let reply = save(&mut browser, &[(name, value), ("family_name", "Lovelace")]).await;
        reply.has_status(200).says(words).says("value=\"Lovelace\"").says(&format!("id=\"{name}-error\""));
    }
    let person = browser.get("/account/profile").await.field("person");
    let stale = [("csrf", "x"), ("person", &*person), ("family_name", "Lovelace")];
    let stale = browser.post("/account/profile", &stale).await;
    stale.has_status(200).says("open too long").says("value=\"Lovelace\"");
    let mut foreign = browser.clone();
    foreign.headers = vec![("origin", "https://evil.example".to_owned())];
    foreign.post("/account/profile", &[("family_name", "Lovelace")]).await.has_status(403);
    assert_eq!(userinfo(&server, &app, &mut browser).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_letters_outside_ascii_stands_in_a_field_whose_text_browsers_leave_alone() {
    let server = TestServer::with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")]).await;
    let mut browser = server.ada().await;
    save(&mut browser, &[("email", "ada@münchen.example")]).await.has_status(303);
    let page = browser.get("/account/profile").await;
    for (page, value) in [(page, "ada@münchen.example"), (server.get("/signup").await, "")] {
        page.says(&format!("<input type=\"text\" value=\"{value}\" id=\"email\" name=\"email\""));
        // and telephones show the keys for one
        page.says(" inputmode=\"email\" autocapitalize=\"none\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_typed_comes_back_to_them_and_to_nobody_who_has_taken_their_place() {
    let server = TestServer::start().await;
    server.user("bob").await;
    let mut browser = server.ada().await;
    let sign_in_too = async |browser: &mut Browser<'_>, username: &str| {
        let csrf = browser.get("/login?another=yes").await.field("csrf");
        browser
            .post("/login", &[("username", username), ("password", PASSWORD), ("csrf", &csrf)])
            .await
            .has_status(303);
    };
    let page = browser.get("/account/profile").await;
    let (csrf, person) = (page.field("csrf"), page.field("person"));
    let typed = [("csrf", &*csrf), ("person", &*person), ("email", "ada@example.com"), ("family_name", "Lovelace")];
    sign_in_too(&mut browser, "bob").await;
    for fields in [&typed[..], &typed[2..]] {
        let shown = browser.post("/account/profile", fields).await;
        shown.has_status(200).says("open too long").says("value=\"bob@example.com\"");
        assert!(!shown.body.contains("Lovelace") && !shown.body.contains("ada@example.com"), "{}", shown.body);
    }
    sign_in_too(&mut browser, "ada").await;
    let shown = browser.post("/account/profile", &typed).await;
    shown.has_status(200).says("open too long").says("value=\"Lovelace\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_open_meanwhile_changes_what_was_typed_and_nothing_that_has_changed_since() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let street = ("address.street_address", "12 Square\r\nFlat 3");
    save(&mut browser, &[("family_name", "Byron"), ("nickname", "A"), street]).await.has_status(303);
    let open = browser.get("/account/profile").await;
    let given = [("family_name", "King"), ("address.street_address", "1 Way")];
    let changes = Changes {
        name: Some("Ada King".to_owned()),
        email: Some("countess@example.com".to_owned()),
        claims: Claims {
            given: given.map(|(name, value)| (name.to_owned(), json!(value))).into(),
            ..Claims::default()
        },
        ..Changes::default()
    };
    users::update(&server.admin, &Origin::default(), "ada", &changes).await.unwrap();
    // also after the form has come back with a mistake
    let wrong = send(&mut browser, &open, &[("birthdate", "yesterday"), ("nickname", ""), street]).await;
    wrong.says("Enter a date of birth").says("value=\"Byron\"");
    send(&mut browser, &wrong, &[("birthdate", "1815-12-10"), street]).await.has_status(303);
    let now = userinfo(&server, &app, &mut browser).await;
    assert_eq!((now["birthdate"].as_str(), now.get("nickname")), (Some("1815-12-10"), None), "what was typed: {now}");
    assert_eq!((now["name"].as_str(), now["family_name"].as_str()), (Some("Ada King"), Some("King")), "{now}");
    assert_eq!((&now["email"], &now["email_verified"]), (&json!("countess@example.com"), &json!(true)), "{now}");
    assert_eq!(now["address"]["street_address"], "1 Way", "{now}");
}

/// Writes another name and address of a person in the moment before this operation is next done.
struct Meanwhile(&'static str, Mutex<Option<(Store, User)>>);

impl Pace for Meanwhile {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let other = if operation == self.0 { self.1.lock().unwrap().take() } else { None };
            if let Some((store, user)) = other {
                let was = PersonDetails::of(&user);
                let (name, email) = (Some("Ada King".to_owned()), Some("countess@example.com".to_owned()));
                let new = PersonDetails { name, email: email.clone(), email_key: email, ..was.clone() };
                let written = store.update_person(user.id, new, was, user.updated_at.plus_seconds(1)).await.unwrap();
                assert_eq!(written, PersonUpdated::Done);
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_person_at_the_same_time_both_are_kept() {
    let meanwhile = Arc::new(Meanwhile("update_person", Mutex::default()));
    let server = TestServer::paced(Database::fresh().await, &[], meanwhile.clone()).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let store = server.admin.store.clone();
    let ada = store.find_user_by_name("ada".to_owned()).await.unwrap().unwrap();
    *meanwhile.1.lock().unwrap() = Some((store, ada));
    save(&mut browser, &[("given_name", "Ada")]).await.has_status(303);
    assert!(meanwhile.1.lock().unwrap().is_none(), "nobody came between");
    let now = userinfo(&server, &app, &mut browser).await;
    assert_eq!((now["name"].as_str(), now["given_name"].as_str()), (Some("Ada King"), Some("Ada")), "{now}");
    assert_eq!(now["email"], "countess@example.com", "{now}");
}

/// As the release before has it: nothing says whom or what it showed.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_the_release_before_empties_what_it_empties() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    save(&mut browser, &[("nickname", "A")]).await.has_status(303);
    let open = browser.get("/account/profile").await;
    open.says("value=\"A\"");
    let fields = [("csrf", &*open.field("csrf")), ("name", "Ada"), ("email", "nobody")];
    let wrong = browser.post("/account/profile", &fields).await;
    send(&mut browser, &wrong, &[("email", "ada@example.com")]).await.has_status(303);
    assert!(!browser.get("/account/profile").await.has_status(200).body.contains("value=\"A\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_changed_while_they_sign_in_is_let_in() {
    let meanwhile = Arc::new(Meanwhile("create_session", Mutex::default()));
    let server = TestServer::paced(Database::fresh().await, &[], meanwhile.clone()).await;
    server.user("ada").await;
    let store = server.admin.store.clone();
    let ada = store.find_user_by_name("ada".to_owned()).await.unwrap().unwrap();
    *meanwhile.1.lock().unwrap() = Some((store, ada));
    // at another instant than the one at which they were made
    server.clock.advance(1);
    let mut browser = server.browser();
    browser.sign_in("ada").await.has_status(303);
    assert!(meanwhile.1.lock().unwrap().is_none(), "nobody came between");
    browser.get("/account").await.has_status(200).says("Ada King");
}
