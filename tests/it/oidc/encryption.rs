//! ID tokens and userinfo that only the app can read (OIDC Core §3.1.3.7, §5.3.2; RFC 7516).

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::{
    flow::{
        Origin,
        admin::clients::{self, NewClient},
    },
    jose::{
        Algorithm,
        jwe::{self, ContentAlgorithm, DecryptionKey, KeyAlgorithm},
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType, response_type::ResponseType},
};
use serde_json::{Value, json};

use super::algorithms::verified;
use crate::support::{App, TestServer, Tokens, rows};

/// A key pair of an app: what it publishes, and what it keeps.
pub(crate) fn pair() -> (Value, DecryptionKey) {
    let own = PrivateKey::generate(&ECDH_P256).unwrap();
    let point = own.compute_public_key().unwrap();
    let (x, y) = point.as_ref()[1..].split_at(32);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "use": "enc", "kid": "mine", "x": B64.encode(x), "y": B64.encode(y)
    });
    (json!({"keys": [jwk]}), DecryptionKey::Agreement(own))
}

async fn userinfo(server: &TestServer, tokens: &Tokens) -> String {
    let got = server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
    assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "application/jwt"), "{}", got.body);
    got.body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_a_key_of_its_own_reads_what_nobody_else_can() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let ((keys, own), (_, other)) = (pair(), pair());
    for (algorithm, content, signed) in [
        (KeyAlgorithm::EcdhEs, None, false),
        (KeyAlgorithm::EcdhEsA256Kw, Some(ContentAlgorithm::A256Gcm), true),
        (KeyAlgorithm::EcdhEsA128Kw, Some(ContentAlgorithm::A128Gcm), false),
    ] {
        let app = server
            .app_with(|app| {
                app.jwks = Some(keys.clone());
                app.id_token_encrypted_response_alg = Some(algorithm);
                app.id_token_encrypted_response_enc = content;
                app.userinfo_encrypted_response_alg = Some(algorithm);
                app.userinfo_encrypted_response_enc = content;
                app.userinfo_signed_response_alg = signed.then(|| Algorithm::Es256.into());
            })
            .await;
        let content = content.unwrap_or(ContentAlgorithm::A128CbcHs256);
        let tokens = app.tokens(&mut browser, &[("scope", "openid email"), ("nonce", "n")]).await;
        let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        for tokens in [&tokens, &again] {
            let token = tokens.all["id_token"].as_str().unwrap();
            assert!(jwe::decrypt(&other, algorithm, content, token).is_err());
            let inside = jwe::decrypt(&own, algorithm, content, token).unwrap();
            // a nested JWT: signed first, then encrypted
            let claims = verified(&server, std::str::from_utf8(&inside).unwrap()).await;
            assert_eq!(claims["aud"], app.client_id.as_str());
        }
        let token = userinfo(&server, &tokens).await;
        let inside = jwe::decrypt(&own, algorithm, content, &token).unwrap();
        let claims = if signed {
            verified(&server, std::str::from_utf8(&inside).unwrap()).await
        } else {
            serde_json::from_slice(&inside).unwrap()
        };
        assert_eq!((&claims["email"], &claims["aud"]), (&json!("ada@example.com"), &json!(app.client_id)));
        // the access token is for APIs, which have no such key
        assert!(server.opens(&tokens.access_token).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_promised_encrypted_without_a_key_for_it() {
    let server = TestServer::start().await;
    let (keys, _) = pair();
    let mut for_signatures = keys.clone();
    for_signatures["keys"][0]["use"] = "sig".into();
    let create = async |jwks: Option<&Value>, algorithm, content| {
        let metadata = ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            grant_types: vec![GrantType::AuthorizationCode],
            jwks: jwks.cloned(),
            id_token_encrypted_response_alg: algorithm,
            id_token_encrypted_response_enc: content,
            ..ClientMetadata::default()
        };
        let new = NewClient { name: "x".to_owned(), metadata, ..NewClient::default() };
        clients::create(&server.admin, &Origin::default(), new).await
    };
    let (by_curve, content) = (Some(KeyAlgorithm::EcdhEs), Some(ContentAlgorithm::A256Gcm));
    for (jwks, algorithm, content, words) in [
        (None, by_curve, None, "ECDH-ES needs a public key of the client"),
        (Some(&keys), Some(KeyAlgorithm::RsaOaep), None, "RSA-OAEP needs a public key of the client"),
        (Some(&for_signatures), by_curve, None, "ECDH-ES needs a public key of the client"),
        (Some(&keys), None, content, "how content is encrypted is said, but not by which key"),
    ] {
        let refused = create(jwks, algorithm, content).await.err().expect(words).to_string();
        assert!(refused.starts_with(words), "{refused}, instead of: {words}");
    }
    for content in [None, content] {
        assert!(create(Some(&keys), by_curve, content).await.is_ok(), "{content:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_read_from_the_apps_address_and_without_one_nothing_is_given_out() {
    let server = TestServer::with(&[("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1")]).await;
    let mut browser = server.ada().await;
    let (keys, own) = pair();
    let publisher = crate::client_auth::Publisher::with(&keys).await;
    let with = async |uri: &str| {
        let change = |app: &mut ClientMetadata| {
            app.jwks_uri = Some(uri.to_owned());
            app.id_token_encrypted_response_alg = Some(KeyAlgorithm::EcdhEs);
        };
        server.app_with(change).await
    };
    let app: App<'_> = with(&publisher.address).await;
    for _ in 0..2 {
        let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
        let token = tokens.all["id_token"].as_str().unwrap();
        assert!(jwe::decrypt(&own, KeyAlgorithm::EcdhEs, ContentAlgorithm::A128CbcHs256, token).is_ok());
    }
    assert_eq!(publisher.asked(), 1);
    publisher.answers(404, "{}");
    let other = with(&publisher.address.replace("jwks", "other")).await;
    let code = browser.allow(&other, &[("scope", "openid")]).await;
    let refused = other.redeem(&code).await;
    refused.refused("invalid_request");
    assert!(refused.body.contains("key set"), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_cannot_be_encrypted_is_an_error_for_the_app_and_nothing_is_recorded() {
    let server = TestServer::with(&[("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1")]).await;
    let mut browser = server.ada().await;
    let publisher = crate::client_auth::Publisher::with(&json!({"keys": []})).await;
    for unasked in [false, true] {
        let app = server
            .app_with(|app| {
                app.first_party = unasked;
                app.grant_types = vec![GrantType::Implicit];
                app.response_types = vec![ResponseType::IdToken];
                app.jwks_uri = Some(publisher.address.clone());
                app.id_token_encrypted_response_alg = Some(KeyAlgorithm::EcdhEs);
            })
            .await;
        let asked = [("response_type", "id_token"), ("scope", "openid"), ("nonce", "n")];
        let answer = if unasked {
            browser.authorize(&app, &[&asked[..], &[("prompt", "none")]].concat()).await
        } else {
            let page = browser.authorize(&app, &asked).await;
            browser.decide(&page, "allow", &[]).await
        };
        assert!(answer.location().starts_with("https://app.example/cb#"), "{} {}", answer.status, answer.body);
        let sent = answer.redirected();
        assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("invalid_request", "xyz"));
        assert!(sent["error_description"].contains("key set") && !sent.contains_key("id_token"), "{sent:?}");
        let kept = rows(&server.database).await;
        assert_eq!((kept["grants"], kept["consents"]), (0, 0));
    }
}
