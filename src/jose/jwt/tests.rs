use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jose::{Algorithm, MacAlgorithm};

/// Keys are dear to make: one pair of each algorithm for all tests.
fn keys(algorithm: Algorithm) -> &'static (SigningKey, PublicKey) {
    static KEYS: std::sync::OnceLock<Vec<(SigningKey, PublicKey)>> = std::sync::OnceLock::new();
    let all = KEYS.get_or_init(|| {
        let pair = |algorithm: &Algorithm| {
            let mine = key(*algorithm);
            let public = mine.public().unwrap();
            (mine, public)
        };
        Algorithm::ALL.iter().map(pair).collect()
    });
    all.iter().find(|(mine, _)| mine.algorithm() == algorithm).unwrap()
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8("k".into(), algorithm, &SigningKey::generate_pkcs8(algorithm).unwrap()).unwrap()
}

fn mac(algorithm: MacAlgorithm) -> MacKey {
    MacKey::new(algorithm, &[b's'; 64]).unwrap()
}

#[test]
fn what_a_key_signed_verifies_with_its_public_half_and_no_other() {
    for algorithm in Algorithm::ALL {
        let (mine, public) = keys(*algorithm);
        let token = sign(mine, "at+jwt", &json!({"sub": "ada"})).unwrap();
        assert_eq!(verify::<Value>(public, "at+jwt", &token).unwrap(), json!({"sub": "ada"}), "{algorithm:?}");
        assert!(verify::<Value>(public, "JWT", &token).is_err(), "another kind");
        let header = peek_header(&token).unwrap();
        assert_eq!((header.alg.as_str(), header.kid.as_deref()), (algorithm.name(), Some("k")));
        for other in Algorithm::ALL.iter().filter(|other| *other != algorithm) {
            assert!(verify::<Value>(&keys(*other).1, "at+jwt", &token).is_err(), "{algorithm:?} by {other:?}");
        }
    }
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let token = sign(&keys(algorithm).0, "at+jwt", &json!({"sub": "ada"})).unwrap();
        assert!(verify::<Value>(&key(algorithm).public().unwrap(), "at+jwt", &token).is_err());
    }
}

#[test]
fn header_and_claims_have_the_text_that_they_always_had() {
    let begins = |signer: Signer<'_>, header: &str| {
        let token = sign(signer, "at+jwt", &json!({"sub": "ada"})).unwrap();
        let text = format!("{}.{}.", B64.encode(header), B64.encode(r#"{"sub":"ada"}"#));
        assert!(token.starts_with(&text), "{token}");
    };
    let key = &keys(Algorithm::Es256).0;
    begins(key.into(), r#"{"alg":"ES256","typ":"at+jwt","kid":"k"}"#);
    begins((&mac(MacAlgorithm::Hs256)).into(), r#"{"alg":"HS256","typ":"at+jwt"}"#);
    begins(Signer::Unsecured, r#"{"alg":"none","typ":"at+jwt"}"#);
}

#[test]
fn a_key_is_used_with_its_own_algorithm_only_though_it_fits_others() {
    // the same RSA key under the name of another algorithm
    let (mine, public) = keys(Algorithm::Rs256);
    let token = sign(mine, "JWT", &json!({})).unwrap();
    let with_alg = |name: &str| {
        let mut jwk = public.as_json().clone();
        jwk["alg"] = name.into();
        PublicKey::from_json(jwk)
    };
    for other in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
        assert!(verify::<Value>(&with_alg(other).unwrap(), "JWT", &token).is_err(), "{other}");
    }
    for other in ["ES256", "EdDSA", "HS256", "none", "rs256", ""] {
        assert!(with_alg(other).is_err(), "{other}");
    }
}

#[test]
fn the_published_examples_verify_and_with_one_byte_changed_they_do_not() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("../../../tests/vectors/jws.json")).unwrap();
    assert_eq!(examples.len(), 9);
    for example in examples {
        let (source, name) = (example["source"].as_str().unwrap(), example["alg"].as_str().unwrap());
        let token = example["compact"].as_str().unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(peek_header(token).unwrap().alg, name, "{source}");
        let mut other = B64.decode(signature).unwrap();
        other[3] ^= 1;
        if let Some(algorithm) = MacAlgorithm::parse(name) {
            let key = MacKey::new(algorithm, &B64.decode(example["jwk"]["k"].as_str().unwrap()).unwrap()).unwrap();
            assert_eq!(B64.encode(key.tag(message.as_bytes())), signature, "{source}");
            assert!(!key.verifies(message.as_bytes(), &other), "{source}");
        } else {
            let algorithm = Algorithm::parse(name).unwrap();
            let key = PublicKey::for_algorithm(example["jwk"].clone(), String::new(), algorithm).unwrap();
            assert!(key.verifies(message.as_bytes(), signature), "{source}");
            assert!(!key.verifies(message.as_bytes(), &B64.encode(&other)), "{source}");
            assert!(!key.verifies(format!("{message}A").as_bytes(), signature), "{source}");
        }
    }
}

#[test]
fn claims_of_the_published_examples_are_given_only_when_the_signature_is_right() {
    // RFC 7515, appendix A.1 to A.3: the same claims three times
    let examples: Vec<Value> = serde_json::from_str(include_str!("../../../tests/vectors/jws.json")).unwrap();
    for example in examples.iter().filter(|one| ["RS256", "ES256"].contains(&one["alg"].as_str().unwrap())).take(2) {
        let algorithm = Algorithm::parse(example["alg"].as_str().unwrap()).unwrap();
        let key = PublicKey::for_algorithm(example["jwk"].clone(), String::new(), algorithm).unwrap();
        let claims = verify_any::<Value>(&key, example["compact"].as_str().unwrap()).unwrap();
        assert_eq!(claims, json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true}));
    }
    // appendix A.5 is unsecured: it proves nothing to any key
    let unsecured = "eyJhbGciOiJub25lIn0.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    for algorithm in Algorithm::ALL {
        assert!(verify_any::<Value>(&keys(*algorithm).1, unsecured).is_err());
    }
    for algorithm in MacAlgorithm::ALL {
        assert!(verify_any::<Value>(&mac(*algorithm), unsecured).is_err());
    }
}

