use proptest::prelude::*;

use super::*;
use crate::secret::random;

const NOW: Ts = Ts::from_unix_seconds(1_767_225_600);

fn keys(fill: &str) -> Keyring {
    Keyring::new([fill.repeat(32).as_str()]).unwrap()
}

#[test]
fn the_same_token_and_salt_give_the_same_successor_and_another_salt_another() {
    let keys = keys("k");
    let first = ChainToken::first(Id::new(NOW), random());
    let next = |salt: [u8; 32]| first.successor(&salt, keys.id(), &keys).unwrap();
    assert!(next([1; 32]) == next([1; 32]));
    assert!(next([1; 32]) != next([2; 32]), "neither key nor ancestor reproduce it without the salt");
    assert_eq!(next([1; 32]).generation, 1);
    assert!(first.successor(&[1; 32], [0; 8], &keys).is_none(), "a key that is gone");
}

#[test]
fn a_token_is_read_back_and_any_changed_character_is_forged() {
    let keys = keys("k");
    let first = ChainToken::first(Id::new(NOW), random());
    let text = first.to_secret(&keys);
    assert!(ChainToken::parse(&text, &keys) == Some(first.clone()));
    assert!(ChainToken::parse(&text, &self::keys("o")).is_none());
    let both = Keyring::new(["o".repeat(32).as_str(), "k".repeat(32).as_str()]).unwrap();
    assert!(ChainToken::parse(&text, &both).is_some(), "made under the former key");
    let body = text.body().unwrap().to_owned();
    for at in 0..body.len() {
        let mut changed = body.clone().into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        let forged = Secret::from_body(std::str::from_utf8(&changed).unwrap());
        assert!(ChainToken::parse(&forged, &keys).is_none(), "character {at}");
    }
}

#[test]
fn the_token_before_is_a_retry_inside_the_window_and_theft_after_it() {
    let [old, before, current] = [0, 1, 2].map(|n: u8| Digest::of(&[n]));
    let chain = Chain {
        current,
        previous: Some(before),
        retry_until: NOW.plus_seconds(60),
        idle_end: NOW.plus_seconds(1000),
        absolute_end: NOW.plus_seconds(2000),
    };
    assert_eq!(chain.place(&current, NOW), Ok(Place::Current));
    assert_eq!(chain.place(&before, NOW.plus_seconds(59)), Ok(Place::Retry));
    assert_eq!(chain.place(&before, NOW.plus_seconds(60)), Ok(Place::Stolen));
    assert_eq!(chain.place(&old, NOW), Ok(Place::Stolen));
    assert_eq!(chain.place(&current, NOW.plus_seconds(1000)), Err(Refusal::RefreshUnknown));
}

#[test]
fn scope_can_only_be_narrowed() {
    use crate::protocol::params::Repeatable;
    let granted = Scope::parse("read write").unwrap();
    let ask =
        |text: &str| narrow(&Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap(), &granted, &granted);
    assert_eq!(ask("").unwrap(), granted);
    assert_eq!(ask("scope=read").unwrap().to_string(), "read");
    assert_eq!(ask("scope=read+admin"), Err(Refusal::ScopeWidened("admin".into())));
}

proptest! {
    #[test]
    fn no_invented_text_is_a_genuine_token(body in "[0-9A-Za-z]{94,96}") {
        prop_assert!(ChainToken::parse(&Secret::from_body(&body), &keys("k")).is_none());
        prop_assert!(ChainToken::parse(&Secret::presented(&body), &keys("k")).is_none());
    }
}
