//! `WebFinger` (OIDC Discovery §2).

use serde_json::json;

use crate::support::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_an_address_of_this_host_has_this_issuer() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example/auth")]).await;
    let relation = "http://openid.net/specs/connect/1.0/issuer";
    let path = format!("/.well-known/webfinger?resource=acct%3Aada%40id.example&rel={relation}");
    let found = server.get(&path).await;
    assert_eq!(
        (found.header("content-type"), found.header("access-control-allow-origin")),
        ("application/jrd+json", "*")
    );
    assert_eq!(
        found.json(),
        json!({
            "subject": "acct:ada@id.example",
            "links": [{"rel": relation, "href": "https://id.example/auth"}],
        })
    );
    // nobody learns who is here
    let nobody = server.get("/.well-known/webfinger?resource=acct%3Anobody%40id.example").await;
    assert_eq!(nobody.json()["links"], found.json()["links"]);
    server.get("/.well-known/webfinger?resource=acct%3Aada%40elsewhere.example").await.has_status(404).json();
    server.get("/.well-known/webfinger").await.has_status(400).refused("invalid_request");
    for malformed in ["%00%ff", "ada", "ada%40id.example"] {
        let path = format!("/.well-known/webfinger?resource={malformed}");
        server.get(&path).await.has_status(400).refused("invalid_request");
    }
}
