//! RFC 7592: reading, changing and deleting one's own registration.

use countersign::{
    flow::{Origin, admin::clients},
    protocol::client_metadata::AuthMethod,
};
use serde_json::{Value, json};

use super::{ALL, OPEN, app, register, send};
use crate::support::{TestServer, Tokens, eventually, scope, update_client};

fn text(told: &Value, name: &str) -> String {
    told[name].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_read_changed_and_deleted_with_its_own_token_and_no_other() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({"contacts": ["a@app.example"]})).await.has_status(201).json();
    let other = register(&server, None, &json!({})).await.has_status(201).json();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let read = send(&server, "GET", &place, Some(&token), None).await;
    assert_eq!((read.status.as_u16(), read.header("cache-control")), (200, "no-store"));
    let mut same = told.clone();
    same.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(read.json(), same, "a secret is shown once");
    let foreign = text(&other, "registration_access_token");
    let secret = text(&told, "client_secret");
    let body = json!({"client_id": told["client_id"], "redirect_uris": ["https://evil.example/cb"]});
    for bad in [None, Some(foreign.as_str()), Some(&secret), Some("x")] {
        for (method, body) in [("GET", None), ("PUT", Some(&body)), ("DELETE", None)] {
            let refused = send(&server, method, &place, bad, body).await;
            refused.has_status(401).refused("invalid_token");
            assert!(refused.header("www-authenticate").starts_with("Bearer"));
        }
    }
    for nobody in ["nobody", "%00", "..%2f..", &"x".repeat(300)] {
        let place = format!("/oauth2/register/{nobody}");
        send(&server, "GET", &place, Some(&token), None).await.has_status(401);
    }
    let deleted = send(&server, "DELETE", &place, Some(&token), None).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    send(&server, "GET", &place, Some(&token), None).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_takes_the_place_of_all_that_was_and_is_looked_at_like_a_registration() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({"contacts": ["a@app.example"]})).await.has_status(201).json();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let put = async |changes: &[(&str, Value)]| {
        let mut all = json!({"client_id": told["client_id"], "redirect_uris": ["https://app.example/new"]});
        for (name, value) in changes {
            all[*name] = value.clone();
        }
        send(&server, "PUT", &place, Some(&token), Some(&all)).await
    };
    let mut browser = server.ada().await;
    for (changes, error) in [
        (&[("client_id", json!("another"))][..], "invalid_client_metadata"),
        (&[("client_id", Value::Null)], "invalid_client_metadata"),
        (&[("client_secret", json!("chosen"))], "invalid_client_metadata"),
        (&[("redirect_uris", json!(["javascript:x"]))], "invalid_redirect_uri"),
        (&[("grant_types", json!(["password"]))], "invalid_client_metadata"),
        (&[("token_endpoint_auth_method", json!("none"))], "invalid_client_metadata"),
        (&[("software_statement", json!("a.b.c"))], "unapproved_software_statement"),
    ] {
        put(changes).await.has_status(400).refused(error);
    }
    let unchanged = send(&server, "GET", &place, Some(&token), None).await.json();
    assert_eq!(unchanged["redirect_uris"], told["redirect_uris"], "what is refused changes nothing");
    let changed = put(&[("client_secret", told["client_secret"].clone()), ("first_party", json!(true))]).await;
    let changed = changed.has_status(200).json();
    assert_eq!(changed["redirect_uris"], json!(["https://app.example/new"]));
    assert!(changed.get("contacts").is_none(), "what is left out is gone");
    assert_eq!(changed["registration_access_token"], token.as_str());
    // the secret stays, the old address is dead, the new one works, and the person is asked
    browser.authorize(&app(&server, &told), &[("scope", "openid")]).await.has_status(400).says("redirect_uri");
    let app = crate::support::App { secret: app(&server, &told).secret, ..app(&server, &changed) };
    app.tokens(&mut browser, &[("scope", "openid")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_vouched_for_has_to_be_looked_at_again_after_a_change() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let id = text(&told, "client_id");
    let mut client = clients::find(&server.admin, &id).await.unwrap();
    client.metadata.verified = true;
    client.metadata.access_token_ttl = Some(60);
    client.metadata.grant_types.push(countersign::protocol::grant::GrantType::ClientCredentials);
    update_client(&server.admin, &client).await.unwrap();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let read = send(&server, "GET", &place, Some(&token), None).await.json();
    send(&server, "PUT", &place, Some(&token), Some(&read)).await.has_status(200);
    assert!(clients::find(&server.admin, &id).await.unwrap().metadata.verified, "nothing has changed");
    let mut renamed = read.clone();
    renamed["client_name"] = json!("Your Bank");
    send(&server, "PUT", &place, Some(&token), Some(&renamed)).await.has_status(200);
    let kept = clients::find(&server.admin, &id).await.unwrap();
    assert_eq!((kept.metadata.verified, kept.metadata.access_token_ttl), (false, Some(60)));
    assert!(kept.metadata.allows(countersign::protocol::grant::GrantType::ClientCredentials), "what was added stays");
    assert!(kept.metadata.registered.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_registration_takes_everything_with_it() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({"grant_types": ["authorization_code", "refresh_token"]})).await;
    let told = told.has_status(201).json();
    let app = app(&server, &told);
    let mut browser = server.ada().await;
    let tokens: Tokens = app.tokens(&mut browser, &[("scope", "openid offline_access")]).await;
    let page = browser.authorize(&app, &[("scope", "openid email")]).await;
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    browser.get("/account/apps").await.has_status(200).says("photo printer");
    send(&server, "DELETE", &place, Some(&token), None).await.has_status(204);
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.has_status(401).refused("invalid_client");
    assert!(!browser.decide(&page, "allow", &[]).await.status.is_redirection());
    browser.authorize(&app, &[("scope", "openid")]).await.has_status(400).says("no app is registered");
    let apps = browser.get("/account/apps").await;
    assert!(!apps.has_status(200).body.contains("photo printer"), "{}", apps.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_changes_its_registration_ten_times_a_minute_at_most_and_what_is_no_change_writes_nothing() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let mut document = send(&server, "GET", &place, Some(&token), None).await.json();
    let epoch = server.admin.store.find_epoch().await.unwrap();
    for _ in 0..2 {
        send(&server, "PUT", &place, Some(&token), Some(&document)).await.has_status(200);
    }
    assert_eq!(server.admin.store.find_epoch().await.unwrap(), epoch);
    for number in 0..8 {
        document["software_version"] = json!(number.to_string());
        send(&server, "PUT", &place, Some(&token), Some(&document)).await.has_status(200);
    }
    eventually(async || changes(&server).await == 8).await;
    assert_eq!(server.admin.store.find_epoch().await.unwrap(), epoch + 8);
    for method in ["PUT", "DELETE"] {
        let slowed = send(&server, method, &place, Some(&token), Some(&document)).await;
        slowed.has_status(429).refused("slow_down");
        assert!(slowed.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    send(&server, "GET", &place, Some(&token), None).await.has_status(200);
    server.clock.advance(61);
    send(&server, "DELETE", &place, Some(&token), None).await.has_status(204);
}

async fn changes(server: &TestServer) -> usize {
    let events = server.admin.store.list_events(100).await.unwrap();
    events.iter().filter(|event| event.event == "client.updated").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_of_one_address_change_as_many_registrations_as_it_may_make() {
    let server = TestServer::with(&[OPEN, ("COUNTERSIGN_CLIENTS__REGISTRATION_LIMITS", "3")]).await;
    let mut apps = Vec::new();
    for _ in 0..4 {
        server.clock.advance(20);
        let told = register(&server, None, &json!({})).await.has_status(201).json();
        let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
        apps.push((place, token));
    }
    let mut answers = Vec::new();
    for (place, token) in &apps {
        answers.push(send(&server, "DELETE", place, Some(token), None).await.status.as_u16());
    }
    assert_eq!(answers, [204, 204, 204, 429]);
}

/// Between reading and writing a sector's server may be asked, which takes as long as it likes.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_client_at_once_nobody_undoes_what_the_other_did() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let id = text(&told, "client_id");
    let (admin, owner) = (&server.admin, Origin::default());
    let (mut first, mut second) =
        (clients::draft(admin, &id).await.unwrap(), clients::draft(admin, &id).await.unwrap());
    first.client.metadata.verified = true;
    second.client.name = "another".to_owned();
    assert!(first.save(admin, &owner).await.unwrap());
    let epoch = admin.store.find_epoch().await.unwrap();
    assert!(!second.save(admin, &owner).await.unwrap());
    assert_eq!(admin.store.find_epoch().await.unwrap(), epoch, "and nothing was written");
    let mut again = clients::draft(admin, &id).await.unwrap();
    again.client.name = "another".to_owned();
    assert!(again.save(admin, &owner).await.unwrap());
    let kept = clients::find(admin, &id).await.unwrap();
    assert_eq!((kept.metadata.verified, kept.name.as_str()), (true, "another"));
    let late = clients::draft(admin, &id).await.unwrap();
    clients::delete(admin, &owner, &id).await.unwrap();
    assert_eq!(late.save(admin, &owner).await.unwrap_err().code(), "client_not_found");
}

/// PROTOCOL R-i1, P25.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_adds_is_read_as_far_as_it_is_registered_and_goes_as_far_as_it_may() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let mut client = clients::find(&server.admin, &text(&told, "client_id")).await.unwrap();
    client.metadata.token_endpoint_auth_method = AuthMethod::AnySecret;
    update_client(&server.admin, &client).await.unwrap();
    let read = send(&server, "GET", &place, Some(&token), None).await.json();
    assert_eq!(
        (&read["token_endpoint_auth_method"], &read["any_secret"]),
        (&json!("client_secret_basic"), &json!(true))
    );
    send(&server, "PUT", &place, Some(&token), Some(&read)).await.has_status(200);
    let kept = clients::find(&server.admin, &client.client_id).await.unwrap();
    assert_eq!(kept.metadata.token_endpoint_auth_method, AuthMethod::AnySecret);
    client.metadata.no_iss = true;
    let refused = update_client(&server.admin, &client).await.unwrap_err();
    assert!(refused.to_string().contains("did not register themselves"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_made_optional_stays_so_when_the_app_repeats_what_it_registered() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let (place, token) = (text(&told, "registration_client_uri"), text(&told, "registration_access_token"));
    let id = text(&told, "client_id");
    let mut client = clients::find(&server.admin, &id).await.unwrap();
    (client.metadata.scope, client.metadata.optional_scope) = (scope("openid profile"), scope("email"));
    update_client(&server.admin, &client).await.unwrap();
    let document = json!({"client_id": id, "redirect_uris": told["redirect_uris"], "scope": told["scope"]});
    for _ in 0..2 {
        let put = send(&server, "PUT", &place, Some(&token), Some(&document)).await.has_status(200).json();
        assert!(!text(&put, "scope").contains("email"), "{put}");
    }
    let kept = clients::find(&server.admin, &id).await.unwrap().metadata;
    assert!(kept.scope.has("profile"));
    assert_eq!(kept.optional_scope.to_string(), "email");
}
