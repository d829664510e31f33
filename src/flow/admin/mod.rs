//! What administrators do: one room, three doors (the command line, and later pages and an API).
//!
//! Each act is checked here whoever asks, done by one store operation, and recorded in the audit log.

pub mod clients;
pub mod costs;
pub mod encryption_keys;
pub mod grants;
pub mod keys;
pub mod registration;
pub mod resources;
pub mod rules;
pub mod scopes;
pub mod sessions;
pub mod tokens;
pub mod users;

use std::fmt;

use super::{
    Context, Error, Fault, Origin,
    audit::{self, Event},
};
use crate::store;

/// Why an administrator's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// It is about something that is not there.
    #[error("there is no {noun} {name}")]
    NotFound {
        /// What was looked for.
        noun: Noun,
        /// Which: its name in quotes, or words.
        name: String,
    },
    /// The name is taken.
    #[error("{noun} {name:?} exists already")]
    Exists {
        /// What was to be made.
        noun: Noun,
        /// Under which name.
        name: String,
    },
    /// It breaks a rule.
    #[error("{message}")]
    Unfit {
        /// What it is about.
        noun: Noun,
        /// What is wrong, in a sentence without its full stop.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// Our side failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// What an administrator's act is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Noun {
    Client,
    User,
    Email,
    Scope,
    Resource,
    Key,
    Grant,
    Session,
    Token,
    InitialAccessToken,
}

impl Noun {
    /// In lower case, as in codes: `client`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::User => "user",
            Self::Email => "email",
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Key => "key",
            Self::Grant => "grant",
            Self::Session => "session",
            Self::Token => "token",
            Self::InitialAccessToken => "initial_access_token",
        }
    }
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "a user with the email address",
            Self::InitialAccessToken => "initial access token",
            other => other.name(),
        })
    }
}

/// What an administrator's act answers.
pub type Result<T> = std::result::Result<T, AdminError>;

impl From<store::Error> for AdminError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Fault> for AdminError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl AdminError {
    /// For programs: `client_not_found`, `user_exists`, `scope_invalid`.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::NotFound { noun, .. } => format!("{}_not_found", noun.name()),
            Self::Exists { noun, .. } => format!("{}_exists", noun.name()),
            Self::Unfit { noun, .. } => format!("{}_invalid", noun.name()),
            Self::Failed(Error::Fault(Fault::Store(_))) => "database_unavailable".to_owned(),
            Self::Failed(_) => "failed".to_owned(),
        }
    }

    fn not_found(noun: Noun, name: impl Into<String>) -> Self {
        Self::NotFound { noun, name: format!("{:?}", name.into()) }
    }

    fn absent(noun: Noun, words: impl Into<String>) -> Self {
        Self::NotFound { noun, name: words.into() }
    }

    fn exists(noun: Noun, name: impl Into<String>) -> Self {
        Self::Exists { noun, name: name.into() }
    }

    fn unfit(noun: Noun, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Unfit { noun, message: message.into(), remedy: remedy.into() }
    }

    /// It was changed by others each time; this command shows it.
    fn contended(noun: Noun, name: &str, command: &str) -> Self {
        Self::unfit(
            noun,
            format!("somebody else changed the {noun} {name:?} again and again meanwhile"),
            format!("see what they made of it with: {command}; then try again"),
        )
    }
}

/// Somebody else may change the same thing meanwhile; then it is begun again.
pub const TRIES: usize = 3;

/// Records an administrator's act, and waits until that is durable. The act itself is done by then: it is not told as
/// failed because its record is missing.
async fn record(ctx: &Context, origin: &Origin, event: Event<'_>) {
    if let Err(error) = audit::record_now(ctx, origin, &Event { actor: "admin", ..event }).await {
        tracing::warn!(%error, event = event.name, "it was done, but the audit log does not have it");
    }
}

#[cfg(test)]
mod tests;
