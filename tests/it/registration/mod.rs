//! Apps that register themselves, and manage what they registered (OIDC Registration 1.0, RFC 7591, RFC 7592).

mod abuse;
mod ending;
mod manage;
mod published;
mod sector;

use countersign::{
    flow::{
        Origin,
        admin::{clients, registration},
    },
    protocol::grant::GrantType,
};
use serde_json::{Value, json};

use crate::{
    support::{App, Door, PASSWORD, Reply, Shell, TestServer, Tokens, scope, update_client},
    token::device_code::{begin, connect, poll},
};

pub(crate) const OPEN: (&str, &str) = ("COUNTERSIGN_CLIENTS__REGISTRATION", "open");
pub(crate) const ALL: (&str, &str) = ("COUNTERSIGN_CLIENTS__REGISTRATION_ALLOWS", "all");

pub(crate) async fn send(server: &Door, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
    let path = path.strip_prefix(&server.issuer).unwrap_or(path);
    let mut request = server.request(method, path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    Reply::of(request.send().await.unwrap()).await
}

/// Registers `https://app.example/cb` with these members besides.
pub(crate) async fn register(server: &Door, token: Option<&str>, members: &Value) -> Reply {
    let mut all = json!({"redirect_uris": ["https://app.example/cb"], "client_name": "photo printer"});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    send(server, "POST", "/oauth2/register", token, Some(&all)).await
}

/// The app behind a registration.
pub(crate) fn app<'a>(server: &'a Door, registered: &Value) -> App<'a> {
    App {
        server,
        client_id: registered["client_id"].as_str().unwrap().to_owned(),
        secret: registered["client_secret"].as_str().map(str::to_owned),
        redirect_uri: registered["redirect_uris"][0].as_str().unwrap().to_owned(),
    }
}

