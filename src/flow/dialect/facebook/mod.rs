//! The Facebook-shaped dialect's use cases (DESIGN §7, PROTOCOL R-f): tokens, what is known of one, a person's
//! permissions.

pub mod debug;
pub mod person;
pub mod token;

use crate::{
    flow::{Context, Result, issue},
    protocol::{
        dialect::{Dialect, Door},
        scope::Scope,
    },
};

/// Whose manners these are.
pub const DIALECT: Dialect = Dialect::Facebook;
/// By which way its requests come in.
pub const DOOR: Door = Door::Dialect(DIALECT);

/// What a person has skipped, or an app has given back, of what this app may ask for: no token of theirs does it.
async fn declined(ctx: &Context, user: i64, client_id: &str) -> Result<Scope> {
    let consent = ctx.store.find_consent(user, client_id.to_owned(), ctx.now()).await?;
    consent.map_or(Ok(Scope::default()), |consent| issue::parse_scope(&consent.declined))
}
