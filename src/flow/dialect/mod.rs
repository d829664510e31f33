//! What dialects do at the token endpoint and at their APIs, in our own words; `http::compat` has theirs.

pub mod facebook;
pub mod github;

use std::sync::Arc;

use super::{Context, Result, catalog::Snapshot, code::Redeeming, issue, register};
use crate::{
    protocol::{
        client_auth::PresentedCredentials,
        client_metadata::Client,
        dialect::{Dialect, Life},
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

impl TokenRequest<'_> {
    /// Those of [`Redeeming`].
    const fn quiet_seconds(&self) -> i64 {
        if self.may_repeat { REPEATED_SECONDS } else { 0 }
    }
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

/// A code for an access token. The client has been authenticated at this dialect's door. `before`: as in
/// [`Catalog::still_allowed`](super::catalog::Catalog::still_allowed), which what fails is to be tried anew without.
///
/// # Errors
/// [`crate::protocol::Refusal`]; [`super::Error`] when the database is away.
pub async fn redeem_code(
    redeeming: &Redeeming<'_>,
    dialect: Dialect,
    request: &Request,
    before: Option<&Arc<Snapshot>>,
) -> Result<Issued> {
    let found = redeeming.find(request).await?;
    let (minted, issued) =
        issue_for(redeeming.ctx, dialect, redeeming.client, &found.grant, &found.user, before).await?;
    redeeming.spend(&found, None, minted.row).await?;
    register::note_use(redeeming.ctx, redeeming.client).await;
    Ok(issued)
}

/// An access token from a grant; its row has to be written before it is given out.
async fn issue_for(
    ctx: &Context,
    dialect: Dialect,
    client: &Client,
    grant: &Grant,
    user: &User,
    before: Option<&Arc<Snapshot>>,
) -> Result<(issue::Minted, Issued)> {
    let life = dialect.token_life(&client.metadata);
    let granted = issue::parse_scope(&grant.scope)?;
    let scope = ctx.catalog.still_allowed(ctx, client, &granted, true, before).await?;
    let holder = issue::Holder { client, subject: &user.sub, grant: Some(grant.id) };
    let minted = issue::dialect_token(ctx, dialect, &holder, scope.clone(), life);
    let expires_in = match life {
        Life::Seconds(seconds) => Some(seconds),
        Life::WhileUsed => None,
    };
    let access_token = minted.text.clone();
    Ok((minted, Issued { access_token, scope, expires_in }))
}
