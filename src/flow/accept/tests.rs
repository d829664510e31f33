use super::*;
use crate::{clock::Ts, protocol::scope::Scope, secret::Id};

#[test]
fn a_token_that_was_verified_is_remembered_only_as_long_as_its_key_is_one() {
    let now = Ts::from_unix_seconds(1_000_000);
    let token = AccessToken {
        id: Id::new(now),
        grant: None,
        client_id: "printer".to_owned(),
        subject: "printer".to_owned(),
        audience: Vec::new(),
        scope: Scope::default(),
        issued_at: now,
        expires_at: now.plus_seconds(60),
    };
    let verified = Verified::default();
    verified.0.insert([1; 32], ("former".into(), Arc::new(token)));
    assert!(verified.find(&[1; 32], |kid| kid == "former").is_some());
    assert!(verified.find(&[1; 32], |kid| kid == "later").is_none(), "it was put in after all were forgotten");
    assert!(verified.find(&[2; 32], |_| true).is_none());
}
