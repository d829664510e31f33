use proptest::prelude::*;

use super::{base62, kind::ClientSecret, *};
use crate::clock::Ts;

#[test]
fn a_generated_secret_is_recognised_and_one_changed_character_is_not() {
    let secret = Secret::<ClientSecret>::generate();
    assert_eq!(secret.body().map(str::len), Some(44));
    let text = secret.expose();
    for at in 0..text.len() {
        let mut changed = text.to_owned().into_bytes();
        changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
        let changed = Secret::<ClientSecret>::presented(std::str::from_utf8(&changed).unwrap());
        assert!(changed.body().is_none(), "character {at}");
    }
    assert!(Secret::<ClientSecret>::presented("").body().is_none());
    assert!(Secret::<ClientSecret>::presented("cssecret").body().is_none());
}

#[test]
fn secrets_are_letters_and_digits_after_their_prefix_and_never_printed() {
    let secret = Secret::<kind::RefreshToken>::generate();
    assert!(secret.expose().strip_prefix("csrt_").unwrap().bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(format!("{secret:?} {:?}", secret.digest()), "Secret(…) Digest(…)");
    assert_eq!(random_name().len(), 16);
}

#[test]
fn an_id_remembers_its_microsecond() {
    for micros in [0, 1, 999, 1_000, 1_767_225_600_123_456, 1_767_225_600_999_999] {
        assert_eq!(Id::new(Ts::from_micros(micros)).made_at().micros(), micros);
    }
    let id = Id::new(Ts::from_unix_seconds(1_767_225_600));
    assert_eq!(Id::parse(&id.to_text()), Some(id));
    assert_eq!(id.to_text().as_bytes()[14], b'7');
}

#[test]
fn what_one_key_sealed_opens_with_it_as_the_former_key_and_with_no_other() {
    let (old, new) = ("o".repeat(32), "n".repeat(32));
    let before = Keyring::new([old.as_str()]).unwrap();
    let sealed = before.seal(Purpose::Device, b"c", b"plain");
    let after = Keyring::new([new.as_str(), old.as_str()]).unwrap();
    assert_eq!(after.open(Purpose::Device, b"c", &sealed).unwrap(), b"plain");
    assert!(after.recognises(&before.check()));
    assert!(after.open(Purpose::Interaction, b"c", &sealed).is_err(), "another purpose");
    assert!(after.open(Purpose::Device, b"d", &sealed).is_err(), "another context");
    let other = Keyring::new([new.as_str()]).unwrap();
    assert!(other.open(Purpose::Device, b"c", &sealed).is_err());
    assert!(!other.recognises(&before.check()));
    assert!(Keyring::new(["short"]).is_err());
}

#[test]
fn bytes_have_the_text_that_they_always_had() {
    let counted: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
    for (bytes, text) in [
        (&[][..], ""),
        (&[0xff][..], "47"),
        (&[0; 16][..], "0000000000000000000000"),
        (&[0xff; 16][..], "7n42DGM5Tflk9n8mt7Fhc7"),
        (&counted[..20], "000SYW7RiJxkEgOGusQGwp0IF1MJ"),
        (&counted[..], "000SYW7RiJxkEgOGusQGwp0UJg4EBGO3cQWJhXqJNbv5"),
    ] {
        assert_eq!(base62::encode(bytes), text);
    }
    assert_eq!(base62::decode("000SYW7RiJxkEgOGusQGwp0UJg4EBGO3cQWJhXqJNbv5"), Some(counted));
    assert_eq!(base62::decode("7n42DGM5Tflk9n8mt7Fhc7"), Some([0xff; 16]));
    for bad in ["7n42DGM5Tflk9n8mt7Fhc8", "zzzzzzzzzzzzzzzzzzzzzz", "7n42DGM5Tflk9n8mt7Fh_7"] {
        assert_eq!(base62::decode::<16>(bad), None, "{bad}");
    }
}

#[test]
fn a_secret_has_the_checksum_that_those_in_circulation_have() {
    let counted: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
    for (seed, text) in [
        (counted, "csat_000SYW7RiJxkEgOGusQGwp0UJg4EBGO3cQWJhXqJNbv53U54ow"),
        ([0xff; 32], "csat_7n42DGM5Tflk9n8mt7Fhc77n42DGM5Tflk9n8mt7Fhc74Qxs8r"),
    ] {
        assert_eq!(Secret::<kind::AccessToken>::from_seed(&seed).expose(), text);
    }
    let begins_with_zero = "csrt_05gLuJsxsKBVB3UjnWB7o305gLuJsxsKBVB3UjnWB7o30nFgH3";
    assert_eq!(Secret::<kind::RefreshToken>::from_seed(&[3; 32]).expose(), begins_with_zero);
    assert!(Secret::<kind::RefreshToken>::presented(begins_with_zero).body().is_some());
}

proptest! {
    #[test]
    fn base62_gives_back_what_it_took(bytes in any::<[u8; 53]>()) {
        let text = base62::encode(&bytes);
        prop_assert_eq!(text.len(), base62::encoded_chars(53));
        prop_assert_eq!(base62::decode::<53>(&text), Some(bytes));
    }

    #[test]
    fn base62_never_fails_on_any_text(text in ".{0,60}") {
        let decoded = base62::decode::<20>(&text);
        if let Some(bytes) = decoded {
            prop_assert_eq!(base62::encode(&bytes), text);
        }
    }
}
