use proptest::prelude::*;

use super::*;

fn form(text: &str) -> Result<Params, Refusal> {
    Params::from_form(text.as_bytes(), Repeatable::Protocol)
}

#[test]
fn a_doubled_parameter_is_an_error_even_when_one_of_them_is_empty() {
    assert_eq!(form("a=1&b=2&a=3"), Err(Refusal::ParameterRepeated("a".into())));
    assert_eq!(form("a=&a=3"), Err(Refusal::ParameterRepeated("a".into())));
    assert_eq!(form("%61=1&a=3"), Err(Refusal::ParameterRepeated("a".into())));
    let several = form("resource=x&resource=y").unwrap();
    assert_eq!(several.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    assert!(form("scope=x&scope=y").is_err());
    assert!(Params::from_form(b"scope=x&scope=y", Repeatable::ConsentForm).is_ok());
}

#[test]
fn an_empty_parameter_is_an_omitted_one() {
    let params = form("a=&b&c=+%2B&&d=%c3%a9").unwrap();
    assert_eq!((params.find("a"), params.find("b")), (None, None));
    assert_eq!((params.find("c"), params.find("d")), (Some(" +"), Some("é")));
    assert_eq!(params.need("a"), Err(Refusal::ParameterMissing("a")));
}

#[test]
fn bad_escapes_bad_utf8_and_nul_are_refused_with_the_parameters_name() {
    for bad in ["x=%", "x=%4", "x=%zz", "x=%ff", "x=%00", "x=a%00b"] {
        assert_eq!(form(bad), Err(Refusal::ParameterUnreadable("x".into())), "{bad}");
    }
    let raw = |bytes: &[u8]| Params::from_form(bytes, Repeatable::Protocol);
    assert_eq!(raw(b"x=\xff"), Err(Refusal::ParameterUnreadable("x".into())), "without any escape");
    assert_eq!(raw("x=é".as_bytes()).unwrap().find("x"), Some("é"));
}

#[test]
fn json_must_be_flat_and_without_repeated_members() {
    let json = |text: &str| Params::from_json(text.as_bytes());
    assert_eq!(json(r#"{"a":"1","resource":["x","y"]}"#).unwrap().all("resource").count(), 2);
    assert_eq!(json(r#"{"a":"1","a":"2"}"#), Err(Refusal::ParameterRepeated("a".into())));
    for bad in [r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":{"b":"c"}}"#, r#"{"a":["b"]}"#, "[]", "", "{", r#""x""#] {
        assert!(matches!(json(bad), Err(Refusal::BodyMalformed(_))), "{bad}");
    }
}

#[test]
fn too_many_parameters_are_refused() {
    let many = (0..=MAX_PARAMS).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
    assert!(matches!(form(&many), Err(Refusal::BodyMalformed(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _form = Params::from_form(&bytes, Repeatable::Protocol);
        let _json = Params::from_json(&bytes);
    }

    #[test]
    fn what_is_encoded_comes_back(name in "[a-z]{1,9}", value in "[^\0]{1,40}") {
        let text: String = url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        let params = form(&text).unwrap();
        prop_assert_eq!(params.find(&name), Some(value.as_str()));
    }
}
