//! `OpenID` Connect, the plain part: ID token, userinfo, keys, metadata.

mod algorithms;
mod claims;
mod claims_parameter;
mod encryption;
mod webfinger;

pub(crate) use encryption::pair;

use serde_json::{Value, json};

use crate::support::{TestServer, Tokens, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_id_token_is_signed_by_a_published_key_and_says_for_whom_when_and_how() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid profile email"), ("nonce", "n-0S6")]).await;
    let token = tokens.all["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(server.get("/oauth2/jwks").await.json()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.set_audience(&[&app.client_id]);
    validation.set_issuer(&[&server.issuer]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!((claims["nonce"].as_str(), claims["aud"].as_str()), (Some("n-0S6"), Some(&*app.client_id)));
    assert_eq!((claims["preferred_username"].as_str(), claims["email_verified"].as_bool()), (Some("ada"), Some(true)));
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!(
        claims["at_hash"],
        countersign::jose::half_hash(countersign::jose::Algorithm::Rs256, &tokens.access_token)
    );
    assert!(claims["sid"].is_string() && claims["auth_time"].is_i64());
    let again = Tokens::of(&app.refresh(&tokens.refresh_token).await).claims("id_token");
    for same in ["sub", "aud", "auth_time", "sid", "iss"] {
        assert_eq!(again[same], claims[same], "{same}");
    }
    assert!(again.get("nonce").is_none());
    let plain = app.tokens(&mut browser, &[("scope", "profile")]).await;
    assert!(plain.all.get("id_token").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_tells_what_the_scopes_say_by_get_and_post() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid email")]).await;
    let bearer = format!("Bearer {}", tokens.access_token);
    let got = server.get_with("/oauth2/userinfo", "authorization", &bearer).await;
    let sub = &tokens.claims("id_token")["sub"];
    assert_eq!(got.json(), json!({"sub": sub, "email": "ada@example.com", "email_verified": true}));
    let posted = server.post("/oauth2/userinfo", &[("access_token", &tokens.access_token)]).await;
    assert_eq!(posted.json(), got.json());
    let both = server.request("POST", "/oauth2/userinfo").header("authorization", &bearer);
    let both = both
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("access_token={}", tokens.access_token));
    assert_eq!(both.send().await.unwrap().status(), 400);
    server.get(&format!("/oauth2/userinfo?access_token={}", tokens.access_token)).await.has_status(401);
    let without = app.tokens(&mut browser, &[("scope", "profile")]).await;
    let refused =
        server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", without.access_token)).await;
    refused.has_status(403).refused("insufficient_scope");
    assert!(refused.header("www-authenticate").contains("scope=\"openid\""));
    let id_token = tokens.all["id_token"].as_str().unwrap();
    let refused = server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {id_token}")).await;
    refused.has_status(401);
    assert!(
        refused.header("www-authenticate").starts_with("Bearer ")
            && refused.header("www-authenticate").contains("invalid_token")
    );
    let bare = server.get("/oauth2/userinfo").await;
    assert_eq!((bare.status.as_u16(), bare.header("www-authenticate").contains("error")), (401, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_metadata_stand_at_every_address_and_name_only_what_works() {
    let server = TestServer::start().await;
    let document = server.get("/.well-known/openid-configuration").await;
    assert_eq!(
        (document.header("content-type"), document.header("access-control-allow-origin")),
        ("application/json", "*")
    );
    assert_eq!(server.get("/.well-known/oauth-authorization-server").await.body, document.body);
    let same = server.get_with("/.well-known/openid-configuration", "if-none-match", document.header("etag")).await;
    same.has_status(304);
    let document = document.json();
    assert_eq!(document["issuer"], server.issuer.as_str());
    for (key, address) in
        document.as_object().unwrap().iter().filter(|(key, _)| key.ends_with("_endpoint") || *key == "jwks_uri")
    {
        let path = address.as_str().unwrap().strip_prefix(&server.issuer).unwrap();
        let status = server.get(path).await.status.as_u16();
        assert!(matches!(status, 200 | 302 | 400 | 401 | 405), "{key}: {status}");
    }
    for (key, value) in [
        ("response_types_supported", json!(["code"])),
        (
            "grant_types_supported",
            json!([
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code"
            ]),
        ),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(true)),
        ("require_request_uri_registration", json!(true)),
        ("subject_types_supported", json!(["public", "pairwise"])),
    ] {
        assert_eq!(document[key], value, "{key}");
    }
    assert_eq!(document["id_token_signing_alg_values_supported"][0], "RS256");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_path_has_its_metadata_before_and_behind_it() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example/auth")]).await;
    for path in [
        "/.well-known/openid-configuration/auth",
        "/auth/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/auth",
        "/auth/.well-known/oauth-authorization-server",
    ] {
        let document = server.get(path).await.json();
        assert_eq!(document["issuer"], "https://id.example/auth", "{path}");
        assert_eq!(document["token_endpoint"], "https://id.example/auth/oauth2/access_token");
    }
    server.get("/auth/oauth2/jwks").await.has_status(200);
    server.get("/auth").await.has_status(200).says("href=\"/auth/assets/");
    server.get("/oauth2/jwks").await.has_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_old_tokens_verify_and_new_ones_use_the_new_key_also_after_a_restart() {
    use countersign::{clock::Clock, flow::keys, jose::Algorithm};
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let before = app.tokens(&mut browser, &[]).await;
    let planned = server.clock.now().plus_seconds(24 * 3600);
    let successor = keys::succeed(&server.admin, Algorithm::Es256, planned, None).await.unwrap().unwrap();
    // published a day before it signs
    eventually(async || server.get("/oauth2/jwks").await.body.contains(&successor)).await;
    assert_ne!(kid(&app.tokens(&mut browser, &[]).await.access_token), successor);
    assert!(server.opens(&before.access_token).await);
    server.clock.advance(24 * 3600 + 1);
    browser.sign_in("ada").await;
    let after = app.tokens(&mut browser, &[]).await;
    assert_eq!(kid(&after.access_token), successor);
    assert!(server.get("/oauth2/jwks").await.body.contains(&kid(&before.access_token)), "the old key stays published");
    let access_token = after.access_token.clone();
    let jwks = server.get("/oauth2/jwks").await.body;
    let server = server.restart().await;
    assert_eq!(server.get("/oauth2/jwks").await.body, jwks);
    // the restarted server's clock stands at now again: the token's key is known, its time has not come
    assert!(server.opens(&access_token).await);
}
