//! Rows of `client_logos`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::client_logos};

/// The logo of a client that somebody vouches for, or how far fetching it has come.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = client_logos, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct ClientLogo {
    pub client_id: String,
    pub uri: String,
    pub tries: i64,
    pub tried_at: Option<Ts>,
    pub next_try_at: Option<Ts>,
    pub reason: Option<String>,
    pub hash: Option<String>,
    pub png: Option<Vec<u8>>,
}
