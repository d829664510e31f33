//! The server's metadata (RFC 8414 §2, OIDC Discovery §3): what works, and nothing else (PROTOCOL P13).

use serde_json::{Map, Value, json};

use super::{
    acr, client_metadata::AuthMethod, grant::GrantType, response_mode::ResponseMode, response_type::ResponseType,
    scope::ScopeTable, subject::SubjectType,
};
use crate::jose::{
    Algorithm, MacAlgorithm, Protection,
    jwe::{ContentAlgorithm, KeyAlgorithm},
};

/// What the document is made of.
pub struct Facts<'a> {
    /// Our name, byte for byte.
    pub issuer: &'a str,
    /// Metadata key and address of each endpoint that is served.
    pub endpoints: &'a [(&'static str, String)],
    /// What can be asked for.
    pub scopes: &'a ScopeTable,
    /// What a key signs with now, in the order of [`Algorithm::ALL`].
    pub signatures: &'a [Algorithm],
    /// What others may encrypt with a key of ours by now, in the order of [`KeyAlgorithm::ALL`].
    pub encryptions: &'a [KeyAlgorithm],
    /// Some client may ask for these, or register itself so that it may.
    pub response_types: &'a [ResponseType],
    /// An app may register itself with the grant `implicit`, and reads here that it may (RFC 7591 §2). Otherwise old
    /// grants are not listed: they are for clients that somebody made by hand.
    pub implicit: bool,
    /// May people make accounts for themselves?
    pub sign_up: bool,
    /// Is any client's secret kept so that what it makes with it can be checked?
    pub readable_secrets: bool,
    /// Privacy policy and terms of service.
    pub policy: (Option<&'a str>, Option<&'a str>),
}

/// The document, served alike at all four of its addresses. What a reader would assume of a missing member is
/// written out.
#[must_use]
pub fn document(facts: &Facts<'_>) -> Value {
    let mut document = Map::new();
    document.insert("issuer".into(), facts.issuer.into());
    for (key, address) in facts.endpoints {
        document.insert((*key).into(), address.clone().into());
    }
    let is_listed = |grant: &GrantType| !grant.is_legacy() || (facts.implicit && *grant == GrantType::Implicit);
    let grants = GrantType::ALL.iter().copied().filter(is_listed).map(GrantType::name);
    let scopes = facts.scopes.iter().filter(|scope| scope.published).map(|scope| scope.name.as_str());
    let macs = if facts.readable_secrets { MacAlgorithm::ALL } else { &[] };
    let macs = || macs.iter().map(|algorithm| algorithm.name());
    let protections: Vec<_> = facts.signatures.iter().map(|algorithm| algorithm.name()).chain(macs()).collect();
    let assertions: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).chain(macs()).collect();
    let objects: Vec<_> = assertions.iter().copied().chain([Protection::Unsecured.name()]).collect();
    let methods = AuthMethod::ALL.iter().copied().filter(|method| method.is_listed(facts.readable_secrets));
    let methods: Vec<_> = methods.map(AuthMethod::name).collect();
    let confidential: Vec<_> = methods.iter().filter(|name| **name != AuthMethod::None.name()).collect();
    let response_types = ResponseType::ALL.iter().filter(|asked| facts.response_types.contains(asked));
    let prompts = ["none", "login", "consent", "select_account"].into_iter().chain(facts.sign_up.then_some("create"));
    let members = json!({
        "response_types_supported": response_types.map(|asked| asked.name()).collect::<Vec<_>>(),
        "response_modes_supported": ResponseMode::ALL.iter().map(|mode| mode.name()).collect::<Vec<_>>(),
        "grant_types_supported": grants.collect::<Vec<_>>(),
        "subject_types_supported": SubjectType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "id_token_signing_alg_values_supported": protections,
        "userinfo_signing_alg_values_supported": protections,
        "id_token_encryption_alg_values_supported": KeyAlgorithm::ALL,
        "id_token_encryption_enc_values_supported": ContentAlgorithm::ALL,
        "userinfo_encryption_alg_values_supported": KeyAlgorithm::ALL,
        "userinfo_encryption_enc_values_supported": ContentAlgorithm::ALL,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": scopes.collect::<Vec<_>>(),
        "claim_types_supported": ["normal"],
        "claims_supported": claims(facts.scopes),
        "acr_values_supported": acr::ALL,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "require_signed_request_object": false,
        "request_object_signing_alg_values_supported": objects,
        "request_object_encryption_alg_values_supported": facts.encryptions,
        "request_object_encryption_enc_values_supported": ContentAlgorithm::ALL,
        "prompt_values_supported": prompts.collect::<Vec<_>>(),
        "ui_locales_supported": ["en"],
    });
    if let Value::Object(members) = members {
        document.extend(members);
    }
    for (key, uri) in [("op_policy_uri", facts.policy.0), ("op_tos_uri", facts.policy.1)] {
        if let Some(uri) = uri {
            document.insert(key.into(), uri.into());
        }
    }
    Value::Object(document)
}

/// Claims of an ID token about itself, and those that the published scopes release (OIDC Discovery §3).
fn claims(scopes: &ScopeTable) -> Vec<&str> {
    let mut claims = vec![
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "amr",
        "acr",
        "nonce",
        "at_hash",
        "c_hash",
        "s_hash",
        "sid",
    ];
    for claim in scopes.iter().filter(|scope| scope.published).flat_map(|scope| &scope.claims) {
        if !claims.contains(&claim.as_str()) {
            claims.push(claim);
        }
    }
    claims
}
