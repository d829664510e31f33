//! Claims asked for by name (OIDC Core §5.5; PROTOCOL P11, P12): they are permissions like any other.

use countersign::{
    flow::{
        Origin,
        admin::{
            clients,
            scopes::{self, Changes},
        },
    },
    protocol::{grant::GrantType, response_type::ResponseType},
};
use serde_json::{Value, json};

use crate::support::{App, Browser, TestServer, Tokens, claims, encode, eventually, scope, update_client};

async fn userinfo(server: &TestServer, access_token: &str) -> Value {
    let bearer = format!("Bearer {access_token}");
    server.get_with("/oauth2/userinfo", "authorization", &bearer).await.has_status(200).json()
}

/// ada agrees to whatever is asked of her.
async fn allowed(browser: &mut Browser<'_>, app: &App<'_>, asked: &Value) -> Tokens {
    let asked = asked.to_string();
    app.tokens(browser, &[("scope", "openid"), ("claims", &asked)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_told_where_it_was_asked_for_and_nowhere_else() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = allowed(&mut browser, &app, &json!({"userinfo": {"email": {"essential": true}}})).await;
    assert_eq!(tokens.all["scope"], "openid");
    let sub = tokens.claims("id_token")["sub"].clone();
    assert!(tokens.claims("id_token").get("email").is_none());
    assert_eq!(userinfo(&server, &tokens.access_token).await, json!({"sub": sub, "email": "ada@example.com"}));
    let asked = json!({"id_token": {"email": null, "email_verified": {"essential": true}, "auth_time": null}});
    let tokens = allowed(&mut browser, &app, &asked).await;
    let id_token = tokens.claims("id_token");
    assert_eq!((&id_token["email"], &id_token["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    assert!(id_token.get("preferred_username").is_none());
    assert_eq!(userinfo(&server, &tokens.access_token).await, json!({"sub": sub}));
    // both outlive the access token
    let refreshed = Tokens::of(&app.refresh(&tokens.refresh_token).await);
    assert_eq!(refreshed.claims("id_token")["email"], "ada@example.com");
    // together with scopes they add up
    let both = json!({"userinfo": {"email": null}}).to_string();
    let tokens = app.tokens(&mut browser, &[("scope", "openid profile"), ("claims", &both)]).await;
    let told = userinfo(&server, &tokens.access_token).await;
    assert_eq!((&told["preferred_username"], &told["email"]), (&json!("ada"), &json!("ada@example.com")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_shown_agreed_to_and_remembered_by_its_own_name() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let email = json!({"userinfo": {"email": null}}).to_string();
    let asked = [("scope", "openid"), ("claims", email.as_str())];
    let silent = [asked[0], asked[1], ("prompt", "none")];
    assert_eq!(browser.authorize(&app, &silent).await.redirected()["error"], "consent_required");
    let page = browser.authorize(&app, &asked).await;
    page.has_status(200).says("See your email address").says(">email<").says("ada@example.com");
    browser.decide(&page, "allow", &[]).await.redirected();
    assert!(browser.authorize(&app, &silent).await.redirected().contains_key("code"));
    // where it is told makes no difference to the person; another claim does
    let other_place = json!({"id_token": {"email": null}}).to_string();
    let reply = browser.authorize(&app, &[asked[0], ("claims", &other_place), silent[2]]).await;
    assert!(reply.redirected().contains_key("code"));
    let more = json!({"userinfo": {"email": null, "email_verified": null}}).to_string();
    let reply = browser.authorize(&app, &[asked[0], ("claims", &more), silent[2]]).await;
    assert_eq!(reply.redirected()["error"], "consent_required");
    // and one claim is not the scope that brings it
    let scope = browser.authorize(&app, &[("scope", "openid email"), silent[2]]).await;
    assert_eq!(scope.redirected()["error"], "consent_required");
    // while the scope brings the claim
    let page = browser.authorize(&app, &[("scope", "openid email"), asked[1]]).await;
    browser.decide(&page, "allow", &[]).await.redirected();
    let reply = browser.authorize(&app, &[("scope", "openid email"), ("claims", &more), silent[2]]).await;
    assert!(reply.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_a_scope_the_client_may_not_ask_for_is_not_asked_for_by_name_either() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid")).await;
    let asked = json!({"userinfo": {"email": {"essential": true}}, "id_token": {"preferred_username": null}});
    let text = asked.to_string();
    let page = browser.authorize(&app, &[("scope", "openid"), ("claims", &text)]).await;
    assert!(!page.body.contains("See your email address") && !page.body.contains("ada@example.com"));
    let tokens = allowed(&mut browser, &app, &asked).await;
    let sub = tokens.claims("id_token")["sub"].clone();
    assert_eq!(userinfo(&server, &tokens.access_token).await, json!({"sub": sub}));
    assert!(tokens.claims("id_token").get("preferred_username").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_scope_the_app_is_given_back_is_told_by_name_at_once() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let asked = json!({"userinfo": {"email": null}, "id_token": {"email": null}});
    let tokens = allowed(&mut browser, &app, &asked).await;
    let register = async |names: &str| {
        let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
        client.metadata.scope = scope(names);
        update_client(&server.admin, &client).await.unwrap();
    };
    for by_userinfo in [true, false] {
        register("openid").await;
        eventually(async || userinfo(&server, &tokens.access_token).await.get("email").is_none()).await;
        register("openid email").await;
        let told = if by_userinfo {
            userinfo(&server, &tokens.access_token).await
        } else {
            Tokens::of(&app.refresh(&tokens.refresh_token).await).claims("id_token")
        };
        assert_eq!(told["email"], "ada@example.com", "userinfo: {by_userinfo}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_could_not_be_asked_for_until_a_moment_ago_is_asked_for_at_once() {
    let server = TestServer::start().await;
    server.scope("work", "See where you work", &[]).await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.scope = scope("openid work")).await;
    let mut asks = async |claim: &str| {
        let asked = json!({"userinfo": {claim: null}}).to_string();
        let page = browser.authorize(&app, &[("scope", "openid"), ("claims", &asked)]).await;
        page.has_status(200).body.contains(&format!(">{claim}<"))
    };
    // the server sees all of it as it was
    assert!(!asks("department").await);
    let changes = Changes { claims: Some(vec!["department".into()]), ..Changes::default() };
    scopes::update(&server.admin, &Origin::default(), "work", changes).await.map(drop).unwrap();
    assert!(asks("department").await, "of a scope that has it only now");
    assert!(!asks("email").await);
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.scope = scope("openid work email");
    update_client(&server.admin, &client).await.unwrap();
    assert!(asks("email").await, "by an app that may do so only now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_was_left_unticked_takes_its_claims_along() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.scope = scope("openid");
            app.optional_scope = scope("email");
        })
        .await;
    let asked = json!({"userinfo": {"email": null}, "id_token": {"email": null}}).to_string();
    for (ticked, told) in [(&[][..], Value::Null), (&["email"], json!("ada@example.com"))] {
        let more = [("scope", "openid email"), ("claims", asked.as_str()), ("prompt", "consent")];
        let page = browser.authorize(&app, &more).await;
        let sent = browser.decide(&page, "allow", ticked).await.redirected();
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        assert_eq!(userinfo(&server, &tokens.access_token).await.get("email").cloned().unwrap_or_default(), told);
        assert_eq!(tokens.claims("id_token").get("email").cloned().unwrap_or_default(), told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_from_the_browser_has_the_claims_that_were_asked_for_by_name() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::Implicit];
            app.response_types = vec![ResponseType::IdTokenToken];
        })
        .await;
    let asked = json!({"id_token": {"email": null}, "userinfo": {"preferred_username": null}}).to_string();
    let more = [("response_type", "id_token token"), ("nonce", "n"), ("scope", "openid"), ("claims", asked.as_str())];
    let page = browser.authorize(&app, &more).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(claims(&sent["id_token"])["email"], "ada@example.com");
    assert!(claims(&sent["id_token"]).get("preferred_username").is_none());
    assert_eq!(userinfo(&server, &sent["access_token"]).await["preferred_username"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_essential_class_is_met_or_there_is_no_answer() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["claims_parameter_supported"], true);
    let ours = document["acr_values_supported"][0].as_str().unwrap();
    for (acr, met) in [
        (json!({"essential": true, "values": ["urn:mace:incommon:iap:silver", ours]}), true),
        (json!({"essential": true, "value": ours}), true),
        (json!({"essential": true}), true),
        (json!({"value": "urn:mace:incommon:iap:silver"}), true),
        (json!({"essential": true, "value": "urn:mace:incommon:iap:silver"}), false),
        (json!({"essential": true, "values": []}), false),
    ] {
        let asked = json!({"id_token": {"acr": acr}}).to_string();
        for prompt in ["", "none"] {
            let more = [("scope", "openid"), ("claims", asked.as_str()), ("prompt", prompt)];
            let sent = browser.authorize(&app, &more).await.redirected();
            if met {
                assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).claims("id_token")["acr"], ours, "{asked}");
            } else {
                assert_eq!(sent["error"], "unmet_authentication_requirements", "{asked}");
                assert!(!sent.contains_key("code"));
            }
        }
    }
    // acr_values are wishes
    let wished = browser.authorize(&app, &[("scope", "openid"), ("acr_values", "1 2")]).await.redirected();
    assert_eq!(Tokens::of(&app.redeem(&wished["code"]).await).claims("id_token")["acr"], ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_for_the_person_that_a_claim_names() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    let sub = app.tokens(&mut browser, &[("scope", "openid")]).await.claims("id_token")["sub"].clone();
    let asked = json!({"id_token": {"sub": {"value": sub}}}).to_string();
    let more = [("scope", "openid"), ("claims", asked.as_str())];
    let silent = [more[0], more[1], ("prompt", "none")];
    assert!(browser.authorize(&app, &silent).await.redirected().contains_key("code"));
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.allow(&app, &[("scope", "openid")]).await;
    assert_eq!(bob.authorize(&app, &silent).await.redirected()["error"], "login_required");
    let page = bob.authorize(&app, &more).await;
    page.has_status(200).says("id=\"login\"").says("another account");
    // signing in as the one who was there does not help; as the other one does
    let page = bob.sign_in_here(&page, "bob").await;
    page.has_status(200).says("another account");
    let answer = bob.sign_in_here(&page, "ada").await;
    let answer = if answer.status == 200 { bob.decide(&answer, "allow", &[]).await } else { answer };
    let tokens = Tokens::of(&app.redeem(&answer.redirected()["code"]).await);
    assert_eq!(tokens.claims("id_token")["sub"], sub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claims_parameter_that_is_huge_or_deep_is_refused_with_a_reference() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid")]).await;
    let deep = format!("{{\"userinfo\":{}{}}}", "{\"a\":".repeat(1000), "}".repeat(1000));
    let wide =
        json!({"userinfo": (0..900).map(|n| (format!("claim{n}"), Value::Null)).collect::<serde_json::Map<_, _>>()});
    for claims in [deep.as_str(), &wide.to_string()] {
        let reply = browser.authorize(&app, &[("scope", "openid"), ("claims", claims)]).await;
        let sent = reply.redirected();
        assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("invalid_request", "xyz"));
        assert!(sent["error_description"].starts_with("claims "), "{}", sent["error_description"]);
        assert!(!reply.header("x-request-id").is_empty());
    }
    let fields = [("client_id", app.client_id.as_str()), ("response_type", "code"), ("claims", &"[".repeat(1 << 20))];
    let request = server.request("POST", "/oauth2/authorize");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(encode(&fields));
    let reply = browser.send(request).await;
    assert!(matches!(reply.status.as_u16(), 400 | 413), "{}", reply.status);
    assert_eq!(reply.header("location"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_the_house_asks_before_it_gets_by_name_what_a_person_may_leave_out() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            app.first_party = true;
            (app.scope, app.optional_scope) = (scope("openid email"), scope("profile"));
        })
        .await;
    for (name, asks) in [("email", false), ("preferred_username", true)] {
        let asked = json!({"userinfo": {name: null}}).to_string();
        let reply = browser.authorize(&app, &[("scope", "openid"), ("claims", &asked)]).await;
        assert_eq!(reply.status == 200, asks, "{name}");
        let silent = [("scope", "openid"), ("claims", asked.as_str()), ("prompt", "none")];
        assert_eq!(browser.authorize(&app, &silent).await.redirected().contains_key("code"), !asks, "{name}");
    }
}
