use serde_json::json;

use super::*;
use crate::jose::{SigningKey, sign, verify_any};

fn key(kid: &str, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8(kid.into(), algorithm, &SigningKey::generate_pkcs8(algorithm).unwrap()).unwrap()
}

fn jwk(key: &SigningKey) -> Value {
    key.public().unwrap().as_json().clone()
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().unwrap().remove(name);
    key
}

#[test]
fn a_key_is_found_by_its_name_its_kind_and_what_it_is_for() {
    let (one, two) = (key("one", Algorithm::Es256), key("two", Algorithm::EdDsa));
    let set = KeySet::parse(&json!({"keys": [jwk(&one), jwk(&two)]})).unwrap();
    for mine in [&one, &two] {
        let token = sign(mine, "JWT", &json!({})).unwrap();
        let header = crate::jose::peek_header(&token).unwrap();
        let found: Vec<_> = set.fitting(&header).collect();
        assert_eq!(found.len(), 1);
        assert!(verify_any::<Value>(&found[0], &token).is_ok());
        // without a name every key of that kind may be it
        assert_eq!(set.fitting(&Header { kid: None, ..header.clone() }).count(), 1);
        assert_eq!(set.fitting(&Header { kid: Some("three".into()), ..header.clone() }).count(), 0);
        assert_eq!(set.fitting(&Header { alg: "none".into(), ..header.clone() }).count(), 0);
        assert_eq!(set.fitting(&Header { alg: "HS256".into(), ..header }).count(), 0);
    }
}

#[test]
fn a_key_without_an_algorithm_serves_those_it_fits_and_one_for_encryption_none() {
    let rsa = key("r", Algorithm::Rs256);
    let header = |alg: &str| Header { alg: alg.into(), ..Header::default() };
    let plain = without(without(jwk(&rsa), "alg"), "use");
    let set = KeySet::parse(&json!({"keys": [plain]})).unwrap();
    for (alg, fits) in [("RS256", 1), ("PS512", 1), ("ES256", 0), ("EdDSA", 0)] {
        assert_eq!(set.fitting(&header(alg)).count(), fits, "{alg}");
    }
    let named = KeySet::parse(&json!({"keys": [jwk(&rsa)]})).unwrap();
    assert_eq!((named.fitting(&header("RS256")).count(), named.fitting(&header("PS256")).count()), (1, 0));
    assert!(named.encrypting(KeyAlgorithm::RsaOaep).is_none(), "it is for signatures");
    for (member, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("alg", json!("RSA-OAEP"))] {
        let mut other = without(without(jwk(&rsa), "alg"), "use");
        other[member] = value;
        let set = KeySet::parse(&json!({"keys": [other]})).unwrap();
        assert_eq!(set.fitting(&header("RS256")).count(), 0, "{member}");
        assert!(set.encrypting(KeyAlgorithm::RsaOaep).is_some(), "{member}");
        assert!(set.encrypting(KeyAlgorithm::EcdhEs).is_none(), "{member}");
        assert_eq!(set.encrypting(KeyAlgorithm::RsaOaep256).is_some(), member != "alg");
    }
    let mut neither = jwk(&rsa);
    neither["key_ops"] = json!(["encrypt"]);
    assert_eq!(KeySet::parse(&json!({"keys": [neither]})).unwrap_err(), BadKeySet::Unusable);
}

