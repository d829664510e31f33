//! The API at the root and under `/api/v3`: whose token, which scopes, and that service's refusals.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::flow::{
    Origin,
    admin::users::{self, Changes},
};
use serde_json::{Value, json};

use super::{app, app_with, server, token, user};
use crate::support::Reply;

#[tokio::test(flavor = "multi_thread")]
async fn the_user_has_everything_that_programs_read() {
    let server = server().await;
    let app = app(&server).await;
    let token = token(&server, &app, "user:email").await;
    let (root, below) = (user(&server, &token).await, with(&server, "/api/v3/user", &token).await);
    assert_eq!(root.has_status(200).json(), below.json());
    let ada = root.json();
    let id = ada["id"].as_i64().unwrap();
    assert!(id > 0 && id < 1 << 31, "{id}");
    assert_eq!(
        (&ada["login"], &ada["type"], &ada["email"]),
        (&json!("ada"), &json!("User"), &json!("ada@example.com"))
    );
    for address in ["url", "html_url", "avatar_url", "repos_url", "organizations_url"] {
        assert!(ada[address].as_str().unwrap().starts_with(&server.issuer), "{address}");
    }
    for number in ["public_repos", "public_gists", "followers", "following"] {
        assert!(ada[number].is_u64(), "{number}");
    }
    for text in ["node_id", "created_at", "updated_at", "gravatar_id"] {
        assert!(ada[text].is_string(), "{text}");
    }
    for there in ["name", "company", "blog", "location", "bio", "hireable", "site_admin"] {
        assert!(ada.get(there).is_some(), "{there}");
    }
    assert!(ada["created_at"].as_str().unwrap().ends_with('Z'));
    let avatar = ada["avatar_url"].as_str().unwrap().strip_prefix(&server.issuer).unwrap().to_owned();
    server.get(&avatar).await.has_status(200);
    let own = ada["url"].as_str().unwrap().strip_prefix(&server.issuer).unwrap().to_owned();
    assert_eq!(with(&server, &own, &token).await.json()["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_verified_is_not_on_the_profile_and_is_listed_as_what_it_is() {
    let server = server().await;
    let app = app(&server).await;
    let token = token(&server, &app, "user:email").await;
    let changes = Changes { email_verified: Some(false), ..Changes::default() };
    users::update(&server.admin, &Origin::default(), "ada", &changes).await.unwrap();
    assert_eq!(user(&server, &token).await.has_status(200).json()["email"], Value::Null);
    let listed = with(&server, "/user/emails", &token).await.json();
    assert_eq!((&listed[0]["email"], &listed[0]["verified"]), (&json!("ada@example.com"), &json!(false)));
}

async fn with(server: &crate::support::Door, path: &str, token: &str) -> Reply {
    server.get_with(path, "authorization", &format!("Bearer {token}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_decide_what_is_shown_and_headers_say_which_there_are() {
    let server = server().await;
    let app = app(&server).await;
    for (asked, has, email, emails, orgs) in [
        ("", "", false, 404, 403),
        ("user:email", "user:email", true, 200, 403),
        ("read:user", "read:user", false, 404, 403),
        ("user", "user", true, 200, 200),
        ("user:email,user", "user", true, 200, 200),
        ("read:org gist", "read:org, gist", false, 404, 200),
        ("repo", "repo", false, 404, 200),
    ] {
        let token = token(&server, &app, asked).await;
        let shown = user(&server, &token).await;
        let has: Vec<&str> = has.split(", ").collect();
        let mut told: Vec<&str> = shown.header("x-oauth-scopes").split(", ").collect();
        told.sort_by_key(|name| has.iter().position(|other| other == name));
        assert_eq!(told, has, "{asked:?}");
        assert_eq!(shown.json()["email"].is_string(), email, "{asked:?}");
        assert_eq!(shown.header("x-oauth-client-id"), app.client_id);
        let listed = with(&server, "/user/emails", &token).await;
        listed.has_status(emails);
        assert_eq!(listed.header("x-accepted-oauth-scopes"), "user, user:email");
        if emails == 200 {
            let item = json!({"email": "ada@example.com", "primary": true, "verified": true, "visibility": "private"});
            assert_eq!(listed.json(), json!([item]));
            assert_eq!(with(&server, "/api/v3/user/emails?per_page=100&page=2", &token).await.json(), json!([]));
        }
        for list in ["/user/orgs?page=1&per_page=100", "/api/v3/user/teams"] {
            let reply = with(&server, list, &token).await;
            reply.has_status(orgs);
            assert!(orgs != 200 || reply.json() == json!([]));
        }
        assert_eq!(with(&server, "/user/repos", &token).await.json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_as_token_bearer_or_basic_and_nothing_else_counts() {
    let server = server().await;
    let app = app(&server).await;
    let token = token(&server, &app, "user").await;
    let basic = |pair: &str| format!("Basic {}", B64.encode(pair));
    for good in [
        format!("token {token}"),
        format!("bearer {token}"),
        basic(&format!("ada:{token}")),
        basic(&format!("{token}:x-oauth-basic")),
        basic(&format!("{token}:")),
        format!("Basic {}", B64.encode([&b"jos\xe9:"[..], token.as_bytes()].concat())),
    ] {
        server.get_with("/api/v3/user", "authorization", &good).await.has_status(200);
    }
    let mut cut = token.clone();
    let other = if cut.pop() == Some('x') { format!("{cut}y") } else { format!("{cut}x") };
    for bad in [
        "token".to_owned(),
        format!("token {cut}"),
        format!("token {other}"),
        format!("Digest {token}"),
        token.clone(),
        basic("ada:password"),
        "Basic ???".to_owned(),
        "token é".to_owned(),
    ] {
        let reply = server.get_with("/user", "authorization", &bad).await;
        told(&reply, 401, "Bad credentials");
    }
    let reply = server.get("/user").await;
    told(&reply, 401, "Requires authentication");
    let head = Reply::of(
        server.request("HEAD", "/user").header("authorization", format!("token {token}")).send().await.unwrap(),
    )
    .await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
}

#[track_caller]
fn told(reply: &Reply, status: u16, words: &str) {
    reply.has_status(status);
    let told = reply.json();
    assert_eq!((&told["message"], &told["status"]), (&json!(words), &json!(status.to_string())));
    assert!(told["documentation_url"].as_str().unwrap().starts_with("https://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_address_is_for_clients_registered_so_and_for_get_alone() {
    let server = server().await;
    let oldest = app_with(&server, |app| app.query_token = true).await;
    let token_of_oldest = token(&server, &oldest, "user").await;
    for path in ["/user", "/api/v3/user"] {
        let reply = server.get(&format!("{path}?access_token={token_of_oldest}")).await;
        assert_eq!(reply.has_status(200).json()["login"], "ada");
        assert_eq!(reply.header("cache-control"), "private, no-store");
        assert_eq!(reply.header("referrer-policy"), "same-origin");
    }
    let head = server.request("HEAD", &format!("/user?access_token={token_of_oldest}"));
    assert_eq!(head.send().await.unwrap().status(), 401);
    let both = format!("/user?access_token={token_of_oldest}");
    server.get_with(&both, "authorization", &format!("token {token_of_oldest}")).await.has_status(400);
    // nowhere else
    for path in ["/api/verify", "/oauth2/userinfo"] {
        server.get(&format!("{path}?access_token={token_of_oldest}")).await.has_status(401);
    }

    let usual = app(&server).await;
    let token_of_usual = token(&server, &usual, "user").await;
    let reply = server.get(&format!("/user?access_token={token_of_usual}")).await;
    reply.has_status(401);
    assert!(reply.json()["message"].as_str().unwrap().contains("Authorization header"), "{}", reply.body);
    user(&server, &token_of_usual).await.has_status(200);
    told(&server.get("/user?access_token=x").await, 401, "Bad credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_refused_in_that_services_shape() {
    let server = server().await;
    let app = app(&server).await;
    let token = token(&server, &app, "user").await;
    for path in ["/api/v3/meta", "/api/v3/repos/a/b", "/user/keys", "/api/v3/user/emails/x"] {
        told(&with(&server, path, &token).await, 404, "Not Found");
    }
    for method in ["POST", "PATCH", "DELETE", "PUT"] {
        let request = server.request(method, "/user").header("authorization", format!("token {token}"));
        let reply = Reply::of(request.send().await.unwrap()).await;
        told(&reply, 405, "Method Not Allowed");
        assert_eq!(reply.header("allow"), "GET, HEAD");
    }
    let root = with(&server, "/api/v3/", &token).await;
    assert_eq!(root.has_status(200).header("x-oauth-scopes"), "user");
    assert!(root.json()["current_user_url"].as_str().unwrap().ends_with("/api/v3/user"));
    assert_eq!(server.get("/api/v3").await.status, 401);
    server.get("/user?a=1&a=2").await.has_status(400);
    let all: Value = with(&server, "/user", &token).await.json();
    assert!(all.get("password_hash").is_none());
}
