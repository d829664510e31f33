//! Device login as `gh` does it: `/login/device/code`, `/login/device`, and polling at the token endpoint.

use countersign::{flow::admin::clients, protocol::grant::GrantType};
use serde_json::Value;

use super::{Shown, app_with, redeem, server, user};
use crate::support::{App, Browser, Reply, TestServer, encode, scope, update_client};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn device(server: &TestServer, without_secret: bool) -> App<'_> {
    app_with(server, |app| {
        app.grant_types.push(GrantType::DeviceCode);
        app.device_without_secret = without_secret;
    })
    .await
}

/// What `gh` sends first: the client's name and scopes in a form, JSON accepted.
async fn begin(app: &App<'_>, pairs: &[(&str, &str)]) -> Reply {
    let form = encode(&[&[("client_id", app.client_id.as_str())], pairs].concat());
    let request = app.server.request("POST", "/login/device/code").header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    Reply::of(request.send().await.unwrap()).await
}

/// And then, without a secret.
async fn poll(app: &App<'_>, device_code: &str) -> Reply {
    let nameless = App { secret: None, ..app.clone() };
    redeem(&nameless, &[("device_code", device_code), ("grant_type", GRANT)]).await
}

/// The person follows the address, enters the code and answers.
async fn answer(browser: &mut Browser<'_>, begun: &Value, decision: &str) -> Reply {
    answer_ticking(browser, begun, decision, &[]).await
}

async fn answer_ticking(browser: &mut Browser<'_>, begun: &Value, decision: &str, ticked: &[&str]) -> Reply {
    let address = begun["verification_uri"].as_str().unwrap().to_owned();
    let way = browser.get(&address).await;
    let page = browser.get(way.location()).await;
    let code = begun["user_code"].as_str().unwrap();
    let question = browser.post("/device", &[("user_code", code), ("csrf", &page.field("csrf"))]).await;
    question.has_status(200).says("photo printer");
    let csrf = question.field("csrf");
    let mut fields = vec![("user_code", code), ("csrf", csrf.as_str()), ("decision", decision)];
    fields.extend(ticked.iter().map(|scope| ("scope", *scope)));
    browser.post("/device", &fields).await
}

