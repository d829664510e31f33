//! Authorization requests (RFC 6749 §4.1.1): the parameters against a client that is what it is.

use countersign::protocol::{
    Refusal,
    authorize::{
        request::{AuthorizeRequest, ErrorReply, ResponseMode, ResponseType, Server},
        response::{AuthorizeResponse, Envelope},
        trust,
    },
    client_metadata::AuthMethod,
    dialect::Door,
    params::{Params, Repeatable},
};

use super::world;

const REGISTERED: [&str; 2] = ["https://app.example/cb?from=here", "http://127.0.0.1/cb"];

/// No redirect but to a registered address, nothing granted that was not asked and allowed, and the state as it came.
pub fn holds(data: &[u8]) {
    let Ok(params) = Params::from_form(data, Repeatable::Protocol) else { return };
    let (scopes, door) = (world::scopes(), Door::Standard);
    let server = Server { issuer: world::ISSUER, scopes: &scopes, door };
    for method in [AuthMethod::None, AuthMethod::AnySecret] {
        let client = world::client(&REGISTERED, method);
        let Ok(to) = trust(&params, &client) else { continue };
        let loopback = method == AuthMethod::None && to.as_str().starts_with("http://127.0.0.1");
        assert!(REGISTERED.contains(&to.as_str()) || (loopback && to.as_str().ends_with("/cb")), "{}", to.as_str());
        let parsed = AuthorizeRequest::parse(&params, &client, server);
        let (state, mode, location) = match &parsed {
            Ok(request) => {
                let allowed = scopes.expand(&client.metadata.all_scopes());
                assert!(
                    request.scope.iter().all(|name| allowed.has(name) || name == "offline_access"),
                    "{}",
                    request.scope
                );
                assert!(request.scope.covers(&request.optional));
                let public_code = method == AuthMethod::None && request.response_type == ResponseType::Code;
                assert!(!public_code || request.challenge.is_some());
                assert!(!(request.prompt.none && (request.prompt.login || request.prompt.consent)));
                assert!(request.resources.iter().all(|uri| uri == "https://api.example" || uri == world::ISSUER));
                assert!(!request.audience.is_empty());
                let how = Envelope {
                    mode: request.response_mode,
                    state: request.state.as_deref(),
                    iss: Some(world::ISSUER),
                    door,
                };
                let answer = AuthorizeResponse::granted(&to, &how, &[("code", "c&d")]);
                (request.state.clone(), request.response_mode, answer.location)
            }
            Err(refusal) => {
                let reply = ErrorReply::of(&params);
                let how = Envelope {
                    mode: reply.response_mode,
                    state: reply.state.as_deref(),
                    iss: Some(world::ISSUER),
                    door,
                };
                let location = AuthorizeResponse::refused(&to, &how, refusal).location;
                (reply.state, reply.response_mode, location)
            }
        };
        check_location(to.as_str(), mode, &location, state.as_deref(), parsed.as_ref().err());
    }
}

fn check_location(to: &str, mode: ResponseMode, location: &str, state: Option<&str>, refused: Option<&Refusal>) {
    let rest = location.strip_prefix(to).expect("it goes to the registered address");
    let joint = match mode {
        ResponseMode::Fragment => '#',
        ResponseMode::Query if to.contains('?') => '&',
        ResponseMode::Query => '?',
    };
    let members = rest.strip_prefix(joint).expect("with its own parameters kept");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
    let members: Vec<(String, String)> = url::form_urlencoded::parse(members.as_bytes()).into_owned().collect();
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
