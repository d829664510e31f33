//! Client registration (RFC 7591 §2, OIDC Registration §2): what an app says of itself, from the wire to what is kept of
//! it and back. What may be registered whoever registers it is `flow/admin/rules.rs`; this is what holds for apps that
//! register themselves.

use serde_json::{Map, Value};

pub use super::document::Document;
use super::{
    Refusal,
    client_metadata::{ApplicationType, AuthMethod, Client, ClientMetadata},
    grant::GrantType,
    redirect_uri::{self, PrivateScheme, Target},
    response_type::ResponseType,
    scope::{self, Scope, ScopeDefinition, ScopeTable},
};
use crate::jose::KeySet;

/// What an app may say of itself: members of [`ClientMetadata`], under their registered names. A new member that apps may
/// register is one line here.
const REGISTRABLE: &[&str] = &[
    "redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "jwks",
    "jwks_uri",
    "scope",
    "application_type",
    "contacts",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "software_id",
    "software_version",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "default_max_age",
    "require_auth_time",
    "subject_type",
    "sector_identifier_uri",
    "initiate_login_uri",
    "default_acr_values",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "request_uris",
    "require_signed_request_object",
    "post_logout_redirect_uris",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
];

/// What specifications know and this server does not do yet: refused, unless it says no more than what is so anyhow.
/// Everything else that is not known is ignored (RFC 7591 §2).
const NOT_DONE: &[(&str, Option<&str>)] = &[
    ("authorization_signed_response_alg", None),
    ("authorization_encrypted_response_alg", None),
    ("authorization_encrypted_response_enc", None),
    ("introspection_signed_response_alg", None),
    ("introspection_encrypted_response_alg", None),
    ("introspection_encrypted_response_enc", None),
    ("require_pushed_authorization_requests", None),
    ("dpop_bound_access_tokens", None),
    ("tls_client_certificate_bound_access_tokens", None),
    ("use_mtls_endpoint_aliases", None),
    ("tls_client_auth_subject_dn", None),
    ("tls_client_auth_san_dns", None),
    ("tls_client_auth_san_uri", None),
    ("tls_client_auth_san_ip", None),
    ("tls_client_auth_san_email", None),
    ("authorization_details_types", None),
    ("backchannel_token_delivery_mode", None),
    ("backchannel_client_notification_endpoint", None),
    ("backchannel_authentication_request_signing_alg", None),
    ("backchannel_user_code_parameter", None),
];

/// How far an app that registers itself may go (PROTOCOL P37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freedom {
    /// Nobody knows it: authorization codes with PKCE, devices, refresh tokens.
    Code,
    /// Nobody knows it, and it may do all that `OpenID` Connect has, in its older forms as well.
    All,
    /// An administrator gave it a token to register with: also what it does for itself.
    Vouched,
}

impl Freedom {
    /// May such an app use this grant? Passwords are never for apps that nobody has looked at.
    const fn allows(self, grant: GrantType) -> bool {
        match grant {
            GrantType::AuthorizationCode | GrantType::RefreshToken | GrantType::DeviceCode => true,
            GrantType::Implicit => !matches!(self, Self::Code),
            GrantType::ClientCredentials => matches!(self, Self::Vouched),
            GrantType::Password => false,
        }
    }
}

/// What an app is registered against.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// What there is to ask for.
    pub scopes: &'a ScopeTable,
    /// How far it may go.
    pub freedom: Freedom,
    /// Must it use PKCE although it has a secret?
    pub pkce: bool,
    /// Development: redirects may lead to this machine whatever the grant.
    pub issuer_is_loopback: bool,
    /// The schemes of redirects that may go without a dot.
    pub private_schemes: &'a [PrivateScheme],
    /// What it is registered as already: what an administrator has added since it may keep.
    pub former: Option<&'a ClientMetadata>,
}

/// What an app asks to be registered as.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its name for people.
    pub name: String,
    /// The document.
    pub metadata: ClientMetadata,
}

