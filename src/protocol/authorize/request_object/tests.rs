use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::{
    jose::KeySet,
    protocol::client_metadata::{Registered, RegisteredBy},
};

const ISSUER: &str = "https://id.example";
const NOW: Ts = Ts::from_unix_seconds(1_767_225_600);

fn document(claims: &Value) -> Document {
    Document::parse(claims.to_string().as_bytes()).unwrap()
}

fn form(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

fn sorted(params: &Params) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = params.iter().collect();
    all.sort_unstable();
    all
}

#[test]
fn the_example_of_rfc_9101_is_verified_and_read() {
    let example: Value = serde_json::from_str(include_str!("../../../../tests/vectors/request_object.json")).unwrap();
    let text = example["object"].as_str().unwrap();
    let (presented, header) = Presented::parse(text, &ClientMetadata::default()).unwrap();
    assert!(presented.is_signed());
    let keys: Vec<_> = KeySet::parse(&example).unwrap().fitting(&header).collect();
    let claims: Document = jose::verify_any(&keys[0], text).unwrap();
    check(&claims, example["client_id"].as_str().unwrap(), example["issuer"].as_str().unwrap(), NOW).unwrap();
    let params = parameters(&claims).unwrap();
    let found: Map<_, _> = params.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    assert_eq!(Value::Object(found), example["parameters"]);
}

#[test]
fn only_a_request_of_this_client_for_this_server_and_this_time_is_one() {
    let now = NOW.unix_seconds();
    let good = |claims: &Value| check(&document(claims), "app", ISSUER, NOW);
    for claims in [
        json!({}),
        json!({"iss": "app", "aud": ISSUER, "exp": now + 1, "nbf": now, "iat": now}),
        json!({"aud": ["https://other.example", ISSUER], "sub": "248289761001"}),
        json!({"iat": now + 10, "nbf": f64::from(u32::try_from(now).unwrap()) + 9.5, "exp": now + 10_000_000}),
        json!({"iss": null}),
    ] {
        assert_eq!(good(&claims), Ok(()), "{claims}");
    }
    for claims in [
        json!({"iss": "other"}),
        json!({"iss": ["app"]}),
        json!({"sub": "app"}),
        json!({"aud": "https://id.example/"}),
        json!({"aud": []}),
        json!({"aud": {"https://id.example": true}}),
        json!({"exp": now}),
        json!({"exp": now - 3600}),
        json!({"exp": "tomorrow"}),
        json!({"nbf": now + 11}),
        json!({"iat": now + 3600}),
        json!({"iat": "today"}),
        json!({"exp": 1e300}),
    ] {
        assert!(matches!(good(&claims), Err(Refusal::RequestObjectUnfit(_))), "{claims}");
    }
}

