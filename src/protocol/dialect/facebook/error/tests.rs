use super::*;

#[test]
fn an_error_has_the_codes_that_programs_go_by() {
    for (why, status, code, subcode) in [
        (Refusal::ClientMissing, 400, 101, None),
        (Refusal::ClientUnknown, 400, 101, None),
        (Refusal::NotOfDialect("facebook"), 400, 101, None),
        (Refusal::SecretWrong, 400, 1, None),
        (Refusal::ParameterMissing("redirect_uri"), 400, 191, None),
        (Refusal::ParameterMissing("code"), 400, 1, None),
        (Refusal::ParameterMissing("input_token"), 400, 100, None),
        (Refusal::CodeUnknown, 400, 100, None),
        (Refusal::CodeExpired, 400, 100, Some(36007)),
        (Refusal::CodeReplayed, 400, 100, Some(36009)),
        (Refusal::RedirectUriDiffers, 400, 100, Some(36008)),
        (Refusal::TokenInvalid, 400, 190, None),
        (Refusal::QueryTokenNotAllowed, 400, 190, None),
        (Refusal::TokenMissing, 400, 2500, None),
        (Refusal::GrantEnded, 400, 190, Some(458)),
        (Refusal::ScopeInsufficient("email"), 403, 200, None),
        (Refusal::Denied, 403, 200, None),
        (Refusal::TooManyTries, 429, 4, None),
        (Refusal::TooManyCalls, 429, 4, None),
        (Refusal::PersonNotShown, 400, 100, Some(33)),
        (Refusal::AppTokenNeeded, 400, 100, None),
        (Refusal::NotForBrowsers, 400, 100, None),
        (Refusal::BodyTooLarge, 413, 100, None),
        (Refusal::GrantTypeNotAllowed("client_credentials"), 400, 3, None),
        (Refusal::Busy, 503, 2, None),
        (Refusal::Broken, 500, 1, None),
    ] {
        let error = GraphError::of(&why);
        assert_eq!((error.status, error.code, error.subcode), (status, code, subcode), "{why:?}");
        assert!(error.message.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"'), "{why:?}");
    }
}

#[test]
fn the_object_has_words_type_code_and_trace_and_no_member_without_a_value() {
    let error = GraphError::of(&Refusal::TokenInvalid).to_json("trace1");
    assert_eq!(
        error,
        json!({"error": {"message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190,
                         "fbtrace_id": "trace1"}})
    );
    let busy = GraphError::of(&Refusal::Busy).to_json("t");
    assert_eq!(busy["error"]["is_transient"], true);
    let method = GraphError::wrong_method().to_json("t");
    assert_eq!(
        (method["error"]["type"].as_str(), method["error"]["code"].as_u64()),
        (Some("GraphMethodException"), Some(100))
    );
}

#[test]
fn a_refusal_by_the_person_comes_back_in_the_manners_of_all_years() {
    let members = redirect_error(&Refusal::Denied);
    let value = |name: &str| members.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
    assert_eq!(value("error"), Some("access_denied"));
    assert_eq!(value("error_code"), Some("200"));
    assert_eq!(value("error_reason"), Some("user_denied"));
    assert_eq!(value("error_description"), Some("Permissions error"));
    assert_eq!(value("error_message"), Some("Permissions error"));
    assert_eq!(value("description"), Some("The user denied your request."));
    let other = redirect_error(&Refusal::ScopeNotAllowed("user_photos".into()));
    assert!(other.iter().all(|(name, _)| *name != "error_reason"));
    assert!(other.contains(&("error", "invalid_scope".into())) && other.contains(&("error_code", "100".into())));
}
