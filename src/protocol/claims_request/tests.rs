use proptest::prelude::*;

use super::*;
use crate::protocol::params::Repeatable;

fn parse(claims: &str, scopes: &str) -> Result<ClaimsRequest, Refusal> {
    let text: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("claims", claims).finish();
    let params = Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap();
    let client = ClientMetadata { scope: Scope::parse(scopes).unwrap(), ..ClientMetadata::default() };
    ClaimsRequest::parse(&params, &client, &ScopeTable::new(vec![]))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_of_the_specification_is_understood() {
    // OIDC Core §5.5
    let text = r#"{
        "userinfo": {
            "given_name": {"essential": true},
            "nickname": null,
            "email": {"essential": true},
            "email_verified": {"essential": true},
            "picture": null,
            "http://example.info/claims/groups": null
        },
        "id_token": {
            "auth_time": {"essential": true},
            "acr": {"values": ["urn:mace:incommon:iap:silver"]}
        }
    }"#;
    let asked = parse(text, "openid profile email").unwrap();
    let told = asked.told.names();
    assert!(told.has("email") && told.has("email_verified") && !told.has("http://example.info/claims/groups"));
    assert!(asked.told.id_token.is_empty());
    assert_eq!((asked.subjects, asked.classes), (None, None), "a class that is not essential is a wish");
    assert_eq!(parse(text, "openid").unwrap().told, Told::default(), "only what the client may ask for anyway");
}

#[test]
fn what_is_left_out_is_noted_where_it_could_be_a_claim_about_a_person() {
    for (name, is_part) in [
        ("email", false),
        ("name", true),
        ("department", true),
        ("http://example.info/claims/groups", true),
        ("sub", false),
        ("acr", false),
        ("auth_time", false),
        ("scope", false),
        ("", false),
        ("no name", false),
    ] {
        for member in ["id_token", "userinfo"] {
            let text = serde_json::json!({member: {"email": null, name: {"essential": true}}}).to_string();
            assert_eq!(parse(&text, "openid email").unwrap().is_part, is_part, "{text}");
        }
    }
}

#[test]
fn who_must_answer_and_how_surely_is_kept_apart() {
    for (text, subjects, classes) in [
        (r#"{"id_token":{"sub":{"value":"248289761001"}}}"#, Some(names(&["248289761001"])), None),
        (r#"{"userinfo":{"sub":{"values":["a","b"]}}}"#, Some(names(&["a", "b"])), None),
        (r#"{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"values":["a","b"]}}}"#, Some(names(&["a"])), None),
        (r#"{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}"#, Some(vec![]), None),
        (r#"{"id_token":{"sub":{"value":7}}}"#, Some(vec![]), None),
        (r#"{"id_token":{"sub":null}}"#, None, None),
        (r#"{"id_token":{"acr":{"essential":true,"values":["x","y"]}}}"#, None, Some(names(&["x", "y"]))),
        (r#"{"id_token":{"acr":{"essential":true,"value":"x"}}}"#, None, Some(names(&["x"]))),
        (r#"{"id_token":{"acr":{"essential":true}}}"#, None, None),
        (r#"{"id_token":{"acr":{"essential":false,"value":"x"}}}"#, None, None),
        (r#"{"userinfo":{"acr":{"essential":true,"value":"x"}}}"#, None, None),
    ] {
        let asked = parse(text, "openid").unwrap();
        assert_eq!((asked.subjects, asked.classes), (subjects, classes), "{text}");
    }
}

#[test]
fn what_is_not_of_the_form_is_refused_and_what_is_unknown_is_left_out() {
    let deep = format!("{{\"userinfo\":{{\"email\":{}{}}}}}", "[".repeat(2000), "]".repeat(2000));
    let nested = format!("{}null{}", "{\"userinfo\":".repeat(500), "}".repeat(500));
    let long = format!("{{\"userinfo\":{{\"{}\":null}}}}", "x".repeat(MAX_BYTES));
    for bad in [
        "{",
        "[]",
        "null",
        "7",
        "nonsense",
        "{\"userinfo\":7}",
        "{\"id_token\":[]}",
        "{\"userinfo\":{\"email\":true}}",
        "{\"userinfo\":{\"email\":[]}}",
        "{\"userinfo\":{\"email\":{\"essential\":\"perhaps\"}}}",
        "{\"userinfo\":{\"email\":{\"values\":\"x\"}}}",
        "{\"userinfo\":{}} {}",
        deep.as_str(),
        &nested,
        &long,
    ] {
        assert!(matches!(parse(bad, "openid email"), Err(Refusal::ParameterMalformed("claims", _))), "{bad:.60}");
    }
    for odd in [
        "{}",
        "{\"verified_claims\":{\"x\":[1]}}",
        "{\"userinfo\":null}",
        "{\"userinfo\":{\"EMAIL\":null,\"email#de\":null,\"scope\":null,\"\":null}}",
        "{\"userinfo\":{\"sub\":{\"unheard\":{\"of\":7}}}}",
    ] {
        let asked = parse(odd, "openid email").unwrap();
        assert_eq!(asked, ClaimsRequest { is_part: asked.is_part, ..ClaimsRequest::default() }, "{odd}");
    }
}

#[test]
fn what_is_told_is_kept_in_a_row_and_read_again() {
    assert_eq!(Told::default().to_text(), None);
    assert_eq!(Told::from_text(None).unwrap(), Told::default());
    let told = Told { id_token: names(&["email"]), userinfo: names(&["email", "name"]) };
    assert_eq!(Told::from_text(told.to_text().as_deref()).unwrap(), told);
    assert_eq!(told.names().to_string(), "email name");
    assert_eq!(told.filtered(|name| name == "name"), Told { id_token: vec![], userinfo: names(&["name"]) });
    assert!(Told::from_text(Some("{")).is_err());
}

proptest! {
    #[test]
    fn whatever_is_sent_is_understood_or_refused_and_tells_nothing_beyond_the_clients_scopes(text in "\\PC{0,80}|(\\{|\\}|\\[|\\]|:|,|null|true|\"email\"|\"userinfo\"|\"id_token\"|\"essential\"|\"sub\"|\"value\"){0,24}") {
        if let Ok(asked) = parse(&text, "openid email") {
            prop_assert!(asked.told.names().iter().all(|name| name.starts_with("email")));
        }
        if let Ok(asked) = parse(&text, "openid") {
            prop_assert!(asked.told.is_empty());
        }
    }
}
