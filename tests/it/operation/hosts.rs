//! Whatever a request claims about hosts: addresses come from the configuration (PROTOCOL R-h3; ASVS 4.1.3).

use crate::support::{Browser, Reply, TestServer, Tokens};

const CLAIMS: [(&str, &str); 12] = [
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-server", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-port", "8080"),
    ("x-forwarded-prefix", "/evil.example"),
    ("x-original-host", "evil.example"),
    ("x-host", "evil.example"),
    ("x-original-url", "https://evil.example/"),
    ("x-rewrite-url", "//evil.example/"),
    ("x-http-method-override", "DELETE"),
    ("forwarded", "for=198.51.100.1;host=evil.example;proto=http"),
    ("via", "1.1 evil.example"),
];

/// By a browser that came to us under another name, as a misconfigured proxy lets it.
async fn under_another_name(browser: &mut Browser<'_>, method: &str, path: &str, body: String) -> Reply {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = browser.server.url(path.strip_prefix(&browser.server.issuer).unwrap_or(path));
    let request = client.request(reqwest::Method::from_bytes(method.as_bytes()).unwrap(), url);
    let request = request.header("host", "evil.example").header("content-type", "application/x-www-form-urlencoded");
    browser.send(request.body(body)).await
}

fn stays(reply: &Reply) {
    assert!(!reply.body.contains("evil.example"), "{}", reply.body);
    assert!(!reply.header("location").contains("evil.example"), "{}", reply.header("location"));
    for action in reply.body.split("action=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(action.starts_with('/') && !action.starts_with("//"), "a form leads to {action}");
    }
    for link in reply.body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!((link.starts_with('/') && !link.starts_with("//")) || link.starts_with("https://id.example"), "{link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_redirects_forms_and_iss_are_the_issuers_whatever_the_request_says() {
    for trusted in ["", "127.0.0.0/8,::1/128"] {
        let env = [("COUNTERSIGN_ISSUER", "https://id.example"), ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", trusted)];
        let server = TestServer::with(&env).await;
        server.user("ada").await;
        let app = server.app().await;
        let document = server.get("/.well-known/openid-configuration").await.body;
        let mut browser = server.browser();
        browser.headers = CLAIMS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let get = |path: &str| path.to_owned();
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            assert_eq!(under_another_name(&mut browser, "GET", path, String::new()).await.body, document);
        }
        for path in
            ["/", "/login", "/account", "/account/apps", "/oauth2/logout", "/setup", "/nothing", "/oauth2/authorize"]
        {
            stays(&under_another_name(&mut browser, "GET", &get(path), String::new()).await);
        }
        let page =
            under_another_name(&mut browser, "GET", &app.authorize_path(&[("scope", "openid")]), String::new()).await;
        stays(&page);
        let fields = [
            ("username", "ada"),
            ("password", crate::support::PASSWORD),
            ("csrf", &page.field("csrf")),
            ("interaction", &page.field("interaction")),
        ];
        let reply = under_another_name(&mut browser, "POST", "/login", crate::support::encode(&fields)).await;
        assert!(reply.location().starts_with("/oauth2/authorize?interaction="), "{}", reply.location());
        let page = under_another_name(&mut browser, "GET", reply.location(), String::new()).await;
        stays(&page);
        let fields =
            [("csrf", &*page.field("csrf")), ("interaction", &page.field("interaction")), ("decision", "allow")];
        let reply =
            under_another_name(&mut browser, "POST", "/oauth2/authorize", crate::support::encode(&fields)).await;
        let sent = reply.redirected();
        assert!(reply.location().starts_with("https://app.example/cb?"), "{}", reply.location());
        assert_eq!(sent["iss"], "https://id.example");
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        for token in ["access_token", "id_token"] {
            assert_eq!(tokens.claims(token)["iss"], "https://id.example");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_came_under_another_name_counts_by_its_origin_alone() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example")]).await;
    server.user("ada").await;
    let mut browser = server.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let fields = [("username", "ada"), ("password", crate::support::PASSWORD), ("csrf", csrf.as_str())];
    let body = crate::support::encode(&fields);
    for origin in
        ["https://evil.example", "http://evil.example", "http://id.example", "https://id.example.evil.example", "null"]
    {
        browser.headers = vec![("origin", origin.to_owned())];
        let reply = under_another_name(&mut browser, "POST", "/login", body.clone()).await;
        assert_eq!(reply.status.as_u16(), 403, "{origin}: a Host that agrees with it is no excuse");
    }
    browser.headers = vec![("origin", "https://id.example".to_owned())];
    browser.post("/login", &fields).await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_loopback_is_misdirected_at_every_door_also_with_headers_that_deny_it() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = server.browser();
    browser.headers = vec![
        ("x-forwarded-host", "localhost".to_owned()),
        ("forwarded", "host=localhost".to_owned()),
        ("origin", server.issuer.clone()),
    ];
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/setup"),
        ("POST", "/setup"),
        ("GET", &app.authorize_path(&[])),
        ("POST", "/oauth2/access_token"),
        ("OPTIONS", "/oauth2/access_token"),
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/health/ready"),
        ("GET", "/nothing"),
    ] {
        let reply = under_another_name(&mut browser, method, path, String::new()).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (421, ""), "{method} {path}");
        assert!(reply.header("access-control-allow-origin").is_empty(), "{method} {path}");
        assert!(reply.headers.get("set-cookie").is_none() && !reply.body.contains(&server.issuer), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_tls_proxy_every_answer_is_for_https_for_a_year() {
    let server = TestServer::with(&[
        ("COUNTERSIGN_ISSUER", "https://id.example/auth"),
        ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8"),
    ])
    .await;
    server.user("ada").await;
    let mut browser = server.browser();
    browser.headers = vec![("x-forwarded-for", "203.0.113.9".to_owned()), ("x-forwarded-proto", "https".to_owned())];
    let page = browser.get("/auth/login").await;
    page.has_status(200).says("action=\"/auth/login\"");
    let fields = [("username", "ada"), ("password", crate::support::PASSWORD), ("csrf", &*page.field("csrf"))];
    let reply = browser.post("/auth/login", &fields).await;
    assert_eq!(reply.location(), "/auth/account");
    let mut replies = vec![page, reply];
    for path in [
        "/auth/account/sessions",
        "/auth/nothing",
        "/nothing",
        "/auth/oauth2/jwks",
        "/auth/health/live",
        "/auth/oauth2/logout",
    ] {
        replies.push(browser.get(path).await);
    }
    replies[2].says("203.0.113.9");
    for reply in &replies {
        assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with("__Host-countersign_"), "{cookie}");
            for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.split("; ").any(|found| found == part), "{part}: {cookie}");
            }
            assert!(!cookie.to_ascii_lowercase().contains("domain"), "{cookie}");
        }
    }
}
