use super::*;

const NOW: Ts = Ts::from_unix_seconds(1_767_225_600);

fn kept() -> Kept<'static> {
    Kept {
        client_id: "app",
        redirect_uri: Some("https://app.example/cb"),
        redirect_uri_needed: true,
        challenge: None,
        expires_at: NOW.plus_seconds(60),
        used_at: None,
        quiet_seconds: 0,
        standing: Standing { created_at: NOW, revoked_at: None, person_locked: false, invalid_before: Ts::ZERO },
    }
}

fn request(redirect_uri: Option<&str>) -> Request {
    Request { code: Secret::presented("c"), redirect_uri: redirect_uri.map(str::to_owned), verifier: None }
}

#[test]
fn a_code_is_for_its_client_at_its_address_in_its_time() {
    let right = request(Some("https://app.example/cb"));
    assert_eq!(check(&right, &kept(), "app", NOW), Ok(Checked::Redeemable));
    assert_eq!(check(&right, &kept(), "other", NOW), Err(Refusal::CodeOfAnotherClient));
    assert_eq!(check(&right, &kept(), "app", NOW.plus_seconds(60)), Err(Refusal::CodeExpired));
    for wrong in [None, Some("https://app.example/cb/"), Some("https://evil.example/cb")] {
        assert_eq!(check(&request(wrong), &kept(), "app", NOW), Err(Refusal::RedirectUriDiffers), "{wrong:?}");
    }
    let unsent = Kept { redirect_uri_needed: false, ..kept() };
    assert_eq!(check(&request(None), &unsent, "app", NOW), Ok(Checked::Redeemable));
    assert!(check(&request(Some("https://evil.example/cb")), &unsent, "app", NOW).is_err());
}

#[test]
fn only_the_rightful_client_can_set_off_the_alarm_of_a_replay() {
    let used = Kept { used_at: Some(NOW), ..kept() };
    let right = request(Some("https://app.example/cb"));
    assert_eq!(check(&right, &used, "app", NOW.plus_seconds(9999)), Ok(Checked::Replayed));
    assert_eq!(check(&request(None), &used, "app", NOW), Err(Refusal::CodeSpent));
    assert_eq!(check(&right, &used, "other", NOW), Err(Refusal::CodeOfAnotherClient));
}

#[test]
fn nothing_is_issued_for_a_locked_person_or_after_the_access_was_taken_back() {
    let right = request(Some("https://app.example/cb"));
    let standing = kept().standing;
    for ended in [
        Standing { person_locked: true, ..standing },
        Standing { revoked_at: Some(NOW), ..standing },
        Standing { invalid_before: NOW.plus_seconds(1), ..standing },
    ] {
        assert_eq!(check(&right, &Kept { standing: ended, ..kept() }, "app", NOW), Err(Refusal::GrantEnded));
    }
}

#[test]
fn who_repeats_a_request_at_once_ends_nothing_where_that_is_allowed_for() {
    let used = Kept { used_at: Some(NOW), quiet_seconds: 10, ..kept() };
    let right = request(Some("https://app.example/cb"));
    assert_eq!(check(&right, &used, "app", NOW.plus_seconds(9)), Err(Refusal::CodeSpent));
    assert_eq!(check(&right, &used, "app", NOW.plus_seconds(10)), Ok(Checked::Replayed));
}
