//! Use cases, one a file: load → decide → apply. They carry values from the store to the rules of `protocol` and back,
//! and know nothing of HTTP.

pub mod accept;
pub mod account;
pub mod admin;
pub mod audit;
pub mod authorize;
pub mod backup;
pub mod catalog;
pub mod client_auth;
pub mod client_keys;
pub mod client_logo;
pub mod client_owner;
pub mod client_secret;
pub mod code;
pub mod device_authorization;
pub mod dialect;
pub mod encryption_keys;
pub mod epoch;
pub mod grant;
pub mod hashing;
pub mod id_token_hint;
pub mod introspect;
pub mod issue;
pub mod keys;
pub mod limits;
pub mod login;
pub mod logout;
pub mod logout_notice;
pub mod metadata;
pub mod profile;
pub mod register;
pub mod revoke;
pub mod sector;
pub mod start;
pub mod token;
pub mod userinfo;

use std::{net::IpAddr, sync::Arc};

use crate::{
    clock::{Clock, Ts},
    config::Config,
    outbound::Fetcher,
    protocol::Refusal,
    secret::Keyring,
    store::{self, Store},
};

/// What every use case works with.
pub struct Context {
    /// The configuration, which does not change while serving.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Keys derived from `secret_key`.
    pub keyring: Keyring,
    /// What pairwise subjects are made with; it outlives every `secret_key`.
    pub pairwise_key: [u8; 32],
    /// Clients, scopes, resources and signing keys, cached.
    pub catalog: catalog::Catalog,
    /// What asks others, within bounds.
    pub fetch: Fetcher,
    /// Clients' public keys, from their own addresses.
    pub client_keys: client_keys::ClientKeys,
    /// Request objects, from clients' own addresses.
    pub request_objects: authorize::request_uri::RequestObjects,
    /// The bounded pool for slow hashes.
    pub hashing: hashing::Hashing,
    /// What strangers may do how often.
    pub limits: limits::Limits,
    /// Who acted.
    pub auditor: audit::Auditor,
    /// Access tokens whose signature was verified a moment ago.
    pub verified: accept::Verified,
}

impl Context {
    /// This instant.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.clock.now()
    }

    /// Our name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.config.issuer.as_str()
    }
}

/// Where a request came from, for audit and limits.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address, as far as trusted proxies tell.
    pub address: Option<IpAddr>,
    /// As the browser names itself, cut to a sane length.
    pub user_agent: Option<String>,
    /// Finds the log line.
    pub request_id: String,
}

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Their side: the answer says what to mend.
    #[error("refused: {}", .0.description())]
    Refused(Refusal),
    /// Our side: the log has the cause.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What failed on our side.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Too many slow hashes wait.
    #[error("the queue for password hashes is full")]
    HashQueueFull,
    /// Anything else.
    #[error("{0}")]
    Internal(String),
}

/// What a use case answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Is it a refusal that a cache behind could have caused?
#[must_use]
pub fn may_be_stale<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Refused(why)) if why.may_be_stale())
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Fault(Fault::Store(error))
    }
}

impl Fault {
    /// What the other side reads.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::Store(_) | Self::HashQueueFull => Refusal::Busy,
            Self::Internal(_) => Refusal::Broken,
        }
    }
}

impl Error {
    /// What the other side reads.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Fault(fault) => fault.refusal(),
        }
    }

    /// Something that cannot happen did.
    #[must_use]
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Fault(Fault::Internal(what.to_string()))
    }
}
