//! What a client may be registered as, whoever registers it: every rule a sentence that names the remedy.

mod dialect;
mod logout;
mod proof;
mod request_object;

use url::Url;

use super::{AdminError, Noun, Result};
use crate::{
    flow::catalog::Snapshot,
    protocol::{
        client_metadata::{Client, ClientMetadata},
        dialect::Door,
        grant::GrantType,
        plain_text::is_plain_text,
        redirect_uri::{self, PrivateScheme},
        response_type::ResponseType,
        scope::Scope,
    },
    secret::is_like_a_subject,
};

/// Most redirect URIs of a client.
pub const MAX_REDIRECT_URIS: usize = 64;
/// Longest name of a client, in characters (UX P8).
pub const MAX_NAME_CHARS: usize = 80;

/// Longest description of a client, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 200;

/// Largest registration, in bytes of its document: it is held in memory, and somebody else may have written it.
const MAX_METADATA_BYTES: usize = 32 * 1024;
/// Most people to ask about a client.
const MAX_CONTACTS: usize = 20;
/// Longest such line, in characters.
const MAX_TEXT_CHARS: usize = 254;

const REDIRECT_URI_REMEDY: &str = "register the exact address, as in https://notes.example.com/callback, or \
                                   http://127.0.0.1/callback for a program on people's machines";

/// What a client is checked against.
pub struct Surroundings<'a> {
    /// Scopes and resources there are.
    pub known: &'a Snapshot,
    /// Our name.
    pub issuer: &'a str,
    /// Is this development? Then implicit may lead to a page on this machine.
    pub issuer_is_loopback: bool,
    /// The schemes of redirects that may go without a dot.
    pub private_schemes: &'a [PrivateScheme],
}

/// Checks a whole registration.
///
/// # Errors
/// [`AdminError::Unfit`] for the first rule it breaks.
pub fn check(client: &Client, at: &Surroundings<'_>) -> Result<()> {
    let metadata = &client.metadata;
    check_name(&client.name)?;
    check_size(metadata)?;
    check_grants(metadata)?;
    check_response_types(metadata)?;
    check_redirect_uris(metadata, at)?;
    check_scopes(metadata, at.known)?;
    check_resources(metadata, at)?;
    check_pages(metadata)?;
    check_public(metadata)?;
    check_no_iss(metadata)?;
    logout::check(metadata, at.private_schemes)?;
    proof::check(metadata, at.issuer_is_loopback)?;
    request_object::check(metadata, at.issuer_is_loopback)?;
    check_subject(metadata)?;
    dialect::check(metadata)
}

/// May this be a client's id? RFC 6749 allows more, but not every library sends more unharmed (UX Q1).
///
/// # Errors
/// [`AdminError::Unfit`].
pub fn check_id(client_id: &str) -> Result<()> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if !(1..=128).contains(&client_id.len()) || !client_id.bytes().all(fits) {
        return unfit(format!("{client_id:?} cannot be a client_id"), "use 1 to 128 letters, digits and - . _ ~");
    }
    // `sub` of an app's own tokens is its id: an API must never take one for a person (PROTOCOL R-k5)
    if is_like_a_subject(client_id) {
        return unfit(
            format!("{client_id:?} cannot be a client_id: it looks like the sub of a person"),
            "use another form than that of a UUID",
        );
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    if !name.trim().is_empty() && is_plain_text(name, MAX_NAME_CHARS) {
        return Ok(());
    }
    unfit(
        format!("a client's name is one line of 1 to {MAX_NAME_CHARS} characters"),
        "people read it when they allow access",
    )
}

fn check_size(metadata: &ClientMetadata) -> Result<()> {
    let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |document| document.len());
    if bytes <= MAX_METADATA_BYTES {
        return Ok(());
    }
    unfit(
        format!("a client's registration is at most {} KiB in all", MAX_METADATA_BYTES / 1024),
        "leave out addresses and keys that nothing uses any more",
    )
}