/// Reads what an app says of itself, with the defaults of the specifications.
///
/// # Errors
/// [`Refusal::RedirectUriUnfit`], [`Refusal::MetadataUnfit`], [`Refusal::SoftwareStatementUnapproved`].
pub fn parse(document: &Document, terms: &Terms<'_>) -> Result<Asked, Refusal> {
    if document.find("software_statement").is_some() {
        return Err(Refusal::SoftwareStatementUnapproved);
    }
    refuse_not_done(document)?;
    let mut metadata = members(document)?;
    metadata.jwks = metadata.jwks.as_ref().map(keys).transpose()?;
    metadata.token_endpoint_auth_method = auth_method(document, &metadata)?;
    metadata.grant_types = grant_types(document, metadata.grant_types, &metadata.response_types, terms)?;
    metadata.response_types = match document.find("response_types") {
        None if metadata.allows(GrantType::AuthorizationCode) => vec![ResponseType::Code],
        _ => metadata.all_response_types(),
    };
    metadata.application_type = Some(check_redirects(&metadata, terms)?);
    metadata.scope = scopes(document, &metadata.scope, terms);
    metadata.require_pkce = terms.pkce;
    // what is made with its secret needs one that can be read (UX Q12)
    let needs_secret = metadata.macs().next().is_some();
    metadata.sealed_secret = needs_secret;
    // OIDC Core §9 names the token endpoint as the audience, and nobody is there to set the switch (PROTOCOL P36)
    metadata.assertion_for_token_endpoint =
        terms.freedom == Freedom::All && metadata.token_endpoint_auth_method.is_assertion();
    let name = document.text("client_name")?.map(str::trim).filter(|name| !name.is_empty());
    let name = name.map_or_else(|| fallback_name(&metadata), str::to_owned);
    Ok(Asked { name, metadata })
}

/// What an app asks for in the place of what it registered before; what only an administrator decides stays as it is.
///
/// # Errors
/// [`Refusal::MetadataUnfit`] when the two cannot be put together.
pub fn replace(former: &ClientMetadata, asked: &ClientMetadata) -> Result<ClientMetadata, Refusal> {
    let is_its_own = |name: &String| REGISTRABLE.contains(&name.as_str());
    let kept = to_object(former).into_iter().filter(|(name, _)| !is_its_own(name));
    let new = to_object(asked).into_iter().filter(|(name, _)| is_its_own(name));
    let all = kept.chain(new).collect();
    let all = serde_json::from_value::<ClientMetadata>(Value::Object(all));
    let mut all = all.map_err(|_| unfit("the document", "cannot be read"))?;
    // what an administrator has made optional stays so
    all.scope = all.scope.filtered(|name| !all.optional_scope.has(name));
    all.sealed_secret |= asked.sealed_secret;
    // the app reads an administrator's any-secret as the method it repeats here (PROTOCOL R-i1)
    if former.token_endpoint_auth_method.registered() == all.token_endpoint_auth_method {
        all.token_endpoint_auth_method = former.token_endpoint_auth_method;
    }
    all.assertion_for_token_endpoint |= asked.assertion_for_token_endpoint;
    all.assertion_for_token_endpoint &= all.token_endpoint_auth_method.is_assertion();
    Ok(all)
}

fn to_object(metadata: &ClientMetadata) -> Map<String, Value> {
    match serde_json::to_value(metadata) {
        Ok(Value::Object(all)) => all,
        _ => Map::new(),
    }
}

/// What is registered, as the app reads it (RFC 7591 §3.2.1); secrets and tokens are the caller's to add.
#[must_use]
pub fn to_wire(client: &Client) -> Map<String, Value> {
    let mut all = to_object(&client.metadata);
    all.retain(|name, value| REGISTRABLE.contains(&name.as_str()) && !value.is_null());
    all.insert("client_id".into(), client.client_id.clone().into());
    all.insert("client_id_issued_at".into(), client.created_at.unix_seconds().into());
    all.insert("client_name".into(), client.name.clone().into());
    let method = client.metadata.token_endpoint_auth_method;
    if method == AuthMethod::AnySecret {
        all.insert("token_endpoint_auth_method".into(), method.registered().name().into());
        all.insert("any_secret".into(), true.into());
    }
    let types = client.metadata.all_response_types();
    all.insert("response_types".into(), types.into_iter().map(ResponseType::name).collect::<Vec<_>>().into());
    all
}

