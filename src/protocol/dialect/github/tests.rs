use super::{
    answer::{Form, Value},
    *,
};
use crate::protocol::params::Repeatable;

fn asked(query: &str) -> Params {
    authorization(Params::from_form(query.as_bytes(), Repeatable::Protocol).unwrap())
}

#[test]
fn scopes_come_with_commas_spaces_or_both_and_no_scope_is_none() {
    for (sent, read) in [
        ("user:email,repo", Some("user:email repo")),
        ("user:email+repo", Some("user:email repo")),
        ("user:email%2C%20repo", Some("user:email repo")),
        (",+user:email+,,+", Some("user:email")),
        ("(no+scope)", None),
        ("+(no+scope)+", None),
        ("", None),
    ] {
        assert_eq!(asked(&format!("client_id=a&scope={sent}")).find("scope"), read, "{sent:?}");
    }
    assert_eq!(asked("client_id=a").find("scope"), None);
}

#[test]
fn a_request_is_put_into_the_standards_words_and_nothing_else_of_it_counts() {
    let request =
        asked("client_id=a&login=ada&prompt=none&response_type=token&response_mode=fragment&allow_signup=no&state=s");
    assert_eq!(request.find("response_type"), Some("code"));
    assert_eq!(request.find("login_hint"), Some("ada"));
    assert_eq!(request.find("state"), Some("s"));
    for ignored in ["prompt", "response_mode", "allow_signup", "login"] {
        assert_eq!(request.find(ignored), None, "{ignored}");
    }
}

#[test]
fn errors_have_the_names_that_programs_compare() {
    for (refusal, name) in [
        (Refusal::ClientUnknown, "incorrect_client_credentials"),
        (Refusal::SecretWrong, "incorrect_client_credentials"),
        (Refusal::SecretMissing, "incorrect_client_credentials"),
        (Refusal::ClientMissing, "incorrect_client_credentials"),
        (Refusal::NotOfDialect("github"), "incorrect_client_credentials"),
        (Refusal::CodeUnknown, "bad_verification_code"),
        (Refusal::CodeExpired, "bad_verification_code"),
        (Refusal::CodeReplayed, "bad_verification_code"),
        (Refusal::CodeOfAnotherClient, "bad_verification_code"),
        (Refusal::VerifierMissing, "bad_verification_code"),
        (Refusal::GrantEnded, "bad_verification_code"),
        (Refusal::ParameterMissing("code"), "bad_verification_code"),
        (Refusal::RedirectUriDiffers, "redirect_uri_mismatch"),
        (Refusal::DeviceWaiting, "authorization_pending"),
        (Refusal::DevicePolledTooSoon, "slow_down"),
        (Refusal::DeviceCodeExpired, "expired_token"),
        (Refusal::DeviceCodeUnknown, "incorrect_device_code"),
        (Refusal::DeviceCodeSpent, "incorrect_device_code"),
        (Refusal::Denied, "access_denied"),
        (Refusal::GrantTypeNotAllowed(GrantType::DeviceCode.name()), "device_flow_disabled"),
        (Refusal::GrantTypeUnknown, "unsupported_grant_type"),
        (Refusal::ParameterRepeated("code".into()), "invalid_request"),
        (Refusal::Busy, "temporarily_unavailable"),
    ] {
        assert_eq!(TokenError::of(&refusal).error, name, "{refusal:?}");
    }
    // who does not show the secret does not learn whether there is such a client
    assert_eq!(TokenError::of(&Refusal::ClientUnknown), TokenError::of(&Refusal::NotOfDialect("github")));
}

#[test]
fn an_answer_has_the_form_that_is_accepted_first_and_the_oldest_one_otherwise() {
    for (accept, form) in [
        ("application/json", Form::Json),
        ("application/json, text/plain", Form::Json),
        // axios' own, and what browsers send: there it decides nothing
        ("application/json, text/plain, */*", Form::Encoded),
        ("*/*,application/json", Form::Encoded),
        ("text/html, application/xml;q=0.9, */*;q=0.8", Form::Encoded),
        ("text/html, application/xml;q=0.9, application/json;q=0.8", Form::Xml),
        ("application/vnd.github+json", Form::Json),
        ("APPLICATION/JSON; q=1", Form::Json),
        ("*/*", Form::Encoded),
        ("text/html, image/gif", Form::Encoded),
        ("", Form::Encoded),
    ] {
        assert_eq!(Form::accepted(accept), form, "{accept}");
    }
    let members =
        [("access_token", Value::Text("a&<b>")), ("expires_in", Value::Number(60)), ("scope", Value::Text("x,y"))];
    assert_eq!(Form::Encoded.write(&members), "access_token=a%26%3Cb%3E&expires_in=60&scope=x%2Cy");
    assert_eq!(Form::Json.write(&members), r#"{"access_token":"a&<b>","expires_in":60,"scope":"x,y"}"#);
    assert_eq!(
        Form::Xml.write(&members),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth><access_token>a&amp;&lt;b&gt;</access_token>\
         <expires_in>60</expires_in><scope>x,y</scope></OAuth>"
    );
}

#[test]
fn a_token_is_presented_in_any_of_that_services_ways() {
    let basic = |pair: &str| format!("Basic {}", B64.encode(pair));
    for (header, token) in [
        ("token abc".to_owned(), Some("abc")),
        ("Bearer abc".to_owned(), Some("abc")),
        ("TOKEN  abc ".to_owned(), Some("abc")),
        (basic("ada:abc"), Some("abc")),
        (basic("abc:x-oauth-basic"), Some("abc")),
        (basic("abc:"), Some("abc")),
        (format!("Basic {}", B64.encode(b"jos\xe9:abc")), Some("abc")),
        (basic(":"), None),
        (basic("abc"), None),
        ("Basic ???".to_owned(), None),
        ("token".to_owned(), None),
        ("token  ".to_owned(), None),
        ("Digest abc".to_owned(), None),
    ] {
        assert_eq!(presented(&header).as_deref(), token, "{header}");
    }
}
