//! Odd paths, methods and bodies: never a file, a failure or a redirect to elsewhere (ASVS 16.5.1).

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::support::{Reply, TestServer, Tokens};

/// One request as it is written, since clients tidy paths up before they send them. The answer's head and body.
fn raw(server: &TestServer, method: &str, target: &str, headers: &str) -> String {
    let address = server.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let host = server.issuer.strip_prefix("http://").unwrap();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    // it may be refused before it was read to its end
    let _cut_off = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _cut_off = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_paths_are_never_a_file_a_failure_or_a_way_to_elsewhere() {
    let server = TestServer::start().await;
    let browser = server.ada().await;
    let session = browser.cookie("countersign_session").unwrap();
    let long = format!("/{}", "a".repeat(60_000));
    let deep = "/..".repeat(5000);
    let many = "/".repeat(5000);
    let targets = [
        "/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd/style.css",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/..%c0%af..%c0%afetc/passwd",
        "/%2e%2e%5c%2e%2e%5cwindows",
        "/..\\..\\..\\etc\\passwd",
        "/static/css/style.css",
        "/.git/config",
        "/.env",
        "/countersign.db",
        "/Cargo.toml",
        "/login%00.html",
        "/login%2f",
        "/login/",
        "/login//",
        "//login",
        "/./login",
        "/login;jsessionid=1",
        "/login%3fx",
        "/LOGIN",
        "//evil.example",
        "//evil.example/%2f..",
        "///evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2f%2fevil.example",
        "/%0d%0aLocation:%20https://evil.example",
        "/%0d%0a%0d%0a<script>alert(1)</script>",
        "/@evil.example",
        "/https://evil.example",
        "/%ff%fe",
        "/%",
        "/%zz",
        "/%u0041",
        "/account/%2e%2e/",
        "/account/apps/%2e%2e%2f",
        "/oauth2/%61uthorize",
        "/oauth2//authorize",
        "/oauth2/../oauth2/authorize",
        "/.well-known/../../etc/passwd",
        "/.well-known/openid-configuration/evil.example",
        "/health/../metrics",
        "/api/verify/%2e%2e",
        &long,
        &deep,
        &many,
    ];
    for method in ["GET", "POST", "HEAD", "PUT"] {
        for target in targets {
            let cookie = format!("Cookie: countersign_session={session}\r\nContent-Length: 0\r\n");
            let answer = raw(&server, method, target, &cookie);
            let shown = &target[..target.len().min(60)];
            let status =
                answer.split(' ').nth(1).unwrap_or_else(|| panic!("{method} {shown} is not answered: {answer}"));
            // /oauth2/%61uthorize is /oauth2/authorize: those who ask for it without a client get its error page
            assert!(
                matches!(status.as_bytes(), [b'4', _, _]) || (status.starts_with('3') && method != "PUT"),
                "{method} {shown}: {answer}"
            );
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            for line in head.lines().filter(|line| line.to_ascii_lowercase().starts_with("location:")) {
                let to = line[9..].trim();
                assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains("evil"), "{shown}: {line}");
            }
            for foreign in ["root:", "[package]", "SQLite format", "<script", "actix", "Location: https"] {
                assert!(!body.contains(foreign) && !head.contains(foreign), "{shown}: {answer}");
            }
        }
    }
    server.get("/health/ready").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_a_path_that_nobody_can_have_is_not_found() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let csrf = browser.get("/account/apps").await.field("csrf");
    let fields = [("remove", "yes"), ("csrf", csrf.as_str())];
    for name in ["%00", "%00x", "a%00b", &format!("{}%00", app.client_id), "%0d%0aLocation:x", "%1b%5b31m", "%7f"] {
        browser.post(&format!("/account/apps/{name}"), &fields).await.has_status(404).says("<h1");
        browser.get(&format!("/account/apps?removed={name}")).await.status.is_server_error().then(|| panic!("{name}"));
        server.get(&format!("/assets/{name}/style.css")).await.has_status(404);
    }
    for name in ["%ff", "%c3%28", "nobody", "%27%20OR%201=1", "..%2f", "%25", "%e2%80%ae", &"n".repeat(4000)] {
        let reply = browser.post(&format!("/account/apps/{name}"), &fields).await;
        assert!(matches!(reply.status.as_u16(), 303 | 404), "{name}: {}", reply.status);
        assert!(reply.header("location").is_empty() || reply.header("location").starts_with("/account/apps?removed="));
    }
    assert!(server.opens(&tokens.access_token).await);
    browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
    assert!(!server.opens(&tokens.access_token).await);
}

