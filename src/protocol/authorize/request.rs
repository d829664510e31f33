//! The authorization request (RFC 6749 §4.1.1, §4.2.1; OIDC Core §3.1.2.1): the checks in order, one a line.

use super::{TrustedRedirect, next_step::Agreed};
use crate::protocol::{
    Refusal,
    claims_request::ClaimsRequest,
    client_metadata::Client,
    dialect::Door,
    params::Params,
    pkce::CodeChallenge,
    redirect_uri,
    resource::{self, Reach},
    response_mode::ResponseMode,
    response_type::ResponseType,
    scope::{Scope, ScopeTable},
};

/// The parameters that mean something here; the others are ignored (RFC 6749 §3.1) and not carried along.
pub const PARAMETERS: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "claims",
    "ui_locales",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "request",
    "request_uri",
    "registration",
];

/// OIDC Core §3.1.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a value of the parameter")]
pub struct Prompt {
    /// Ask nothing.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Ask which account.
    pub select_account: bool,
    /// Let them make an account (Initiating User Registration 1.0 §4.1).
    pub create: bool,
}

/// A request that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// What is asked for.
    pub response_type: ResponseType,
    /// How the answer travels.
    pub response_mode: ResponseMode,
    /// What the grant will hold if the person allows everything.
    pub scope: Scope,
    /// Of these the person may leave some out.
    pub optional: Scope,
    /// For these the client is not registered; the person is asked whatever the client is trusted with.
    pub unregistered: Scope,
    /// Named by the request; empty when it named none.
    pub resources: Vec<String>,
    /// Where access tokens will be good if no resource is named later, for the page.
    pub audience: Vec<String>,
    /// PKCE.
    pub challenge: Option<CodeChallenge>,
    /// Returned byte for byte.
    pub state: Option<String>,
    /// OIDC Core §3.1.2.1.
    pub nonce: Option<String>,
    /// What the person may be asked.
    pub prompt: Prompt,
    /// How old a sign-in may be, in seconds.
    pub max_age: Option<i64>,
    /// A name to put into the form.
    pub login_hint: Option<String>,
    /// An ID token of the person the app speaks of.
    pub id_token_hint: Option<String>,
    /// Single facts that are asked for by name.
    pub claims: ClaimsRequest,
    /// Of those, the ones that no scope of the request brings anyway.
    pub extra_claims: Scope,
    /// And of those, the ones of scopes that a person may leave out.
    pub optional_claims: Scope,
    /// Was a scope or a claim left out that is not known, or not this client's? By now it may be both.
    pub is_part: bool,
}

/// What the checks need to know of the server.
#[derive(Clone, Copy)]
pub struct Server<'a> {
    /// Our name.
    pub issuer: &'a str,
    /// What can be asked for.
    pub scopes: &'a ScopeTable,
    /// By which way the request came in.
    pub door: Door,
    /// May people make accounts for themselves?
    pub offers_sign_up: bool,
}

impl AuthorizeRequest {
    /// Runs the checks.
    ///
    /// # Errors
    /// The first [`Refusal`]; it may be sent to the trusted redirect.
    pub fn parse(params: &Params, client: &Client, server: Server<'_>) -> Result<Self, Refusal> {
        refuse_unsupported(params)?; //                                            OIDC Core §7.2.1
        let response_type = parse_response_type(params, client, server.door)?; //  RFC 6749 §3.1.1
        let response_mode = ResponseMode::parse(params, response_type)?; //        Multiple Response Types §2.1
        let (scope, is_part) = parse_scope(params, client, server, response_type)?; // RFC 6749 §3.3; OIDC Core §11
        let optional = server.scopes.optional(&scope, client);
        check_openid(response_type, &scope)?; //                                   OIDC Core §3.1.2.1
        let unregistered = server.scopes.unregistered(&scope, client);
        let challenge = CodeChallenge::parse(params, requires_pkce(client, response_type))?; // RFC 7636 §4.4.1
        let (resources, audience) = parse_resources(params, client, server, &scope)?; // RFC 8707 §2
        let prompt = Prompt::parse(params, server.offers_sign_up)?; //             OIDC Core §3.1.2.1
        let max_age = parse_max_age(params)?.or(client.metadata.default_max_age.map(i64::from)); // OIDC Core §3.1.2.1
        let state = bounded(params, "state", MAX_STATE_BYTES)?; //                 RFC 6749 §4.1.1
        let nonce = parse_nonce(params, response_type)?; //                        OIDC Core §3.1.2.1, §3.2.2.1
        let login_hint = bounded(params, "login_hint", MAX_HINT_BYTES)?; //        OIDC Core §3.1.2.1
        let id_token_hint = bounded(params, "id_token_hint", MAX_ID_TOKEN_BYTES)?; // OIDC Core §3.1.2.1
        let claims = parse_claims(params, client, server)?; //                     OIDC Core §5.5
        let is_part = is_part || claims.is_part;
        let extra_claims = claims.told.names().filtered(|name| !server.scopes.may_name(name, &scope));
        let optional_claims = extra_claims.filtered(|name| !server.scopes.may_name(name, &client.metadata.scope));
        Ok(Self {
            response_type,
            response_mode,
            scope,
            optional,
            unregistered,
            resources,
            audience,
            challenge,
            state,
            nonce,
            prompt,
            max_age,
            login_hint,
            id_token_hint,
            claims,
            extra_claims,
            optional_claims,
            is_part,
        })
    }
}

