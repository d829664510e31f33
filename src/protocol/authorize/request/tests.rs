use proptest::prelude::*;

use super::*;
use crate::protocol::{
    authorize::trust,
    client_metadata::{AuthMethod, ClientMetadata, Registered, RegisteredBy},
    dialect::Dialect,
    grant::GrantType,
    params::Repeatable,
    scope::ScopeDefinition,
};

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

fn scopes() -> ScopeTable {
    ScopeTable::new(vec![ScopeDefinition {
        name: "read".into(),
        description: String::new(),
        group: String::new(),
        implies: vec![],
        danger: false,
        published: false,
        resource: None,
        claims: Vec::new(),
        builtin: false,
    }])
}

fn client(method: AuthMethod, grants: &[GrantType]) -> Client {
    let metadata = ClientMetadata {
        redirect_uris: vec!["https://app.example/cb".into()],
        grant_types: grants.to_vec(),
        token_endpoint_auth_method: method,
        scope: Scope::parse("read").unwrap(),
        ..ClientMetadata::default()
    };
    Client { client_id: "app".into(), metadata, ..Client::default() }
}

fn parse(text: &str, client: &Client) -> Result<AuthorizeRequest, Refusal> {
    AuthorizeRequest::parse(
        &params(text),
        client,
        Server { issuer: "https://id.example", scopes: &scopes(), door: Door::Standard, offers_sign_up: false },
    )
}

#[test]
fn each_check_has_its_refusal() {
    let web = client(AuthMethod::AnySecret, &[GrantType::AuthorizationCode]);
    let public = client(AuthMethod::None, &[GrantType::AuthorizationCode]);
    let implicit = client(AuthMethod::AnySecret, &[GrantType::Implicit]);
    assert!(parse("response_type=code", &web).is_ok());
    assert_eq!(parse("response_type=token", &implicit).unwrap().response_mode, ResponseMode::Fragment);
    for (text, client, refusal) in [
        ("scope=read", &web, Refusal::ParameterMissing("response_type")),
        ("response_type=magic", &web, Refusal::ResponseTypeUnsupported),
        ("response_type=id_token", &web, Refusal::ResponseTypeNotAllowed("implicit")),
        ("response_type=code+token", &web, Refusal::ResponseTypeNotAllowed("implicit")),
        ("response_type=code+token", &implicit, Refusal::ResponseTypeNotAllowed("authorization_code")),
        ("response_type=id_token", &implicit, Refusal::ResponseTypeNotRegistered("id_token")),
        ("response_type=none", &web, Refusal::ResponseTypeNotRegistered("none")),
        ("response_type=token", &web, Refusal::ResponseTypeNotAllowed("implicit")),
        ("response_type=code", &implicit, Refusal::ResponseTypeNotAllowed("authorization_code")),
        ("response_type=token&response_mode=query", &implicit, Refusal::ResponseModeUnsupported),
        ("response_type=code&response_mode=smoke", &web, Refusal::ResponseModeUnsupported),
        ("response_type=code&scope=write", &web, Refusal::ScopeNotAllowed("write".into())),
        ("response_type=code&scope=a%22b", &web, Refusal::ScopeMalformed),
        ("response_type=code", &public, Refusal::ChallengeMissing),
        ("response_type=code&code_challenge=x", &web, Refusal::ChallengeMethodUnsupported),
        (
            "response_type=code&resource=https://x.example",
            &web,
            Refusal::ResourceNotAllowed("https://x.example".into()),
        ),
        ("response_type=code&resource=x", &web, Refusal::ResourceMalformed),
        ("response_type=code&prompt=none+login", &web, Refusal::PromptNoneCombined),
        ("response_type=code&prompt=select_account+none", &web, Refusal::PromptNoneCombined),
        ("response_type=code&prompt=maybe", &web, Refusal::PromptUnknown),
        ("response_type=code&prompt=login+maybe", &web, Refusal::PromptUnknown),
        ("response_type=code&prompt=LOGIN", &web, Refusal::PromptUnknown),
        ("response_type=code&prompt=none+consent", &web, Refusal::PromptNoneCombined),
        ("response_type=code&prompt=create", &web, Refusal::PromptCreateUnsupported),
        (
            "response_type=code&max_age=-1",
            &web,
            Refusal::ParameterMalformed("max_age", "must be a whole number of seconds"),
        ),
        ("response_type=code&request=x", &web, Refusal::RequestObjectUnsupported),
        ("response_type=code&request_uri=x", &web, Refusal::RequestUriUnsupported),
        ("response_type=code&registration=x", &web, Refusal::RegistrationUnsupported),
    ] {
        assert_eq!(parse(text, client), Err(refusal), "{text}");
    }
}

