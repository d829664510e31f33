//! Claims about a person (OIDC Core §5): which there are, who may give them, and which scope releases which.

use countersign::flow::{
    Origin,
    admin::{
        clients, scopes,
        users::{self, Changes, Claims, NewUser},
    },
};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Shell, TestServer, Tokens, eventually, scope, update_client};

fn given(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Ada with everything there is to say.
async fn ada_whole(server: &TestServer) {
    let claims = given(&[
        ("given_name", json!("Ada")),
        ("family_name", json!("Lovelace")),
        ("middle_name", json!("King")),
        ("nickname", json!("Countess")),
        ("profile", json!("https://ada.example/about")),
        ("picture", json!("https://ada.example/ada.png")),
        ("website", json!("https://ada.example/")),
        ("gender", json!("female")),
        ("birthdate", json!("1815-12-10")),
        ("zoneinfo", json!("Europe/London")),
        ("locale", json!("en-GB")),
        ("phone_number", json!("+44 20 7946 0018")),
        ("address.street_address", json!("12 St James’s Square")),
        ("address.locality", json!("London")),
        ("address.region", json!("Greater London")),
        ("address.postal_code", json!("SW1Y 4JH")),
        ("address.country", json!("United Kingdom")),
        ("department", json!("Analysis")),
        ("badges", json!([1, 2])),
    ]);
    let new = NewUser {
        username: "ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        email_verified: true,
        name: Some("Ada Lovelace".to_owned()),
        claims: Claims { given: claims, groups: Some(vec!["staff".into(), "maths".into()]), phone_verified: None },
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    users::create(&server.admin, &Origin::default(), new).await.map(drop).unwrap();
}

fn names(claims: &Value) -> Vec<String> {
    claims.as_object().unwrap().keys().filter(|name| *name != "sub").cloned().collect()
}

const PROFILE: [&str; 14] = [
    "birthdate",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_releases_its_claims_in_userinfo_and_none_of_another() {
    let server = TestServer::start().await;
    ada_whole(&server).await;
    let changes = scopes::Changes {
        description: Some("See where you work".into()),
        claims: Some(vec!["department".into(), "badges".into()]),
        published: Some(true),
        ..scopes::Changes::default()
    };
    scopes::create(&server.admin, &Origin::default(), "work", changes).await.unwrap();
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server.app_with(|client| client.scope = scope("openid profile email phone address groups work")).await;
    for (asked, released) in [
        ("openid", &[][..]),
        ("openid profile", &PROFILE),
        ("openid email", &["email", "email_verified"]),
        ("openid phone", &["phone_number", "phone_number_verified"]),
        ("openid address", &["address"]),
        ("openid groups", &["groups"]),
        ("openid work", &["badges", "department"]),
    ] {
        let tokens = app.tokens(&mut browser, &[("scope", asked)]).await;
        let bearer = format!("Bearer {}", tokens.access_token);
        let claims = server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
        assert_eq!(names(&claims), released, "{asked}");
        assert_eq!(claims["sub"], tokens.claims("id_token")["sub"]);
    }
    let everything = [("scope", "openid profile email phone address groups work")];
    let tokens = app.tokens(&mut browser, &everything).await;
    let bearer = format!("Bearer {}", tokens.access_token);
    let claims = server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
    assert_eq!(claims["phone_number_verified"], true, "an administrator gave it");
    assert_eq!(claims["groups"], json!(["staff", "maths"]));
    assert_eq!(claims["badges"], json!([1, 2]));
    assert_eq!(
        claims["address"],
        json!({
            "formatted": "12 St James’s Square\nLondon Greater London SW1Y 4JH\nUnited Kingdom",
            "street_address": "12 St James’s Square",
            "locality": "London",
            "region": "Greater London",
            "postal_code": "SW1Y 4JH",
            "country": "United Kingdom",
        })
    );
    // beside an access token the ID token has what libraries look for there, and userinfo the rest (OIDC Core §5.4)
    let id_token = tokens.claims("id_token");
    let told = ["name", "given_name", "family_name", "preferred_username", "picture", "updated_at"];
    for name in told.into_iter().chain(["email", "email_verified", "groups", "department"]) {
        assert_eq!(id_token[name], claims[name], "{name}");
    }
    for name in ["birthdate", "address", "phone_number", "nickname", "website"] {
        assert!(id_token.get(name).is_none(), "{name}");
    }
    let again = Tokens::of(&app.refresh(&tokens.refresh_token).await).claims("id_token");
    assert_eq!(again["groups"], json!(["staff", "maths"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_picture_stands_in_an_id_token_unless_it_is_long() {
    let server = TestServer::start().await;
    ada_whole(&server).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server.app().await;
    let by_name = json!({"id_token": {"picture": null}}).to_string();
    for (bytes, by_scope) in [(512, true), (513, false)] {
        let start = "https://ada.example/";
        let address = json!(format!("{start}{}", "x".repeat(bytes - start.len())));
        let claims = Claims { given: given(&[("picture", address.clone())]), ..Claims::default() };
        let changes = Changes { claims, ..Changes::default() };
        users::update(&server.admin, &Origin::default(), "ada", &changes).await.unwrap();
        let tokens = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
        assert_eq!(tokens.claims("id_token").get("picture"), by_scope.then_some(&address), "{bytes}");
        let bearer = format!("Bearer {}", tokens.access_token);
        let told = server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
        assert_eq!(told["picture"], address, "userinfo has any");
        let asked = app.tokens(&mut browser, &[("scope", "openid profile"), ("claims", &by_name)]).await;
        assert_eq!(asked.claims("id_token")["picture"], address, "and so has who asks for it by name");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_id_token_is_to_say_what_was_asked_for_alone_a_scope_puts_nothing_into_it() {
    let server = TestServer::with(&[("COUNTERSIGN_TOKENS__ID_CLAIMS", "requested")]).await;
    ada_whole(&server).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server.app_with(|client| client.scope = scope("openid profile email groups offline_access")).await;
    let by_name = json!({"id_token": {"nickname": null}}).to_string();
    for (claims, told) in [(None, &[][..]), (Some(&by_name), &["nickname"])] {
        let mut asked = vec![("scope", "openid profile email groups offline_access")];
        asked.extend(claims.map(|claims| ("claims", claims.as_str())));
        let tokens = app.tokens(&mut browser, &asked).await;
        let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        for id_token in [tokens.claims("id_token"), again.claims("id_token")] {
            for name in PROFILE.iter().chain(&["email", "email_verified", "groups"]) {
                assert_eq!(id_token.get(*name).is_some(), told.contains(name), "{name}");
            }
        }
        let bearer = format!("Bearer {}", again.access_token);
        let claims = server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
        assert_eq!((&claims["email"], &claims["name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_consent_page_shows_what_exactly_an_app_would_see() {
    let server = TestServer::start().await;
    ada_whole(&server).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server.app_with(|client| client.scope = scope("openid phone address groups")).await;
    let page = browser.authorize(&app, &[("scope", "openid phone address groups")]).await;
    for words in ["+442079460018", "12 St James’s Square, London", "staff, maths", "See your phone number"] {
        page.says(words);
    }
    // of a profile what is in it, by name, and nothing of who has filled in nothing
    let app = server.app().await;
    let page = browser.authorize(&app, &[("scope", "openid profile")]).await;
    page.says("<bdi>Ada Lovelace, ada · Middle name, Nickname, Profile page, Picture’s address, Website, Gender, ")
        .says("Gender, Date of birth, Time zone, Language</bdi>");
    // of claims that are asked for by name those, in the words of their scope
    for (asked, shown) in [
        (json!({"nickname": null}), "<bdi>Nickname</bdi> · <code dir=\"ltr\">nickname</code>"),
        (
            json!({"given_name": null, "preferred_username": null}),
            "<bdi>ada · Given name</bdi> · <code dir=\"ltr\">given_name preferred_username</code>",
        ),
        (json!({"updated_at": null}), "<small><code dir=\"ltr\">updated_at</code>"),
        (json!({"email_verified": null}), "<small><code dir=\"ltr\">email_verified</code>"),
    ] {
        let claims = json!({"userinfo": asked}).to_string();
        browser.authorize(&app, &[("scope", "openid"), ("claims", &claims)]).await.says(shown);
    }
    server.user("bob").await;
    let mut browser = server.browser();
    browser.sign_in("bob").await;
    browser.authorize(&app, &[("scope", "openid profile")]).await.says("<bdi>bob</bdi> · <code");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_name_every_claim_and_scope_that_can_be_had_and_no_other() {
    let server = TestServer::start().await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    let scopes = json!(["openid", "profile", "email", "phone", "address", "groups", "offline_access"]);
    assert_eq!(document["scopes_supported"], scopes);
    let claims = document["claims_supported"].as_array().unwrap();
    for name in PROFILE.iter().chain(&["sub", "iss", "email", "email_verified", "phone_number", "address", "groups"]) {
        assert!(claims.contains(&json!(name)), "{name}");
    }
    assert!(!claims.contains(&json!("department")));
    for (name, published) in [("work", true), ("secret", false)] {
        let changes = scopes::Changes {
            claims: Some(vec![format!("of_{name}")]),
            published: Some(published),
            ..scopes::Changes::default()
        };
        scopes::create(&server.admin, &Origin::default(), name, changes).await.unwrap();
    }
    let listed = async |name: &str| {
        let document = server.get("/.well-known/openid-configuration").await.json();
        document["claims_supported"].as_array().unwrap().contains(&json!(name))
    };
    crate::support::eventually(async || listed("of_work").await).await;
    assert!(!listed("of_secret").await, "a scope that is not published is not told of");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_changes_what_is_known_of_a_person_and_is_believed_unless_they_say_otherwise() {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.user("bob").await;
    let update = async |changes: Changes| users::update(&server.admin, &Origin::default(), "ada", &changes).await;
    let claims = |pairs: &[(&str, Value)]| Claims { given: given(pairs), ..Claims::default() };
    let user = update(Changes { email: Some("a@example.org".into()), ..Changes::default() }).await.unwrap();
    assert!(user.email_verified);
    let changes = Changes { email: Some("b@example.org".into()), email_verified: Some(false), ..Changes::default() };
    assert!(!update(changes).await.unwrap().email_verified);
    let taken = update(Changes { email: Some("bob@example.com".into()), ..Changes::default() }).await.unwrap_err();
    assert_eq!(taken.code(), "email_exists");
    for (name, value) in [
        ("sub", json!("x")),
        ("email_verified", json!(true)),
        ("phone_number", json!("12")),
        ("birthdate", json!("x")),
        ("given_name", json!(["x"])),
        ("big", json!("x".repeat(5000))),
    ] {
        let refused = update(Changes { claims: claims(&[(name, value)]), ..Changes::default() }).await.unwrap_err();
        assert_eq!(refused.code(), "user_invalid", "{name}");
    }
    let user = update(Changes { claims: claims(&[("phone_number", json!("+442079460018"))]), ..Changes::default() });
    assert!(user.await.unwrap().claims.contains("\"phone_number_verified\":true"));
    let doubt = Claims { phone_verified: Some(false), ..Claims::default() };
    let user = update(Changes { claims: doubt, ..Changes::default() }).await.unwrap();
    assert!(!user.claims.contains("phone_number_verified"), "{}", user.claims);
}

#[tokio::test]
async fn the_command_line_gives_claims_and_shows_them() {
    let shell = Shell::new().await;
    let made = shell.run(&[
        "user",
        "create",
        "ada",
        "--email",
        "ada@example.com",
        "--group",
        "staff",
        "--claim",
        "given_name=Ada",
        "--claim",
        "phone_number=+44 20 7946 0018",
        "--phone-unverified",
        "--claim",
        "level:=3",
        "--json",
    ]);
    let claims = made.json()["claims"].clone();
    assert_eq!((&claims["given_name"], &claims["level"]), (&json!("Ada"), &json!(3)));
    assert_eq!((&claims["phone_number"], &claims["phone_number_verified"]), (&json!("+442079460018"), &json!(false)));
    let update =
        ["user", "update", "ada", "--claim", "given_name=", "--group", "", "--phone-verified", "true", "--json"];
    let claims = shell.run(&update).json()["claims"].clone();
    assert_eq!((claims.get("given_name"), claims.get("groups")), (None, None));
    assert_eq!(claims["phone_number_verified"], true);
    let shown = shell.run(&["user", "show", "ada"]).done().out;
    assert!(shown.contains("+442079460018") && shown.contains("level"), "{shown}");
    shell.run(&["user", "update", "ada"]).failed(2, "required");
    shell.run(&["user", "update", "ada", "--claim", "x:=no"]).failed(2, "no JSON");
    shell.run(&["user", "update", "ada", "--claim", "locale=en_GB"]).failed(1, "language tag");
    shell.run(&["user", "update", "nobody", "--name", "N"]).failed(5, "nobody");
    let work =
        ["scope", "create", "work", "--description", "Your work", "--claim", "level", "--claim", "level", "--json"];
    assert_eq!(shell.run(&work).json()["claims"], json!(["level"]));
    shell.run(&["scope", "create", "x", "--claim", "email"]).failed(1, "built-in");
    assert_eq!(shell.run(&["scope", "update", "work", "--claim", "", "--json"]).json()["claims"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_has_lost_is_in_no_new_id_token_and_is_told_by_name_no_more() {
    let server = TestServer::start().await;
    ada_whole(&server).await;
    let work = scopes::Changes {
        description: Some("See where you work".into()),
        claims: Some(vec!["department".into()]),
        ..scopes::Changes::default()
    };
    scopes::create(&server.admin, &Origin::default(), "work", work).await.unwrap();
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server.app_with(|client| client.scope = scope("openid work email")).await;
    let by_name = json!({"userinfo": {"email": null}, "id_token": {"email": null}}).to_string();
    let first = app.tokens(&mut browser, &[("scope", "openid work"), ("claims", &by_name)]).await;
    let id_token = first.claims("id_token");
    assert_eq!((&id_token["department"], &id_token["email"]), (&json!("Analysis"), &json!("ada@example.com")));
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.scope = scope("openid");
    update_client(&server.admin, &client).await.unwrap();
    let bearer = format!("Bearer {}", first.access_token);
    let told = async || server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json();
    eventually(async || told().await.get("email").is_none()).await;
    let again = Tokens::of(&app.refresh(&first.refresh_token).await);
    assert_eq!(again.all["scope"], "openid");
    let id_token = again.claims("id_token");
    assert!(id_token.get("department").is_none() && id_token.get("email").is_none(), "{id_token}");
}