/// A token of ada's with these scopes, for a device of a client that shows its secret.
pub(super) async fn token(server: &TestServer, app: &App<'_>, scopes: &str) -> String {
    let secret = app.secret.as_deref().unwrap();
    let begun = begin(app, &[("client_secret", secret), ("scope", scopes)]).await.has_status(200).json();
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    answer(&mut browser, &begun, "allow").await.has_status(303);
    redeem(app, &[("device_code", begun["device_code"].as_str().unwrap()), ("grant_type", GRANT)]).await.token()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_program_gets_its_token_without_a_secret_where_it_is_registered_so() {
    let server = server().await;
    let app = device(&server, true).await;
    let begun = begin(&app, &[("scope", "repo,gist")]).await.has_status(200).json();
    let code = begun["device_code"].as_str().unwrap();
    assert!(begun["verification_uri"].as_str().unwrap().ends_with("/login/device"));
    assert!(begun["expires_in"].as_i64().unwrap() > 0 && begun["interval"].as_i64() == Some(5));
    poll(&app, code).await.has_status(200).fails_with("authorization_pending");
    server.clock.advance(1);
    poll(&app, code).await.has_status(200).fails_with("slow_down");
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    answer(&mut browser, &begun, "allow").await.has_status(303);
    server.clock.advance(11);
    let reply = poll(&app, code).await;
    let token = reply.token();
    assert_eq!(reply.json()["scope"], "repo,gist");
    user(&server, &token).await.has_status(200);
    poll(&app, code).await.has_status(200).fails_with("incorrect_device_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_the_secret_is_needed_at_both_ends() {
    let server = server().await;
    let app = device(&server, false).await;
    begin(&app, &[]).await.has_status(200).fails_with("incorrect_client_credentials");
    let secret = app.secret.clone().unwrap();
    let begun = begin(&app, &[("client_secret", &secret), ("scope", "gist")]).await.has_status(200).json();
    let code = begun["device_code"].as_str().unwrap();
    poll(&app, code).await.has_status(200).fails_with("incorrect_client_credentials");
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    answer(&mut browser, &begun, "allow").await.has_status(303);
    redeem(&app, &[("device_code", code), ("grant_type", GRANT)]).await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_told_no_late_and_wrong_in_that_services_words() {
    let server = server().await;
    let (app, other) = (device(&server, true).await, device(&server, true).await);
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let begun = begin(&app, &[]).await.has_status(200).json();
    let code = begun["device_code"].as_str().unwrap();
    poll(&other, code).await.has_status(200).fails_with("incorrect_device_code");
    poll(&app, "invented").await.has_status(200).fails_with("incorrect_device_code");
    answer(&mut browser, &begun, "deny").await.has_status(303);
    poll(&app, code).await.has_status(200).fails_with("access_denied");
    let late = begin(&app, &[]).await.has_status(200).json();
    server.clock.advance(601);
    poll(&app, late["device_code"].as_str().unwrap()).await.has_status(200).fails_with("expired_token");

    begin(&app, &[("scope", "nonsense")]).await.has_status(200).fails_with("invalid_scope");
    let plain = super::app(&server).await;
    let secret = plain.secret.clone().unwrap();
    begin(&plain, &[("client_secret", &secret)]).await.has_status(200).fails_with("device_flow_disabled");
    let nobody = App { client_id: "nobody".into(), ..app.clone() };
    begin(&nobody, &[]).await.has_status(200).fails_with("incorrect_client_credentials");
    let form = app.server.post("/login/device/code", &[("client_id", &app.client_id), ("scope", "gist")]).await;
    assert!(form.has_status(200).body.starts_with("device_code=csdc_"), "{}", form.body);
    for (method, path, allow) in [("GET", "/login/device/code", "POST"), ("POST", "/login/device", "GET")] {
        let reply = Reply::of(server.request(method, path).send().await.unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, allow));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_a_secret_gets_no_dangerous_scope_and_no_other_grant() {
    let server = server().await;
    let app = app_with(&server, |app| {
        app.grant_types.push(GrantType::DeviceCode);
        app.device_without_secret = true;
        app.scope = scope("delete_repo gist");
    })
    .await;
    begin(&app, &[("scope", "delete_repo")]).await.has_status(200).fails_with("invalid_scope");
    let secret = app.secret.clone().unwrap();
    begin(&app, &[("scope", "delete_repo"), ("client_secret", &secret)]).await.has_status(200).json()["device_code"]
        .as_str()
        .unwrap();
    let mut browser = server.browser();
    let code = super::allow(&mut browser, &app, &[("scope", "gist")]).await.remove("code").unwrap();
    let nameless = App { secret: None, ..app.clone() };
    redeem(&nameless, &[("code", &code)]).await.fails_with("incorrect_client_credentials");
    redeem(&app, &[("code", &code)]).await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_nothing_once_its_client_has_lost_the_grant() {
    let server = server().await;
    let app = device(&server, true).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let begun = begin(&app, &[("scope", "gist")]).await.has_status(200).json();
    answer(&mut browser, &begun, "allow").await.has_status(303);
    let mut changed = clients::find(&server.admin, &app.client_id).await.unwrap();
    changed.metadata.grant_types.retain(|grant| *grant != GrantType::DeviceCode);
    changed.metadata.device_without_secret = false;
    update_client(&server.admin, &changed).await.unwrap();
    // a server of its own has not seen the client as it was
    let second = server.second().await;
    let elsewhere = App { server: &second.door, ..app.clone() };
    let code = begun["device_code"].as_str().unwrap();
    let ask = async || redeem(&elsewhere, &[("device_code", code), ("grant_type", GRANT)]).await;
    ask().await.has_status(200).fails_with("device_flow_disabled");
    changed.metadata.grant_types.push(GrantType::DeviceCode);
    update_client(&server.admin, &changed).await.unwrap();
    ask().await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_door_takes_a_device_code_of_this_one_or_the_reverse() {
    let server = server().await;
    let app = app_with(&server, |app| {
        app.grant_types.push(GrantType::DeviceCode);
        app.also_standard = true;
    })
    .await;
    let secret = app.secret.clone().unwrap();
    let here = begin(&app, &[("client_secret", &secret)]).await.has_status(200).json();
    let there = app.post("/oauth2/device_authorization", &[("scope", "gist")]).await.has_status(200).json();
    let there_code = there["device_code"].as_str().unwrap();
    redeem(&app, &[("device_code", there_code), ("grant_type", GRANT)]).await.fails_with("incorrect_device_code");
    let here_code = here["device_code"].as_str().unwrap();
    app.token(&[("grant_type", GRANT), ("device_code", here_code)]).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_on_the_device_page_stands_for_all_that_comes_with_it_ticked_or_not() {
    let server = server().await;
    let app = app_with(&server, |app| {
        app.grant_types.push(GrantType::DeviceCode);
        app.device_without_secret = true;
        (app.scope, app.optional_scope) = (scope("gist"), scope("user user:email"));
    })
    .await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    for (ticked, given, email) in
        [(&[] as &[&str], "gist", Value::Null), (&["user"], "gist,user", "ada@example.com".into())]
    {
        let begun = begin(&app, &[("scope", "gist,user")]).await.has_status(200).json();
        answer_ticking(&mut browser, &begun, "allow", ticked).await.has_status(303);
        let reply = poll(&app, begun["device_code"].as_str().unwrap()).await;
        assert_eq!(reply.json()["scope"], given);
        assert_eq!(user(&server, &reply.token()).await.json()["email"], email, "{given}");
    }
}
