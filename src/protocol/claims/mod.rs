//! What may be said of a person (OIDC Core §5.1): which claims there are, and by which scope they are released (§5.4).

mod field;
mod profile;

pub use field::{Field, Unfit};
pub use profile::{BadClaim, Profile};

use serde_json::{Map, Value};

/// Each standard claim about a person, and the scope that releases it, in the order of OIDC Core §5.1; and `groups`, which
/// libraries in the field look for under that name (UX Q26).
pub const STANDARD: &[(&str, &str)] = &[
    ("name", "profile"),
    ("given_name", "profile"),
    ("family_name", "profile"),
    ("middle_name", "profile"),
    ("nickname", "profile"),
    ("preferred_username", "profile"),
    ("profile", "profile"),
    ("picture", "profile"),
    ("website", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("gender", "profile"),
    ("birthdate", "profile"),
    ("zoneinfo", "profile"),
    ("locale", "profile"),
    ("phone_number", "phone"),
    ("phone_number_verified", "phone"),
    ("address", "address"),
    ("updated_at", "profile"),
    ("groups", "groups"),
];

/// Claims that say something of a token: none of a person's may be called so (RFC 7519 §4.1, OIDC Core §2, §5.6).
const OF_TOKENS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "sub_jwk",
    "cnf",
    "act",
    "may_act",
    "scope",
    "client_id",
    "events",
    "_claim_names",
    "_claim_sources",
    "grant",
];

/// Those of [`STANDARD`] that an ID token holds although an access token beside it opens userinfo: what libraries look
/// for there (UX Q26), besides `picture`. The others are for userinfo (OIDC Core §5.4).
const IN_EVERY_ID_TOKEN: &[&str] =
    &["name", "given_name", "family_name", "preferred_username", "updated_at", "email", "email_verified", "groups"];

/// Longest address of a picture there, in bytes: programs keep ID tokens in cookies, which end at four kilobytes, and
/// send them back in addresses. Userinfo has any.
const MAX_PICTURE_BYTES: usize = 512;

/// Is it one of [`STANDARD`]?
#[must_use]
pub fn is_standard(claim: &str) -> bool {
    STANDARD.iter().any(|(name, _)| *name == claim)
}

/// Does an ID token say it of this person, beside an access token?
#[must_use]
pub fn is_in_every_id_token(claim: &str, profile: &Profile) -> bool {
    match claim {
        "picture" => profile.get(Field::Picture).is_some_and(|address| address.len() <= MAX_PICTURE_BYTES),
        _ => !is_standard(claim) || IN_EVERY_ID_TOKEN.contains(&claim),
    }
}

/// May a claim of somebody's own making be called so? 1 to 128 characters that a scope might have as well, and nobody
/// else's name.
#[must_use]
pub fn is_own_name(claim: &str) -> bool {
    super::scope::is_name(claim) && !is_standard(claim) && !OF_TOKENS.contains(&claim)
}

/// A person, as far as claims are made of them.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Full name.
    pub name: Option<&'a str>,
    /// The name to sign in with.
    pub username: &'a str,
    /// Email address.
    pub email: Option<&'a str>,
    /// Was it shown to be theirs?
    pub email_verified: bool,
    /// When any of this last changed, in seconds.
    pub updated_at: i64,
    /// Everything else.
    pub profile: &'a Profile,
}

impl Person<'_> {
    /// What a claim says; `None` when there is nothing to say.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<Value> {
        match name {
            "name" => self.name.map(Value::from),
            "preferred_username" => Some(self.username.into()),
            "updated_at" => Some(self.updated_at.into()),
            "email" => self.email.map(Value::from),
            "email_verified" => self.email.map(|_| self.email_verified.into()),
            "phone_number_verified" => {
                self.profile.get(Field::PhoneNumber).map(|_| self.profile.phone_is_verified().into())
            }
            "address" => self.profile.address(),
            "groups" => Some(self.profile.groups()).filter(|groups| !groups.is_empty()).map(Value::from),
            other if is_standard(other) => {
                Field::parse(other).and_then(|field| self.profile.get(field)).map(Value::from)
            }
            other => self.profile.own(other).cloned(),
        }
    }

    /// What these claims say, as far as there is something to say.
    #[must_use]
    pub fn claims<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Map<String, Value> {
        names.into_iter().filter_map(|name| self.claim(name).map(|value| (name.to_owned(), value))).collect()
    }
}

#[cfg(test)]
mod tests;