#[test]
fn unknown_kinds_are_passed_over_and_secrets_make_the_set_unfit() {
    let good = jwk(&key("good", Algorithm::Es384));
    let odd = [json!({"kty": "XYZ"}), json!({}), json!(7), json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})];
    let mut keys = odd.to_vec();
    keys.push(good.clone());
    keys[odd.len()]["x5c"] = json!(["A".repeat(10_000)]);
    let set = KeySet::parse(&json!({"keys": keys, "more": 1})).unwrap();
    assert!(format!("{set:?}").len() < 1000, "what is not read is not kept");
    assert_eq!(KeySet::parse(&json!({"keys": odd})).unwrap_err(), BadKeySet::Unusable);
    let mut private = good.clone();
    private["d"] = "AAAA".into();
    for secret in [private, json!({"kty": "oct", "k": "AAAA"}), json!({"kty": "oct"})] {
        assert_eq!(KeySet::parse(&json!({"keys": [good, secret]})).unwrap_err(), BadKeySet::Private);
    }
    for malformed in [json!([]), json!({}), json!({"keys": {}}), json!(null)] {
        assert_eq!(KeySet::parse(&malformed).unwrap_err(), BadKeySet::Malformed);
    }
    let many = vec![good; MAX_KEYS + 1];
    assert_eq!(KeySet::parse(&json!({"keys": many})).unwrap_err(), BadKeySet::TooMany);
}

#[test]
fn weak_and_huge_rsa_keys_and_points_of_the_wrong_length_are_no_keys() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    for (bytes, good) in [(128, false), (255, false), (256, true), (512, true), (513, false), (1024, false)] {
        let rsa = json!({"kty": "RSA", "n": B64.encode(vec![0xc1; bytes]), "e": "AQAB"});
        assert_eq!(KeySet::parse(&json!({"keys": [rsa]})).is_ok(), good, "{bytes}");
    }
    // beside another one it is passed over; whoever registers it is told
    let strong = json!({"kty": "RSA", "n": B64.encode(vec![0xc1; 513]), "e": "AQAB"});
    let both = json!({"keys": [strong, jwk(&key("good", Algorithm::Es256))]});
    assert_eq!(KeySet::parse(&both).unwrap().keys.len(), 1);
    assert_eq!(KeySet::parse_registered(&both).unwrap_err(), BadKeySet::TooStrong);
    for (curve, bytes) in [("P-256", 31), ("P-256", 33), ("P-384", 32), ("P-521", 65)] {
        let half = B64.encode(vec![1; bytes]);
        let point = json!({"kty": "EC", "crv": curve, "x": half, "y": half});
        assert!(KeySet::parse(&json!({"keys": [point]})).is_err(), "{curve} {bytes}");
    }
}

#[test]
fn of_a_set_only_what_is_read_is_kept_and_no_more_than_sixteen_kilobytes_of_it() {
    let good = jwk(&key("good", Algorithm::Es256));
    let mut full = good.clone();
    for (name, value) in [("x5c", json!([{"": 0}])), ("n", json!("x".repeat(100))), ("use", json!(["sig"]))] {
        full[name] = value;
    }
    full["key_ops"] = vec![json!("verify"); 1000].into_iter().chain([json!({"": 0}), json!("sing")]).collect();
    let kept = KeySet::parse(&json!({"keys": [full], "": vec![json!({"": 0}); 1000]})).unwrap();
    let mut expected = without(good.clone(), "use");
    expected["key_ops"] = json!(["verify"]);
    assert_eq!(kept.to_json(), json!({"keys": [expected]}));
    assert_eq!(KeySet::parse(&kept.to_json()).unwrap().to_json(), kept.to_json());
    let mut long = good;
    for (bytes, fits) in [(15_000, true), (16_500, false)] {
        long["kid"] = "x".repeat(bytes).into();
        let read = KeySet::parse(&json!({"keys": [long]})).map(|set| set.bytes());
        assert!(if fits { read.unwrap() > bytes } else { read == Err(BadKeySet::TooLarge) }, "{bytes}");
    }
}

#[test]
fn a_token_is_tried_with_four_keys_at_most_whatever_they_are_called() {
    let one = jwk(&key("one", Algorithm::Es256));
    let set = KeySet::parse(&json!({"keys": vec![one; MAX_KEYS]})).unwrap();
    let header = Header { alg: "ES256".into(), ..Header::default() };
    assert_eq!(set.fitting(&header).count(), 4);
    assert_eq!(set.fitting(&Header { kid: Some("one".into()), ..header }).count(), 4);
}