fn refuse_not_done(document: &Document) -> Result<(), Refusal> {
    for (name, so_anyhow) in NOT_DONE {
        let says_no = |value: &Value| match value {
            Value::Bool(wanted) => !wanted,
            Value::Array(items) => items.is_empty(),
            Value::String(text) => Some(text.as_str()) == *so_anyhow,
            _ => false,
        };
        if document.find(name).is_some_and(|value| !says_no(value)) {
            return Err(unfit(name, "is not supported here"));
        }
    }
    Ok(())
}

/// Each member by itself first, so that the refusal can name the one that is wrong.
fn members(document: &Document) -> Result<ClientMetadata, Refusal> {
    let read = |members: Map<String, Value>| serde_json::from_value::<ClientMetadata>(Value::Object(members));
    let mut all = Map::new();
    for name in REGISTRABLE {
        let Some(value) = document.find(name) else { continue };
        let member = (*name).to_owned();
        if read(std::iter::once((member.clone(), value.clone())).collect()).is_err() {
            let redirects = *name == "redirect_uris";
            return Err(if redirects {
                Refusal::RedirectUriUnfit("redirect_uris must be an array of addresses".into())
            } else {
                unfit(name, "has a value that it cannot have here")
            });
        }
        all.insert(member, value.clone());
    }
    read(all).map_err(|_| unfit("the document", "cannot be read"))
}

/// What is read of its key set; everything else would only fill memory.
fn keys(document: &Value) -> Result<Value, Refusal> {
    let read = KeySet::parse_registered(document);
    read.map(|keys| keys.to_json()).map_err(|why| Refusal::MetadataUnfit("jwks", format!("cannot be used: {why}")))
}

/// The way of the command line that takes either is no registered one (PROTOCOL R-i1).
fn auth_method(document: &Document, metadata: &ClientMetadata) -> Result<AuthMethod, Refusal> {
    match (document.find("token_endpoint_auth_method"), metadata.token_endpoint_auth_method) {
        (None, _) => Ok(AuthMethod::ClientSecretBasic),
        (Some(_), AuthMethod::AnySecret) => Err(unfit("token_endpoint_auth_method", "is none that is registered")),
        (Some(_), method) => Ok(method),
    }
}

/// What goes together (RFC 7591 §2.1): the default of one follows from the other.
fn grant_types(
    document: &Document,
    asked: Vec<GrantType>,
    types: &[ResponseType],
    terms: &Terms<'_>,
) -> Result<Vec<GrantType>, Refusal> {
    let needed = needed_grants(document, types);
    let mut grants = asked;
    if document.find("grant_types").is_none() {
        grants.clone_from(&needed);
    }
    if let Some(missing) = needed.iter().find(|grant| !grants.contains(grant)) {
        return Err(Refusal::MetadataUnfit("response_types", format!("needs the grant type {}", missing.name())));
    }
    if document.find("response_types").is_none() && !grants.contains(&GrantType::AuthorizationCode) {
        // the default of response_types is code, which such an app has no use for
        let redirects = grants.contains(&GrantType::Implicit);
        if redirects {
            return Err(unfit("response_types", "is missing, and code, its default, needs authorization_code"));
        }
    }
    let may = |grant| terms.freedom.allows(grant) || terms.former.is_some_and(|former| former.allows(grant));
    if let Some(grant) = grants.iter().find(|grant| !may(**grant)) {
        let why = format!("has {}, which apps that register themselves cannot have here", grant.name());
        return Err(Refusal::MetadataUnfit("grant_types", why));
    }
    // whoever asks for nothing but a person's word needs none (Multiple Response Types §4)
    if grants.is_empty() && !types.contains(&ResponseType::None) {
        return Err(unfit("grant_types", "is empty"));
    }
    let mut once: Vec<GrantType> = Vec::new();
    for grant in grants {
        if !once.contains(&grant) {
            once.push(grant);
        }
    }
    Ok(once)
}

