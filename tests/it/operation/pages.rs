//! What pages and answers carry (UX P2, P3): nothing from elsewhere, nothing inline, no frame, kept by nobody.

use crate::support::{PASSWORD, Reply, TestServer};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page is whole, is ours, and loads and runs nothing that is not.
fn is_safe(reply: &Reply, own_forms: bool, place: &str) {
    let policy = if own_forms { format!("{POLICY}; form-action 'self'") } else { POLICY.to_owned() };
    for (name, value) in [
        ("content-security-policy", policy.as_str()),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("access-control-allow-origin", ""),
        ("cross-origin-opener-policy", ""),
        ("content-encoding", ""),
        ("server", ""),
        ("x-powered-by", ""),
    ] {
        assert_eq!(reply.header(name), value, "{place}: {name}");
    }
    let html = reply.body.to_ascii_lowercase();
    for inline in [
        "<script",
        "<style",
        "style=",
        "javascript:",
        "<base",
        "<iframe",
        "<object",
        "<embed",
        "http-equiv",
        " srcset=",
    ] {
        assert!(!html.contains(inline), "{place}: {inline}");
    }
    let handler = html.split('<').any(|tag| {
        tag.split('>')
            .next()
            .is_some_and(|tag| tag.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')))
    });
    assert!(!handler, "{place} has a handler");
    for attribute in ["src=\"", "action=\"", "<link rel=\"stylesheet\" href=\"", "<link rel=\"icon\" href=\""] {
        for address in html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(address.starts_with('/') && !address.starts_with("//"), "{place}: {attribute}{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_ours_alone_and_forms_that_end_at_an_app_are_the_only_ones_that_may_leave() {
    let server = TestServer::with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")]).await;
    server.user("ada").await;
    let app = server.app().await;
    let link = {
        let origin = countersign::flow::Origin::default();
        countersign::flow::admin::users::first_admin_link(&server.admin, &origin).await.unwrap().unwrap().url
    };
    let mut browser = server.browser();
    let mut own = Vec::new();
    for path in ["/", "/nothing", "/setup", "/oauth2/logout", "/oauth2/authorize", "/oauth2/authorize?client_id=nobody"]
    {
        own.push((path.to_owned(), browser.get(path).await));
    }
    let reply = browser.get(&link).await;
    own.push(("/setup".to_owned(), browser.get(reply.location()).await));
    own.push(("another method".to_owned(), browser.send(server.request("PUT", "/login")).await));
    own.push(("another site's form".to_owned(), {
        let mut foreign = browser.clone();
        foreign.headers = vec![("origin", "https://evil.example".to_owned())];
        foreign.post("/login", &[]).await
    }));
    let sign_up = browser.get("/signup").await;
    is_safe(&sign_up, false, "/signup");
    let typed = [("username", "<script>"), ("password", "short"), ("csrf", &*sign_up.field("csrf"))];
    is_safe(&browser.post("/signup", &typed).await, false, "a user name that is none");
    let login = browser.get("/login").await;
    is_safe(&login, false, "/login");
    let csrf = login.field("csrf");
    let wrong = browser.post("/login", &[("username", "ada"), ("password", "wrong"), ("csrf", &csrf)]).await;
    is_safe(&wrong, false, "a wrong password");
    for _ in 0..10 {
        browser.post("/login", &[("username", "nobody"), ("password", "wrong"), ("csrf", &csrf)]).await;
    }
    let slowed = browser.post("/login", &[("username", "nobody"), ("password", "wrong"), ("csrf", &csrf)]).await;
    assert_eq!(slowed.has_status(429).header("retry-after"), "30");
    is_safe(&slowed, false, "too many tries");
    let page = browser.authorize(&app, &[]).await;
    is_safe(&page, false, "sign-in for an app");
    let consent = browser.sign_in_here(&page, "ada").await;
    is_safe(&consent, false, "consent");
    let sent = browser.decide(&consent, "allow", &[]).await.redirected();
    app.redeem(&sent["code"]).await.has_status(200);
    own.push(("already done".to_owned(), browser.decide(&consent, "allow", &[]).await));
    for path in ["/account", "/account/profile", "/account/apps", "/account/sessions", "/oauth2/logout"] {
        own.push((path.to_owned(), browser.get(path).await));
    }
    own.push(("stale".to_owned(), browser.get("/oauth2/authorize?interaction=x").await));
    for (place, reply) in &own {
        is_safe(reply, true, place);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_answered_in_typed_json_that_no_browser_takes_for_a_page() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let bearer = format!("Bearer {}", tokens.access_token);
    let mut kept = Vec::new();
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        kept.push(server.get(path).await);
    }
    let unkept = [
        app.refresh(&tokens.refresh_token).await,
        app.refresh("x").await,
        app.introspect(&tokens.access_token).await,
        app.introspect("x").await,
        app.revoke("x").await,
        server.get_with("/oauth2/userinfo", "authorization", &bearer).await,
        server.get("/oauth2/userinfo").await,
        server.resource(&tokens.access_token).await,
        server.resource("x").await,
        server.get("/health/live").await,
        server.get("/health/ready").await,
        server.get("/oauth2/nothing").await,
        server.get("/oauth2/access_token").await,
    ];
    for reply in &unkept {
        assert_eq!(reply.header("cache-control"), "no-store", "{}", reply.body);
    }
    for reply in kept.iter().chain(&unkept) {
        reply.json();
        assert_eq!(reply.header("content-type"), "application/json", "{}", reply.body);
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(reply.header("server"), "");
        assert!(reply.headers.get("set-cookie").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_repeats_a_post() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app().await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[]).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let fields = [("username", "ada"), ("password", PASSWORD), ("csrf", &csrf), ("interaction", &interaction)];
    let signed_in = browser.post("/login", &fields).await;
    let consent = browser.get(signed_in.location()).await;
    let allowed = browser.decide(&consent, "allow", &[]).await;
    let denied = {
        let page = browser.authorize(&app, &[("prompt", "consent")]).await;
        browser.decide(&page, "deny", &[]).await
    };
    let by_post = server.post("/oauth2/authorize", &[("client_id", &app.client_id)]).await;
    let csrf = browser.get("/account/apps").await.field("csrf");
    let removed =
        browser.post(&format!("/account/apps/{}", app.client_id), &[("remove", "yes"), ("csrf", &csrf)]).await;
    let ended = browser.post("/account/sessions", &[("end", "others"), ("csrf", &csrf)]).await;
    for reply in [&signed_in, &allowed, &denied, &by_post, &removed, &ended] {
        assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (303, "no-store"), "{}", reply.location());
    }
    assert_eq!(allowed.header("referrer-policy"), "no-referrer");
    assert_eq!(denied.header("referrer-policy"), "no-referrer");
    let told = browser.authorize(&app, &[("response_type", "nonsense")]).await;
    assert_eq!(told.status.as_u16(), 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_words_and_nothing_else() {
    let server = TestServer::start().await;
    for path in ["/health/live", "/health/ready"] {
        let reply = server.get(path).await;
        for (name, value) in reply.json().as_object().unwrap() {
            let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase());
            assert!(word(name) && value.as_str().is_some_and(word), "{path}: {name} is {value}");
        }
        let database = if crate::support::is_postgres() { "postgres" } else { "sqlite" };
        for internal in [database, env!("CARGO_PKG_VERSION"), "countersign", "/"] {
            assert!(!reply.body.contains(internal), "{path} tells {internal}: {}", reply.body);
        }
    }
    for path in ["/metrics", "/health", "/health/", "/health/ready/database"] {
        server.get(path).await.has_status(404);
    }
}
