use proptest::prelude::*;

use super::*;
use crate::protocol::{
    authorize::trust,
    client_metadata::{Client, ClientMetadata},
    params::{Params, Repeatable},
};

fn trusted(uri: &str) -> TrustedRedirect {
    let metadata = ClientMetadata { redirect_uris: vec![uri.into()], ..ClientMetadata::default() };
    trust(&Params::default(), &Client { metadata, ..Client::default() }).unwrap()
}

fn envelope(state: Option<&str>) -> Envelope<'_> {
    Envelope { mode: ResponseMode::Query, state, iss: Some("https://id.example"), door: Door::Standard }
}

fn granted(uri: &str, how: &Envelope<'_>, name: &'static str, value: &str) -> AuthorizeResponse {
    AuthorizeResponse::granted(&trusted(uri), how, vec![(name, value.to_owned())])
}

#[test]
fn a_registered_query_is_kept_and_parameters_are_appended() {
    for (uri, expected) in [
        ("https://a.example/cb", "https://a.example/cb?code=c&iss=https%3A%2F%2Fid.example"),
        ("https://a.example/cb?x=1", "https://a.example/cb?x=1&code=c&iss=https%3A%2F%2Fid.example"),
        ("https://a.example/cb?", "https://a.example/cb?code=c&iss=https%3A%2F%2Fid.example"),
    ] {
        assert_eq!(granted(uri, &envelope(None), "code", "c"), AuthorizeResponse::Redirect(expected.to_owned()));
    }
    let fragment = Envelope { mode: ResponseMode::Fragment, ..envelope(Some("s")) };
    let expected = "https://a.example/cb?x#access_token=t&state=s&iss=https%3A%2F%2Fid.example";
    let answer = granted("https://a.example/cb?x", &fragment, "access_token", "t");
    assert_eq!(answer, AuthorizeResponse::Redirect(expected.to_owned()));
}

#[test]
fn a_form_has_the_address_as_registered_and_every_value_as_it_is() {
    let form = Envelope { mode: ResponseMode::FormPost, ..envelope(Some("a b&c=\"<>'")) };
    let AuthorizeResponse::Form { action, fields } = granted("https://a.example/cb?x=1", &form, "code", "c+/=") else {
        panic!("a form was asked for");
    };
    assert_eq!(action, "https://a.example/cb?x=1");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(fields, [("code", "c+/="), ("state", "a b&c=\"<>'"), ("iss", "https://id.example")]);
}

#[test]
fn an_answer_that_says_nothing_leads_to_the_address_itself() {
    let silent = Envelope { iss: None, ..envelope(None) };
    for uri in ["https://a.example/cb", "https://a.example/cb?x=1"] {
        let answer = AuthorizeResponse::granted(&trusted(uri), &silent, Vec::new());
        assert_eq!(answer, AuthorizeResponse::Redirect(uri.to_owned()));
    }
}

proptest! {
    #[test]
    fn state_comes_back_unchanged_and_can_neither_split_headers_nor_add_parameters(state in "\\PC{1,80}|[\r\n&=#?%+]{1,9}") {
        let answer = AuthorizeResponse::refused(&trusted("https://a.example/cb"), &envelope(Some(&state)), &Refusal::Denied);
        let AuthorizeResponse::Redirect(location) = answer else { panic!("a redirect was asked for") };
        prop_assert!(location.bytes().all(|b| (0x21..0x7f).contains(&b)));
        let (_, query) = location.split_once('?').unwrap();
        let params = Params::from_form(query.as_bytes(), Repeatable::Protocol).unwrap();
        prop_assert_eq!(params.find("state"), Some(state.as_str()));
        prop_assert_eq!(params.find("error"), Some("access_denied"));
        prop_assert_eq!(query.split('&').count(), 4);
    }
}
