//! `POST /login/oauth/access_token`: forms of requests and answers, and every error at HTTP 200.

use countersign::flow::admin::clients;
use serde_json::json;

use super::{Shown, allow, app, app_with, redeem, server, user};
use crate::support::{App, Browser, Reply, encode, eventually, scope, update_client};

const PATH: &str = "/login/oauth/access_token";

async fn code(browser: &mut Browser<'_>, app: &App<'_>) -> String {
    allow(browser, app, &[("scope", "repo,gist,repo:status")]).await.remove("code").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_come_in_the_query_in_a_form_or_as_json_and_the_credentials_also_by_header() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let secret = app.secret.clone().unwrap();
    let send = async |request: reqwest::RequestBuilder| {
        Reply::of(request.header("accept", "application/json").send().await.unwrap()).await
    };
    let credentials = [("client_id", app.client_id.as_str()), ("client_secret", &secret)];
    let with = |code: &str| encode(&[&credentials[..], &[("code", code)]].concat());

    let query = format!("{PATH}?{}", with(&code(&mut browser, &app).await));
    let mut replies = vec![send(server.request("POST", &query)).await];
    let json_type = ("content-type", "application/json");
    let query = format!("{PATH}?{}", with(&code(&mut browser, &app).await));
    replies.push(send(server.request("POST", &query).header(json_type.0, json_type.1)).await);
    let body = json!({"client_id": app.client_id, "client_secret": secret, "code": code(&mut browser, &app).await});
    replies.push(send(server.request("POST", PATH).header(json_type.0, json_type.1).body(body.to_string())).await);
    let form = with(&code(&mut browser, &app).await);
    let form_type = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    replies.push(send(server.request("POST", PATH).header(form_type.0, form_type.1).body(form)).await);
    // half and half, as some do: the secret in the query, the code in the form
    let half = encode(&[("code", &code(&mut browser, &app).await), ("grant_type", "authorization_code")]);
    let request = server.request("POST", &format!("{PATH}?{}", encode(&credentials)));
    replies.push(send(request.header(form_type.0, form_type.1).body(half)).await);
    let form = encode(&[("code", &code(&mut browser, &app).await)]);
    let request = server.request("POST", PATH).header("authorization", app.basic(&secret));
    replies.push(send(request.header(form_type.0, form_type.1).body(form)).await);

    for reply in replies {
        let token = reply.token();
        assert_eq!(reply.json(), json!({"access_token": token, "scope": "repo,gist", "token_type": "bearer"}));
        assert_eq!((reply.header("cache-control"), reply.header("vary")), ("no-store", "Accept"));
        user(&server, &token).await.has_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_form_encoded_unless_json_or_xml_is_accepted() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app_with(&server, |app| app.access_token_ttl = Some(60)).await;
    for (accept, kind) in [
        (None, "application/x-www-form-urlencoded"),
        (Some("*/*"), "application/x-www-form-urlencoded"),
        // axios' own: that service looks at no list with `*/*` in it, and published programs read what it sends
        (Some("application/json, text/plain, */*"), "application/x-www-form-urlencoded"),
        (Some("application/json, text/plain"), "application/json"),
        (Some("application/xml"), "application/xml"),
    ] {
        let code = code(&mut browser, &app).await;
        let secret = app.secret.as_deref().unwrap();
        let query = encode(&[("client_id", &app.client_id), ("client_secret", secret), ("code", &code)]);
        let mut request = server.request("POST", &format!("{PATH}?{query}"));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert!(reply.has_status(200).header("content-type").starts_with(kind), "{accept:?}");
        let parts: Vec<&str> = reply.body.split("csgho_").collect();
        let token: String = parts[1].chars().take_while(char::is_ascii_alphanumeric).collect();
        let expected = match kind {
            "application/json" => {
                format!(
                    r#"{{"access_token":"csgho_{token}","expires_in":60,"scope":"repo,gist","token_type":"bearer"}}"#
                )
            }
            "application/xml" => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth><access_token>csgho_{token}</access_token>\
                 <expires_in>60</expires_in><scope>repo,gist</scope><token_type>bearer</token_type></OAuth>"
            ),
            _ => format!("access_token=csgho_{token}&expires_in=60&scope=repo%2Cgist&token_type=bearer"),
        };
        assert_eq!(reply.body, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_http_200_with_that_services_name_and_a_failed_try_costs_nothing() {
    let server = server().await;
    let mut browser = server.browser();
    let (app, other) = (app(&server).await, app(&server).await);
    let code = code(&mut browser, &app).await;
    let wrong = App { secret: Some("wrong".into()), ..app.clone() };
    let nobody = App { client_id: "nobody".into(), ..app.clone() };
    let silent = App { secret: None, ..app.clone() };
    let right = [("code", code.as_str())];
    for (who, pairs, name) in [
        (&wrong, &right[..], "incorrect_client_credentials"),
        (&nobody, &right, "incorrect_client_credentials"),
        (&silent, &right, "incorrect_client_credentials"),
        (&app, &[("client_id", "")], "incorrect_client_credentials"),
        (&other, &right, "bad_verification_code"),
        (&app, &[("code", "csghc_invented")], "bad_verification_code"),
        (&app, &[("code", "x")], "bad_verification_code"),
        (&app, &[], "bad_verification_code"),
        (&app, &[("code", &code), ("redirect_uri", "https://app.example/cb/")], "redirect_uri_mismatch"),
        (&app, &[("code", &code), ("redirect_uri", "https://evil.example/")], "redirect_uri_mismatch"),
        (&app, &[("code", &code), ("grant_type", "password")], "unsupported_grant_type"),
        (&app, &[("code", &code), ("grant_type", "client_credentials")], "unsupported_grant_type"),
        (&app, &[("code", &code), ("code_verifier", crate::support::VERIFIER)], "bad_verification_code"),
    ] {
        redeem(who, pairs).await.has_status(200).fails_with(name);
    }
    let form = redeem_as_form(&app, "code=x").await;
    assert!(form.has_status(200).body.starts_with("error=bad_verification_code&error_description="), "{}", form.body);
    redeem(&app, &[("code", &code), ("redirect_uri", "https://app.example/cb")]).await.token();
}

async fn redeem_as_form(app: &App<'_>, body: &str) -> Reply {
    let credentials = encode(&[("client_id", &app.client_id), ("client_secret", app.secret.as_deref().unwrap())]);
    app.server.post_form(PATH, format!("{credentials}&{body}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_redeemed_twice_loses_the_token_of_its_first_use_but_nobody_else_can_end_it() {
    let server = server().await;
    let mut browser = server.browser();
    let (app, other) = (app(&server).await, app(&server).await);
    let code = code(&mut browser, &app).await;
    let token = redeem(&app, &[("code", &code)]).await.token();
    redeem(&other, &[("code", &code)]).await.fails_with("bad_verification_code");
    redeem(&app, &[("code", &code), ("redirect_uri", "https://evil.example/")])
        .await
        .fails_with("bad_verification_code");
    user(&server, &token).await.has_status(200);
    redeem(&app, &[("code", &code)]).await.fails_with("bad_verification_code");
    user(&server, &token).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_token() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let code = code(&mut browser, &app).await;
    let pairs = [("code", code.as_str())];
    let all = futures_of(&app, &pairs).await;
    let (given, refused): (Vec<_>, Vec<_>) = all.iter().partition(|reply| reply.json()["access_token"].is_string());
    assert_eq!(given.len(), 1, "{all:?}");
    for reply in refused {
        reply.has_status(200).fails_with("bad_verification_code");
    }
    // for who came second it was a replay, which ends what the first was given
    user(&server, &given[0].token()).await.has_status(401);
}

async fn futures_of(app: &App<'_>, pairs: &[(&str, &str)]) -> Vec<Reply> {
    let (a, b, c, d) = tokio::join!(redeem(app, pairs), redeem(app, pairs), redeem(app, pairs), redeem(app, pairs));
    vec![a, b, c, d]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_has_its_own_status_and_that_services_shape() {
    let server = server().await;
    let app = app(&server).await;
    let send = async |request: reqwest::RequestBuilder| {
        Reply::of(request.header("accept", "application/json").send().await.unwrap()).await
    };
    let form = "application/x-www-form-urlencoded";
    let twice = server.request("POST", &format!("{PATH}?code=a")).header("content-type", form).body("code=b");
    send(twice).await.has_status(200).fails_with("invalid_request");
    let twice = server.request("POST", PATH).header("content-type", form).body("code=a&code=a");
    send(twice).await.has_status(200).fails_with("invalid_request");
    let broken = server.request("POST", PATH).header("content-type", form).body("code=%zz");
    send(broken).await.has_status(200).fails_with("invalid_request");
    let nested = server.request("POST", PATH).header("content-type", "application/json").body(r#"{"code":{"a":1}}"#);
    send(nested).await.has_status(200).fails_with("invalid_request");
    let kind = server.request("POST", PATH).header("content-type", "text/plain").body("code=a");
    send(kind).await.has_status(415).fails_with("invalid_request");
    let large = server.request("POST", PATH).header("content-type", form).body("x".repeat(70_000));
    send(large).await.has_status(413).fails_with("invalid_request");
    let both = server.request("POST", &format!("{PATH}?client_secret=x&client_id={}", app.client_id));
    send(both.header("authorization", app.basic("x"))).await.has_status(200).fails_with("invalid_request");
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS"] {
        let reply = send(server.request(method, PATH)).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, POST"), "{method}");
        assert!(reply.header("access-control-allow-origin").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_parts_is_taken_and_a_file_in_it_is_not() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let secret = app.secret.as_deref().unwrap();
    let send = async |query: &str, kind: &str, body: String| {
        let request = server.request("POST", &format!("{PATH}{query}")).header("accept", "application/json");
        Reply::of(request.header("content-type", kind).body(body).send().await.unwrap()).await
    };
    let parts = |boundary: &str, pairs: &[(&str, &str)]| {
        let mut body = String::new();
        for (name, value) in pairs {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            body.extend(["--", boundary, "\r\n", &disposition, "\r\n\r\n", value, "\r\n"]);
        }
        body + "--" + boundary + "--\r\n"
    };
    let credentials = [("client_id", app.client_id.as_str()), ("client_secret", secret)];
    let (chrome, php) = ("----WebKitFormBoundary7MA4YWxkTrZu0gW", "------------------------d74496d66958873e");
    let kind = |boundary: &str| format!("multipart/form-data; boundary={boundary}");

    let one = code(&mut browser, &app).await;
    let all = [&credentials[..], &[("code", one.as_str())]].concat();
    let twice = [&all[..], &[("code", one.as_str())]].concat();
    send("", &kind(chrome), parts(chrome, &twice)).await.has_status(200).fails_with("invalid_request");
    let file = parts(chrome, &all).replace("name=\"code\"", "name=\"code\"; filename=\"code\"");
    send("", &kind(chrome), file).await.has_status(200).fails_with("invalid_request");
    send("", &kind(chrome), parts(php, &all)).await.has_status(200).fails_with("invalid_request");
    send("", "multipart/form-data", parts(chrome, &all)).await.has_status(415).fails_with("invalid_request");
    send("?code=x", &kind(chrome), parts(chrome, &all)).await.has_status(200).fails_with("invalid_request");
    let token = send("", &kind(chrome), parts(chrome, &all)).await.token();
    user(&server, &token).await.has_status(200);
    let two = code(&mut browser, &app).await;
    let query = format!("?{}", encode(&credentials));
    send(&query, &kind(php), parts(php, &[("code", &two)])).await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_come_back_in_the_order_in_which_they_were_asked_for() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    for (asked, given) in [
        ("user:email,repo", "user:email,repo"),
        ("repo user:email", "repo,user:email"),
        ("public_repo, gist, repo", "gist,repo"),
        ("user:email,read:user,user", "user"),
        ("gist,gist", "gist"),
    ] {
        let code = allow(&mut browser, &app, &[("scope", asked)]).await.remove("code").unwrap();
        assert_eq!(redeem(&app, &[("code", &code)]).await.json()["scope"], given, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_a_secret_shows_its_verifier_instead() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = app_with(&server, |app| {
        app.token_endpoint_auth_method = countersign::protocol::client_metadata::AuthMethod::None;
    })
    .await;
    let sent = browser.get(&super::authorize_path(&app, &[("state", "s")])).await.redirected();
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("invalid_request", "s"));
    let pkce = [("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")];
    let code = allow(&mut browser, &app, &pkce).await.remove("code").unwrap();
    redeem(&app, &[("code", &code)]).await.fails_with("bad_verification_code");
    redeem(&app, &[("code", &code), ("client_secret", "invented"), ("code_verifier", crate::support::VERIFIER)])
        .await
        .fails_with("incorrect_client_credentials");
    redeem(&app, &[("code", &code), ("code_verifier", crate::support::VERIFIER)]).await.token();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_code_gives_nothing_that_its_app_has_lost_since() {
    let server = server().await;
    let mut browser = server.browser();
    let app = app(&server).await;
    let (before, waiting) = (code(&mut browser, &app).await, code(&mut browser, &app).await);
    assert!(redeem(&app, &[("code", &before)]).await.json()["scope"].as_str().unwrap().contains("repo"));
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.scope = scope("gist");
    update_client(&server.admin, &client).await.unwrap();
    let path = super::authorize_path(&app, &[("scope", "repo")]);
    eventually(async || !server.get(&path).await.body.contains("id=\"login\"")).await;
    assert_eq!(redeem(&app, &[("code", &waiting)]).await.json()["scope"], "gist");
}