fn check_grants(metadata: &ClientMetadata) -> Result<()> {
    let asks_people = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::Password];
    let asks_people = asks_people.into_iter().any(|grant| metadata.allows(grant));
    if metadata.allows(GrantType::RefreshToken) && !asks_people {
        return unfit(
            "refresh_token alone gives nothing to refresh",
            "add --grant authorization_code, device_code or password, or leave refresh_token out",
        );
    }
    let useless = metadata.grant_types.is_empty() && metadata.all_response_types().is_empty();
    if useless && metadata.introspect.is_empty() {
        return unfit(
            "a client without any grant can do nothing",
            "give it a --grant, or --introspect RESOURCE for an API",
        );
    }
    Ok(())
}

/// OIDC Registration §2: response types and grants go together.
fn check_response_types(metadata: &ClientMetadata) -> Result<()> {
    let listed = &metadata.response_types;
    for asked in listed {
        if let Some(grant) = asked.grants().iter().find(|grant| !metadata.allows(**grant)) {
            return unfit(
                format!("the response type {:?} needs the grant {}", asked.name(), grant.name()),
                format!("add --grant {}", grant.name()),
            );
        }
    }
    for grant in [GrantType::AuthorizationCode, GrantType::Implicit] {
        if !listed.is_empty() && metadata.allows(grant) && !listed.iter().any(|asked| asked.grants().contains(&grant)) {
            return unfit(
                format!("none of its response types has a use for the grant {}", grant.name()),
                "leave that grant out, or add a --response-type",
            );
        }
    }
    Ok(())
}

fn check_redirect_uris(metadata: &ClientMetadata, at: &Surroundings<'_>) -> Result<()> {
    let implicit = metadata.allows(GrantType::Implicit);
    let redirects = !metadata.all_response_types().is_empty();
    if redirects && metadata.redirect_uris.is_empty() {
        let grant = match (implicit, metadata.allows(GrantType::AuthorizationCode)) {
            (true, _) => "implicit",
            (false, true) => "authorization_code",
            (false, false) => "response_type none",
        };
        return unfit(
            format!("{grant} needs an address to send people back to"),
            "add --redirect-uri, as in --redirect-uri http://localhost:3000/callback",
        );
    }
    if metadata.redirect_uris.len() > MAX_REDIRECT_URIS {
        return unfit(
            format!("a client has at most {MAX_REDIRECT_URIS} redirect URIs"),
            "remove some, or register a second client",
        );
    }
    for uri in &metadata.redirect_uris {
        redirect_uri::check(uri, at.private_schemes)
            .or_else(|why| unfit(format!("redirect URI {uri:?} {why}"), REDIRECT_URI_REMEDY))?;
        if implicit && !redirect_uri::may_carry_tokens(uri) && !at.issuer_is_loopback {
            return unfit(
                format!("with implicit, redirect URI {uri:?} must be https to another host than localhost"),
                "use authorization_code for programs on people's machines",
            );
        }
    }
    Ok(())
}

fn check_scopes(metadata: &ClientMetadata, known: &Snapshot) -> Result<()> {
    for name in metadata.all_scopes().iter() {
        let basic = metadata.dialect.and_then(|dialect| Door::Dialect(dialect).basic());
        if known.scopes.find(name).is_none() && basic != Some(name) {
            let remedy = format!("make it first: countersign scope create {name} --description …");
            return unfit(format!("there is no scope {name:?}"), remedy);
        }
    }
    let optional: &Scope = &metadata.optional_scope;
    if optional.has("openid") {
        return unfit("signing in is never optional", "give openid with --scope instead of --optional-scope");
    }
    if let Some(twice) = optional.iter().find(|name| metadata.scope.has(name)) {
        return unfit(format!("scope {twice:?} is given as required and as optional"), "keep one of them");
    }
    Ok(())
}

