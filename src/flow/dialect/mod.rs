//! What dialects do at the token endpoint and at their APIs, in our own words; `http::compat` has theirs.

pub mod facebook;
pub mod github;

use super::{
    Result,
    code::{Redeemable, Redeeming},
    issue,
};
use crate::protocol::{
    dialect::{Dialect, Life},
    grant::authorization_code::Request,
    scope::Scope,
};

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
pub async fn redeem_code(redeeming: &Redeeming<'_>, dialect: Dialect, request: &Request) -> Result<Issued> {
    let found = redeeming.find(request).await?;
    let (minted, issued) = mint(redeeming, dialect, &found)?;
    redeeming.spend(&found, None, minted.row).await?;
    Ok(issued)
}

fn mint(redeeming: &Redeeming<'_>, dialect: Dialect, found: &Redeemable) -> Result<(issue::Minted, Issued)> {
    let life = dialect.token_life(&redeeming.client.metadata);
    let scope = issue::parse_scope(&found.grant.scope)?;
    let holder = issue::Holder { client: redeeming.client, subject: &found.user.sub, grant: Some(found.grant.id) };
    let minted = issue::dialect_token(redeeming.ctx, dialect, &holder, scope.clone(), life);
    let expires_in = match life {
        Life::Seconds(seconds) => Some(seconds),
        Life::WhileUsed => None,
    };
    let access_token = minted.text.clone();
    Ok((minted, Issued { access_token, scope, expires_in }))
}