impl AuthorizeRequest {
    /// Lets the person leave out single permissions: what they agreed to before is not asked again, and what they left
    /// out before only if the request says so, by `prompt=consent`.
    pub fn let_skip(&mut self, before: Option<&Agreed>) {
        let Some(before) = before else {
            self.optional = self.scope.clone();
            return;
        };
        if !self.prompt.consent {
            self.scope = self.scope.filtered(|name| before.scope.has(name) || !before.declined.has(name));
        }
        self.unregistered = self.unregistered.filtered(|name| self.scope.has(name));
        self.optional = self.scope.filtered(|name| !before.scope.has(name));
    }
}

const MAX_STATE_BYTES: usize = 4096;
const MAX_NONCE_BYTES: usize = 512;
const MAX_HINT_BYTES: usize = 254;
const MAX_ID_TOKEN_BYTES: usize = 8 * 1024;

/// What a redirect of an error needs although the request is faulty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// Returned byte for byte, when it is fit to be.
    pub state: Option<String>,
    /// How the error travels.
    pub response_mode: ResponseMode,
}

impl ErrorReply {
    /// As good as the parameters allow.
    #[must_use]
    pub fn of(params: &Params) -> Self {
        Self {
            state: params.find("state").filter(|state| state.len() <= MAX_STATE_BYTES).map(str::to_owned),
            response_mode: ResponseMode::for_error(params),
        }
    }
}

/// May an error be redirected at once to this client? PROTOCOL P3, with `[clients] error_redirects`. Where nobody vouches
/// for a client, our address takes nobody to a site of its unseen: only a question in silence is answered so, in a frame
/// or for somebody who agreed to it before.
#[must_use]
pub fn may_redirect_error(policy: ErrorRedirects, client: &Client, to: &TrustedRedirect, visitor: Visitor) -> bool {
    let is_site = redirect_uri::target(to.as_str()) == redirect_uri::Target::Https;
    match policy {
        ErrorRedirects::Always => true,
        ErrorRedirects::Vouched => client.metadata.is_vouched_for() || !is_site || visitor.expects_silence,
        ErrorRedirects::SignedIn => visitor.signed_in || !is_site || visitor.expects_silence,
    }
}

/// What of a visitor counts when an error is to be sent on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor {
    /// Somebody is signed in.
    pub signed_in: bool,
    /// `prompt=none`, in a frame or of somebody who agreed to this client before.
    pub expects_silence: bool,
}

/// `[clients] error_redirects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorRedirects {
    /// To clients an administrator vouches for.
    Vouched,
    /// Only once somebody is signed in (RFC 9700 §4.11.2 to the letter).
    SignedIn,
    /// To every registered address.
    Always,
}

