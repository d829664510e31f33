use proptest::prelude::*;

use super::{
    Version, authorization,
    error::GraphError,
    profile::{Fields, Person},
    with_basic,
};
use crate::protocol::{
    Refusal,
    params::{Params, Repeatable},
    scope::Scope,
};

fn in_words(query: &str) -> String {
    authorization(&Params::from_form(query.as_bytes(), Repeatable::Protocol).unwrap()).to_form()
}

#[test]
fn permissions_are_separated_by_commas_or_spaces_and_the_basic_one_goes_without_saying() {
    for (asked, names) in [
        ("email,publish_actions", "&scope=email+publish_actions"),
        ("email,+manage_pages", "&scope=email+manage_pages"),
        ("email+manage_pages", "&scope=email+manage_pages"),
        ("public_profile,email", "&scope=email"),
        ("public_profile", ""),
        (",,+,", ""),
        // what no scope may have in it is left for the check that refuses it
        ("em%22ail,b", "&scope=em%22ail+b"),
    ] {
        assert_eq!(in_words(&format!("scope={asked}")), format!("response_type=code{names}"), "{asked}");
    }
    let scope = Scope::parse("email").unwrap();
    assert_eq!(with_basic(&scope).collect::<Vec<_>>(), ["public_profile", "email"]);
}

#[test]
fn the_dialog_is_put_into_the_standards_words() {
    for (asked, words) in [
        ("client_id=a&state=x%20y&redirect_uri=r", "client_id=a&state=x+y&redirect_uri=r&response_type=code"),
        ("response_type=token&display=popup", "display=popup&response_type=token"),
        ("auth_type=rerequest", "auth_type=rerequest&response_type=code&prompt=consent"),
        (
            "auth_type=reauthenticate&auth_nonce=n",
            "auth_type=reauthenticate&auth_nonce=n&response_type=code&prompt=login",
        ),
        (
            "auth_type=reauthenticate,rerequest",
            "auth_type=reauthenticate%2Crerequest&response_type=code&prompt=consent+login",
        ),
        ("auth_type=https", "auth_type=https&response_type=code"),
        // that service knows nothing of these
        ("prompt=none&max_age=0&nonce=n&response_mode=fragment&resource=urn:x", "response_type=code"),
    ] {
        assert_eq!(in_words(asked), words);
    }
}

#[test]
fn a_version_is_two_numbers() {
    assert_eq!(Version::parse("2.12").unwrap().to_string(), "v2.12");
    assert!(Version::parse("2.12").unwrap() > Version::parse("2.4").unwrap());
    assert!(Version::parse("10.0").unwrap() > Version::parse("2.12").unwrap());
    for wrong in ["", "2", "2.", ".1", "2.x", "-1.0", "+1.0", "2.1.0", "300.0", " 2.1"] {
        assert_eq!(Version::parse(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_input_breaks_a_reader(text in "\\PC{0,80}") {
        let _words = authorization(&Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap_or_default());
        let _version = Version::parse(&text);
        let person = Person { id: 1, name: &text, username: "a", email: None, picture: "p" };
        let told = person.to_json(&Fields::Named(&text));
        prop_assert_eq!(told["id"].as_str(), Some("1"));
        let error = GraphError::of(&Refusal::ScopeNotAllowed(text));
        prop_assert!(error.message.is_ascii());
    }
}