#[test]
fn a_code_made_with_a_secret_verifies_with_it_and_its_own_algorithm_only() {
    for algorithm in MacAlgorithm::ALL {
        let token = sign(&mac(*algorithm), "JWT", &json!({"sub": "ada"})).unwrap();
        assert_eq!(verify::<Value>(&mac(*algorithm), "JWT", &token).unwrap(), json!({"sub": "ada"}));
        assert_eq!(
            peek_header(&token).unwrap(),
            Header { alg: algorithm.name().into(), kid: None, typ: Some("JWT".into()) }
        );
        let other = MacKey::new(*algorithm, &[b't'; 64]).unwrap();
        assert!(verify::<Value>(&other, "JWT", &token).is_err());
        for other in MacAlgorithm::ALL.iter().filter(|other| *other != algorithm) {
            assert!(verify::<Value>(&mac(*other), "JWT", &token).is_err());
        }
        let short = algorithm.least_bytes() - 1;
        assert!(MacKey::new(*algorithm, &vec![b's'; short]).is_err(), "RFC 7518 §3.2");
        assert!(MacKey::new(*algorithm, &vec![b's'; short + 1]).is_ok());
    }
}

#[test]
fn alg_none_and_an_hmac_with_the_public_key_open_nothing() {
    let (_, public) = keys(Algorithm::Rs256);
    let body = B64.encode(br#"{"sub":"ada"}"#);
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = B64.encode(format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#));
        assert!(verify::<Value>(public, "at+jwt", &format!("{header}.{body}.")).is_err(), "{alg}");
    }
    let n = public.as_json()["n"].as_str().unwrap();
    for secret in [n.as_bytes().to_vec(), B64.decode(n).unwrap(), public.as_json().to_string().into_bytes()] {
        for algorithm in MacAlgorithm::ALL {
            let forged = sign(&MacKey::new(*algorithm, &secret).unwrap(), "at+jwt", &json!({"sub": "ada"})).unwrap();
            assert!(verify::<Value>(public, "at+jwt", &forged).is_err());
            // the header says what the key is for, the tag is an HMAC all the same
            let header = B64.encode(br#"{"alg":"RS256","typ":"at+jwt","kid":"k"}"#);
            let tag = MacKey::new(*algorithm, &secret).unwrap().tag(format!("{header}.{body}").as_bytes());
            assert!(verify::<Value>(public, "at+jwt", &format!("{header}.{body}.{}", B64.encode(tag))).is_err());
        }
    }
    // and a signature is no code
    let signed = sign(&keys(Algorithm::Rs256).0, "at+jwt", &json!({"sub": "ada"})).unwrap();
    assert!(verify::<Value>(&mac(MacAlgorithm::Hs256), "at+jwt", &signed).is_err());
}

#[test]
fn an_unsecured_token_says_so_and_has_an_empty_signature() {
    let token = sign(Signer::Unsecured, "JWT", &json!({"sub": "ada"})).unwrap();
    assert!(token.ends_with('.') && token.matches('.').count() == 2);
    assert_eq!(peek_header(&token).unwrap().alg, "none");
}

#[test]
fn extensions_that_must_be_understood_and_keys_that_a_token_brings_are_not_taken() {
    let (mine, public) = keys(Algorithm::EdDsa);
    let signed = |header: &str| {
        let message = format!("{}.{}", B64.encode(header), B64.encode(br#"{"sub":"ada"}"#));
        format!("{message}.{}", B64.encode(mine.signature(message.as_bytes()).unwrap()))
    };
    let jwk = public.as_json().to_string();
    for good in [
        r#"{"alg":"EdDSA","typ":"JWT"}"#.to_owned(),
        // never read, so they change nothing
        format!(
            r#"{{"alg":"EdDSA","typ":"JWT","jwk":{jwk},"jku":"https://evil.example/k","x5u":"https://evil.example"}}"#
        ),
    ] {
        assert!(verify::<Value>(public, "JWT", &signed(&good)).is_ok(), "{good}");
    }
    for bad in [
        r#"{"alg":"EdDSA","typ":"JWT","crit":["b64"],"b64":true}"#,
        r#"{"alg":"EdDSA","typ":"JWT","crit":[]}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":7}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","typ":"JWT"}"#,
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"["EdDSA"]"#,
    ] {
        assert!(verify::<Value>(public, "JWT", &signed(bad)).is_err(), "{bad}");
    }
    let token = signed(r#"{"alg":"EdDSA","typ":"JWT"}"#);
    for mangled in [format!("{token}."), format!(".{token}"), format!("{token}="), token.replacen('.', "..", 1)] {
        assert!(verify::<Value>(public, "JWT", &mangled).is_err(), "{mangled}");
    }
}

#[test]
fn the_published_key_holds_no_private_part() {
    for algorithm in Algorithm::ALL {
        let jwk = keys(*algorithm).1.as_json();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk.get(private).is_none(), "{private}");
        }
        assert_eq!((&jwk["use"], &jwk["alg"], &jwk["kid"]), (&json!("sig"), &json!(algorithm.name()), &json!("k")));
    }
}

#[test]
fn at_hash_is_the_left_half_of_sha_256() {
    // OpenID Connect Core 1.0, appendix A.3
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
}

#[test]
fn other_algorithms_take_half_of_the_hash_inside_them() {
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    for (protection, bytes) in [
        (Protection::from(Algorithm::Ps256), 16),
        (Algorithm::Es384.into(), 24),
        (MacAlgorithm::Hs384.into(), 24),
        (Algorithm::Rs512.into(), 32),
        // Ed25519 has SHA-512 inside
        (Algorithm::EdDsa.into(), 32),
        (MacAlgorithm::Hs256.into(), 16),
        (Protection::Unsecured, 16),
    ] {
        assert_eq!(B64.decode(half_hash(protection, token)).unwrap().len(), bytes, "{protection:?}");
    }
}

#[test]
fn every_way_to_protect_a_token_has_one_name() {
    let all: Vec<_> = Protection::all().collect();
    assert_eq!(all.len(), 14);
    for protection in all {
        assert_eq!(Protection::parse(protection.name()), Some(protection));
        assert_eq!(serde_json::to_value(protection).unwrap(), protection.name());
    }
    assert!(serde_json::from_value::<Protection>(json!("RS255")).is_err());
    assert!(serde_json::from_value::<Algorithm>(json!("HS256")).is_err());
    assert!(serde_json::from_value::<Algorithm>(json!("none")).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail(text in "\\PC{0,200}") {
        let _read = peek_header(&text);
        let _read = peek_claims::<Value>(&text);
        prop_assert!(verify_any::<Value>(&keys(Algorithm::Es512).1, &text).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_character_changed_anywhere_is_no_token_any_more(at: prop::sample::Index, which in 0_usize..10, to in "[A-Za-z0-9_.-]") {
        let (mine, public) = keys(Algorithm::ALL[which]);
        let token = sign(mine, "JWT", &json!({"sub": "ada", "scope": "read"})).unwrap();
        let mut changed = token.clone();
        let place = at.index(token.len());
        changed.replace_range(place..=place, &to);
        prop_assume!(changed != token);
        prop_assert!(verify::<Value>(public, "JWT", &changed).is_err());
    }
}