/// A request object that is still there was not read: the door has none.
fn refuse_unsupported(params: &Params) -> Result<(), Refusal> {
    for (name, refusal) in [
        ("request", Refusal::RequestObjectUnsupported),
        ("request_uri", Refusal::RequestUriUnsupported),
        ("registration", Refusal::RegistrationUnsupported),
    ] {
        if params.find(name).is_some() {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Everything but `code` is for clients registered with it; a dialect has `code` and `token` alone.
fn parse_response_type(params: &Params, client: &Client, door: Door) -> Result<ResponseType, Refusal> {
    let known = ResponseType::parse(params.need("response_type")?);
    let of_door =
        |asked: &ResponseType| door == Door::Standard || matches!(asked, ResponseType::Code | ResponseType::Token);
    let asked = known.filter(of_door).ok_or(Refusal::ResponseTypeUnsupported)?;
    if let Some(grant) = asked.grants().iter().find(|grant| !client.metadata.allows(**grant)) {
        return Err(Refusal::ResponseTypeNotAllowed(grant.name()));
    }
    if client.metadata.allows_response(asked) {
        Ok(asked)
    } else {
        Err(Refusal::ResponseTypeNotRegistered(asked.name()))
    }
}

/// An ID token is part of an answer to an authentication request only.
fn check_openid(response_type: ResponseType, scope: &Scope) -> Result<(), Refusal> {
    if response_type.has_id_token() && !scope.has("openid") { Err(Refusal::OpenidMissing) } else { Ok(()) }
}

/// It is what ties an ID token that comes through the browser to the request (OIDC Core §3.2.2.1, §3.3.2.11).
fn parse_nonce(params: &Params, response_type: ResponseType) -> Result<Option<String>, Refusal> {
    if response_type.has_id_token() {
        params.need("nonce")?;
    }
    bounded(params, "nonce", MAX_NONCE_BYTES)
}

/// What is asked for, and whether something of it was left out.
fn parse_scope(
    params: &Params,
    client: &Client,
    server: Server<'_>,
    response_type: ResponseType,
) -> Result<(Scope, bool), Refusal> {
    let (asked, scopes) = (params.find("scope").map(Scope::parse).transpose()?, server.scopes);
    match server.door {
        Door::Standard => {
            let scope = scopes.resolve(asked.as_ref(), client)?;
            let is_part = asked.is_some_and(|asked| !scope.covers(&asked));
            Ok((answerable(scope, response_type)?, is_part))
        }
        Door::Dialect(_) => Ok((scopes.resolve_in_dialect(&asked.unwrap_or_default(), client)?, false)),
    }
}

/// Without a code nothing comes of it that could be used while the person is away: `offline_access` is passed over
/// (OIDC Core §11).
fn answerable(scope: Scope, response_type: ResponseType) -> Result<Scope, Refusal> {
    if response_type.has_code() {
        return Ok(scope);
    }
    let left = scope.filtered(|name| name != "offline_access");
    if left.is_empty() { Err(Refusal::ScopeMissing) } else { Ok(left) }
}

/// Public clients for every code (RFC 9700 §2.1.1), and those that registered themselves; confidential ones made by hand
/// may go without until they have used it.
fn requires_pkce(client: &Client, response_type: ResponseType) -> bool {
    response_type.has_code() && (client.metadata.is_public() || client.metadata.require_pkce)
}

fn parse_resources(
    params: &Params,
    client: &Client,
    server: Server<'_>,
    scope: &Scope,
) -> Result<(Vec<String>, Vec<String>), Refusal> {
    if let Door::Dialect(dialect) = server.door {
        return Ok((Vec::new(), vec![dialect.audience().to_owned()]));
    }
    let resources = resource::parse(params)?;
    let reach = Reach { client, scopes: server.scopes, issuer: server.issuer };
    let resources = reach.allowed(&resources, scope)?;
    let audience = reach.audience(&resources, None, scope)?.resources;
    Ok((resources, audience))
}

impl Prompt {
    fn parse(params: &Params, offers_sign_up: bool) -> Result<Self, Refusal> {
        let mut prompt = Self::default();
        for value in params.find("prompt").unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" if offers_sign_up => prompt.create = true,
                "create" => return Err(Refusal::PromptCreateUnsupported),
                _ => return Err(Refusal::PromptUnknown),
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account || prompt.create) {
            return Err(Refusal::PromptNoneCombined);
        }
        Ok(prompt)
    }
}

/// Other services have no such parameter.
fn parse_claims(params: &Params, client: &Client, server: Server<'_>) -> Result<ClaimsRequest, Refusal> {
    match server.door {
        Door::Standard => ClaimsRequest::parse(params, &client.metadata, server.scopes),
        Door::Dialect(_) => Ok(ClaimsRequest::default()),
    }
}

fn parse_max_age(params: &Params) -> Result<Option<i64>, Refusal> {
    let bad = Refusal::ParameterMalformed("max_age", "must be a whole number of seconds");
    params.find("max_age").map(|text| text.parse::<u32>().map(i64::from).map_err(|_| bad)).transpose()
}

fn bounded(params: &Params, name: &'static str, bytes: usize) -> Result<Option<String>, Refusal> {
    match params.find(name) {
        Some(value) if value.len() > bytes => Err(Refusal::ParameterMalformed(name, "is too long")),
        found => Ok(found.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
