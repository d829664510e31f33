use proptest::prelude::*;

use super::*;

#[test]
fn the_words_of_a_response_type_come_in_any_order_and_each_once() {
    for (text, known) in [
        ("code", Some(ResponseType::Code)),
        ("token id_token", Some(ResponseType::IdTokenToken)),
        ("id_token code", Some(ResponseType::CodeIdToken)),
        ("token id_token code", Some(ResponseType::CodeIdTokenToken)),
        ("token code", Some(ResponseType::CodeToken)),
        ("none", Some(ResponseType::None)),
        ("", None),
        ("CODE", None),
        ("code code", None),
        ("code  token", None),
        (" code", None),
        ("code none", None),
        ("code id_token token token", None),
        ("code id_token token none", None),
        ("device", None),
    ] {
        assert_eq!(ResponseType::parse(text), known, "{text:?}");
    }
}

#[test]
fn what_each_carries_is_what_its_name_says() {
    for asked in ResponseType::ALL.iter().copied() {
        let words: Vec<&str> = asked.name().split(' ').collect();
        assert_eq!(asked.has_code(), words.contains(&"code"));
        assert_eq!(asked.has_token(), words.contains(&"token"));
        assert_eq!(asked.has_id_token(), words.contains(&"id_token"));
        // OIDC Registration §2: code for authorization_code, a token for implicit
        assert_eq!(asked.grants().contains(&GrantType::AuthorizationCode), asked.has_code());
        assert_eq!(asked.grants().contains(&GrantType::Implicit), asked.is_front_channel());
        assert_eq!(asked.default_mode() == ResponseMode::Fragment, asked.is_front_channel());
        let json = serde_json::to_string(&asked).unwrap();
        assert_eq!(serde_json::from_str::<ResponseType>(&json).unwrap(), asked);
    }
    assert!(serde_json::from_str::<ResponseType>("\"magic\"").is_err());
}

proptest! {
    #[test]
    fn whatever_is_sent_is_one_of_them_or_none(text in "(code|token|id_token|none| |,|\\PC){0,6}") {
        if let Some(known) = ResponseType::parse(&text) {
            let mut sent: Vec<&str> = text.split(' ').collect();
            let mut own: Vec<&str> = known.name().split(' ').collect();
            sent.sort_unstable();
            own.sort_unstable();
            prop_assert_eq!(sent, own);
        }
    }
}
