use super::*;

const NOW: Ts = Ts::from_unix_seconds(1_767_225_600);

fn token() -> AccessToken {
    AccessToken {
        id: Id::new(NOW),
        grant: Some(Id::new(NOW)),
        client_id: "app".into(),
        subject: "sub".into(),
        audience: vec!["https://api.example".into()],
        scope: Scope::parse("read write").unwrap(),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(900),
    }
}

#[test]
fn a_token_comes_back_from_its_claims_and_another_issuers_does_not() {
    let json = serde_json::to_value(token().to_claims("https://id.example")).unwrap();
    assert_eq!(json["aud"], "https://api.example", "one audience is a string");
    let read: Claims = serde_json::from_value(json).unwrap();
    let back = AccessToken::from_claims(read.clone(), "https://id.example").unwrap();
    assert_eq!((back.grant, back.scope.to_string()), (token().grant.map(|_| back.grant.unwrap()), "read write".into()));
    assert!(AccessToken::from_claims(read, "https://other.example").is_none());
}

#[test]
fn the_text_of_the_claims_is_what_it_always_was() {
    let text = |token: &AccessToken| serde_json::to_string(&token.to_claims("https://id.example")).unwrap();
    let id = Id::from_bytes([7; 16]);
    let mut token = AccessToken { id, grant: Some(id), ..token() };
    assert_eq!(
        text(&token),
        concat!(
            r#"{"iss":"https://id.example","sub":"sub","aud":"https://api.example","client_id":"app","scope":"read write","#,
            r#""iat":1767225600,"exp":1767226500,"jti":"07070707-0707-0707-0707-070707070707","#,
            r#""grant":"0DG9mkOv2l6AkSp3WsPxY7"}"#
        )
    );
    (token.grant, token.scope) = (None, Scope::default());
    token.audience.push("https://other.example".into());
    assert_eq!(
        text(&token),
        concat!(
            r#"{"iss":"https://id.example","sub":"sub","aud":["https://api.example","https://other.example"],"#,
            r#""client_id":"app","iat":1767225600,"exp":1767226500,"jti":"07070707-0707-0707-0707-070707070707"}"#
        )
    );
}

#[test]
fn a_token_dies_by_time_by_revocation_by_lock_and_by_everything_before() {
    let roots =
        Roots { revoked: false, granted_at: Some(NOW), person_locked: false, invalid_before: NOW, epoch_began: NOW };
    assert!(is_alive(&token(), &roots, NOW));
    assert!(!is_alive(&token(), &roots, NOW.plus_seconds(900)));
    assert!(!is_alive(&token(), &Roots { revoked: true, ..roots }, NOW));
    assert!(!is_alive(&token(), &Roots { person_locked: true, ..roots }, NOW));
    assert!(!is_alive(&token(), &Roots { invalid_before: Ts::from_micros(NOW.micros() + 1), ..roots }, NOW));
    let older = Some(Ts::from_micros(NOW.micros() - 1));
    assert!(!is_alive(&token(), &Roots { granted_at: older, ..roots }, NOW), "it is as old as its grant");
    assert!(is_alive(&token(), &Roots { granted_at: None, ..roots }, NOW), "a client's own has none");
}