fn check_resources(metadata: &ClientMetadata, at: &Surroundings<'_>) -> Result<()> {
    for uri in metadata.resources.iter().chain(&metadata.introspect) {
        if uri != at.issuer && at.known.resource(uri).is_none() {
            let remedy = format!("make it first: countersign resource create {uri}");
            return unfit(format!("there is no resource {uri:?}"), remedy);
        }
    }
    Ok(())
}

fn check_pages(metadata: &ClientMetadata) -> Result<()> {
    if !metadata.description.as_deref().is_none_or(|text| is_plain_text(text, MAX_DESCRIPTION_CHARS)) {
        return unfit(
            format!("a client's description is one line of at most {MAX_DESCRIPTION_CHARS} characters"),
            "say shortly what it is for",
        );
    }
    if let Some(uri) = &metadata.initiate_login_uri
        && !(uri.starts_with("https://") && is_web_address(uri))
    {
        return unfit(format!("initiate_login_uri {uri:?} is no https address"), "OpenID Connect Core section 4");
    }
    let texts = [&metadata.software_id, &metadata.software_version].into_iter().flatten().chain(&metadata.contacts);
    if metadata.contacts.len() > MAX_CONTACTS || !texts.into_iter().all(|text| is_plain_text(text, MAX_TEXT_CHARS)) {
        return unfit(
            format!(
                "contacts and software are lines of at most {MAX_TEXT_CHARS} characters, {MAX_CONTACTS} contacts at most"
            ),
            "shorten them",
        );
    }
    let pages = [&metadata.client_uri, &metadata.policy_uri, &metadata.tos_uri, &metadata.logo_uri];
    for text in pages.into_iter().flatten() {
        if !is_web_address(text) {
            return unfit(format!("{text:?} is no web address"), "write it as in https://notes.example.com/privacy");
        }
    }
    Ok(())
}

/// Could this server ever ask there?
fn is_asked_address(text: &str, issuer_is_loopback: bool) -> bool {
    let fits = |url: &Url| {
        let web = url.scheme() == "https" || (url.scheme() == "http" && issuer_is_loopback);
        web && url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    };
    text.len() <= redirect_uri::MAX_BYTES && Url::parse(text).is_ok_and(|url| fits(&url))
}

fn is_web_address(text: &str) -> bool {
    let web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    web && text.len() <= redirect_uri::MAX_BYTES && text.bytes().all(|b| (0x21..0x7f).contains(&b))
}

/// A dialect tells who people are by number and name, which undoes a pairwise subject (PROTOCOL P27).
fn check_subject(metadata: &ClientMetadata) -> Result<()> {
    if metadata.is_pairwise() && metadata.dialect.is_some() {
        return unfit("a client of a dialect cannot have pairwise subjects", "use --subject-type public");
    }
    Ok(())
}

fn check_public(metadata: &ClientMetadata) -> Result<()> {
    if !metadata.is_public() {
        return Ok(());
    }
    for grant in [GrantType::ClientCredentials, GrantType::Password] {
        if metadata.allows(grant) {
            return unfit(
                format!("a public client cannot have {}: it has no secret to prove who it is", grant.name()),
                "register it without --public",
            );
        }
    }
    if !metadata.introspect.is_empty() {
        return unfit("a public client cannot introspect", "register the API's client without --public");
    }
    if metadata.pkce_optional {
        return unfit("a public client must use PKCE", "leave --pkce out, or register it without --public");
    }
    Ok(())
}

/// PROTOCOL P25.
fn check_no_iss(metadata: &ClientMetadata) -> Result<()> {
    if !metadata.no_iss {
        return Ok(());
    }
    if metadata.is_public()
        || metadata.registered.is_some()
        || metadata.all_response_types().iter().any(|asked| *asked != ResponseType::Code)
    {
        return unfit(
            "--no-iss is for confidential clients with authorization_code alone that did not register themselves",
            "set `issuer` in the client's own configuration instead, so that it expects iss (RFC 9207)",
        );
    }
    Ok(())
}

fn unfit<T>(message: impl Into<String>, remedy: impl Into<String>) -> Result<T> {
    Err(AdminError::unfit(Noun::Client, message, remedy))
}
