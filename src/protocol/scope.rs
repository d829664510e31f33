//! Scopes (RFC 6749 §3.3): what can be asked for, what a client may ask, and what follows from what.

mod sets;

use std::fmt;

pub use sets::{Ready, ScopeSet};

use super::{Refusal, claims, client_metadata::Client};

/// A set of scope names in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

const MAX_NAMES: usize = 100;
const MAX_BYTES: usize = 4096;

impl Scope {
    /// From the wire: names separated by spaces, repetition dropped.
    ///
    /// # Errors
    /// [`Refusal::ScopeMalformed`] for characters outside RFC 6749 §3.3, or too many.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES || !text.bytes().all(|b| b == b' ' || is_scope_char(b)) {
            return Err(Refusal::ScopeMalformed);
        }
        let scope: Self = text.split(' ').filter(|name| !name.is_empty()).collect();
        if scope.0.len() > MAX_NAMES { Err(Refusal::ScopeMalformed) } else { Ok(scope) }
    }

    /// Is `name` in it?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|found| found == name)
    }

    /// Are all names of `other` in it?
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|name| self.has(name))
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those that `keep` keeps.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        self.iter().filter(|name| keep(name)).collect()
    }

    /// These and the others, without repetition.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// The same set in one order, whatever the order in which it was asked for.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut scope = Self::default();
        for name in names {
            if !scope.has(name) {
                scope.0.push(name.to_owned());
            }
        }
        scope
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// May this be a scope's name? RFC 6749 §3.3: `%x21 / %x23-5B / %x5D-7E`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(is_scope_char)
}

const fn is_scope_char(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// A scope that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeDefinition {
    /// As asked for.
    pub name: String,
    /// What the consent page says; empty when none was given.
    pub description: String,
    /// The heading it stands under on the consent page; empty for none.
    pub group: String,
    /// Names that come with it.
    pub implies: Vec<String>,
    /// Shown last, in a box of its own; never a default.
    pub danger: bool,
    /// Listed in the metadata.
    pub published: bool,
    /// The resource it belongs to; the issuer when `None`.
    pub resource: Option<String>,
    /// What of a person it releases.
    pub claims: Vec<String>,
    /// One of `OpenID` Connect's own, built in.
    pub builtin: bool,
}

impl ScopeDefinition {
    /// Its description, behind its group where it has one: what a list without headings says.
    #[must_use]
    pub fn in_words(&self) -> String {
        match (self.group.as_str(), self.description.as_str()) {
            ("", description) => description.to_owned(),
            (group, "") => group.to_owned(),
            (group, description) => format!("{group} — {description}"),
        }
    }
}

/// Every scope there is, in the order of creation; the built-in ones first.
#[derive(Debug, Clone)]
pub struct ScopeTable(Vec<ScopeDefinition>);

/// `OpenID` Connect Core §5.4, §11, and `groups` (UX Q26): name and what the consent page says (UX K10).
pub const BUILTIN: &[(&str, &str)] = &[
    ("openid", "Know who you are"),
    ("profile", "See your name, username and picture"),
    ("email", "See your email address"),
    ("phone", "See your phone number"),
    ("address", "See your postal address"),
    ("groups", "See which groups you are in"),
    ("offline_access", "Stay connected when you are away"),
];

/// Is it one of `OpenID` Connect's own?
#[must_use]
pub fn is_builtin(name: &str) -> bool {
    BUILTIN.iter().any(|(builtin, _)| *builtin == name)
}

