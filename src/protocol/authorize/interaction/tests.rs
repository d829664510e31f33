use super::*;
use crate::secret::random;

const NOW: Ts = Ts::from_unix_seconds(1_767_225_600);

fn sample(browser: Option<Digest<Browser>>) -> Interaction {
    let params = Params::from_form(b"client_id=a&state=x%20y&resource=p&resource=q", Repeatable::Protocol).unwrap();
    let door = Door::Dialect(Dialect::Github);
    Interaction { id: Id::new(NOW), began: NOW, browser, seed: random(), door, params, signed: true }
}

fn keys(fill: &str) -> Keyring {
    Keyring::new([fill.repeat(32).as_str()]).unwrap()
}

#[test]
fn only_the_same_browser_within_the_hour_opens_it() {
    let (keys, mine, other) = (keys("k"), Digest::of(b"mine"), Digest::of(b"other"));
    let what = sample(Some(mine));
    let sealed = what.seal(&keys);
    assert_eq!(Interaction::open(&sealed, Some(mine), &keys, NOW), Ok(what));
    assert_eq!(Interaction::open(&sealed, Some(other), &keys, NOW), Err(Unopened::Foreign));
    assert_eq!(Interaction::open(&sealed, None, &keys, NOW), Err(Unopened::CookieMissing));
    let later = NOW.plus_seconds(LIFETIME_SECONDS);
    assert_eq!(Interaction::open(&sealed, Some(mine), &keys, later), Err(Unopened::Stale));
    assert_eq!(Interaction::open(&sealed, Some(mine), &self::keys("o"), NOW), Err(Unopened::Broken));
    let unbound = sample(None);
    assert_eq!(Interaction::open(&unbound.seal(&keys), Some(mine), &keys, NOW), Ok(unbound));
}

#[test]
fn a_changed_character_breaks_the_seal() {
    let (keys, mine) = (keys("k"), Digest::of(b"mine"));
    let sealed = sample(Some(mine)).seal(&keys);
    for at in 0..sealed.len() - 1 {
        let mut bad = sealed.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        let bad = String::from_utf8(bad).unwrap();
        assert_eq!(Interaction::open(&bad, Some(mine), &keys, NOW), Err(Unopened::Broken), "byte {at}");
    }
    for odd in ["", "x", "====", &"A".repeat(MAX_SEALED_BYTES + 1)] {
        assert_eq!(Interaction::open(odd, Some(mine), &keys, NOW), Err(Unopened::Broken));
    }
}
