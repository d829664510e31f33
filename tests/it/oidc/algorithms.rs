//! Every signature that can be asked for has a key, is listed, and is verified by others (RFC 7518 §3.1, RFC 8037;
//! OIDC Core §2, §15.1).

use countersign::jose::{self, Algorithm, KeySet, half_hash};
use serde_json::Value;

use crate::support::{TestServer, claims};

/// The key set as it is published.
async fn key_set(server: &TestServer) -> KeySet {
    KeySet::parse(&server.get("/oauth2/jwks").await.json()).unwrap()
}

async fn listed(server: &TestServer, member: &str) -> Vec<String> {
    let document = server.get("/.well-known/openid-configuration").await.json();
    document[member].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Verified by the published keys alone, as an app does it; by another's hands where those know the algorithm.
async fn verified(server: &TestServer, token: &str) -> Value {
    let published = server.get("/oauth2/jwks").await.json();
    let header = jose::peek_header(token).unwrap();
    let own: Vec<_> =
        published["keys"].as_array().unwrap().iter().filter(|key| key["kid"] == *header.kid.as_ref().unwrap()).collect();
    assert_eq!((own.len(), own[0]["alg"].as_str(), own[0]["use"].as_str()), (1, Some(&*header.alg), Some("sig")));
    let keys: Vec<_> = KeySet::parse(&published).unwrap().fitting(&header).collect();
    assert_eq!(keys.len(), 1);
    let (_, claims) = jose::verify_any::<Value>(&keys[0], token).unwrap();
    if header.alg != "ES512" {
        let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(own[0].clone()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(header.alg.parse().unwrap());
        validation.validate_aud = false;
        validation.validate_exp = false;
        assert_eq!(jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims, claims);
    }
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_an_app_is_registered_with_has_its_key_at_once_and_is_listed() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    assert_eq!(listed(&server, "id_token_signing_alg_values_supported").await[..2], ["RS256", "ES256"]);
    for algorithm in Algorithm::ALL {
        let app = server
            .app_with(|app| {
                app.id_token_signed_response_alg = Some(*algorithm);
                app.access_token_alg = Some(*algorithm);
            })
            .await;
        let tokens = app.tokens(&mut browser, &[]).await;
        let id_token = tokens.all["id_token"].as_str().unwrap();
        for token in [id_token, &tokens.access_token] {
            assert_eq!(jose::peek_header(token).unwrap().alg, algorithm.name());
            verified(&server, token).await;
        }
        assert_eq!(claims(id_token)["at_hash"], half_hash(*algorithm, &tokens.access_token), "{algorithm:?}");
        assert!(server.opens(&tokens.access_token).await, "{algorithm:?}");
    }
    let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name().to_owned()).collect();
    let offered = listed(&server, "id_token_signing_alg_values_supported").await;
    assert_eq!(offered.iter().filter(|name| names.contains(name)).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    let kids: Vec<_> = server.get("/oauth2/jwks").await.json()["keys"].as_array().unwrap().clone();
    assert_eq!(kids.len(), Algorithm::ALL.len(), "one key for each, and each for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_offers_has_a_key_from_the_start_and_nothing_else_is_listed() {
    let server = TestServer::with(&[("COUNTERSIGN_TOKENS__SIGNING_ALGS", "ES384,EdDSA")]).await;
    let offered = listed(&server, "id_token_signing_alg_values_supported").await;
    let signatures: Vec<_> = offered.iter().filter(|name| Algorithm::parse(name).is_some()).collect();
    assert_eq!(signatures, ["RS256", "ES256", "EdDSA", "ES384"]);
    let keys = key_set(&server).await;
    for algorithm in Algorithm::ALL {
        let header = jose::Header { alg: algorithm.name().to_owned(), ..jose::Header::default() };
        let there = signatures.iter().any(|name| *name == algorithm.name());
        assert_eq!(keys.fitting(&header).count(), usize::from(there), "{algorithm:?}");
    }
    server.get("/health/ready").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_wants_another_signature_gets_its_key_with_it() {
    use countersign::flow::{Origin, admin::resources};
    let server = TestServer::start().await;
    let changes = resources::Changes { algorithm: Some(Some(Algorithm::EdDsa)), ..resources::Changes::default() };
    resources::create(&server.admin, &Origin::default(), "https://api.example", changes).await.map(drop).unwrap();
    let app = server
        .app_with(|app| {
            app.grant_types = vec![countersign::protocol::grant::GrantType::ClientCredentials];
            app.scope = countersign::protocol::scope::Scope::default();
            app.resources = vec!["https://api.example".to_owned()];
        })
        .await;
    let got = app.token(&[("grant_type", "client_credentials")]).await.json();
    assert_eq!(verified(&server, got["access_token"].as_str().unwrap()).await["aud"], "https://api.example");
}
