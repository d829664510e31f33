use super::{
    Dialect, Door, Life,
    secrets::{code, read_code, read_token, token},
};
use crate::protocol::{Refusal, client_metadata::ClientMetadata};

const DOORS: [Door; 3] = [Door::Standard, Door::Dialect(Dialect::Github), Door::Dialect(Dialect::Facebook)];

#[test]
fn a_client_comes_in_by_its_own_door_and_by_the_standard_one_only_if_it_is_registered_so() {
    let of = |dialect, also_standard| ClientMetadata { dialect, also_standard, ..ClientMetadata::default() };
    let github = Some(Dialect::Github);
    for (client, expected) in [
        (of(None, false), [Ok(()), Err(Refusal::NotOfDialect("github")), Err(Refusal::NotOfDialect("facebook"))]),
        (of(github, false), [Err(Refusal::DialectOnly("github")), Ok(()), Err(Refusal::NotOfDialect("facebook"))]),
        (of(github, true), [Ok(()), Ok(()), Err(Refusal::NotOfDialect("facebook"))]),
    ] {
        assert_eq!(DOORS.map(|door| door.admit(&client)), expected);
    }
}

#[test]
fn a_code_and_a_token_are_read_at_their_own_door_alone() {
    let seed = [7; 32];
    for made in DOORS {
        let (text, digest) = code(made, &seed);
        for other in DOORS {
            assert_eq!(read_code(other, &text), (made == other).then_some(digest), "{text} at {other:?}");
        }
    }
    let digests = DOORS.map(|door| *code(door, &seed).1.as_bytes());
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    for made in Dialect::ALL {
        let (text, digest) = token(*made, &seed);
        // Tutorial programs keep it in a column of 255 characters, and take it out of a form by a regular expression.
        assert!(text.len() < 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{text}");
        for other in Dialect::ALL {
            assert_eq!(read_token(*other, &text), (made == other).then_some(digest));
        }
        assert!(DOORS.iter().all(|door| read_code(*door, &text).is_none()));
        let cut = &text[..text.len() - 1];
        assert_eq!(read_token(*made, cut), None);
    }
}

#[test]
fn a_registered_life_is_the_life_of_a_token_and_without_one_the_services_own_holds() {
    let own = ClientMetadata { access_token_ttl: Some(60), ..ClientMetadata::default() };
    for dialect in Dialect::ALL {
        assert_eq!(dialect.token_life(&own), Life::Seconds(60));
        assert_eq!(Dialect::parse(dialect.name()), Some(*dialect));
    }
    assert_eq!(Dialect::Github.token_life(&ClientMetadata::default()), Life::WhileUsed);
    assert_eq!(Dialect::Facebook.token_life(&ClientMetadata::default()), Life::Seconds(7200));
}
