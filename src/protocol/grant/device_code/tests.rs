use proptest::prelude::*;

use super::*;

#[test]
fn a_code_is_read_however_it_is_typed() {
    let code = UserCode::parse("BCDF-GHJK").unwrap();
    for typed in ["bcdfghjk", " bcdf ghjk ", "Bcdf\u{2013}Ghjk", "b-c-d-f-g-h-j-k"] {
        assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
    }
    assert_eq!(code.shown(), "BCDF-GHJK");
    for other in ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF_GHJK", "BCDF-GHJ1", "ВСDF-GHJK"] {
        assert_eq!(UserCode::parse(other), None, "{other}");
    }
}

#[test]
fn what_a_device_is_told() {
    let now = Ts::from_unix_seconds(1_000);
    let standing =
        Standing { created_at: now, revoked_at: None, person_locked: false, invalid_before: Ts::from_unix_seconds(0) };
    let waiting =
        Kept { client_id: "tv", expires_at: now.plus_seconds(600), decided: false, standing: None, used_at: None };
    let granted = Kept { decided: true, standing: Some(standing), ..waiting };
    assert_eq!(check(&waiting, "tv", now), Ok(Checked::Waiting));
    assert_eq!(check(&granted, "tv", now), Ok(Checked::Granted));
    assert_eq!(check(&Kept { decided: true, ..waiting }, "tv", now), Err(Refusal::Denied));
    assert_eq!(check(&waiting, "tv", waiting.expires_at), Err(Refusal::DeviceCodeExpired));
    assert_eq!(check(&granted, "tv", granted.expires_at), Err(Refusal::DeviceCodeExpired));
    assert_eq!(check(&Kept { used_at: Some(now), ..granted }, "tv", now), Err(Refusal::DeviceCodeSpent));
    assert_eq!(check(&granted, "other", now), Err(Refusal::DeviceCodeOfAnotherClient));
    let locked = Kept { standing: Some(Standing { person_locked: true, ..standing }), ..granted };
    assert_eq!(check(&locked, "tv", now), Err(Refusal::GrantEnded));
}

#[test]
fn a_question_is_asked_twice_within_a_second_whichever_clock_is_behind() {
    let last = Ts::from_unix_seconds(1_700_000_000);
    for (micros, is_same) in [(0, true), (999_999, true), (1_000_000, false), (-50_000, true), (-1_000_000, false)] {
        assert_eq!(is_again(last, Ts::from_micros(last.micros() + micros)), is_same, "{micros}");
    }
}

proptest! {
    #[test]
    fn every_code_that_is_made_is_read_back_as_it_is_shown(bytes: [u8; 32]) {
        if let Some(code) = UserCode::from_bytes(&bytes) {
            prop_assert_eq!(UserCode::parse(&code.shown()), Some(code.clone()));
            prop_assert_eq!(UserCode::parse(&code.shown().to_lowercase()), Some(code));
        }
    }

    #[test]
    fn any_text_is_a_code_or_none(text: String) {
        if let Some(code) = UserCode::parse(&text) {
            prop_assert_eq!(code.as_bytes().len(), 8);
        }
    }
}