#[test]
fn a_request_of_which_something_was_left_out_is_known_as_a_part() {
    let by_hand = client(AuthMethod::AnySecret, &[GrantType::AuthorizationCode]);
    let mut by_itself = by_hand.clone();
    by_itself.metadata.registered = Some(Registered { by: RegisteredBy::Open, note: None });
    let claims = "&claims=%7B%22userinfo%22%3A%7B%22department%22%3Anull%7D%7D";
    for (more, client, is_part) in [
        ("", &by_hand, false),
        ("&scope=read+openid", &by_hand, false),
        (claims, &by_hand, true),
        ("&scope=read+openid", &by_itself, false),
        ("&scope=read+write", &by_itself, true),
    ] {
        let asked = parse(&format!("response_type=code{more}"), client).unwrap();
        assert_eq!(asked.is_part, is_part, "{more}");
    }
    // what means nothing without a code is passed over, whatever is known
    by_itself.metadata.grant_types = vec![GrantType::Implicit];
    let asked = parse("response_type=token&scope=read+offline_access", &by_itself).unwrap();
    assert_eq!((asked.scope.to_string().as_str(), asked.is_part), ("read", false));
}

#[test]
fn prompt_create_is_for_servers_on_which_people_may_make_accounts() {
    let web = client(AuthMethod::AnySecret, &[GrantType::AuthorizationCode]);
    let scopes = scopes();
    let server = Server { issuer: "https://id.example", scopes: &scopes, door: Door::Standard, offers_sign_up: true };
    let prompt = |values: &str| {
        let text = format!("response_type=code&prompt={values}");
        AuthorizeRequest::parse(&params(&text), &web, server).map(|request| request.prompt)
    };
    assert_eq!(prompt("create"), Ok(Prompt { create: true, ..Prompt::default() }));
    assert_eq!(prompt("login+create"), Ok(Prompt { create: true, login: true, ..Prompt::default() }));
    assert_eq!(prompt("create+none"), Err(Refusal::PromptNoneCombined));
    assert_eq!(prompt("none+create"), Err(Refusal::PromptNoneCombined));
    assert_eq!(prompt("Create"), Err(Refusal::PromptUnknown));
}

/// Registered with every response type.
fn hybrid(method: AuthMethod) -> Client {
    let mut client = client(method, &[GrantType::AuthorizationCode, GrantType::Implicit]);
    client.metadata.response_types = ResponseType::ALL.to_vec();
    client.metadata.scope = Scope::parse("openid read").unwrap();
    client
}

#[test]
fn an_id_token_through_the_browser_needs_openid_and_a_nonce() {
    let app = hybrid(AuthMethod::AnySecret);
    for asked in ResponseType::ALL.iter().copied() {
        let name = asked.name().replace(' ', "+");
        let with = |more: &str| parse(&format!("response_type={name}{more}"), &app);
        assert_eq!(with("&scope=openid&nonce=n").unwrap().response_type, asked);
        assert_eq!(with("&scope=read").is_ok(), !asked.has_id_token(), "{name}");
        let without = with("&scope=openid");
        if asked.has_id_token() {
            assert_eq!(with("&scope=read&nonce=n"), Err(Refusal::OpenidMissing), "{name}");
            assert_eq!(without, Err(Refusal::ParameterMissing("nonce")), "{name}");
        } else {
            assert!(without.is_ok(), "{name}");
        }
    }
}

