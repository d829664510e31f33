use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    jose::{Algorithm, MacAlgorithm, MacKey, sign},
    protocol::params::Repeatable,
};

const NOW: i64 = 1_800_000_000;
const US: Audiences<'_> = Audiences { issuer: "https://id.example", token_endpoint: None };

fn good() -> Value {
    json!({"iss": "app", "sub": "app", "aud": "https://id.example", "exp": NOW + 60, "iat": NOW, "jti": "one"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn checked(claims: Value, audiences: Audiences<'_>) -> Result<Single, Refusal> {
    let claims = serde_json::from_value(claims).map_err(|_| Refusal::AssertionMalformed)?;
    check(&claims, "app", audiences, Ts::from_unix_seconds(NOW))
}

#[test]
fn a_good_assertion_is_for_us_now_and_once() {
    let single = Single { jti: "one".into(), expires_at: Ts::from_unix_seconds(NOW + 60) };
    assert_eq!(checked(good(), US), Ok(single.clone()));
    assert_eq!(checked(with("aud", json!(["https://id.example"])), US), Ok(single.clone()));
    // a clock that is a little ahead does no harm; one that goes by fractions neither
    for (name, value) in [
        ("iat", json!(NOW + 5)),
        ("iat", json!(NOW + AHEAD_SECONDS)),
        ("nbf", json!(NOW + AHEAD_SECONDS)),
        ("iat", json!(1_799_999_999.5)),
        ("nbf", json!(NOW - 86_400)),
        ("iat", Value::Null),
        ("extra", json!({"a": 1})),
    ] {
        assert_eq!(checked(with(name, value.clone()), US), Ok(single.clone()), "{name} {value}");
    }
    assert!(checked(with("exp", json!(NOW + 3600)), US).is_ok());
    assert!(checked(with("exp", json!(1_800_000_030.7)), US).is_ok());
}

#[test]
fn claims_that_are_missing_foreign_early_or_late_are_refused() {
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        assert!(checked(claims, US).is_err(), "without {name}");
        assert!(checked(with(name, json!("")), US).is_err(), "empty {name}");
        assert!(checked(with(name, json!({})), US).is_err(), "{name} of another kind");
    }
    for (name, value) in [
        ("iss", json!("other")),
        ("sub", json!("other")),
        ("aud", json!("https://id.example/")),
        ("aud", json!("https://ID.example")),
        ("aud", json!("https://id.example/oauth2/access_token")),
        // also meant for others (PROTOCOL P36)
        ("aud", json!(["https://id.example", "https://other.example"])),
        ("aud", json!(["https://other.example", "https://id.example"])),
        ("aud", json!([])),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW + 86_400)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(-1)),
        ("exp", json!("1800000060")),
        ("iat", json!(NOW + 60)),
        ("nbf", json!(NOW + 60)),
        ("iat", json!(NOW + 3600)),
        ("nbf", json!(1e300)),
        ("jti", json!("j".repeat(257))),
        ("jti", json!(7)),
    ] {
        assert!(checked(with(name, value.clone()), US).is_err(), "{name} {value}");
    }
}

#[test]
fn clients_of_before_may_name_the_token_endpoint_and_only_that() {
    let old = Audiences { token_endpoint: Some("https://id.example/oauth2/access_token"), ..US };
    assert!(checked(good(), old).is_ok());
    assert!(checked(with("aud", json!("https://id.example/oauth2/access_token")), old).is_ok());
    for aud in ["https://id.example/oauth2/revoke", "https://id.example/oauth2/access_token/", "https://id.example/"] {
        assert!(checked(with("aud", json!(aud)), old).is_err(), "{aud}");
    }
    let both = json!(["https://id.example", "https://id.example/oauth2/access_token"]);
    assert!(checked(with("aud", both), old).is_err());
}

fn parsed(kind: &str, text: &str, client_id: &str) -> Result<Option<(String, PresentedAssertion)>, Refusal> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("client_assertion_type", kind), ("client_assertion", text), ("client_id", client_id)] {
        if !value.is_empty() {
            form.append_pair(name, value);
        }
    }
    PresentedAssertion::parse(&Params::from_form(form.finish().as_bytes(), Repeatable::Protocol).unwrap())
}

fn by_secret(typ: &str, claims: &Value) -> String {
    sign(&MacKey::new(MacAlgorithm::Hs256, &[b's'; 64]).unwrap(), typ, claims).unwrap()
}

#[test]
fn an_assertion_names_its_client_and_a_client_id_beside_it_must_be_the_same() {
    let text = by_secret("JWT", &good());
    for client_id in ["", "app"] {
        let (named, presented) = parsed(TYPE, &text, client_id).unwrap().unwrap();
        assert_eq!((named.as_str(), presented.method()), ("app", AuthMethod::ClientSecretJwt));
    }
    assert_eq!(parsed(TYPE, &text, "other").unwrap_err(), Refusal::CredentialsConflict);
    assert!(parsed("", "", "app").unwrap().is_none());
    let unsecured = sign(jose::Signer::Unsecured, "JWT", &good()).unwrap();
    let nobody = by_secret("JWT", &json!({"iss": "app"}));
    for (kind, text) in [
        ("", text.as_str()),
        (TYPE, ""),
        ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", &text),
        (TYPE, "x"),
        (TYPE, "e30.e30.e30"),
        (TYPE, &unsecured),
        (TYPE, &nobody),
        (TYPE, &by_secret("JWT", &with("sub", json!("")))),
        (TYPE, &by_secret("JWT", &with("pad", json!("x".repeat(MAX_BYTES))))),
    ] {
        assert_eq!(parsed(kind, text, "app").unwrap_err(), Refusal::AssertionMalformed, "{kind} {text:.40}");
    }
}

#[test]
fn a_token_of_another_kind_or_algorithm_is_no_assertion() {
    let any = ClientMetadata::default();
    let of = |protection| ClientMetadata { token_endpoint_auth_signing_alg: Some(protection), ..any.clone() };
    for (typ, good) in [
        ("JWT", true),
        ("jwt", true),
        ("client-authentication+jwt", true),
        ("at+jwt", false),
        ("dpop+jwt", false),
        ("oauth-authz-req+jwt", false),
    ] {
        let (_, presented) = parsed(TYPE, &by_secret(typ, &self::good()), "").unwrap().unwrap();
        assert_eq!(presented.check_header(&any).is_ok(), good, "{typ}");
    }
    let (_, presented) = parsed(TYPE, &by_secret("JWT", &self::good()), "").unwrap().unwrap();
    assert!(presented.check_header(&of(MacAlgorithm::Hs256.into())).is_ok());
    assert!(presented.check_header(&of(MacAlgorithm::Hs512.into())).is_err());
    assert!(presented.check_header(&of(Algorithm::Rs256.into())).is_err());
}

proptest! {
    #[test]
    fn any_claims_and_any_text_are_judged(text in "\\PC{0,80}", exp in any::<f64>(), jti in "\\PC{0,300}") {
        let _judged = parsed(TYPE, &text, "app");
        let _judged = checked(json!({"iss": text, "sub": "app", "aud": text, "exp": exp, "nbf": exp, "jti": jti}), US);
        let claims = json!({"sub": text});
        if let Ok(Some((named, _))) = parsed(TYPE, &by_secret("JWT", &claims), "") {
            prop_assert_eq!(named, text);
        }
    }
}
