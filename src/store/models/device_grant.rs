//! Rows of `device_grants`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::device_grants,
};

/// A device that waits for a person, or has been answered (RFC 8628).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_grants, primary_key(id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct DeviceGrant {
    pub id: Id,
    pub device_code: Digest<kind::DeviceCode>,
    pub user_code: Vec<u8>,
    pub client_id: String,
    pub scope: String,
    pub resources: String,
    pub dialect: Option<String>,
    pub user_agent: String,
    pub address: String,
    pub shown: i64,
    pub poll_seconds: i64,
    pub polled_at: Option<Ts>,
    pub decided_at: Option<Ts>,
    pub grant_id: Option<Id>,
    pub used_at: Option<Ts>,
    pub created_at: Ts,
    pub expires_at: Ts,
    pub ends_at: Ts,
}
