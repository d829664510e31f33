//! Authorization requests (RFC 6749 §4.1.1): the parameters against a client that is what it is.

use countersign::protocol::{
    Refusal,
    authorize::{
        request::{AuthorizeRequest, ErrorReply, Server},
        response::{AuthorizeResponse, Envelope},
        trust,
    },
    client_metadata::AuthMethod,
    dialect::Door,
    params::{Params, Repeatable},
    response_mode::ResponseMode,
};

use super::world;

const REGISTERED: [&str; 2] = ["https://app.example/cb?from=here", "http://127.0.0.1/cb"];

/// No redirect but to a registered address, nothing granted that was not asked and allowed, and the state as it came.
pub fn holds(data: &[u8]) {
    let Ok(params) = Params::from_form(data, Repeatable::Protocol) else { return };
    let (scopes, door) = (world::scopes(), Door::Standard);
    let server = Server { issuer: world::ISSUER, scopes: &scopes, door, offers_sign_up: true };
    for method in [AuthMethod::None, AuthMethod::AnySecret] {
        let client = world::client(&REGISTERED, method);
        let Ok(to) = trust(&params, &client) else { continue };
        let loopback = method == AuthMethod::None && to.as_str().starts_with("http://127.0.0.1");
        assert!(REGISTERED.contains(&to.as_str()) || (loopback && to.as_str().ends_with("/cb")), "{}", to.as_str());
        let parsed = AuthorizeRequest::parse(&params, &client, server);
        let (state, mode, answer) = match &parsed {
            Ok(request) => {
                let allowed = scopes.expand(&client.metadata.all_scopes());
                assert!(
                    request.scope.iter().all(|name| allowed.has(name) || name == "offline_access"),
                    "{}",
                    request.scope
                );
                assert!(request.scope.covers(&request.optional));
                let public_code = method == AuthMethod::None && request.response_type.has_code();
                assert!(!public_code || request.challenge.is_some());
                let tokens = request.response_type.is_front_channel();
                assert!(!(tokens && request.response_mode == ResponseMode::Query));
                assert!(
                    !request.response_type.has_id_token() || (request.nonce.is_some() && request.scope.has("openid"))
                );
                let asks = request.prompt.login || request.prompt.consent || request.prompt.create;
                assert!(!(request.prompt.none && asks));
                assert!(request.resources.iter().all(|uri| uri == "https://api.example" || uri == world::ISSUER));
                assert!(!request.audience.is_empty());
                let how = Envelope {
                    mode: request.response_mode,
                    state: request.state.as_deref(),
                    iss: Some(world::ISSUER),
                    door,
                };
                let answer = AuthorizeResponse::granted(&to, &how, vec![("code", "c&d".to_owned())]);
                (request.state.clone(), request.response_mode, answer)
            }
            Err(refusal) => {
                let reply = ErrorReply::of(&params);
                let how = Envelope {
                    mode: reply.response_mode,
                    state: reply.state.as_deref(),
                    iss: Some(world::ISSUER),
                    door,
                };
                let answer = AuthorizeResponse::refused(&to, &how, refusal);
                (reply.state.clone(), reply.response_mode, answer)
            }
        };
        let members = match answer {
            AuthorizeResponse::Redirect(location) => of_location(to.as_str(), mode, &location),
            AuthorizeResponse::Form { action, fields } => {
                assert!(mode == ResponseMode::FormPost && action == to.as_str(), "{action}");
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }
        };
        check_members(&members, state.as_deref(), parsed.as_ref().err());
    }
}

fn of_location(to: &str, mode: ResponseMode, location: &str) -> Vec<(String, String)> {
    let rest = location.strip_prefix(to).expect("it goes to the registered address");
    let joint = match mode {
        ResponseMode::Fragment => '#',
        ResponseMode::Query if to.contains('?') => '&',
        ResponseMode::Query => '?',
        ResponseMode::FormPost => panic!("a form was asked for, and this is {location}"),
    };
    let members = rest.strip_prefix(joint).expect("with its own parameters kept");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
    url::form_urlencoded::parse(members.as_bytes()).into_owned().collect()
}

fn check_members(members: &[(String, String)], state: Option<&str>, refused: Option<&Refusal>) {
    let all = |name: &str| {
        members.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(all("state"), state.into_iter().collect::<Vec<_>>());
    assert_eq!(all("iss"), [world::ISSUER]);
    match refused {
        Some(refusal) => assert!(all("error") == [refusal.code().text()] && all("code").is_empty()),
        None => assert!(all("code") == ["c&d"] && all("error").is_empty()),
    }
}
