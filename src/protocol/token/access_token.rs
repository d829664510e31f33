//! Access tokens as JWTs (RFC 9068), and when one is alive at our own doors (PROTOCOL R-m).

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    clock::Ts,
    protocol::scope::Scope,
    secret::{Id, base62},
};

/// RFC 9068 §2.1.
pub const TYP: &str = "at+jwt";

/// The claims: lent to be written, owned when they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims<'a> {
    /// The issuer.
    pub iss: Cow<'a, str>,
    /// The person's subject, or the client's id for a token of its own.
    pub sub: Cow<'a, str>,
    /// Where it is good.
    pub aud: OneOrMany<'a>,
    /// Who got it.
    pub client_id: Cow<'a, str>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Expires at, in seconds.
    pub exp: i64,
    /// Its id, which also holds the microsecond of its making (P35).
    pub jti: String,
    /// Our reference to the grant it came from; absent for a client's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

/// A string when there is one, an array when there are more (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<'a>(Cow<'a, [String]>);

impl From<Vec<String>> for OneOrMany<'_> {
    fn from(all: Vec<String>) -> Self {
        Self(all.into())
    }
}

impl OneOrMany<'_> {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Serialize for OneOrMany<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.as_slice() {
            [one] => one.serialize(to),
            all => all.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<'_> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Found {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Found::deserialize(from)? {
            Found::One(one) => vec![one].into(),
            Found::Many(all) => all.into(),
        })
    }
}

/// A token of either form, as our own doors see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Its id, which holds the instant of its making.
    pub id: Id,
    /// The grant behind it; `None` for a client's own token.
    pub grant: Option<Id>,
    /// Who got it.
    pub client_id: String,
    /// `sub`.
    pub subject: String,
    /// Where it is good.
    pub audience: Vec<String>,
    /// What it may do.
    pub scope: Scope,
    /// Issued at.
    pub issued_at: Ts,
    /// Expires at.
    pub expires_at: Ts,
}

impl AccessToken {
    /// As claims of a JWT.
    #[must_use]
    pub fn to_claims<'a>(&'a self, issuer: &'a str) -> Claims<'a> {
        Claims {
            iss: issuer.into(),
            sub: self.subject.as_str().into(),
            aud: OneOrMany(self.audience.as_slice().into()),
            client_id: self.client_id.as_str().into(),
            scope: self.scope.to_string(),
            iat: self.issued_at.unix_seconds(),
            exp: self.expires_at.unix_seconds(),
            jti: self.id.to_text(),
            grant: self.grant.map(|id| base62::encode(id.as_bytes())),
        }
    }

    /// From verified claims of our own; `None` when they are not of our making.
    #[must_use]
    pub fn from_claims(claims: Claims<'_>, issuer: &str) -> Option<Self> {
        if claims.iss != issuer {
            return None;
        }
        let grant = match claims.grant {
            Some(text) => Some(Id::from_bytes(base62::decode(&text)?)),
            None => None,
        };
        Some(Self {
            id: Id::parse(&claims.jti)?,
            grant,
            client_id: claims.client_id.into_owned(),
            subject: claims.sub.into_owned(),
            audience: claims.aud.0.into_owned(),
            scope: Scope::parse(&claims.scope).ok()?,
            issued_at: Ts::from_unix_seconds(claims.iat),
            expires_at: Ts::from_unix_seconds(claims.exp),
        })
    }
}

/// What the database says of a token's roots, read anew each time (R-m2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roots {
    /// The grant was taken back, or the token itself was.
    pub revoked: bool,
    /// When the grant was made; `None` for a client's own token.
    pub granted_at: Option<Ts>,
    /// The person is locked.
    pub person_locked: bool,
    /// The later of the person's and the client's `tokens_invalid_before`.
    pub invalid_before: Ts,
    /// The installation's `tokens_invalid_before`. Grants of before may go on (R-a6), tokens do not.
    pub epoch_began: Ts,
}

/// Is the token alive now? R-m1. It is as old as its grant: one that was made of a grant in the very moment in which
/// everything of the person was ended does not outlive it.
#[must_use]
pub fn is_alive(token: &AccessToken, roots: &Roots, now: Ts) -> bool {
    let made_at = token.id.made_at();
    let granted_at = roots.granted_at.map_or(made_at, |at| at.min(made_at));
    let is_young = granted_at >= roots.invalid_before && made_at >= roots.epoch_began;
    token.expires_at > now && !roots.revoked && !roots.person_locked && is_young
}

#[cfg(test)]
mod tests;
