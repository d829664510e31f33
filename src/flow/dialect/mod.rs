//! What dialects do at the token endpoint and at their APIs, in our own words; `http::compat` has theirs.

pub mod facebook;
pub mod github;

use std::sync::Arc;

use super::{Context, Origin, Result, catalog::Before, code::Redeeming, issue, register};
use crate::{
    protocol::{
        client_auth::PresentedCredentials,
        client_metadata::Client,
        dialect::{Dialect, Door, Life},
        grant::authorization_code::Request,
        params::Params,
        scope::Scope,
    },
    store::models::{Grant, User},
};

/// A GET is repeated by libraries and proxies, by right: a code that comes again so soon, in seconds, is refused and
/// nothing else (PROTOCOL R-f3).
const REPEATED_SECONDS: i64 = 10;

/// A token request, before anything of it is believed.
pub struct TokenRequest<'a> {
    /// Its parameters.
    pub params: &'a Params,
    /// Who the client says it is.
    pub presented: &'a PresentedCredentials,
    /// Did it come by a method that may be repeated?
    pub may_repeat: bool,
}

/// An access token that was issued in a dialect.
pub struct Issued {
    /// What the client gets.
    pub access_token: String,
    /// What it may do, with everything that follows from it.
    pub scope: Scope,
    /// Its life in seconds; `None` when it lives as long as it is used.
    pub expires_in: Option<i64>,
}

/// A code for an access token. The client has been authenticated at this dialect's door.
///
/// # Errors
/// [`crate::protocol::Refusal`]; [`super::Error`] when the database is away.
pub async fn redeem_code(
    ctx: &Arc<Context>,
    origin: &Origin,
    dialect: Dialect,
    client: &Client,
    request: &TokenRequest<'_>,
    before: &Before,
) -> Result<Issued> {
    let quiet_seconds = if request.may_repeat { REPEATED_SECONDS } else { 0 };
    let redeeming = Redeeming { ctx, origin, client, door: Door::Dialect(dialect), quiet_seconds };
    let found = redeeming.find(&Request::parse(request.params)?).await?;
    let (minted, issued) = issue_for(ctx, dialect, client, &found.grant, &found.user, before).await?;
    redeeming.spend(&found, None, minted.row).await?;
    register::note_use(ctx, client).await;
    Ok(issued)
}

/// An access token from a grant; its row has to be written before it is given out.
async fn issue_for(
    ctx: &Context,
    dialect: Dialect,
    client: &Client,
    grant: &Grant,
    user: &User,
    before: &Before,
) -> Result<(issue::Minted, Issued)> {
    let life = dialect.token_life(&client.metadata);
    let granted = issue::parse_scope(&grant.scope)?;
    let scope = before.still_allowed(ctx, client, &granted, true).await?;
    let holder = issue::Holder { client, subject: &user.sub, grant: Some(grant.id) };
    let minted = issue::dialect_token(ctx, dialect, &holder, scope.clone(), life);
    let expires_in = match life {
        Life::Seconds(seconds) => Some(seconds),
        Life::WhileUsed => None,
    };
    let access_token = minted.text.clone();
    Ok((minted, Issued { access_token, scope, expires_in }))
}
