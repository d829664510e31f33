use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Failure, authorization,
    device::{self, Next},
    discovery::{Provider, is_safe},
    id_token::{Expected, judge},
    token::{self, Credentials, Tokens},
};
use crate::jose::{Algorithm, half_hash};

fn provider() -> Provider {
    Provider { issuer: "https://id.example.com".to_owned(), ..Provider::default() }
}

fn refused(error: &str) -> Failure {
    Failure::Refused { error: error.to_owned(), words: None }
}

#[test]
fn slow_down_makes_every_later_pause_five_seconds_longer() {
    let mut interval = Duration::from_secs(5);
    for (error, seconds) in [
        ("authorization_pending", 5),
        ("slow_down", 10),
        ("authorization_pending", 10),
        ("slow_down", 15),
        ("temporarily_unavailable", 30),
    ] {
        let Next::Ask(pause) = device::next(interval, Err(refused(error))) else { panic!("{error} ends it") };
        interval = pause;
        assert_eq!(interval.as_secs(), seconds, "{error}");
    }
    let silence = Failure::Silence { url: String::new(), why: String::new() };
    let Next::Ask(pause) = device::next(interval, Err(silence)) else { panic!("silence ends it") };
    assert_eq!(pause.as_secs(), 60, "who does not answer is asked less often");
    for error in ["access_denied", "expired_token", "invalid_client", "invalid_grant"] {
        assert!(matches!(device::next(interval, Err(refused(error))), Next::Done(Err(_))), "{error}");
    }
    assert!(matches!(device::next(interval, Ok(Tokens(Map::new()))), Next::Done(Ok(_))));
}

#[test]
fn secrets_go_over_tls_or_stay_on_this_machine() {
    for (url, safe) in [
        ("https://id.example.com/token", true),
        ("http://id.example.com/token", false),
        ("http://localhost:8080/token", true),
        ("http://a.localhost/token", true),
        ("http://127.0.0.1/token", true),
        ("http://127.9.8.7/token", true),
        ("http://[::1]:80/token", true),
        ("http://192.168.0.1/token", false),
        ("http://localhost.example.com/token", false),
        ("http://127.0.0.1.example.com/token", false),
        ("ftp://localhost/token", false),
        ("data:text/plain,token", false),
    ] {
        assert_eq!(is_safe(&url.parse().unwrap()), safe, "{url}");
    }
}

#[test]
fn an_answer_counts_only_with_its_state_and_from_its_server() {
    let asked = authorization::ask("https://id.example.com/authorize?tenant=7", &[("client_id", "notes")]).unwrap();
    let sent: std::collections::BTreeMap<String, String> =
        url::Url::parse(&asked.url).unwrap().query_pairs().into_owned().collect();
    assert_eq!((sent["tenant"].as_str(), sent["client_id"].as_str()), ("7", "notes"), "the endpoint's own query stays");
    assert_eq!(sent["code_challenge_method"], "S256");
    assert!(!asked.url.contains(&asked.verifier), "the verifier stays at home");
    let state = &asked.state;
    let code = |query: &str, strict: bool| {
        let provider = Provider { authorization_response_iss_parameter_supported: strict, ..provider() };
        asked.code(&provider, query).map_err(|failure| failure.to_string())
    };
    assert_eq!(code(&format!("code=abc&state={state}"), false), Ok("abc".to_owned()));
    assert_eq!(code(&format!("code=abc&state={state}&iss=https%3A%2F%2Fid.example.com"), true), Ok("abc".to_owned()));
    for (query, strict, words) in [
        ("code=abc&state=other".to_owned(), false, "its state"),
        ("code=abc".to_owned(), false, "its state"),
        (format!("code=abc&state={state}&state={state}"), false, "its state"),
        (format!("code=abc&state={state}"), true, "which server"),
        (format!("code=abc&state={state}&iss=https://evil.example.com"), false, "https://evil.example.com"),
        (format!("code=abc&code=def&state={state}"), false, "more than one code"),
        (format!("state={state}"), false, "neither a code nor an error"),
        (format!("error=access_denied&error_description=No&state={state}"), false, "access_denied: No"),
    ] {
        let said = code(&query, strict).unwrap_err();
        assert!(said.contains(words), "{query}: {said}");
    }
}