impl ScopeTable {
    /// The built-in scopes and these, which are in the order of creation.
    #[must_use]
    pub fn new(own: Vec<ScopeDefinition>) -> Self {
        let builtin = BUILTIN.iter().map(|(name, description)| ScopeDefinition {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            group: String::new(),
            implies: Vec::new(),
            danger: false,
            published: true,
            resource: None,
            claims: claims::STANDARD
                .iter()
                .filter(|(_, by)| by == name)
                .map(|(claim, _)| (*claim).to_owned())
                .collect(),
            builtin: true,
        });
        Self(builtin.chain(own.into_iter().filter(|scope| !is_builtin(&scope.name))).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeDefinition> {
        self.0.iter()
    }

    /// The one called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ScopeDefinition> {
        self.0.iter().find(|scope| scope.name == name)
    }

    /// What these scopes release of a person (OIDC Core §5.4).
    pub fn claims<'t>(&'t self, scope: &Scope) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(|one| scope.has(&one.name)).flat_map(|one| &one.claims).map(String::as_str)
    }

    /// The scopes that release this claim.
    pub fn scopes_of<'t>(&'t self, claim: &'t str) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(move |one| one.claims.iter().any(|name| name == claim)).map(|one| one.name.as_str())
    }

    /// May a claim be asked for by name, by whoever is registered for these scopes? It belongs to the scopes that release
    /// it: without any of them it is not to be had by this way either (PROTOCOL P11).
    #[must_use]
    pub fn may_name(&self, claim: &str, scopes: &Scope) -> bool {
        self.scopes_of(claim).any(|scope| scopes.has(scope))
    }

    /// Asked and everything that follows from it, transitively. Nothing follows: as asked, less repetition.
    /// Something follows: all names in the order in which the scopes were created (DESIGN §5).
    #[must_use]
    pub fn expand(&self, asked: &Scope) -> Scope {
        self.expanded(asked.iter()).into_iter().collect()
    }

    /// The same of names with repetition, for whoever only looks.
    fn expanded<'a>(&'a self, asked: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut all = Vec::new();
        for name in asked {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        let (asked, mut at) = (all.len(), 0);
        while let Some(name) = all.get(at).copied() {
            for implied in self.find(name).map(|scope| scope.implies.as_slice()).unwrap_or_default() {
                if !all.contains(&implied.as_str()) && self.find(implied).is_some() {
                    all.push(implied);
                }
            }
            at += 1;
        }
        if all.len() == asked {
            return all;
        }
        self.iter().map(|scope| scope.name.as_str()).filter(|name| all.contains(name)).collect()
    }

    /// What the client is registered for, and everything that follows from it.
    #[must_use]
    pub fn registered(&self, client: &Client) -> Scope {
        self.allowed(client).into_iter().collect()
    }

    /// The same, borrowed.
    fn allowed<'a>(&'a self, client: &'a Client) -> Vec<&'a str> {
        let metadata = &client.metadata;
        self.expanded(metadata.scope.iter().chain(metadata.optional_scope.iter()))
    }

    /// Is it dangerous, by itself or by anything that comes with it?
    #[must_use]
    pub fn is_dangerous(&self, name: &str) -> bool {
        let all = self.expanded(std::iter::once(name));
        all.into_iter().any(|name| self.find(name).is_some_and(|scope| scope.danger))
    }

    /// What a request by a person's app comes to. `asked` is `None` when no `scope` was sent.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotAllowed`] for a name the client is not registered for, [`Refusal::ScopeMissing`] when
    /// nothing was asked and there is no default.
    pub fn resolve(&self, asked: Option<&Scope>, client: &Client) -> Result<Scope, Refusal> {
        let asked = match asked {
            Some(asked) => asked.clone(),
            None => self.default_of(client),
        };
        if asked.is_empty() {
            return Err(Refusal::ScopeMissing);
        }
        let allowed = self.allowed(client);
        let may = |name: &str| self.find(name).is_some() && (is_builtin(name) || allowed.contains(&name));
        let Some(refused) = asked.iter().find(|name| !may(name)) else { return Ok(self.expand(&asked)) };
        let kept = asked.filtered(may);
        // who registered itself may not know what there is (UX M15): it is told what it got
        if client.metadata.registered.is_some() && !kept.is_empty() {
            return Ok(self.expand(&kept));
        }
        Err(Refusal::ScopeNotAllowed(refused.to_owned()))
    }

    /// What a request in a dialect comes to: nothing asked is nothing but what is public, and only what the client is
    /// registered for can be asked.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotAllowed`].
    pub fn resolve_in_dialect(&self, asked: &Scope, client: &Client) -> Result<Scope, Refusal> {
        let allowed = self.allowed(client);
        match asked.iter().find(|name| self.find(name).is_none() || !allowed.contains(name)) {
            Some(name) => Err(Refusal::ScopeNotAllowed(name.to_owned())),
            // as asked, and what follows behind it: some programs compare the answer with their question as text
            None => Ok(asked.iter().chain(self.expanded(asked.iter())).collect()),
        }
    }

    /// The fewest names that say the same: a wider scope swallows those that come with it.
    #[must_use]
    pub fn normalised(&self, scope: &Scope) -> Scope {
        let others = |name| self.expanded(std::iter::once(name)).into_iter().filter(move |other| *other != name);
        let swallowed: Vec<&str> = scope.iter().flat_map(others).collect();
        scope.filtered(|name| !swallowed.contains(&name))
    }

    /// Of these the person may leave some out: what the client declared optional and what comes with that, unless something
    /// else of its brings it along. Signing in is never optional.
    #[must_use]
    pub fn optional(&self, scope: &Scope, client: &Client) -> Scope {
        let needed = self.expanded(client.metadata.scope.iter());
        let spare = self.expanded(client.metadata.optional_scope.iter());
        scope.filtered(|name| name != "openid" && spare.contains(&name) && !needed.contains(&name))
    }

    /// What a yes grants of these: what may not be left out, and what was ticked.
    #[must_use]
    pub fn granted(&self, scope: &Scope, optional: &Scope, ticked: &Scope, in_dialect: bool) -> Scope {
        // a dialect's page shows the widest permissions only: what comes with them comes with their box
        let ticked = if in_dialect { self.expanded(ticked.iter()) } else { ticked.iter().collect() };
        scope.filtered(|name| !optional.has(name) || ticked.contains(&name))
    }

    /// Which of these the client is not registered for: scopes of `OpenID` Connect, which every app may ask a person
    /// for (UX M15). Nobody but a person gives them.
    #[must_use]
    pub fn unregistered(&self, scope: &Scope, client: &Client) -> Scope {
        let registered = self.allowed(client);
        scope.filtered(|name| !registered.contains(&name))
    }

    /// Of what was asked for a while ago, what the client may ask a person for now.
    #[must_use]
    pub fn still_allowed(&self, asked: &Scope, client: &Client, in_dialect: bool) -> Scope {
        let allowed = self.allowed(client);
        let may = |name: &str| allowed.contains(&name) || (!in_dialect && is_builtin(name));
        asked.filtered(|name| self.find(name).is_some() && may(name))
    }

    /// What a client gets for itself (RFC 6749 §4.4.2): never one of `OpenID` Connect's.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotAllowed`].
    pub fn resolve_for_client(&self, asked: Option<&Scope>, client: &Client) -> Result<Scope, Refusal> {
        let asked = match asked {
            Some(asked) => asked.clone(),
            None => self.default_of(client).filtered(|name| !is_builtin(name)),
        };
        let allowed = self.allowed(client);
        for name in asked.iter() {
            if is_builtin(name) || self.find(name).is_none() || !allowed.contains(&name) {
                return Err(Refusal::ScopeNotAllowed(name.to_owned()));
            }
        }
        Ok(self.expand(&asked).filtered(|name| !is_builtin(name)))
    }

    /// The registered scopes without `openid`, `offline_access`, optional and dangerous ones.
    fn default_of(&self, client: &Client) -> Scope {
        client.metadata.scope.filtered(|name| {
            !matches!(name, "openid" | "offline_access") && self.find(name).is_some() && !self.is_dangerous(name)
        })
    }
}

#[cfg(test)]
mod tests;
