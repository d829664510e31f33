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

/// Where the tokens of a client may be good.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Whose tokens.
    pub client: &'a Client,
    /// Every scope, with the resource it belongs to.
    pub scopes: &'a ScopeTable,
    /// Us: the identity audience (R-k2).
    pub issuer: &'a str,
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
#[derive(Debug, Clone)]
pub struct Authorized<'a> {
    /// The resources, in the registered spelling; never empty.
    pub resources: Vec<String>,
    /// Did the authorization request name them? Otherwise they are what its page showed.
    pub named: bool,
    /// Everything that was granted.
    pub scope: &'a Scope,
}

impl Reach<'_> {
    /// What the client may name with this scope: the registered spelling of each. What a scope is for may be named as well
    /// as left out: apps that registered themselves have nothing else, and those of MCP name it always (UX M13).
    ///
    /// # Errors
    /// [`Refusal::ResourceNotAllowed`].
    pub fn allowed(&self, asked: &[String], scope: &Scope) -> Result<Vec<String>, Refusal> {
        let mut found = Vec::new();
        for uri in asked {
            match self.all(scope).find(|registered| same(registered, uri)) {
                Some(registered) if found.iter().any(|one| one == registered) => {}
                Some(registered) => found.push(registered.to_owned()),
                None => return Err(Refusal::ResourceNotAllowed(uri.clone())),
            }
        }
        Ok(found)
    }

    /// Of these resources, those that the client may [name](Self::allowed) with this scope.
    #[must_use]
    pub fn left(&self, uris: &[String], scope: &Scope) -> Vec<String> {
        uris.iter().filter(|uri| self.all(scope).any(|may| may == uri.as_str())).cloned().collect()
    }

    /// Of the resources of a grant, those that its client may still use: with some scope that it is registered for,
    /// whatever a person left out.
    #[must_use]
    pub fn still_allowed(&self, uris: &[String]) -> Vec<String> {
        self.left(uris, &self.scopes.registered(self.client))
    }

    /// What a grant keeps of the resources that were `named` and, where none is left of these, of those that its page
    /// showed: a permission that was left out takes its API along, and none that was not shown comes in its place.
    ///
    /// With spaces between. Of what was shown the empty name is us, and so are most texts, of which there are as many as
    /// people have allowed something.
    #[must_use]
    pub fn keep(&self, named: &[String], shown: &[String], granted: &Scope) -> (String, Option<String>) {
        let named = self.left(named, granted);
        if !named.is_empty() {
            return (named.join(" "), None);
        }
        let mut left = self.inferred(granted).unwrap_or_default();
        left.retain(|uri| shown.contains(uri));
        let texts: Vec<&str> = left.iter().map(|uri| if uri == self.issuer { "" } else { uri.as_str() }).collect();
        (String::new(), Some(texts.join(" ")))
    }

    /// What a grant authorizes that has [kept](Self::keep) this; an old one that kept neither, what a page would show
    /// now.
    ///
    /// # Errors
    /// [`Refusal::ScopesOfSeveralResources`].
    pub fn authorized<'s>(
        &self,
        named: &str,
        shown: Option<&str>,
        scope: &'s Scope,
    ) -> Result<Authorized<'s>, Refusal> {
        let resources = match shown {
            _ if !named.is_empty() => named.split(' ').map(str::to_owned).collect(),
            Some(text) => {
                text.split(' ').map(|uri| if uri.is_empty() { self.issuer } else { uri }.to_owned()).collect()
            }
            None => self.inferred(scope)?,
        };
        Ok(Authorized { resources, named: !named.is_empty(), scope })
    }

    /// Settles `aud` (R-k1, R-k4).
    ///
    /// `asked` are the resources of this request, in the registered spelling; `authorized` is `None` where nobody has
    /// agreed to anything: to a client's own token, or not yet; `scope` is what the token may hold at most.
    ///
    /// # Errors
    /// [`Refusal`] when a resource was not authorized, when one of several has to be named, or when the scopes belong to
    /// different resources.
    pub fn audience(
        &self,
        asked: &[String],
        authorized: Option<&Authorized<'_>>,
        scope: &Scope,
    ) -> Result<Audience, Refusal> {
        let named = match (asked, authorized) {
            ([], None) => return Ok(Audience { resources: self.inferred(scope)?, scope: scope.clone() }),
            (asked, None) => asked,
            ([], Some(Authorized { resources: shown, named: false, scope: granted })) => {
                // a part is good where it belongs now, as far as that was shown; where that says nothing, as the whole
                // is, whatever is registered since
                let part = if scope.covers(granted) { None } else { self.inferred(scope).ok() };
                let mut resources = part.unwrap_or_default();
                resources.retain(|uri| shown.contains(uri));
                let resources = if resources.is_empty() { shown.clone() } else { resources };
                return Ok(Audience { resources, scope: scope.clone() });
            }
            ([], Some(Authorized { resources, .. })) if resources.len() == 1 => resources,
            ([], Some(_)) => return Err(Refusal::ResourceAmbiguous),
            (asked, Some(Authorized { resources, .. })) => {
                let may = |uri: &String| resources.contains(uri) || (scope.has("openid") && uri == self.issuer);
                if let Some(foreign) = asked.iter().find(|uri| !may(uri)) {
                    return Err(Refusal::ResourceNotAllowed(foreign.clone()));
                }
                asked
            }
        };
        let belongs = |name: &str| {
            let home = self.scopes.find(name).and_then(|scope| scope.resource.as_deref()).unwrap_or(self.issuer);
            named.iter().any(|uri| uri == home)
        };
        Ok(Audience { resources: named.to_vec(), scope: scope.filtered(belongs) })
    }

    /// Nothing was named: the one resource the scopes belong to (RFC 9068 §3), so that no token is for an API with scopes
    /// of another; else the client's default, else the issuer.
    fn inferred(&self, scope: &Scope) -> Result<Vec<String>, Refusal> {
        let mut found: Vec<&str> = Vec::new();
        for home in self.homes(scope) {
            if !found.contains(&home) {
                found.push(home);
            }
        }
        let home = match (self.client.metadata.resources.as_slice(), found.as_slice()) {
            ([default, ..], []) => Some(default.as_str()),
            (_, []) => None,
            (_, [one]) => Some(*one),
            _ => return Err(Refusal::ScopesOfSeveralResources),
        };
        let mut resources: Vec<String> = home.into_iter().map(str::to_owned).collect();
        if resources.is_empty() || (scope.has("openid") && !resources.iter().any(|uri| uri == self.issuer)) {
            resources.push(self.issuer.to_owned());
        }
        Ok(resources)
    }

    /// Everything that it may name with this scope.
    fn all<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s str> {
        self.client.metadata.resources.iter().map(String::as_str).chain([self.issuer]).chain(self.homes(scope))
    }

    /// The APIs that scopes belong to, one for each that belongs to any.
    fn homes<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s str> {
        scope.iter().filter_map(|name| self.scopes.find(name)?.resource.as_deref())
    }
}

#[cfg(test)]
mod tests;
