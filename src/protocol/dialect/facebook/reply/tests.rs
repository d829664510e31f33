use super::*;

fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

#[test]
fn json_is_for_those_who_ask_for_it_or_name_a_version() {
    let version = Version::parse("3.2");
    for (accept, version, json) in [
        (None, None, false),
        (Some("*/*"), None, false),
        (Some("text/html, application/xhtml+xml, */*;q=0.8"), None, false),
        (Some("application/json"), None, true),
        (Some("application/json, text/plain, */*"), None, true),
        (Some("text/plain, Application/JSON;q=0.5"), None, true),
        (None, version, true),
        (Some("*/*"), version, true),
    ] {
        assert_eq!(wants_json(accept, version), json, "{accept:?} {version:?}");
    }
}

#[test]
fn an_answer_of_the_token_endpoint_ends_with_the_seconds() {
    let reply = TokenReply { access_token: "csfbo_x1", expires_in: 7200 };
    assert_eq!(reply.to_form(), "access_token=csfbo_x1&expires=7200");
    assert_eq!(reply.to_json(), json!({"access_token": "csfbo_x1", "token_type": "bearer", "expires_in": 7200}));
}

#[test]
fn what_is_known_of_a_token_is_told_in_texts_and_whole_seconds() {
    let names = scope("email");
    let valid = Debugged {
        app_id: "k7Qm",
        application: "Notes",
        of_person: true,
        user_id: Some(1207),
        scope: &names,
        issued_at: Ts::from_unix_seconds(10),
        expires_at: Ts::from_unix_seconds(20),
        invalid: None,
    };
    assert_eq!(
        valid.to_json(Ts::from_unix_seconds(12)),
        json!({"data": {"app_id": "k7Qm", "type": "USER", "application": "Notes", "user_id": "1207", "issued_at": 10,
                        "expires_at": 20, "is_valid": true, "scopes": ["public_profile", "email"]}})
    );
    let expired = Debugged { invalid: Some(Invalid::Expired), ..valid }.to_json(Ts::from_unix_seconds(30));
    assert_eq!(expired["data"]["is_valid"], false);
    assert_eq!(expired["data"]["error"]["subcode"], 463);
    let ended = Debugged { invalid: Some(Invalid::Ended), ..valid }.to_json(Ts::from_unix_seconds(12));
    assert_eq!((&ended["data"]["error"]["code"], &ended["data"]["error"]["subcode"]), (&json!(190), &json!(458)));
    let app = Debugged { of_person: false, user_id: None, ..valid }.to_json(Ts::from_unix_seconds(12));
    assert_eq!((&app["data"]["type"], &app["data"]["scopes"]), (&json!("APP"), &json!([])));
    assert!(app["data"].get("user_id").is_none());
    let nothing = debugged_nothing();
    assert_eq!(nothing["data"].as_object().unwrap().keys().collect::<Vec<_>>(), ["error", "is_valid", "scopes"]);
}

#[test]
fn permissions_are_granted_or_declined_and_the_basic_one_is_always_granted() {
    assert_eq!(
        permissions(&scope("email"), &scope("user_photos email")),
        json!({"data": [{"permission": "public_profile", "status": "granted"},
                        {"permission": "email", "status": "granted"},
                        {"permission": "user_photos", "status": "declined"}]})
    );
}