const MACHINES: [&str; 5] =
    ["/oauth2/access_token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo", "/api/verify"];
const PEOPLE: [&str; 5] = ["/login", "/oauth2/authorize", "/oauth2/logout", "/setup", "/account/sessions"];
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_read_within_its_limits_and_refused_in_its_places_own_manner() {
    let server = TestServer::start().await;
    let many = "a&".repeat(30_000);
    let depth = "[".repeat(20_000);
    for path in MACHINES.iter().chain(&PEOPLE) {
        let send = async |kind: &str, more: Option<(&str, &str)>, body: Vec<u8>| {
            let mut request = server.request("POST", path).header("content-type", kind);
            if let Some((name, value)) = more {
                request = request.header(name, value);
            }
            Reply::of(request.body(body).send().await.unwrap()).await
        };
        let gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        for (reply, statuses, what) in [
            (send(FORM, None, b"a=%ff".to_vec()).await, &[400][..], "no UTF-8"),
            (send(FORM, None, b"a=%zz".to_vec()).await, &[400], "no escape"),
            (send(FORM, None, b"\xff\xfe\x00".to_vec()).await, &[400], "bytes"),
            (send(FORM, None, b"a=1&a=2".to_vec()).await, &[400], "a doubled parameter"),
            (send(FORM, None, b"a=x%00y".to_vec()).await, &[400], "a NUL"),
            (send(FORM, None, many.clone().into_bytes()).await, &[400], "many parameters"),
            (send(FORM, None, vec![b'x'; 65 * 1024]).await, &[413], "too long"),
            (send(FORM, Some(("content-encoding", "gzip")), gzip.clone()).await, &[415], "compressed"),
            (send(FORM, Some(("content-encoding", "br")), gzip).await, &[415], "compressed"),
            (send("text/plain", None, b"a=b".to_vec()).await, &[415], "text"),
            (send("multipart/form-data; boundary=x", None, b"--x--".to_vec()).await, &[415], "multipart"),
            (send("application/xml", None, b"<a/>".to_vec()).await, &[415], "XML"),
            (send("application/json", None, depth.clone().into_bytes()).await, &[400, 415], "deep JSON"),
        ] {
            assert!(statuses.contains(&reply.status.as_u16()), "{path}, {what}: {} {}", reply.status, reply.body);
            assert_eq!(reply.header("cache-control"), "no-store", "{path}, {what}");
            if MACHINES.contains(path) {
                assert_eq!(reply.header("content-type"), "application/json", "{path}, {what}");
                assert!(reply.json()["error"].is_string(), "{path}, {what}");
                assert_eq!(reply.header("x-content-type-options"), "nosniff");
            } else {
                assert_eq!(reply.header("content-type"), "text/html; charset=utf-8", "{path}, {what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_not_taken_in() {
    let server = TestServer::start().await;
    for path in MACHINES.iter().chain(&PEOPLE) {
        let request = server.request("POST", path).header("content-type", FORM).body(vec![b'x'; 10_000_000]);
        // the connection may be closed while the client still writes
        if let Ok(reply) = request.send().await {
            assert!(matches!(reply.status().as_u16(), 400 | 413), "{path}: {}", reply.status());
        }
        // announced only: refused without waiting for it
        let head = format!("Content-Type: {FORM}\r\nContent-Length: 10000000\r\n");
        let answer = raw(&server, "POST", path, &format!("{head}\r\n{}", "x".repeat(200_000)));
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 413") || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    server.get("/health/ready").await.has_status(200);
    let many = format!("/oauth2/authorize?{}", "a&".repeat(100_000));
    let answer = raw(&server, "GET", &many, "");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    server.get("/health/ready").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused_everywhere_and_do_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let csrf = browser.get("/account/apps").await.field("csrf");
    let body = crate::support::encode(&[
        ("remove", "yes"),
        ("end", "others"),
        ("logout", "yes"),
        ("csrf", &csrf),
        ("token", &tokens.access_token),
    ]);
    for path in
        MACHINES.iter().chain(&PEOPLE).chain(&["/", "/account", "/account/apps", "/oauth2/jwks", "/health/live"])
    {
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "FROB"] {
            if method == "CONNECT" {
                continue;
            }
            let request = server
                .request(method, path)
                .header("content-type", FORM)
                .header("authorization", app.basic(app.secret.as_deref().unwrap()));
            let reply = browser.send(request.header("x-http-method-override", "POST").body(body.clone())).await;
            assert_eq!(reply.status.as_u16(), 405, "{method} {path}: {}", reply.body);
            assert!(!reply.header("allow").is_empty() && !reply.body.contains(&tokens.access_token), "{method} {path}");
        }
    }
    let forms =
        [format!("/account/apps/{}", app.client_id), "/oauth2/access_token".to_owned(), "/oauth2/revoke".to_owned()];
    for path in &forms {
        browser.get(&format!("{path}?{body}")).await.has_status(405);
    }
    assert!(server.opens(&tokens.access_token).await);
    browser.get("/account").await.has_status(200);
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_in_any_parameter_change_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    for quote in
        ["'", "\"", "' OR '1'='1", "'; SELECT pg_sleep(9); --", "\\", "`", "$(x)", "%27", "') UNION SELECT 1 --"]
    {
        let client = [("client_id", quote), ("client_secret", quote), ("grant_type", "client_credentials")];
        server.post("/oauth2/access_token", &client).await.refused("invalid_client");
        for pair in [("code", quote), ("refresh_token", quote), ("username", quote)] {
            let grant = match pair.0 {
                "code" => "authorization_code",
                "refresh_token" => "refresh_token",
                _ => "password",
            };
            let reply = app
                .token(&[
                    ("grant_type", grant),
                    pair,
                    ("password", quote),
                    ("redirect_uri", quote),
                    ("code_verifier", quote),
                ])
                .await;
            assert_eq!(reply.status.as_u16(), 400, "{pair:?}: {}", reply.body);
        }
        app.token(&[("grant_type", quote)]).await.refused("unsupported_grant_type");
        let scope = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh_token), ("scope", quote)];
        app.token(&scope).await.refused("invalid_scope");
        assert_eq!(app.introspect(quote).await.body, "{\"active\":false}");
        assert_eq!(app.revoke(quote).await.body, "{}");
        server.post("/api/verify", &[("token", quote)]).await.has_status(403);
        for name in
            ["client_id", "redirect_uri", "scope", "response_type", "prompt", "login_hint", "interaction", "state"]
        {
            let reply = browser.get(&app.authorize_path(&[(name, quote)])).await;
            assert!(!reply.status.is_server_error(), "{name}: {}", reply.body);
        }
        server.browser().try_to_sign_in(quote, quote).await.has_status(200).says("match");
        let csrf = browser.get("/account/apps").await.field("csrf");
        browser.post("/account/sessions", &[("end", "one"), ("session", quote), ("csrf", &csrf)]).await.has_status(303);
    }
    assert!(server.opens(&tokens.access_token).await);
    browser.get("/account").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_shortly_without_naming_what_is() {
    let server = TestServer::start().await;
    for path in
        ["/nothing", "/oauth2/nothing", "/api", "/admin", "/metrics", "/debug/pprof", "/server-status", "/.well-known/"]
    {
        let reply = server.get(path).await;
        reply.has_status(404);
        assert!(reply.body.len() < 4000, "{path}: {} bytes", reply.body.len());
        for told in ["actix", "countersign/", "rust", "/oauth2/access_token", "/login", env!("CARGO_PKG_VERSION")] {
            assert!(!reply.body.to_ascii_lowercase().contains(told), "{path} tells {told}: {}", reply.body);
        }
        for header in ["server", "x-powered-by", "via"] {
            assert_eq!(reply.header(header), "", "{path}");
        }
    }
}
