use std::collections::BTreeSet;

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
        holds_until: None,
    }
}

/// One that no longer answers at the tenth second, and stays for longer.
fn lapsed(scope: &str, declined: &str) -> Consent {
    let (ends_at, holds_until) = (Ts::from_unix_seconds(30), Some(Ts::from_unix_seconds(10)));
    Consent { ends_at, holds_until, ..consent(scope, declined) }
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

/// The same, going there.
fn to(host: &str, consent: Consent) -> Consent {
    Consent { redirect_host: host.into(), ..consent }
}

#[test]
fn a_consent_is_for_each_host_for_which_just_that_was_agreed_to() {
    let asked = |scope| Consent { claims: "name".into(), resources: "r:1 r:2".into(), ..consent(scope, "") };
    let both = to("b.example", asked("email photos")).after(to("a.example", asked("photos email")));
    assert_eq!((both.redirect_host.as_str(), both.scope.as_str()), ("a.example b.example", "photos email"));
    // none of them is forgotten by less, and what is skipped is so for all
    let less = to("a.example", asked("email")).after(both.clone());
    assert_eq!((less.redirect_host.as_str(), less.scope.as_str()), ("a.example b.example", "photos email"));
    let skipped = to("b.example", Consent { declined: "photos".into(), ..asked("email") }).after(both.clone());
    let parts = (skipped.redirect_host.as_str(), skipped.scope.as_str(), skipped.declined.as_str());
    assert_eq!(parts, ("a.example b.example", "email", "photos"));
    // what is agreed to besides is so for that host alone, and a host that gets other things begins anew
    let more = to("b.example", asked("groups")).after(both.clone());
    assert_eq!((more.redirect_host.as_str(), more.scope.as_str()), ("b.example", "photos email groups"));
    for other in [
        asked("email"),
        asked("email photos groups"),
        asked("email groups"),
        Consent { claims: String::new(), ..asked("email photos") },
        Consent { claims: "name phone".into(), ..asked("email photos") },
        Consent { resources: "r:1".into(), ..asked("email photos") },
        Consent { resources: "r:1 r:2 r:3".into(), ..asked("email photos") },
    ] {
        let after = to("c.example", other.clone()).after(both.clone());
        let set = |names: &str| names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!((after.redirect_host.as_str(), set(&after.scope)), ("c.example", set(&other.scope)));
        assert_eq!((set(&after.claims), set(&after.resources)), (set(&other.claims), set(&other.resources)));
    }
    let late = to("b.example", consent("email", "")).after(to("a.example", lapsed("email", "")));
    assert_eq!(late.redirect_host, "b.example", "the one before no longer answers");
}

#[test]
fn of_many_hosts_the_first_is_forgotten() {
    let hosts: Vec<String> = (1..=9).map(|number| format!("{number}.example")).collect();
    let all = hosts.iter().map(|host| to(host, consent("email", ""))).reduce(|before, next| next.after(before));
    assert_eq!(all.unwrap().redirect_host, hosts[1..].join(" "));
}

#[test]
fn what_was_agreed_to_and_is_skipped_now_is_not_agreed_to_any_more() {
    let less = consent("email", "photos").after(consent("email photos", ""));
    assert_eq!((less.scope.as_str(), less.declined.as_str()), ("email", "photos"));
    let again = consent("photos", "").after(less);
    assert_eq!((again.scope.as_str(), again.declined.as_str()), ("email photos", ""));
}

#[test]
fn a_consent_holds_until_its_time_and_stays_until_its_end() {
    let at = Ts::from_unix_seconds;
    assert!(consent("", "").holds(at(19)) && !consent("", "").holds(at(20)), "without a time of its own to its end");
    assert!(lapsed("", "").holds(at(9)) && !lapsed("", "").holds(at(10)));
    // what is given on it adds nothing to what is agreed to now, but is still there, and what was skipped stays so
    let anew = consent("photos", "").after(lapsed("email photos", "friends photos"));
    assert_eq!((anew.scope.as_str(), anew.declined.as_str(), anew.ends_at), ("photos", "friends", at(30)));
    let longer = Consent { ends_at: at(40), ..consent("photos", "") };
    assert_eq!(longer.after(lapsed("email", "")).ends_at, at(40));
}

#[test]
fn a_password_leaves_a_consent_as_it_is_and_keeps_it_for_as_long_as_what_it_opened() {
    let at = Ts::from_unix_seconds;
    let by_password = Consent { by_password: true, ends_at: at(50), ..consent("photos", "") };
    for (before, holds_until) in [(consent("email", ""), at(20)), (lapsed("email", ""), at(10))] {
        let after = by_password.clone().after(before.clone());
        assert_eq!(after, Consent { holds_until: Some(holds_until), ends_at: at(50), ..before });
    }
    let page = consent("email", "").after(by_password);
    assert_eq!((page.by_password, page.scope.as_str(), page.ends_at), (false, "email", at(50)));
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
