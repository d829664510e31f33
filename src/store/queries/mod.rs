//! Every query, once; compiled for both databases. `Conn` says which.
//!
//! A function here is an operation: what must be atomic is one function, and its caller owns the transaction. After an
//! SQL error it does not go on (`ON CONFLICT` instead), and it locks in the order grant → chain → tokens. Whoever adds a row
//! shares, after it, the row it refers to, which only a deletion minds: that goes the other way, chains → grants.
//!
//! A look-up by a unique key says `get_result`, not `first`: that adds `LIMIT ?`, and `SQLite` plans a statement anew for
//! each value of a bound limit. An `UPDATE` of a hot path goes through `kept::Kept`; what has to stay as it is found
//! is looked up through `held::Held`.

use super::{Conn, LEFTOVERS_AT_MOST, LEFTOVERS_AT_ONCE, RunQueryDsl};

pub(in crate::store) mod access_token;
pub(in crate::store) mod audit_event;
pub(in crate::store) mod client;
pub(in crate::store) mod client_logo;
pub(in crate::store) mod consent;
pub(in crate::store) mod device_grant;
pub(in crate::store) mod encryption_key;
pub(in crate::store) mod grant;
pub(in crate::store) mod instance;
pub(in crate::store) mod lease;
pub(in crate::store) mod link;
pub(in crate::store) mod login_failures;
pub(in crate::store) mod logout_notice;
pub(in crate::store) mod refresh_chain;
pub(in crate::store) mod registration;
pub(in crate::store) mod resource;
pub(in crate::store) mod scope;
pub(in crate::store) mod session;
pub(in crate::store) mod signing_key;
pub(in crate::store) mod sweep;
pub(in crate::store) mod used_jti;
pub(in crate::store) mod user;
