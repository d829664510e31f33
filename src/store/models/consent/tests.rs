use super::Consent;
use crate::clock::Ts;

fn consent(scope: &str, declined: &str) -> Consent {
    Consent {
        user_id: 1,
        client_id: "app".into(),
        scope: scope.into(),
        resources: String::new(),
        redirect_host: "app.example".into(),
        by_password: false,
        created_at: Ts::ZERO,
        updated_at: Ts::from_unix_seconds(10),
        ends_at: Ts::from_unix_seconds(20),
        declined: declined.into(),
        claims: String::new(),
    }
}

#[test]
fn what_was_skipped_stays_skipped_until_it_is_agreed_to() {
    let first = consent("email", "photos friends");
    let second = consent("photos", "").after(first.clone());
    assert_eq!((second.scope.as_str(), second.declined.as_str()), ("email photos", "friends"));
    let third = consent("email", "groups").after(first.clone());
    assert_eq!((third.scope.as_str(), third.declined.as_str()), ("email", "photos friends groups"));
    // going elsewhere begins anew, but gives nothing back
    let elsewhere = Consent { redirect_host: "other.example".into(), ..consent("photos", "") }.after(first);
    assert_eq!((elsewhere.scope.as_str(), elsewhere.declined.as_str()), ("photos", "friends"));
}

#[test]
fn claims_that_were_agreed_to_add_up_for_the_same_host() {
    let first = Consent { claims: "name".into(), ..consent("openid", "") };
    let second = Consent { claims: "email name".into(), ..consent("openid", "") };
    assert_eq!(second.clone().after(first.clone()).claims, "name email");
    let elsewhere = Consent { redirect_host: "other.example".into(), ..second };
    assert_eq!(elsewhere.after(first).claims, "email name");
}

#[test]
fn a_permission_that_is_taken_out_counts_as_skipped() {
    let less = consent("email photos", "friends").less("photos");
    assert_eq!((less.scope.as_str(), less.declined.as_str()), ("email", "friends photos"));
    let again = less.clone().less("photos");
    assert_eq!(again, less);
    assert_eq!(consent("email", "").less("email").scope, "");
}
