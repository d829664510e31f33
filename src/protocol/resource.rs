//! Resource indicators (RFC 8707) and the audience of access tokens (PROTOCOL R-k).

use url::Url;

use super::{
    Refusal,
    client_metadata::{Client, TokenFormat},
    params::Params,
    scope::{Scope, ScopeTable},
};
use crate::jose::Algorithm;

/// A protected resource: an API that access tokens are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// An absolute URI; `aud` has this spelling.
    pub identifier: String,
    /// For people.
    pub name: String,
    /// The client's or the installation's when `None`.
    pub format: Option<TokenFormat>,
    /// The client's or the installation's when `None`.
    pub algorithm: Option<Algorithm>,
    /// Life of access tokens, in seconds; the shorter of this and the client's counts.
    pub access_ttl: Option<u32>,
}

/// May this identify a resource? RFC 8707 §2: absolute, without a fragment.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    text.len() <= 512
        && text.bytes().all(|b| (0x21..0x7f).contains(&b))
        && !text.contains('#')
        && Url::parse(text).is_ok()
}

/// The `resource` parameters of a request, in order.
///
/// # Errors
/// [`Refusal::ResourceMalformed`].
pub fn parse(params: &Params) -> Result<Vec<String>, Refusal> {
    let asked: Vec<String> = params.all("resource").map(str::to_owned).collect();
    if asked.len() > 16 || !asked.iter().all(|uri| is_identifier(uri)) {
        return Err(Refusal::ResourceMalformed);
    }
    Ok(asked)
}

/// Are these the same resource? Case of scheme and host, default port and an empty root path do not count (UX M12).
#[must_use]
pub fn same(registered: &str, asked: &str) -> bool {
    registered == asked
        || match (Url::parse(registered), Url::parse(asked)) {
            (Ok(registered), Ok(asked)) => registered.has_host() && registered == asked,
            _ => false,
        }
}

/// What a client may name, settled at the authorization endpoint: the registered spelling of each.
///
/// # Errors
/// [`Refusal::ResourceNotAllowed`].
pub fn allowed(asked: &[String], client: &Client, issuer: &str) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    for uri in asked {
        let may = client.metadata.resources.iter().map(String::as_str).chain([issuer]);
        match may.into_iter().find(|registered| same(registered, uri)) {
            Some(registered) if found.iter().any(|one| one == registered) => {}
            Some(registered) => found.push(registered.to_owned()),
            None => return Err(Refusal::ResourceNotAllowed(uri.clone())),
        }
    }
    Ok(found)
}

/// Where an access token will be good, and with which scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// `aud`; never empty.
    pub resources: Vec<String>,
    /// The scopes that belong to them.
    pub scope: Scope,
}

/// What a person has agreed to, by a grant: a token of it is good nowhere else (RFC 8707 §2.2).
#[derive(Debug, Clone, Copy)]
pub struct Authorized<'a> {
    /// The resources that the authorization request named, in the registered spelling; empty when it named none.
    pub resources: &'a [String],
    /// Everything that was granted.
    pub scope: &'a Scope,
}

/// Settles `aud` (R-k1, R-k4).
///
/// `asked` are the resources of this request, in the registered spelling; `authorized` is `None` where nobody has agreed
/// to anything: to a client's own token, or not yet; `scope` is what the token may hold at most.
///
/// # Errors
/// [`Refusal`] when a resource was not authorized, when one of several has to be named, or when the scopes belong to
/// different resources.
pub fn audience(
    asked: &[String],
    authorized: Option<Authorized<'_>>,
    scope: &Scope,
    client: &Client,
    scopes: &ScopeTable,
    issuer: &str,
) -> Result<Audience, Refusal> {
    let openid = scope.has("openid");
    // nothing was named: the page showed what follows from all of the scopes, whatever a token has of them
    let shown = match authorized {
        Some(Authorized { resources: [], scope }) => inferred(scope, client, scopes, issuer)?,
        _ => Vec::new(),
    };
    let named = match (asked, authorized.map(|authorized| authorized.resources)) {
        ([], None) => {
            return Ok(Audience { resources: inferred(scope, client, scopes, issuer)?, scope: scope.clone() });
        }
        (asked, None) => asked,
        ([], Some([])) => {
            let mut resources = inferred(scope, client, scopes, issuer)?;
            resources.retain(|uri| shown.contains(uri));
            let resources = if resources.is_empty() { shown } else { resources };
            return Ok(Audience { resources, scope: scope.clone() });
        }
        ([], Some([one])) => std::slice::from_ref(one),
        ([], Some(_)) => return Err(Refusal::ResourceAmbiguous),
        (asked, Some(authorized)) => {
            let may = |uri: &String| authorized.contains(uri) || shown.contains(uri) || (openid && uri == issuer);
            if let Some(foreign) = asked.iter().find(|uri| !may(uri)) {
                return Err(Refusal::ResourceNotAllowed(foreign.clone()));
            }
            asked
        }
    };
    let belongs = |name: &str| {
        let home = scopes.find(name).and_then(|scope| scope.resource.as_deref()).unwrap_or(issuer);
        named.iter().any(|uri| uri == home)
    };
    Ok(Audience { resources: named.to_vec(), scope: scope.filtered(belongs) })
}

/// Nothing was named: the one resource the scopes belong to (RFC 9068 §3), so that no token is for an API with scopes of
/// another; else the client's default, else the issuer.
fn inferred(scope: &Scope, client: &Client, scopes: &ScopeTable, issuer: &str) -> Result<Vec<String>, Refusal> {
    let mut homes: Vec<&str> = Vec::new();
    for home in scope.iter().filter_map(|name| scopes.find(name)?.resource.as_deref()) {
        if !homes.contains(&home) {
            homes.push(home);
        }
    }
    let home = match (client.metadata.resources.as_slice(), homes.as_slice()) {
        ([default, ..], []) => Some(default.as_str()),
        (_, []) => None,
        (_, [one]) => Some(*one),
        _ => return Err(Refusal::ScopesOfSeveralResources),
    };
    let mut resources: Vec<String> = home.into_iter().map(str::to_owned).collect();
    if resources.is_empty() || (scope.has("openid") && !resources.iter().any(|uri| uri == issuer)) {
        resources.push(issuer.to_owned());
    }
    Ok(resources)
}

#[cfg(test)]
mod tests;
