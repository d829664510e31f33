use serde_json::json;

use super::*;

#[test]
fn each_field_takes_what_its_claim_may_hold() {
    let long = "x".repeat(81);
    for (field, typed, kept) in [
        (Field::GivenName, " Ada ", Some("Ada")),
        (Field::GivenName, &*long, None),
        (Field::GivenName, "A\u{202e}da", None),
        (Field::Nickname, "a\nb", None),
        (Field::Website, "https://ada.example/", Some("https://ada.example/")),
        (Field::Website, "javascript:alert(1)", None),
        (Field::Picture, "data:image/png;base64,AAAA", None),
        (Field::Profile, "https:", None),
        (Field::Profile, "https://ä.example/", None),
        (Field::Birthdate, "1815-12-10", Some("1815-12-10")),
        (Field::Birthdate, "0000-02-29", Some("0000-02-29")),
        (Field::Birthdate, "1815", Some("1815")),
        (Field::Birthdate, "0000", None),
        (Field::Birthdate, "2001-02-29", None),
        (Field::Birthdate, "10.12.1815", None),
        (Field::Birthdate, "+815-12-10", None),
        (Field::Zoneinfo, "Europe/London", Some("Europe/London")),
        (Field::Zoneinfo, "America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
        (Field::Zoneinfo, "Etc/GMT+1", Some("Etc/GMT+1")),
        (Field::Zoneinfo, "../etc/passwd", None),
        (Field::Zoneinfo, "Europe//London", None),
        (Field::Locale, "en-GB", Some("en-GB")),
        (Field::Locale, "zh-Hant-TW", Some("zh-Hant-TW")),
        (Field::Locale, "en_GB", None),
        (Field::Locale, "e", None),
        (Field::Locale, "en-", None),
        (Field::PhoneNumber, "+44 (20) 7946-0018", Some("+442079460018")),
        (Field::PhoneNumber, "+1 604 555 1234;ext=5678", Some("+16045551234;ext=5678")),
        (Field::PhoneNumber, "020 7946 0018", None),
        (Field::PhoneNumber, "+44 20 CALL ME", None),
        (Field::PhoneNumber, "+1234567890123456", None),
        (Field::PhoneNumber, "+1 604 555 1234;ext=", None),
        (Field::StreetAddress, "12 St James’s Square\r\nFlat 3", Some("12 St James’s Square\nFlat 3")),
        (Field::StreetAddress, "1\n2\n3\n4\n5", None),
        (Field::Country, "", Some("")),
    ] {
        assert_eq!(field.read(typed).ok().as_deref(), kept, "{field:?} {typed:?}");
    }
}

#[test]
fn every_field_is_a_standard_claim_or_a_member_of_the_address_and_has_a_name_of_its_own() {
    for field in Field::ALL {
        let claim = field.name().split('.').next().unwrap();
        assert!(is_standard(claim), "{claim}");
        assert_eq!(Field::parse(field.name()), Some(*field));
    }
}

#[test]
fn another_phone_number_is_not_verified_and_the_same_one_stays_so() {
    let mut profile = Profile::default();
    profile.verify_phone(true);
    assert!(!profile.phone_is_verified(), "there is no number");
    profile.set(Field::PhoneNumber, "+442079460018").unwrap();
    profile.verify_phone(true);
    profile.set(Field::PhoneNumber, "+44 20 7946 0018").unwrap();
    assert!(profile.phone_is_verified());
    profile.set(Field::PhoneNumber, "+44 20 7946 0019").unwrap();
    assert!(!profile.phone_is_verified());
}

#[test]
fn an_address_is_its_members_and_a_letter_made_of_them() {
    let mut profile = Profile::default();
    assert_eq!(profile.address(), None);
    profile.set(Field::Country, "United Kingdom").unwrap();
    assert_eq!(profile.address(), Some(json!({"formatted": "United Kingdom", "country": "United Kingdom"})));
    for (field, text) in [
        (Field::StreetAddress, "12 St James’s Square\nFlat 3"),
        (Field::Locality, "London"),
        (Field::PostalCode, "SW1Y"),
    ] {
        profile.set(field, text).unwrap();
    }
    let address = profile.address().unwrap();
    assert_eq!(address["formatted"], "12 St James’s Square\nFlat 3\nLondon SW1Y\nUnited Kingdom");
    assert_eq!(address["locality"], "London");
    assert!(address.get("region").is_none());
}

#[test]
fn a_claim_of_ones_own_is_anything_but_what_others_mean_something_by() {
    let mut profile = Profile::default();
    profile.give("department", json!("R&D")).unwrap();
    profile.give("https://example.com/roles", json!(["a", {"b": 1}])).unwrap();
    assert_eq!(profile.own("department"), Some(&json!("R&D")));
    for claim in ["sub", "iss", "aud", "name", "email_verified", "groups", "address", "_claim_sources", "a b", "", "ä"]
    {
        assert!(matches!(profile.give(claim, json!("x")), Err(BadClaim::Name(_))), "{claim}");
    }
    assert_eq!(profile.give("big", json!("x".repeat(5000))), Err(BadClaim::Size));
    assert!(matches!(profile.give("given_name", json!(7)), Err(BadClaim::Name(_))));
    profile.give("department", json!("")).unwrap();
    assert_eq!(profile.own("department"), None);
}

#[test]
fn what_is_kept_is_read_again_and_what_a_newer_release_wrote_is_kept() {
    let mut profile = Profile::default();
    profile.set(Field::GivenName, "Ada").unwrap();
    profile.set_groups(vec!["staff".into(), "staff".into(), "eng".into()]).unwrap();
    profile.give("n", json!(1)).unwrap();
    let text = serde_json::to_string(&profile).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
    let newer: Profile = serde_json::from_str(r#"{"fields":{"title":"Countess"},"later":1}"#).unwrap();
    assert!(serde_json::to_string(&newer).unwrap().contains("Countess"));
    assert_eq!(serde_json::to_string(&Profile::default()).unwrap(), "{}");
}