#[test]
fn credentials_are_sent_as_the_server_takes_them() {
    let client = |secret: Option<&str>| Credentials { id: "a b".to_owned(), secret: secret.map(str::to_owned) };
    let form = |methods: Option<&[&str]>, secret| {
        let methods = methods.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        let provider = Provider { token_endpoint_auth_methods_supported: methods, ..provider() };
        token::form(&provider, &client(secret), "https://id.example.com/token", &[("grant_type", "x")])
    };
    let has_header = |sent: &super::wire::Sent| sent.headers.iter().any(|(name, _)| name == "Authorization");
    for methods in [None, Some(&["client_secret_basic", "client_secret_post"][..]), Some(&[])] {
        let sent = form(methods, Some("p:w"));
        // `a+b:p%3Aw`: both halves are form-encoded first (RFC 6749 §2.3.1)
        assert!(sent.headers.contains(&("Authorization".to_owned(), "Basic YStiOnAlM0F3".to_owned())), "{sent:?}");
        assert_eq!(sent.body.as_deref(), Some("grant_type=x"));
    }
    let sent = form(Some(&["client_secret_post"]), Some("p:w"));
    assert_eq!(sent.body.as_deref(), Some("grant_type=x&client_id=a+b&client_secret=p%3Aw"));
    assert!(!has_header(&sent));
    let sent = form(None, None);
    assert_eq!(sent.body.as_deref(), Some("grant_type=x&client_id=a+b"));
    assert!(!has_header(&sent));
}

#[test]
fn an_id_token_is_believed_only_when_every_claim_fits() {
    let good = json!({
        "iss": "https://id.example.com", "sub": "7", "aud": ["notes"], "azp": "notes", "exp": 1060, "iat": 1000,
        "nonce": "n", "at_hash": half_hash(Algorithm::Es256, "token"),
    });
    let judged = |name: &str, value: Value| {
        let mut claims = good.as_object().unwrap().clone();
        if value.is_null() {
            claims.remove(name)
        } else {
            claims.insert(name.to_owned(), value)
        };
        let expected = Expected { client_id: "notes", nonce: Some("n"), access_token: "token", now: 1000 };
        judge(&claims, "https://id.example.com", Algorithm::Es256, &expected)
    };
    for (name, value) in [
        ("iss", json!("https://id.example.com")),
        ("aud", json!("notes")),
        ("aud", json!(["api", "notes"])),
        ("azp", Value::Null),
        ("exp", json!(1060.5)),
        ("iat", json!(1060)),
        ("at_hash", Value::Null),
    ] {
        assert_eq!(judged(name, value.clone()), Ok(()), "{name} {value}");
    }
    for (name, value) in [
        ("iss", json!("https://id.example.com/")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("azp", json!("other")),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("exp", json!(940)),
        ("exp", json!("2000")),
        ("exp", Value::Null),
        ("iat", json!(1061)),
        ("iat", Value::Null),
        ("nonce", json!("other")),
        ("nonce", Value::Null),
        ("at_hash", json!(half_hash(Algorithm::Es256, "other"))),
    ] {
        assert!(judged(name, value.clone()).is_err(), "{name} {value}");
    }
    let mut claims = good.as_object().unwrap().clone();
    claims.insert("aud".to_owned(), json!(["notes", "other"]));
    claims.remove("azp");
    let expected = Expected { client_id: "notes", nonce: None, access_token: "token", now: 1000 };
    assert!(judge(&claims, "https://id.example.com", Algorithm::Es256, &expected).is_err(), "several need an azp");
}
