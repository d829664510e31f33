//! The server calls nobody: no address that a stranger names is looked at (RFC 9700 §4.11; SECURITY "Outgoing fetches").

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

use crate::support::{TestServer, Tokens};

/// A place that would notice a call.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.local_addr().unwrap())
    }

    /// Whoever called would be in the queue by now: each answer came after what it could have fetched.
    fn nobody_called(&self) {
        let called = self.0.accept();
        assert!(called.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "somebody called");
    }
}

/// A port where nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/x", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_in_an_authorization_request_is_fetched_and_an_open_port_reads_like_a_closed_one() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let trap = Trap::set();
    let (open, closed) = (trap.url("/x"), closed());
    for name in ["request_uri", "client_id", "client_metadata_uri", "jwks_uri", "logo_uri", "resource", "id_token_hint"]
    {
        let mut answers = Vec::new();
        for address in
            [&open, &closed, "file:///etc/passwd", "gopher://127.0.0.1:70/x", "http://169.254.169.254/latest"]
        {
            let reply = browser.authorize(&app, &[(name, address)]).await;
            assert!(!reply.status.is_server_error(), "{name}={address}: {}", reply.body);
            assert!(!reply.header("location").contains("code="), "{name}={address}");
            let error = reply.status.is_redirection().then(|| reply.redirected().remove("error"));
            answers.push((reply.status, error));
        }
        assert_eq!(answers[0], answers[1], "{name}");
    }
    let refused = browser.authorize(&app, &[("request_uri", &open)]).await;
    assert_eq!(refused.redirected()["error"], "invalid_request_uri");
    // a URL as client_id is an unknown client
    let as_client = async |client_id: &str| {
        let pairs = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", "x")];
        server.post("/oauth2/access_token", &pairs).await
    };
    let (url, unknown) = (as_client(&open).await, as_client("nobody").await);
    assert_eq!((url.status, &url.body), (unknown.status, &unknown.body));
    trap.nobody_called();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_in_a_tokens_header_is_followed() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let trap = Trap::set();
    let (header, rest) = tokens.access_token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&B64.decode(header).unwrap()).unwrap();
    for (name, value) in [
        ("jku", json!(trap.url("/jwks"))),
        ("x5u", json!(trap.url("/certificate"))),
        ("kid", json!(trap.url("/key"))),
        ("iss", json!(trap.url(""))),
    ] {
        let mut header = header.clone();
        header[name] = value;
        let token = format!("{}.{rest}", B64.encode(header.to_string()));
        server.resource(&token).await.has_status(401);
        assert_eq!(app.introspect(&token).await.body, "{\"active\":false}");
        app.revoke(&token).await.has_status(200);
        app.refresh(&token).await.refused("invalid_grant");
        let assertion = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", token.as_str()),
        ];
        server.post("/oauth2/access_token", &assertion).await.refused("invalid_client");
        let hint = browser.authorize(&app, &[("id_token_hint", &token), ("request", &token)]).await;
        assert!(!hint.status.is_server_error());
        browser.get(&format!("/oauth2/logout?id_token_hint={token}")).await.has_status(200);
    }
    trap.nobody_called();
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
}
