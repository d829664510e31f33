//! A dialect's paths, clients, codes and tokens stay among themselves (PROTOCOL R-f).

use countersign::protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType};

use super::github::{self, Shown};
use crate::support::{App, Said, Shell, TestServer, Tokens, encode, scope};

fn dialect(app: &mut ClientMetadata) {
    app.dialect = Some(Dialect::Github);
    app.grant_types = vec![GrantType::AuthorizationCode];
    app.scope = scope("");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_at_a_dialects_paths_until_a_client_speaks_it() {
    let server = TestServer::start().await;
    let second = server.second().await;
    let paths = ["/login/oauth/authorize?client_id=x", "/user", "/api/v3/user", "/api/v3/anything"];
    for path in paths {
        server.get(path).await.has_status(404);
    }
    server.post("/login/oauth/access_token", &[("code", "x")]).await.has_status(404);
    server.app_with(dialect).await;
    for at in [&server, &second] {
        at.get("/user").await.has_status(401);
        at.get("/api/v3/user").await.has_status(401);
    }
    server.post("/login/oauth/access_token", &[("code", "x")]).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_serves_a_dialects_paths_before_any_client_speaks_it() {
    let server = TestServer::with(&[("COUNTERSIGN_DIALECTS__GITHUB", "true")]).await;
    server.get("/user").await.has_status(401);
    server.get("/login/oauth/authorize?client_id=x").await.has_status(400);
}

/// What a client gets at each of the standard's doors, with what makes a whole request of it.
async fn at_standard_doors(app: &App<'_>) -> Vec<crate::support::Reply> {
    let mut replies = Vec::new();
    for (path, pair) in [
        ("/oauth2/access_token", ("grant_type", "authorization_code")),
        ("/oauth2/introspect", ("token", "x")),
        ("/oauth2/revoke", ("token", "x")),
    ] {
        replies.push(app.post(path, &[pair, ("code", "x")]).await);
    }
    replies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialects_client_is_refused_at_every_standard_door_and_told_so_once_it_has_shown_who_it_is() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(dialect).await;
    for reply in at_standard_doors(&app).await {
        reply.has_status(400).refused("unauthorized_client");
        assert!(reply.json()["error_description"].as_str().unwrap().contains("github dialect"), "{}", reply.body);
    }
    let wrong = App { secret: Some("wrong".into()), ..app.clone() };
    for reply in at_standard_doors(&wrong).await {
        reply.has_status(401).refused("invalid_client");
    }
    // at the authorization endpoint it is a page: nothing is redirected to somebody who came to the wrong door
    let page = browser.authorize(&app, &[]).await;
    page.has_status(400).says("registered for the github dialect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_both_has_codes_and_tokens_of_two_kinds_and_neither_door_takes_the_others() {
    let server = github::server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = server
        .app_with(|app| {
            dialect(app);
            app.also_standard = true;
            app.grant_types.push(GrantType::RefreshToken);
            app.scope = scope("openid profile email user");
        })
        .await;
    let redeem_there = async |code: &str| github::redeem(&app, &[("code", code)]).await;

    // a standard code at the dialect's token endpoint, and it is as good as before
    let code = browser.allow(&app, &[]).await;
    redeem_there(&code).await.has_status(200).fails_with("bad_verification_code");
    let standard = Tokens::of(&app.redeem(&code).await);
    // a dialect's code at the standard one, and it is as good as before
    let code = github::allow(&mut browser, &app, &[("scope", "user")]).await.remove("code").unwrap();
    app.redeem(&code).await.refused("invalid_grant");
    let token = redeem_there(&code).await.token();

    assert_eq!(github::user(&server, &token).await.has_status(200).json()["login"], "ada");
    github::user(&server, &standard.access_token).await.has_status(401);
    assert!(server.opens(&standard.access_token).await);
    assert!(!server.opens(&token).await);
    server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {token}")).await.has_status(401);
    assert_eq!(app.introspect(&token).await.json(), serde_json::json!({"active": false}));
    app.revoke(&token).await.has_status(200);
    github::user(&server, &token).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_dialect_is_nobody_at_its_doors() {
    let server = github::server().await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let (_, plain) = (server.app_with(dialect).await, server.app().await);
    let query = encode(&[("client_id", &plain.client_id), ("redirect_uri", &plain.redirect_uri)]);
    let page = browser.get(&format!("/login/oauth/authorize?{query}")).await;
    page.has_status(400).says("not registered for the github dialect");
    let told = github::redeem(&plain, &[("code", "x")]).await;
    told.has_status(200).fails_with("incorrect_client_credentials");
    let unknown = App { client_id: "nobody".into(), ..plain.clone() };
    assert_eq!(github::redeem(&unknown, &[("code", "x")]).await.body, told.body, "as if there were none");
}

fn create(shell: &Shell, flags: &[&str]) -> Said {
    let name = ["client", "create", "--name", "Notes", "--redirect-uri", "https://notes.example.com/cb"];
    shell.run(&[name.as_slice(), flags].concat())
}

#[tokio::test]
async fn the_command_line_registers_a_dialects_client_and_says_what_it_costs() {
    let shell = Shell::new().await;
    shell.run(&["scope", "load", "github"]).done();
    let said = create(&shell, &["--dialect", "github", "--query-token", "--json"]).done();
    for words in ["redirect URI of its own", "do not expire while they are used", "logs of proxies"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let made = said.json();
    assert_eq!(made["grant_types"], serde_json::json!(["authorization_code"]));
    assert_eq!(made["scope"], "read:user user:email");
    let id = made["client_id"].as_str().unwrap();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!((&shown["dialect"], &shown["query_token"]), (&"github".into(), &true.into()));
    assert!(shell.run(&["client", "show", id]).done().out.contains("github"));
    shell.run(&["client", "update", id, "--query-token=false", "--also-standard"]).done();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!((&shown["also_standard"], &shown["query_token"]), (&true.into(), &false.into()));
}

#[tokio::test]
async fn what_makes_no_sense_without_or_with_a_dialect_is_refused_with_the_remedy() {
    let shell = Shell::new().await;
    for (flags, words) in [
        (&["--query-token"][..], "for clients of a dialect"),
        (&["--also-standard"], "for clients of a dialect"),
        (&["--dialect", "github", "--grant", "authorization_code password"], "has no place in the github dialect"),
        (&["--dialect", "github", "--public", "--query-token"], "not for public clients"),
        (&["--device-without-secret"], "for clients of a dialect"),
        (&["--dialect", "github", "--device-without-secret"], "with the grant device_code"),
        (&["--dialect", "gitlab"], "write github, facebook or default"),
    ] {
        let said = create(&shell, flags);
        assert_ne!(said.code, Some(0), "{flags:?}");
        assert!(said.err.contains(words), "{flags:?}: {}", said.err);
    }
    create(&shell, &["--dialect", "github", "--also-standard", "--grant", "authorization_code refresh_token"]).done();
}
