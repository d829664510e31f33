use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8("k".into(), algorithm, &SigningKey::generate_pkcs8(algorithm).unwrap()).unwrap()
}

#[test]
fn what_a_key_signed_verifies_with_its_public_half_and_no_other() {
    for algorithm in Algorithm::ALL {
        let (mine, other) = (key(*algorithm), key(*algorithm));
        let token = sign(&mine, "at+jwt", &json!({"sub": "ada"})).unwrap();
        let public = mine.public().unwrap();
        assert_eq!(verify::<Value>(&public, "at+jwt", &token).unwrap(), json!({"sub": "ada"}));
        assert!(verify::<Value>(&public, "JWT", &token).is_err(), "another kind");
        assert!(verify::<Value>(&other.public().unwrap(), "at+jwt", &token).is_err());
        assert_eq!(peek_header(&token).unwrap().kid.as_deref(), Some("k"));
    }
}

#[test]
fn alg_none_and_an_hmac_with_the_public_key_open_nothing() {
    let mine = key(Algorithm::Rs256);
    let public = mine.public().unwrap();
    let body = B64.encode(br#"{"sub":"ada"}"#);
    let none = B64.encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    assert!(verify::<Value>(&public, "at+jwt", &format!("{none}.{body}.")).is_err());
    let hs = format!("{}.{body}", B64.encode(br#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#));
    let as_secret =
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, public.as_json()["n"].as_str().unwrap().as_bytes());
    let forged = format!("{hs}.{}", B64.encode(aws_lc_rs::hmac::sign(&as_secret, hs.as_bytes())));
    assert!(verify::<Value>(&public, "at+jwt", &forged).is_err());
}

#[test]
fn the_published_key_holds_no_private_part() {
    for algorithm in Algorithm::ALL {
        let jwk = key(*algorithm).public().unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk.as_json().get(private).is_none(), "{private}");
        }
        assert_eq!(jwk.as_json()["use"], "sig");
    }
}

#[test]
fn at_hash_is_the_left_half_of_sha_256() {
    // OpenID Connect Core 1.0, appendix A.3
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail(text in "\\PC{0,200}") {
        let _read = peek_header(&text);
    }
}