pub(crate) async fn initial_token(server: &TestServer, note: &str, uses: u32, seconds: u32) -> String {
    let made = registration::create(&server.admin, &Origin::default(), note, uses, seconds).await.unwrap();
    made.1.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_it_is_switched_on_nobody_registers_and_nothing_says_that_one_could() {
    let server = TestServer::start().await;
    let token = initial_token(&server, "early", 1, 3600).await;
    for token in [None, Some(token.as_str())] {
        register(&server, token, &json!({})).await.has_status(404);
    }
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert!(document.get("registration_endpoint").is_none());
    let server = TestServer::with(&[OPEN]).await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["registration_endpoint"], format!("{}/oauth2/register", server.issuer));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_off_no_method_says_that_there_is_anything() {
    let server = TestServer::start().await;
    for path in ["/oauth2/register", "/oauth2/register/x", "/oauth2/registers"] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let reply = send(&server, method, path, None, None).await;
            reply.has_status(404);
            for name in ["allow", "access-control-allow-origin", "www-authenticate"] {
                assert!(reply.header(name).is_empty(), "{method} {path} {name}");
            }
        }
        let reply = send(&server, "GET", path, Some("x"), None).await;
        assert_eq!(reply.has_status(404).body, server.get("/oauth2/nothing").await.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_registers_and_signs_people_in_with_what_it_was_told() {
    let server = TestServer::with(&[OPEN]).await;
    let reply = register(&server, None, &json!({"grant_types": ["authorization_code", "refresh_token"]})).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (201, "no-store"));
    assert_eq!((reply.header("content-type"), reply.header("access-control-allow-origin")), ("application/json", "*"));
    assert!(reply.body.starts_with('{') && !reply.body.contains("null"), "{}", reply.body);
    let told = reply.json();
    assert_eq!(told["redirect_uris"], json!(["https://app.example/cb"]));
    assert_eq!(told["grant_types"], json!(["authorization_code", "refresh_token"]));
    for (name, value) in [
        ("response_types", json!(["code"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("application_type", json!("web")),
        ("client_name", json!("photo printer")),
        ("client_secret_expires_at", json!(0)),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let place = format!("{}/oauth2/register/{}", server.issuer, told["client_id"].as_str().unwrap());
    assert_eq!(told["registration_client_uri"], place.as_str());
    let mut browser = server.ada().await;
    let app = app(&server, &told);
    let pkce = [
        ("code_challenge", crate::support::CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "openid email offline_access"),
    ];
    let page = browser.authorize(&app, &pkce).await;
    page.has_status(200).says("Not verified").says("registered itself").says("photo printer").says("app.example");
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", crate::support::VERIFIER),
    ];
    let tokens = Tokens::of(&app.token(&redeem).await);
    assert_eq!(tokens.claims("id_token")["aud"], told["client_id"]);
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
    browser.get("/account/apps").await.says("photo printer").says("Not verified");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_app_gets_no_secret_and_may_use_any_port_of_its_own_machine() {
    let server = TestServer::with(&[OPEN]).await;
    let public = json!({"token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]});
    let told = register(&server, None, &public).await.has_status(201).json();
    for name in ["client_secret", "client_secret_expires_at"] {
        assert!(told.get(name).is_none(), "{name}");
    }
    assert_eq!(told["application_type"], "native");
    let mut browser = server.ada().await;
    let app = App { redirect_uri: "http://127.0.0.1:49152/cb".to_owned(), ..app(&server, &told) };
    app.tokens(&mut browser, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_an_open_door_must_use_pkce_also_with_a_secret_unless_the_configuration_says_otherwise() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let mut browser = server.ada().await;
    browser.authorize(&app(&server, &told), &[]).await.has_status(400).says("code_challenge");
    let types = json!({"response_types": ["token"], "grant_types": ["implicit"]});
    register(&server, None, &types).await.has_status(400).refused("invalid_client_metadata");
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let mut browser = server.ada().await;
    app(&server, &told).tokens(&mut browser, &[("scope", "openid")]).await;
    let types = register(&server, None, &types).await.has_status(201).json();
    assert_eq!(types["response_types"], json!(["token"]));
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert!(document["response_types_supported"].as_array().unwrap().contains(&json!("token")), "it can be had");
    // an app reads there what it may register (RFC 7591 §2), and `password` is never for it
    let lists = |grant: &str| document["grant_types_supported"].as_array().unwrap().contains(&json!(grant));
    assert!(lists("implicit") && lists("authorization_code") && !lists("password"));
    for other in [&[OPEN][..], &[ALL]] {
        let server = TestServer::with(other).await;
        let document = server.get("/.well-known/openid-configuration").await.json();
        assert!(!document["grant_types_supported"].as_array().unwrap().contains(&json!("implicit")), "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_asks_for_nothing_but_a_persons_word_needs_no_grant() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert!(document["response_types_supported"].as_array().unwrap().contains(&json!("none")));
    let mut browser = server.ada().await;
    for members in [json!({"response_types": ["none"]}), json!({"response_types": ["none"], "grant_types": []})] {
        let told = register(&server, None, &members).await.has_status(201).json();
        assert_eq!((&told["response_types"], &told["grant_types"]), (&json!(["none"]), &json!([])));
        let page = browser.authorize(&app(&server, &told), &[("response_type", "none"), ("scope", "profile")]).await;
        let mut sent: Vec<_> = browser.decide(&page, "allow", &[]).await.redirected().into_keys().collect();
        sent.sort_unstable();
        assert_eq!(sent, ["iss", "state"]);
    }
    register(&server, None, &json!({"grant_types": []})).await.has_status(400).refused("invalid_client_metadata");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_initial_access_token_an_app_registers_where_others_may_not_as_often_and_as_long_as_it_is_good_for() {
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__REGISTRATION", "token")]).await;
    let none = register(&server, None, &json!({})).await;
    none.has_status(401);
    assert!(none.header("www-authenticate").starts_with("Bearer"));
    for bad in ["x", "csit_x", &crate::support::CHALLENGE.repeat(2)] {
        register(&server, Some(bad), &json!({})).await.has_status(401).refused("invalid_token");
    }
    let token = initial_token(&server, "staging", 2, 3600).await;
    // what is refused uses nothing up
    register(&server, Some(&token), &json!({"redirect_uris": []})).await.has_status(400);
    let service = json!({"grant_types": ["client_credentials"], "redirect_uris": []});
    let told = register(&server, Some(&token), &service).await.has_status(201).json();
    let id = told["client_id"].as_str().unwrap().to_owned();
    let shown = countersign::flow::admin::clients::find(&server.admin, &id).await.unwrap();
    assert_eq!(shown.metadata.registered.unwrap().note.as_deref(), Some("staging"));
    register(&server, Some(&token), &json!({})).await.has_status(201);
    register(&server, Some(&token), &json!({})).await.has_status(401).refused("invalid_token");
    let short = initial_token(&server, "", 5, 60).await;
    server.clock.advance(61);
    register(&server, Some(&short), &json!({})).await.has_status(401);
    let ended = initial_token(&server, "", 5, 600).await;
    let all = registration::list(&server.admin).await.unwrap();
    assert_eq!(all.len(), 1, "what is spent or over is not listed");
    registration::delete(&server.admin, &Origin::default(), &all[0].id.to_text()).await.unwrap();
    register(&server, Some(&ended), &json!({})).await.has_status(401);
    // an access token of somebody is none of these
    let mut browser = server.ada().await;
    let tokens = server.app().await.tokens(&mut browser, &[]).await;
    register(&server, Some(&tokens.access_token), &json!({})).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_initial_access_token_that_is_good_for_one_only_one_of_many_at_once_registers() {
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__REGISTRATION", "token")]).await;
    let token = initial_token(&server, "", 1, 3600).await;
    let members = json!({});
    let all = futures_util::future::join_all((0..16).map(|_| register(&server, Some(&token), &members))).await;
    assert_eq!(all.iter().filter(|reply| reply.status == 201).count(), 1);
    assert!(all.iter().all(|reply| matches!(reply.status.as_u16(), 201 | 401)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_of_itself_is_kept_obeyed_and_told_back() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let members = json!({
        "contacts": ["ada@app.example"],
        "client_uri": "https://app.example/",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/privacy",
        "tos_uri": "https://app.example/terms",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1",
        "id_token_signed_response_alg": "ES256",
        "default_max_age": 3600,
        "require_auth_time": true,
        "unknown_member": {"is": "ignored"},
        "client_uri#de": null,
    });
    let told = register(&server, None, &members).await.has_status(201).json();
    for (name, value) in members.as_object().unwrap() {
        match name.as_str() {
            "unknown_member" | "client_uri#de" => assert!(told.get(name).is_none(), "{name}"),
            _ => assert_eq!(told[name], *value, "{name}"),
        }
    }
    let app = app(&server, &told);
    let mut browser = server.ada().await;
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    for own in ["privacy", "terms", "logo.png"] {
        assert!(!page.body.contains(&format!("app.example/{own}")), "nobody vouches for {own}");
    }
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let tokens = Tokens::of(&app.redeem(&code).await);
    let header = jsonwebtoken::decode_header(tokens.all["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::ES256);
    assert!(tokens.claims("id_token")["auth_time"].is_i64());
    // default_max_age: an older sign-in is asked for again
    server.clock.advance(3601);
    browser.authorize(&app, &[("scope", "openid")]).await.has_status(200).says("id=\"login\"");
    browser.authorize(&app, &[("scope", "openid"), ("max_age", "7200")]).await.has_status(302);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_an_app_was_given_a_moment_ago_is_left_out_at_no_door() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    server.scope("read", "Read your notes", &[]).await;
    let mut browser = server.ada().await;
    let doors = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::Password];
    let asked = ("scope", "openid read");
    let person = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), asked];
    for door in doors {
        let told = register(&server, None, &json!({"scope": "openid"})).await.has_status(201).json();
        let app = app(&server, &told);
        // the first time the server sees the app as it was
        for given in ["openid", "openid read"] {
            let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
            (client.metadata.grant_types, client.metadata.scope) = (doors.to_vec(), scope(given));
            update_client(&server.admin, &client).await.unwrap();
            let tokens = match door {
                GrantType::DeviceCode => {
                    let device = begin(&app, &[asked]).await;
                    connect(&mut browser, &device).await;
                    Tokens::of(&poll(&app, &device).await)
                }
                GrantType::Password => Tokens::of(&app.token(&person).await),
                _ => app.tokens(&mut browser, &[asked]).await,
            };
            assert_eq!(tokens.all["scope"], given, "{door:?}");
        }
    }
}

#[tokio::test]
async fn the_command_line_makes_lists_and_ends_initial_access_tokens_and_says_where_a_client_came_from() {
    let shell = Shell::new().await;
    let token = ["client", "initial-access-token"];
    let create = [&token[..], &["create", "--note", "staging", "--uses", "2", "--expires", "7d"]].concat();
    let said = shell.run(&create).done();
    assert!(said.out.contains("csit_") && said.err.contains("registration is off"), "{}{}", said.out, said.err);
    let made = shell.run(&[&create[..], &["--json"]].concat()).json();
    assert!(made["initial_access_token"].as_str().unwrap().starts_with("csit_"));
    let listed = shell.run(&[&token[..], &["list"]].concat()).done().out;
    assert!(listed.contains("staging") && !listed.contains("csit_"), "{listed}");
    let id = made["id"].as_str().unwrap();
    shell.run(&[&token[..], &["delete", id]].concat()).done();
    shell.run(&[&token[..], &["delete", id]].concat()).failed(5, "no initial access token");
    shell.run(&[&token[..], &["delete", "x"]].concat()).failed(5, "no initial access token");
    assert_eq!(shell.run(&[&token[..], &["list", "--json"]].concat()).json().as_array().unwrap().len(), 1);
    for bad in [["--uses", "0"], ["--expires", "1s"], ["--expires", "2y"]] {
        shell.run(&[&token[..], &["create"], &bad[..]].concat()).failed(2, bad[0]);
    }
    let uri = ["--redirect-uri", "https://app.example/cb"];
    let id = shell.run(&[&["client", "create", "--name", "Notes", "--json"][..], &uri].concat()).json();
    let shown = shell.run(&["client", "show", id["client_id"].as_str().unwrap()]).done().out;
    assert!(shown.contains("by an administrator"), "{shown}");
}
