//! What a stranger may try (SECURITY, dynamic registration).

use countersign::{
    flow::{
        Origin,
        admin::{clients, scopes},
    },
    secret::{Secret, kind},
};
use serde_json::{Value, json};

use super::{ALL, OPEN, app, register, send};
use crate::support::{App, Reply, TestServer, update_client};

#[tokio::test(flavor = "multi_thread")]
async fn dangerous_or_nonsensical_redirects_and_scripts_as_pages_are_refused() {
    let server = TestServer::with(&[OPEN]).await;
    let uris = |uri: &str| json!({"redirect_uris": [uri]});
    for uri in [
        "",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,<script>",
        "http://app.example/cb",
        "https://app.example/cb#here",
        "https://user@app.example/cb",
        "https://*.app.example/cb",
        "https://%2A.app.example/cb",
        "https://!;x/cb",
        "https://app.example%3Bsandbox/cb",
        "https://app.example/a/../b",
        "https://app.example/cb?code=x",
        "file:///etc/passwd",
        "intent://x#Intent;end",
        "https:app.example",
        "http://localhost.evil.example/cb",
    ] {
        register(&server, None, &uris(uri)).await.has_status(400).refused("invalid_redirect_uri");
    }
    for (name, value) in [
        ("redirect_uris", json!([])),
        ("redirect_uris", json!("https://app.example/cb")),
        ("redirect_uris", json!([1])),
        ("redirect_uris", json!(vec!["https://app.example/cb"; 65])),
    ] {
        let reply = register(&server, None, &json!({name: value})).await;
        reply.has_status(400);
    }
    for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
        for value in ["javascript:alert(1)", "data:text/html,x", "nothing", "https://app.example/\u{202e}"] {
            register(&server, None, &json!({name: value})).await.has_status(400).refused("invalid_client_metadata");
        }
    }
    for (name, value) in [
        ("client_name", json!("x".repeat(81))),
        ("client_name", json!("Bank\u{202e}knaB")),
        ("client_name", json!(7)),
        ("contacts", json!(vec!["x"; 21])),
        ("contacts", json!(["a\u{0}b"])),
        ("default_max_age", json!(-1)),
        ("token_endpoint_auth_method", json!("any-secret")),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("id_token_signed_response_alg", json!("HS1")),
        ("id_token_encrypted_response_alg", json!("RSA1_5")),
        ("application_type", json!("desktop")),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["client_credentials"])),
        ("scope", json!("a\"b")),
    ] {
        register(&server, None, &json!({name: value})).await.has_status(400).refused("invalid_client_metadata");
    }
    let statement = register(&server, None, &json!({"software_statement": "eyJ.eyJ.x"})).await;
    statement.has_status(400).refused("unapproved_software_statement");
    assert_eq!(countersign::flow::admin::clients::list(&server.admin).await.unwrap().len(), 0, "nothing half stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_body_has_a_defined_answer_and_leaves_nothing_behind() {
    let server = TestServer::with(&[OPEN]).await;
    let post = async |content_type: Option<&str>, body: Vec<u8>| {
        let mut request = server.request("POST", "/oauth2/register");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Reply::of(request.body(body).send().await.unwrap()).await
    };
    let json = Some("application/json");
    for (content_type, body, status) in [
        (json, b"".to_vec(), 400),
        (json, b"null".to_vec(), 400),
        (json, b"[]".to_vec(), 400),
        (json, b"{".to_vec(), 400),
        (json, b"{\"client_name\":\"a\",\"client_name\":\"b\"}".to_vec(), 400),
        (json, vec![b'{', 0xff, b'}'], 400),
        (json, format!("{{\"a\":{}}}", "[".repeat(60_000)).into_bytes(), 400),
        (json, format!("{{\"client_name\":\"{}\"}}", "x".repeat(70_000)).into_bytes(), 413),
        (None, b"{}".to_vec(), 415),
        (Some("text/plain"), b"{}".to_vec(), 415),
        (Some("application/x-www-form-urlencoded"), b"redirect_uris=https://app.example/cb".to_vec(), 415),
    ] {
        let reply = post(content_type, body).await;
        reply.has_status(status).json();
    }
    server.get("/oauth2/register").await.has_status(405);
    assert_eq!(countersign::flow::admin::clients::list(&server.admin).await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_registration_little_is_kept_or_nothing() {
    let server = TestServer::with(&[OPEN]).await;
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43), "kid": "one"});
    let mut full = key.clone();
    full["x5c"] = json!(vec![json!({"": 0}); 3000]);
    full["key_ops"] = json!(vec!["verify"; 1000]);
    let told = register(&server, None, &json!({"jwks": {"keys": [full], "": [{"": 0}]}})).await.has_status(201).json();
    let mut kept = key.clone();
    kept["key_ops"] = json!(["verify"]);
    assert_eq!(told["jwks"], json!({"keys": [kept]}));
    let id = told["client_id"].as_str().unwrap();
    let (row, _) = server.admin.store.find_client(id.to_owned()).await.unwrap().unwrap();
    assert!(row.metadata.len() < 1000, "{}", row.metadata);
    let mut named = key.clone();
    named["kid"] = "x".repeat(17_000).into();
    let strong = json!({"kty": "RSA", "n": format!("w{}", "A".repeat(699)), "e": "AQAB"});
    let many: Vec<String> = (0..40).map(|n| format!("https://app.example/{}{n}", "x".repeat(1000))).collect();
    for (name, value, words) in [
        ("jwks", json!({"keys": [named]}), "jwks cannot be used: its keys are larger than 16 KiB together"),
        ("jwks", json!({"keys": [key, strong]}), "jwks cannot be used: it holds an RSA key of more than 4096 bits"),
        ("redirect_uris", json!(many), "a client's registration is at most 32 KiB in all"),
        ("request_uris", json!(many), "a client's registration is at most 32 KiB in all"),
    ] {
        let refused = register(&server, None, &json!({name: value})).await;
        refused.has_status(400).refused("invalid_client_metadata");
        assert_eq!(refused.json()["error_description"], words);
    }
    assert_eq!(countersign::flow::admin::clients::list(&server.admin).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrant_chooses_neither_id_nor_secret_nor_trust_nor_scopes_that_do_harm() {
    let server = TestServer::with(&[OPEN]).await;
    for (name, danger, published) in [("read", false, true), ("unlisted", false, false), ("delete", true, true)] {
        let changes = scopes::Changes {
            description: Some(name.to_owned()),
            danger: Some(danger),
            published: Some(published),
            ..scopes::Changes::default()
        };
        scopes::create(&server.admin, &Origin::default(), name, changes).await.unwrap();
    }
    let wish = json!({
        "client_id": "admin",
        "client_secret": "chosen",
        "client_id_issued_at": 1,
        "registration_access_token": "mine",
        "first_party": true,
        "verified": true,
        "owner": 1,
        "dialect": "github",
        "introspect": [server.issuer],
        "scope": "openid read unlisted delete nothing",
    });
    let told = register(&server, None, &wish).await.has_status(201).json();
    assert_ne!(told["client_id"], "admin");
    assert_ne!(told["client_secret"], "chosen");
    assert_ne!(told["registration_access_token"], "mine");
    assert_eq!(told["scope"], "openid read");
    let app = app(&server, &told);
    let kept = countersign::flow::admin::clients::find(&server.admin, &app.client_id).await.unwrap().metadata;
    assert!(!kept.first_party && !kept.verified && kept.owner.is_none() && kept.introspect.is_empty());
    // what it invents later is left out, and what it may not have as well (UX M15)
    let mut browser = server.ada().await;
    let pkce = [("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")];
    let asked = [&pkce[..], &[("scope", "openid read delete unlisted invented")]].concat();
    let page = browser.authorize(&app, &asked).await;
    page.has_status(200).says("read");
    assert!(["delete", "unlisted", "invented"].iter().all(|scope| !page.body.contains(scope)), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrant_gets_no_scope_that_brings_a_dangerous_one_along() {
    let server = TestServer::with(&[OPEN]).await;
    for (name, danger, implies) in [("delete", true, None), ("manage", false, Some("delete")), ("read", false, None)] {
        let changes = scopes::Changes {
            description: Some(name.to_owned()),
            danger: Some(danger),
            published: Some(true),
            implies: Some(implies.into_iter().map(str::to_owned).collect()),
            ..scopes::Changes::default()
        };
        scopes::create(&server.admin, &Origin::default(), name, changes).await.unwrap();
    }
    let told = register(&server, None, &json!({"scope": "openid manage read"})).await.has_status(201).json();
    assert_eq!(told["scope"], "openid read");
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    assert_eq!(told["scope"], "openid profile email offline_access read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_chosen_name_is_text_and_consent_is_asked_whatever_the_app_says() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let named = json!({"client_name": "<b onclick=x>Bank</b>", "first_party": true});
    let told = register(&server, None, &named).await.has_status(201).json();
    let mut browser = server.ada().await;
    let app = app(&server, &told);
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    page.has_status(200).says("&lt;b onclick=x&gt;Bank&lt;/b&gt;").says("Not verified");
    assert!(!page.body.contains("<b onclick"));
}

/// UX P8.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_a_stranger_names_are_linked_nowhere_until_somebody_vouches_for_the_app() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let members = json!({
        "client_uri": "https://bank.example/",
        "policy_uri": "https://bank.example/privacy",
        "tos_uri": "https://bank.example/terms",
    });
    let told = register(&server, None, &members).await.has_status(201).json();
    let app = app(&server, &told);
    let scope = ("scope", "openid");
    let mut browser = server.ada().await;
    let login = server.browser().authorize(&app, &[scope]).await;
    login.says("id=\"login\"");
    let choice = browser.authorize(&app, &[scope, ("prompt", "select_account")]).await;
    choice.says("photo printer");
    let consent = browser.authorize(&app, &[scope]).await;
    consent.says("Not verified").says("app.example");
    browser.decide(&consent, "deny", &[]).await;
    let done = browser.decide(&consent, "allow", &[]).await;
    done.says("Already done");
    app.tokens(&mut browser, &[scope]).await;
    let apps = browser.get("/account/apps").await;
    apps.says("photo printer");
    assert!(!apps.body.contains("a program on your computer"), "{}", apps.body);
    let out = format!("/oauth2/logout?client_id={}", app.client_id);
    let left = server.browser().get(&out).await;
    left.says("signed out");
    for page in [login, choice, consent, done, apps, left] {
        assert!(!page.body.contains("bank.example"), "{}", page.body);
    }
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.verified = true;
    update_client(&server.admin, &client).await.unwrap();
    // one that has not seen it as it was
    let second = server.second().await;
    let page = second.browser().authorize(&App { server: &second, ..app.clone() }, &[scope]).await;
    page.says("<bdi>bank.example</bdi>");
    page.says("href=\"https://bank.example/privacy\"").says("href=\"https://bank.example/terms\"");
    second.browser().get(&out).await.says("href=\"https://bank.example/\"");
}

/// Whatever it writes down: people read a host beside its name only where all arrives that it gets.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_beside_a_strangers_name_is_the_one_that_all_of_its_redirects_lead_to() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let (code, device) = ("authorization_code", "urn:ietf:params:oauth:grant-type:device_code");
    let (own, other) = ("https://app.example/cb", "https://evil.example/cb");
    for (members, shown) in [
        (json!({"redirect_uris": [own, "https://app.example:8443/cb"]}), true),
        (json!({"redirect_uris": [other]}), false),
        (json!({"redirect_uris": [own, other]}), false),
        (json!({"redirect_uris": [own, "com.example.app:/cb"], "application_type": "native"}), false),
        (json!({"redirect_uris": [own], "grant_types": [code, device]}), false),
    ] {
        let mut all = members.clone();
        all["client_uri"] = json!("https://app.example/about");
        let told = register(&server, None, &all).await.has_status(201).json();
        let page = server.browser().authorize(&app(&server, &told), &[("scope", "openid")]).await;
        page.says("id=\"login\"");
        assert_eq!(page.body.contains("app.example"), shown, "{members}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_registrations_from_one_address_meet_a_limit_and_the_next_minute_is_another() {
    let server = TestServer::with(&[OPEN, ("COUNTERSIGN_CLIENTS__REGISTRATION_LIMITS", "3")]).await;
    for _ in 0..3 {
        register(&server, None, &json!({})).await.has_status(201);
    }
    let slowed = register(&server, None, &json!({})).await;
    slowed.has_status(429);
    assert!(slowed.header("retry-after").parse::<u32>().unwrap() > 0);
    server.clock.advance(61);
    register(&server, None, &json!({})).await.has_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_use_up_is_not_taken_from_those_who_have_a_token() {
    let server = TestServer::with(&[OPEN, ("COUNTERSIGN_CLIENTS__REGISTRATION_LIMITS", "3")]).await;
    let token = super::initial_token(&server, "", 10, 3600).await;
    for _ in 0..3 {
        register(&server, None, &json!({})).await.has_status(201);
    }
    register(&server, None, &json!({})).await.has_status(429);
    for _ in 0..3 {
        register(&server, Some(&token), &json!({})).await.has_status(201);
    }
    register(&server, Some(&token), &json!({})).await.has_status(429);
    // tokens that somebody makes up are looked for, but not without end
    let made_up = Secret::<kind::InitialAccessToken>::generate();
    for _ in 0..60 {
        register(&server, Some(made_up.expose()), &json!({})).await.has_status(401);
    }
    register(&server, Some(made_up.expose()), &json!({})).await.has_status(429);
    server.clock.advance(61);
    register(&server, Some(&token), &json!({})).await.has_status(201);
}

/// PROTOCOL P3: nobody vouches for it, so our address does not send anybody on to it unseen.
#[tokio::test(flavor = "multi_thread")]
async fn errors_and_refusals_for_an_app_that_nobody_vouches_for_stay_here_with_a_link() {
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({})).await.has_status(201).json();
    let app = app(&server, &told);
    let mut browser = server.browser();
    let faulty = browser.authorize(&app, &[("response_type", "nonsense"), ("scope", "openid")]).await;
    faulty.has_status(400).says("app.example").says("error=unsupported_response_type");
    browser.authorize(&app, &[("prompt", "none"), ("scope", "openid")]).await.has_status(400).says("login_required");
    // in a frame nobody is taken anywhere: silent renewal is answered
    let mut framed = server.browser();
    framed.headers = vec![("sec-fetch-dest", "iframe".to_owned())];
    let silent = framed.authorize(&app, &[("prompt", "none"), ("scope", "openid")]).await;
    assert_eq!(silent.redirected()["error"], "login_required");
    server.user("ada").await;
    browser.sign_in("ada").await;
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    let declined = browser.decide(&page, "deny", &[]).await;
    declined.says("app.example").says("error=access_denied");
    assert!(!declined.status.is_redirection());
    // and once this person has allowed it, silence is answered
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    browser.decide(&page, "allow", &[]).await.redirected();
    let later = browser.authorize(&app, &[("prompt", "none"), ("scope", "openid email")]).await;
    assert_eq!(later.redirected()["error"], "consent_required");
    let silent = browser.authorize(&app, &[("prompt", "none"), ("scope", "openid")]).await;
    assert!(silent.redirected().contains_key("code"));
    let always = TestServer::with(&[OPEN, ALL, ("COUNTERSIGN_CLIENTS__ERROR_REDIRECTS", "always")]).await;
    let told = register(&always, None, &json!({})).await.has_status(201).json();
    let sent =
        always.browser().authorize(&super::app(&always, &told), &[("prompt", "none"), ("scope", "openid")]).await;
    assert_eq!(sent.redirected()["error"], "login_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_this_machine_is_answered_whoever_vouches() {
    let server = TestServer::with(&[OPEN]).await;
    let public = json!({"token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]});
    let told = register(&server, None, &public).await.has_status(201).json();
    let sent = server.browser().authorize(&app(&server, &told), &[("response_type", "nonsense")]).await;
    assert_eq!(sent.redirected()["error"], "unsupported_response_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_an_administrator_vouches_and_errors_go_to_the_app() {
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__REGISTRATION", "token")]).await;
    let token = super::initial_token(&server, "", 1, 3600).await;
    let told = register(&server, Some(&token), &json!({})).await.has_status(201).json();
    let sent = server.browser().authorize(&app(&server, &told), &[("response_type", "nonsense")]).await;
    assert_eq!(sent.redirected()["error"], "unsupported_response_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_may_register_where_everybody_may_and_is_told_first_what_it_may_send() {
    let server = TestServer::with(&[OPEN]).await;
    let asked = send(&server, "OPTIONS", "/oauth2/register", None, None).await;
    asked.has_status(204);
    assert_eq!(asked.header("access-control-allow-origin"), "*");
    assert!(asked.header("access-control-allow-methods").contains("POST"));
    let below = send(&server, "OPTIONS", "/oauth2/register/x", None, None).await;
    assert_eq!(below.header("access-control-allow-methods"), "GET, PUT, DELETE, OPTIONS");
    let _: Value = register(&server, None, &json!({})).await.has_status(201).json();
    // with a token nobody registers from a page (PROTOCOL §3)
    let server = TestServer::with(&[("COUNTERSIGN_CLIENTS__REGISTRATION", "token")]).await;
    for path in ["/oauth2/register", "/oauth2/register/x"] {
        let asked = send(&server, "OPTIONS", path, None, None).await;
        asked.has_status(405);
        assert!(!asked.header("allow").contains("OPTIONS"), "{path}");
        assert!(asked.header("access-control-allow-origin").is_empty(), "{path}");
    }
    let token = super::initial_token(&server, "", 1, 3600).await;
    let told = register(&server, Some(&token), &json!({})).await;
    assert!(told.has_status(201).header("access-control-allow-origin").is_empty());
}
