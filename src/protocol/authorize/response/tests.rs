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

#[test]
fn a_registered_query_is_kept_and_parameters_are_appended() {
    for (uri, expected) in [
        ("https://a.example/cb", "https://a.example/cb?code=c&iss=https%3A%2F%2Fid.example"),
        ("https://a.example/cb?x=1", "https://a.example/cb?x=1&code=c&iss=https%3A%2F%2Fid.example"),
        ("https://a.example/cb?", "https://a.example/cb?code=c&iss=https%3A%2F%2Fid.example"),
    ] {
        let answer = AuthorizeResponse::granted(&trusted(uri), &envelope(None), &[("code", "c")]);
        assert_eq!(answer.location, expected);
    }
    let fragment = Envelope { mode: ResponseMode::Fragment, ..envelope(Some("s")) };
    let answer = AuthorizeResponse::granted(&trusted("https://a.example/cb?x"), &fragment, &[("access_token", "t")]);
    assert_eq!(answer.location, "https://a.example/cb?x#access_token=t&state=s&iss=https%3A%2F%2Fid.example");
}

proptest! {
    #[test]
    fn state_comes_back_unchanged_and_can_neither_split_headers_nor_add_parameters(state in "\\PC{1,80}|[\r\n&=#?%+]{1,9}") {
        let answer = AuthorizeResponse::refused(&trusted("https://a.example/cb"), &envelope(Some(&state)), &Refusal::Denied);
        prop_assert!(answer.location.bytes().all(|b| (0x21..0x7f).contains(&b)));
        let (_, query) = answer.location.split_once('?').unwrap();
        let params = Params::from_form(query.as_bytes(), Repeatable::Protocol).unwrap();
        prop_assert_eq!(params.find("state"), Some(state.as_str()));
        prop_assert_eq!(params.find("error"), Some("access_denied"));
        prop_assert_eq!(query.split('&').count(), 4);
    }
}
