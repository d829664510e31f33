use super::{keys::State, rules};
use crate::{
    clock::Ts,
    secret::{random_name, random_subject},
    store::models::SigningKeyRow,
};

#[test]
fn a_client_id_reads_the_same_however_a_library_encodes_it() {
    for (id, fits) in
        [("k7Qm2vXb9TzR4nLs", true), ("my-app_1.0~x", true), ("a:b", false), ("a b", false), ("", false), ("ä", false)]
    {
        assert_eq!(rules::check_id(id).is_ok(), fits, "{id:?}");
    }
}

/// PROTOCOL R-k5.
#[test]
fn no_client_is_called_as_a_person_is() {
    assert!(rules::check_id(&random_name()).is_ok());
    let subject = random_subject();
    for like_one in [&subject, &subject.to_uppercase(), "019aa5c8-4d1e-7c3b-9f2e-6b1d3f0a7e55"] {
        assert!(rules::check_id(like_one).is_err(), "{like_one}");
    }
    assert!(rules::check_id(&subject.replace('-', "")).is_ok(), "no sub is written so");
}

#[test]
fn a_key_goes_from_published_to_gone() {
    let at = Ts::from_unix_seconds;
    let key = SigningKeyRow {
        kid: "k".into(),
        algorithm: "ES256".into(),
        public: String::new(),
        sealed: None,
        created_at: at(100),
        signs_from: at(200),
        retired_at: Some(at(300)),
        gone_at: Some(at(400)),
        compromised: false,
    };
    for (now, state) in [
        (100, State::Published),
        (200, State::Signing),
        (299, State::Signing),
        (300, State::Retired),
        (400, State::Gone),
    ] {
        assert_eq!(State::of(&key, at(now)), state, "at {now}");
    }
    let leaked = SigningKeyRow { compromised: true, ..key };
    assert_eq!(State::of(&leaked, at(250)), State::Compromised);
}