#[test]
fn a_public_client_needs_a_challenge_wherever_a_code_is() {
    let app = hybrid(AuthMethod::None);
    for asked in ResponseType::ALL.iter().copied() {
        let text = format!("response_type={}&scope=openid&nonce=n", asked.name().replace(' ', "+"));
        let refused = parse(&text, &app) == Err(Refusal::ChallengeMissing);
        assert_eq!(refused, asked.has_code(), "{text}");
    }
}

#[test]
fn without_redirect_uri_the_only_registered_one_is_meant() {
    let one = client(AuthMethod::AnySecret, &[GrantType::AuthorizationCode]);
    let trusted = trust(&params("client_id=app"), &one).unwrap();
    assert_eq!((trusted.as_str(), trusted.sent), ("https://app.example/cb", false));
    let mut two = one.clone();
    two.metadata.redirect_uris.push("https://app.example/cb2".into());
    assert_eq!(trust(&params("client_id=app"), &two), Err(Refusal::RedirectUriMissing));
    assert!(trust(&params("redirect_uri=https://app.example/cb2"), &two).unwrap().sent);
    assert!(trust(&params("redirect_uri=https://app.example/cb3"), &two).is_err());
}

proptest! {
    #[test]
    fn no_unregistered_address_is_ever_trusted(uri in "\\PC{1,60}") {
        let app = client(AuthMethod::None, &[GrantType::AuthorizationCode]);
        let text: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("redirect_uri", &uri).finish();
        prop_assert_eq!(trust(&params(&text), &app).is_ok(), uri == "https://app.example/cb");
    }

    #[test]
    fn any_parameters_are_parsed_or_refused(pairs in proptest::collection::vec(("(scope|prompt|max_age|state|nonce|resource|response_mode|code_challenge)", "\\PC{0,30}"), 0..6)) {
        let mut text = url::form_urlencoded::Serializer::new(String::from("response_type=code"));
        for (name, value) in &pairs { text.append_pair(name, value); }
        if let Ok(params) = Params::from_form(text.finish().as_bytes(), Repeatable::Protocol) {
            let app = client(AuthMethod::AnySecret, &[GrantType::AuthorizationCode]);
            let _parsed = AuthorizeRequest::parse(&params, &app, Server { issuer: "https://id.example", scopes: &scopes(), door: Door::Standard, offers_sign_up: false });
            let _reply = ErrorReply::of(&params);
        }
    }
}

#[test]
fn in_a_dialect_no_scope_is_a_scope_and_only_registered_ones_can_be_asked_for() {
    let metadata = ClientMetadata {
        grant_types: vec![GrantType::AuthorizationCode],
        scope: Scope::parse("read").unwrap(),
        ..ClientMetadata::default()
    };
    let app = Client { metadata, ..Client::default() };
    let server = Server {
        issuer: "https://id.example",
        scopes: &scopes(),
        door: Door::Dialect(Dialect::Github),
        offers_sign_up: false,
    };
    let parse = |text: &str| AuthorizeRequest::parse(&params(text), &app, server);
    let nothing = parse("response_type=code").unwrap();
    assert!(nothing.scope.is_empty() && nothing.resources.is_empty());
    assert_eq!(nothing.audience, [Dialect::Github.audience()]);
    assert_eq!(parse("response_type=code&scope=read").unwrap().scope.to_string(), "read");
    for foreign in ["openid", "write", "read+email"] {
        let refused = parse(&format!("response_type=code&scope={foreign}"));
        assert!(matches!(refused, Err(Refusal::ScopeNotAllowed(_))), "{foreign}");
    }
    for unknown in ["id_token", "code+token", "code+id_token", "none"] {
        assert_eq!(parse(&format!("response_type={unknown}")), Err(Refusal::ResponseTypeUnsupported), "{unknown}");
    }
}
