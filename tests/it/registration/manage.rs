//! RFC 7592: reading, changing and deleting one's own registration.

use countersign::flow::{Origin, admin::clients};
use serde_json::{Value, json};

use super::{ALL, OPEN, app, register, send};
use crate::support::{TestServer, Tokens};

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
    clients::update(&server.admin, &Origin::default(), &client).await.unwrap();
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
    send(&server, "DELETE", &place, Some(&token), None).await.has_status(204);
    assert!(!server.opens(&tokens.access_token).await);
    app.refresh(&tokens.refresh_token).await.has_status(401).refused("invalid_client");
    assert!(!browser.decide(&page, "allow", &[]).await.status.is_redirection());
    browser.authorize(&app, &[("scope", "openid")]).await.has_status(400).says("no app is registered");
    assert!(!browser.get("/account/apps").await.body.contains("photo printer"));
}
