//! Rows of `refresh_chains`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    protocol::grant::refresh_token::Chain,
    secret::{Digest, Id, kind},
    store::schema::refresh_chains,
};

/// The refresh tokens of a grant: the good one, the one before, and the salt between them.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_chains, primary_key(grant_id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct RefreshChain {
    pub grant_id: Id,
    pub generation: i64,
    pub current_digest: Digest<kind::RefreshToken>,
    pub previous_digest: Option<Digest<kind::RefreshToken>>,
    pub salt: Option<Vec<u8>>,
    pub key_id: Option<Vec<u8>>,
    pub rotated_at: Ts,
    pub retry_until: Ts,
    pub answers: i64,
    pub idle_end: Ts,
    pub absolute_end: Ts,
}

impl RefreshChain {
    /// As the rule takes it.
    #[must_use]
    pub const fn facts(&self) -> Chain {
        Chain {
            current: self.current_digest,
            previous: self.previous_digest,
            retry_until: self.retry_until,
            idle_end: self.idle_end,
            absolute_end: self.absolute_end,
        }
    }
}