/// The grants behind the response types (OIDC Registration §2).
fn needed_grants(document: &Document, types: &[ResponseType]) -> Vec<GrantType> {
    match (document.find("response_types"), document.find("grant_types")) {
        (None, None) => vec![GrantType::AuthorizationCode],
        _ => types.iter().flat_map(|one| one.grants()).copied().collect(),
    }
}

/// Where it may send people, and what kind of app that makes it (OIDC Registration §2, PROTOCOL P23, UX M8).
fn check_redirects(metadata: &ClientMetadata, terms: &Terms<'_>) -> Result<ApplicationType, Refusal> {
    let implicit = metadata.allows(GrantType::Implicit);
    if metadata.redirect_uris.is_empty() && (implicit || metadata.allows(GrantType::AuthorizationCode)) {
        return Err(Refusal::RedirectUriUnfit("redirect_uris is missing or empty".into()));
    }
    let mut targets = Vec::new();
    for uri in &metadata.redirect_uris {
        let cut = || uri.chars().take(150).collect::<String>();
        let target = redirect_uri::check(uri, terms.private_schemes)
            .map_err(|why| Refusal::RedirectUriUnfit(format!("{} {why}", cut())))?;
        if implicit && !redirect_uri::may_carry_tokens(uri) && !terms.issuer_is_loopback {
            let why = "must be https to another host than localhost, for tokens travel in it";
            return Err(Refusal::RedirectUriUnfit(format!("{} {why}", cut())));
        }
        targets.push((target, cut()));
    }
    let native = !targets.is_empty() && targets.iter().all(|(target, _)| *target != Target::Https);
    let private = targets.iter().find(|(target, _)| *target == Target::PrivateScheme);
    match (metadata.application_type, private) {
        _ if native => Ok(ApplicationType::Native),
        // editors name a page of theirs beside their scheme, and leave it to us what that makes them (UX M21)
        (Some(ApplicationType::Native), _) | (None, Some(_)) => Ok(ApplicationType::Native),
        (Some(ApplicationType::Web), Some((_, uri))) => {
            Err(Refusal::RedirectUriUnfit(format!("{uri} is for application_type native only")))
        }
        (Some(ApplicationType::Web) | None, None) => Ok(ApplicationType::Web),
    }
}

/// The scopes an app may have that nobody gave any: the built-in ones and those that do no harm, published ones alone
/// where nobody vouched for it. Others are left out, and the answer says what is left (UX M15).
fn scopes(document: &Document, asked: &Scope, terms: &Terms<'_>) -> Scope {
    let open = |one: &ScopeDefinition| one.builtin || one.published || terms.freedom == Freedom::Vouched;
    let harmless = |one: &ScopeDefinition| open(one) && !terms.scopes.is_dangerous(&one.name);
    let had = |name: &str| terms.former.is_some_and(|former| former.scope.has(name));
    let may = |name: &str| terms.scopes.find(name).is_some_and(|one| harmless(one) || had(name));
    let kept = asked.filtered(may);
    if document.find("scope").is_some() && !kept.is_empty() {
        return kept;
    }
    let usual = |name: &str| matches!(name, "openid" | "profile" | "email" | "offline_access");
    let all = terms.scopes.iter().filter(|one| one.published && harmless(one));
    all.filter(|one| usual(&one.name) || !scope::is_builtin(&one.name)).map(|one| one.name.as_str()).collect()
}

/// What people read when an app gave itself no name.
fn fallback_name(metadata: &ClientMetadata) -> String {
    let home = metadata.client_uri.iter().chain(metadata.redirect_uris.first());
    let host = home.map(|uri| redirect_uri::shown_target(uri)).find(|host| !host.is_empty());
    host.unwrap_or_else(|| "?".to_owned()).chars().take(80).collect()
}

fn unfit(member: &'static str, why: &str) -> Refusal {
    Refusal::MetadataUnfit(member, why.to_owned())
}

#[cfg(test)]
mod tests;
