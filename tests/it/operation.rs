//! Operation: health, headers, hosts, methods, ids.

mod audit;
mod hosts;
mod log;
mod outgoing;
mod overload;
mod pages;
mod paths;
mod tls;

use countersign::protocol::client_metadata::TokenFormat;

use crate::support::{self, Reply, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_without_internals() {
    let server = TestServer::start().await;
    server.get("/health/live").await.has_status(200);
    let ready = server.get("/health/ready").await;
    ready.has_status(200);
    assert_eq!(ready.json()["database"], "ok");
    assert_eq!(ready.json()["keys"], "ok");
    assert_eq!(ready.json()["migrations"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_not_ready_on_a_schema_of_before_and_ready_on_one_of_later() {
    let server = TestServer::start().await;
    let applied = "__diesel_schema_migrations";
    support::sql(&server.database, &format!("INSERT INTO {applied} (version) VALUES ('99990101000000')")).await;
    let ready = server.get("/health/ready").await;
    assert_eq!((ready.status.as_u16(), ready.json()["migrations"].as_str()), (200, Some("ok")));
    support::sql(&server.database, &format!("DELETE FROM {applied} WHERE version > '20261121'")).await;
    let ready = server.get("/health/ready").await;
    assert_eq!((ready.status.as_u16(), ready.json()["migrations"].as_str()), (503, Some("failed")));
    assert_eq!(ready.json()["database"], "ok");
    server.get("/health/live").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_json_and_people_get_a_page_for_what_is_not_there() {
    let server = TestServer::start().await;
    for path in ["/oauth2/nothing", "/.well-known/nothing", "/api/nothing", "/.well-known/oauth-protected-resource"] {
        let reply = server.get(path).await;
        reply.has_status(404);
        assert_eq!(
            (reply.header("content-type"), reply.json()["error"].is_string()),
            ("application/json", true),
            "{path}"
        );
    }
    for path in ["/nothing", "/..%2f..%2fetc/passwd", "/%00", "//evil.example", "/account/%ff"] {
        let reply = server.get(path).await;
        reply.has_status(404).says("<h1");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8", "{path}");
    }
    for (method, path, allow) in [
        ("GET", "/oauth2/access_token", "POST, OPTIONS"),
        ("DELETE", "/oauth2/jwks", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/verify", "GET, POST"),
    ] {
        let reply = Reply::of(server.request(method, path).send().await.unwrap()).await;
        reply.has_status(405);
        assert_eq!((reply.header("allow"), reply.json()["error"].as_str()), (allow, Some("invalid_request")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_headers_and_no_page_can_be_framed_or_run_anything() {
    let server = TestServer::start().await;
    let app = server.app().await;
    for path in ["/", "/login", "/setup", "/nothing", "/oauth2/authorize", &app.authorize_path(&[])] {
        let reply = server.get(path).await;
        let policy = reply.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("server"), "", "{path}");
        assert!(reply.header("access-control-allow-origin").is_empty(), "{path}");
        assert!(
            !reply.body.contains("<script") && !reply.body.contains("style=\"") && !reply.body.contains("onclick"),
            "{path}"
        );
    }
    let home = server.get("/").await;
    let css =
        home.body.split("href=\"").map(|rest| rest.split('"').next().unwrap()).find(|href| href.contains("style"));
    let style = server.get(css.unwrap()).await;
    assert_eq!(
        (style.header("content-type"), style.header("cache-control")),
        ("text/css; charset=utf-8", "public, max-age=31536000, immutable")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_may_call_what_reads_no_cookies_and_nothing_else() {
    let server = TestServer::start().await;
    for path in [
        "/oauth2/access_token",
        "/oauth2/access_token/",
        "/oauth2/jwks",
        "/oauth2/userinfo",
        "/oauth2/revoke",
        "/.well-known/openid-configuration",
    ] {
        let reply =
            Reply::of(server.request("OPTIONS", path).header("origin", "https://app.example").send().await.unwrap())
                .await;
        reply.has_status(204);
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        let allowed: Vec<_> = reply.header("access-control-allow-headers").split(", ").collect();
        // the last is what Swagger UI sends with every token request
        for header in ["authorization", "content-type", "dpop", "x-requested-with"] {
            assert!(allowed.contains(&header), "{path}: {header}");
        }
        assert!(reply.header("access-control-allow-credentials").is_empty());
    }
    let refused = server.post("/oauth2/access_token", &[]).await;
    assert_eq!(refused.header("access-control-allow-origin"), "*", "on errors, too");
    for path in ["/oauth2/authorize", "/login", "/account", "/oauth2/introspect"] {
        let reply = Reply::of(server.request("OPTIONS", path).send().await.unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (405, ""), "{path}");
    }
    // what is told there is for APIs' own servers (PROTOCOL §3)
    let introspected = server.post("/oauth2/introspect", &[("token", "x")]).await;
    assert!(introspected.header("access-control-allow-origin").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_loopback_answers_nobody_who_came_by_another_name() {
    let server = TestServer::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let with_host = async |host: &str| {
        client.get(server.url("/oauth2/jwks")).header("host", host).send().await.unwrap().status().as_u16()
    };
    for foreign in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""] {
        assert_eq!(with_host(foreign).await, 421, "{foreign}");
    }
    for own in ["localhost:1234", "127.0.0.1", "[::1]:80", "LOCALHOST", "app.localhost"] {
        assert_eq!(with_host(own).await, 200, "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_to_a_server_of_loopback_by_another_name_reads_what_to_do() {
    let server = TestServer::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/", "/login", "/oauth2/authorize", "/oauth2/access_token"] {
        let request = client.get(server.url(path)).header("host", "id.example");
        let reply = Reply::of(request.send().await.unwrap()).await;
        reply.has_status(421).says("set issuer to the address people use");
        // a page would want a stylesheet, which this name does not get either
        assert!(!reply.header("content-type").starts_with("text/html"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_changes_the_issuer() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example")]).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let before = server.get("/.well-known/openid-configuration").await.body;
    browser.headers = vec![
        ("x-forwarded-host", "evil.example".to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("forwarded", "host=evil.example;proto=http".to_owned()),
    ];
    assert_eq!(browser.get("/.well-known/openid-configuration").await.body, before);
    let page = browser.authorize(&app, &[]).await;
    assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["iss"], "https://id.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_goes_through_if_it_is_sane() {
    let server = TestServer::start().await;
    let given = server.get_with("/oauth2/jwks", "x-request-id", "abc-123_DEF").await;
    assert_eq!(given.header("x-request-id"), "abc-123_DEF");
    for odd in ["short", "has space in it", "<script>alert(1)</script>", &"x".repeat(100)] {
        let own = server.get_with("/oauth2/jwks", "x-request-id", odd).await;
        assert!(own.header("x-request-id").len() >= 8 && own.header("x-request-id") != odd, "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protected_resource_answers_form_and_header_each_in_its_manner() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let id_token = tokens.all["id_token"].as_str().unwrap().to_owned();
    for bad in ["", "nonsense", &tokens.refresh_token, &id_token, &tokens.access_token[..tokens.access_token.len() - 1]]
    {
        let reply = server.post("/api/verify", &[("token", bad)]).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (403, "{\"error\":\"invalid_request\"}"), "{bad}");
        if !bad.is_empty() {
            let reply = server.resource(bad).await;
            reply.has_status(401);
            assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""), "{bad}");
        }
    }
    let both = server.request("POST", "/api/verify").header("authorization", format!("Bearer {}", tokens.access_token));
    let both =
        both.header("content-type", "application/x-www-form-urlencoded").body(format!("token={}", tokens.access_token));
    assert_eq!(both.send().await.unwrap().status(), 400);
    server.get(&format!("/api/verify?token={}", tokens.access_token)).await.has_status(401);
    server.get("/api/verify").await.has_status(401);
    server.clock.advance(900);
    assert!(!server.opens(&tokens.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_swept_and_what_lives_stays() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    // without a signature: it has a row of its own
    let app = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    let tokens = app.tokens(&mut browser, &[]).await;
    server.browser().try_to_sign_in("nobody", "x").await.has_status(200);
    countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
    assert!(server.opens(&tokens.access_token).await);
    browser.get("/account").await.has_status(200);
    let ending = ["sessions", "grants", "refresh_chains", "access_tokens", "login_failures"];
    let rows = async || support::rows(&server.database).await;
    let living = rows().await;
    assert!(ending.iter().all(|table| living[*table] > 0), "{living:?}");
    server.clock.advance(500 * 24 * 3600);
    assert!(countersign::jobs::sweep::run_once(&server.admin).await.unwrap() > 0);
    assert_eq!(countersign::jobs::sweep::run_once(&server.admin).await.unwrap(), 0);
    let left = rows().await;
    assert!(ending.iter().all(|table| left[*table] == 0), "{left:?}");
    let now = countersign::clock::Clock::now(&*server.clock);
    assert!(server.admin.store.list_grants(None, None, now, 10).await.unwrap().is_empty());
}
