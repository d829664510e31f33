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

/// What a client may name with this scope: the registered spelling of each. What a scope is for may be named as well as
/// left out: apps that registered themselves have nothing else, and those of MCP name it always (UX M13).
///
/// # Errors
/// [`Refusal::ResourceNotAllowed`].
pub fn allowed(
    asked: &[String],
    scope: &Scope,
    client: &Client,
    scopes: &ScopeTable,
    issuer: &str,
) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    for uri in asked {
        let own = client.metadata.resources.iter().map(String::as_str);
        let may = own.chain([issuer]).chain(homes(scope, scopes));
        match may.into_iter().find(|registered| same(registered, uri)) {
            Some(registered) if found.iter().any(|one| one == registered) => {}
            Some(registered) => found.push(registered.to_owned()),
            None => return Err(Refusal::ResourceNotAllowed(uri.clone())),
        }
    }
    Ok(found)
}

/// Of the resources of a grant, those that its client may still use: what it may [name](allowed) with some scope that it
/// is registered for, whatever a person left out.
#[must_use]
pub fn still_allowed(uris: &[String], client: &Client, scopes: &ScopeTable, issuer: &str) -> Vec<String> {
    let may = |uri: &&String| {
        uri.as_str() == issuer
            || client.metadata.resources.contains(*uri)
            || homes(&scopes.registered(client), scopes).any(|home| home == uri.as_str())
    };
    uris.iter().filter(may).cloned().collect()
}

/// What a grant keeps of what its page showed, where nothing was named: a permission that was left out takes its API
/// along, and none that was not shown comes in its place. With spaces between; the empty name is us, and so are most
/// texts, of which there are as many as people have allowed something.
#[must_use]
pub fn keep(shown: &[String], granted: &Scope, client: &Client, scopes: &ScopeTable, issuer: &str) -> String {
    let mut left = inferred(granted, client, scopes, issuer).unwrap_or_default();
    left.retain(|uri| shown.contains(uri));
    let names: Vec<&str> = left.iter().map(|uri| if uri == issuer { "" } else { uri.as_str() }).collect();
    names.join(" ")
}

/// What a grant has kept by [`keep`]; never empty.
#[must_use]
pub fn kept(text: &str, issuer: &str) -> Vec<String> {
    text.split(' ').map(|uri| if uri.is_empty() { issuer } else { uri }.to_owned()).collect()
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
    /// Where it named none, what was [kept] of the page; `None` where nothing was: then what a page would show now.
    pub shown: Option<&'a [String]>,
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
    // nothing was named: what the page showed holds, whatever a token has of the scopes, whatever is registered since
    let shown = match authorized {
        Some(Authorized { resources: [], shown: Some(shown), .. }) => shown.to_vec(),
        Some(Authorized { resources: [], shown: None, scope }) => inferred(scope, client, scopes, issuer)?,
        _ => Vec::new(),
    };
    let named = match (asked, authorized) {
        ([], None) => {
            return Ok(Audience { resources: inferred(scope, client, scopes, issuer)?, scope: scope.clone() });
        }
        (asked, None) => asked,
        ([], Some(Authorized { resources: [], scope: granted, .. })) => {
            // a part is good where it belongs now, as far as that was shown; where that says nothing, as the whole is
            let part = if scope.covers(granted) { None } else { inferred(scope, client, scopes, issuer).ok() };
            let mut resources = part.unwrap_or_default();
            resources.retain(|uri| shown.contains(uri));
            let resources = if resources.is_empty() { shown } else { resources };
            return Ok(Audience { resources, scope: scope.clone() });
        }
        ([], Some(Authorized { resources: [one], .. })) => std::slice::from_ref(one),
        ([], Some(_)) => return Err(Refusal::ResourceAmbiguous),
        (asked, Some(Authorized { resources, .. })) => {
            let may = |uri: &String| resources.contains(uri) || shown.contains(uri) || (openid && uri == issuer);
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
    let mut found: Vec<&str> = Vec::new();
    for home in homes(scope, scopes) {
        if !found.contains(&home) {
            found.push(home);
        }
    }
    let home = match (client.metadata.resources.as_slice(), found.as_slice()) {
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

/// The APIs that scopes belong to, one for each that belongs to any.
fn homes<'t>(scope: &'t Scope, scopes: &'t ScopeTable) -> impl Iterator<Item = &'t str> {
    scope.iter().filter_map(move |name| scopes.find(name)?.resource.as_deref())
}

#[cfg(test)]
mod tests;