#[test]
fn every_parameter_has_the_form_of_its_specification() {
    let claims = json!({
        "response_type": "code", "max_age": 60, "claims": {"userinfo": {"email": null}}, "state": "",
        "resource": ["https://a.example", "https://b.example"], "jti": 7, "whatever": [1, {"a": null}], "nonce": null,
    });
    let params = parameters(&document(&claims)).unwrap();
    assert_eq!(
        sorted(&params),
        [
            ("claims", r#"{"userinfo":{"email":null}}"#),
            ("max_age", "60"),
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
            ("response_type", "code"),
        ]
    );
    for (name, value) in [
        ("max_age", json!("60")),
        ("max_age", json!(-1)),
        ("max_age", json!(1.5)),
        ("claims", json!("{}")),
        ("claims", json!([])),
        ("scope", json!(["openid", "email"])),
        ("redirect_uri", json!({"uri": "https://app.example/cb"})),
        ("state", json!(7)),
        ("prompt", json!(true)),
        ("resource", json!([7])),
    ] {
        let claims = Value::Object([(name.to_owned(), value)].into_iter().collect());
        assert_eq!(parameters(&document(&claims)), Err(Refusal::RequestObjectMember(name)), "{claims}");
    }
    for claims in [json!({"request": "eyJ"}), json!({"request_uri": 7})] {
        assert!(matches!(parameters(&document(&claims)), Err(Refusal::RequestObjectUnfit(_))), "{claims}");
    }
    assert!(parameters(&document(&json!({"state": "a\u{0}b"}))).is_err());
    assert!(Document::parse(br#"{"scope":"openid","scope":"email"}"#).is_err(), "a name comes twice");
}

#[test]
fn of_a_signed_request_the_object_alone_counts_and_of_an_unsigned_one_it_comes_first() {
    let outer = "client_id=app&response_type=code&scope=openid&state=out&nonce=out&request=x";
    for (outer, inner, signed, merged) in [
        (outer, "scope=openid+email&state=in", true, "client_id=app&response_type=code&scope=openid email&state=in"),
        (
            outer,
            "scope=openid+email&state=in",
            false,
            "client_id=app&nonce=out&response_type=code&scope=openid email&state=in",
        ),
        (outer, "client_id=app&response_type=code", true, "client_id=app&response_type=code&scope=openid"),
        // without openid nothing outside counts but the client's name
        ("client_id=app&response_type=code&scope=read&request_uri=x", "state=in", true, "client_id=app&state=in"),
        ("client_id=app&scope=openid", "scope=email", false, "client_id=app&scope=email"),
    ] {
        let found = super::merge(&form(outer), form(inner), signed).unwrap();
        let found: Vec<_> = sorted(&found).iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found.join("&"), merged, "{inner}");
    }
    for (outer, inner, signed, name) in [
        ("client_id=app", "client_id=other", true, "client_id"),
        ("client_id=app", "client_id=other", false, "client_id"),
        ("client_id=app&response_type=code", "response_type=token", true, "response_type"),
        ("client_id=app&response_type=code", "response_type=token", false, "response_type"),
        ("client_id=app&scope=openid+email", "scope=openid", true, "scope"),
    ] {
        let conflict = Err(Refusal::RequestObjectConflict(name));
        assert_eq!(super::merge(&form(outer), form(inner), signed), conflict, "{inner}");
    }
    let huge = form(&format!("login_hint={}", "x".repeat(MAX_FORM_BYTES)));
    assert!(super::merge(&form("client_id=app"), huge, true).is_err());
}

#[test]
fn an_object_is_protected_as_its_client_is_registered() {
    let signed = |alg: &str, typ: &str| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        let header = json!({"alg": alg, "typ": typ});
        format!("{}.{}.{}", B64.encode(header.to_string()), B64.encode("{}"), if alg == "none" { "" } else { "AA" })
    };
    let by = |registered: Option<&str>, by_itself: bool, strict: bool| ClientMetadata {
        request_object_signing_alg: registered.and_then(Protection::parse),
        registered: by_itself.then_some(Registered { by: RegisteredBy::Open, note: None }),
        require_signed_request_object: strict,
        ..ClientMetadata::default()
    };
    let parse = |client: &ClientMetadata, alg: &str, typ: &str| {
        Presented::parse(&signed(alg, typ), client).map(|_| ()).map_err(|why| why.name())
    };
    for (client, alg, outcome) in [
        (by(None, false, false), "RS256", Ok(())),
        (by(None, false, false), "HS512", Ok(())),
        (by(None, false, false), "none", Err("RequestObjectUnsigned")),
        (by(None, true, false), "none", Ok(())),
        (by(None, true, true), "none", Err("RequestObjectUnsigned")),
        (by(Some("none"), false, false), "none", Ok(())),
        (by(Some("none"), false, false), "RS256", Err("RequestObjectUnfit")),
        (by(Some("ES256"), true, false), "none", Err("RequestObjectUnfit")),
        (by(Some("ES256"), false, false), "RS256", Err("RequestObjectUnfit")),
        (by(Some("ES256"), false, false), "ES256", Ok(())),
        (by(None, false, false), "NONE", Err("RequestObjectUnfit")),
        (by(None, false, false), "RS1", Err("RequestObjectUnfit")),
    ] {
        assert_eq!(parse(&client, alg, "JWT"), outcome, "{alg} {client:?}");
    }
    let client = by(None, false, false);
    for (typ, good) in [
        ("oauth-authz-req+jwt", true),
        ("application/oauth-authz-req+JWT", true),
        ("client-authentication+jwt", false),
        ("at+jwt", false),
        ("logout+jwt", false),
        ("", false),
    ] {
        assert_eq!(parse(&client, "RS256", typ).is_ok(), good, "{typ}");
    }
    for text in ["", "..", "eyJ", "a.b", "{}", "a.b.c.d.e"] {
        assert!(Presented::parse(text, &client).is_err());
    }
}

#[test]
fn what_has_five_parts_is_encrypted_or_nothing() {
    let token = |header: Value| format!("{}....", B64.encode(header.to_string()));
    let label = |cty: Option<&str>| Label {
        algorithm: jwe::KeyAlgorithm::EcdhEs,
        content: jwe::ContentAlgorithm::A256Gcm,
        kid: Some("k".to_owned()),
        cty: cty.map(str::to_owned),
    };
    let good = json!({"alg": "ECDH-ES", "enc": "A256GCM", "kid": "k"});
    assert_eq!(envelope(&token(good.clone())), Ok(Some(label(None))));
    for (cty, fits) in [("JWT", true), ("oauth-authz-req+jwt", true), ("application/jwt", true), ("at+jwt", false)] {
        let mut header = good.clone();
        header["cty"] = cty.into();
        assert_eq!(envelope(&token(header)), fits.then(|| Some(label(Some(cty)))).ok_or(Refusal::RequestObjectSealed));
    }
    for text in ["", "a.b.c", "a.b.c.d", "a.b.c.d.e.f", &".".repeat(MAX_BYTES)] {
        assert_eq!(envelope(text), Ok(None), "{text}");
    }
    for (name, value) in [("alg", "dir"), ("enc", "A192GCM"), ("zip", "DEF"), ("crit", "exp")] {
        let mut header = good.clone();
        header[name] = value.into();
        assert_eq!(envelope(&token(header)), Err(Refusal::RequestObjectSealed), "{name}");
    }
    assert!(matches!(envelope(&"x".repeat(MAX_BYTES + 1)), Err(Refusal::RequestObjectUnfit(_))));
}

proptest! {
    /// Whatever an object holds, no parameter comes of it that has no name here, none comes twice, and of a signed one
    /// nothing outside of it counts but who asks.
    #[test]
    fn no_more_comes_of_an_object_than_it_holds(
        members in prop::collection::btree_map(
            prop_oneof![prop::sample::select(PARAMETERS.to_vec()).prop_map(str::to_owned), "[a-z_]{1,9}"],
            prop_oneof![
                "\\PC{0,12}".prop_map(Value::from),
                any::<i32>().prop_map(Value::from),
                Just(json!({"a": [null]})),
                Just(json!(["https://a.example"])),
            ],
            0..6,
        ),
        signed in any::<bool>(),
    ) {
        let claims = Value::Object(members.clone().into_iter().collect());
        let outer = form("client_id=app&redirect_uri=https://app.example/cb&state=outside&request=x");
        if let Ok(inner) = parameters(&document(&claims)) {
            prop_assert!(inner.iter().all(|(name, _)| PARAMETERS.contains(&name) && members.contains_key(name)));
            if let Ok(merged) = super::merge(&outer, inner, signed) {
                prop_assert!(merged.find("request").is_none() && merged.find("request_uri").is_none());
                prop_assert_eq!(merged.find("client_id"), Some("app"));
                let state = members.get("state").and_then(Value::as_str).filter(|state| !state.is_empty());
                prop_assert_eq!(merged.find("state"), state.or((!signed).then_some("outside")));
                prop_assert_eq!(Params::from_form(merged.to_form().as_bytes(), Repeatable::Protocol), Ok(merged));
            }
        }
    }
}
