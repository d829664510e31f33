//! The GitHub-shaped dialect: a code for a token, and whose token it is.

pub mod device;

use std::sync::Arc;

use super::{Issued, TokenRequest, redeem_code};
use crate::{
    flow::{Context, Error, Origin, Result, accept, client_auth},
    protocol::{
        Refusal,
        client_metadata::Client,
        dialect::{Dialect, Door},
        grant::GrantType,
        params::Params,
        scope::Scope,
    },
    store::models::User,
};

const DIALECT: Dialect = Dialect::Github;
/// By which way its requests come in.
pub const DOOR: Door = Door::Dialect(DIALECT);

/// Answers a token request: a code by a client that has shown who it is.
///
/// # Errors
/// [`Refusal`]; [`Error`] when the database is away.
pub async fn redeem(ctx: &Arc<Context>, origin: &Origin, request: &TokenRequest<'_>) -> Result<Issued> {
    client_auth::served(ctx, DOOR, request.presented, async |client, before| {
        check_grant(&client, request.params)?;
        redeem_code(ctx, origin, DIALECT, &client, request, before).await
    })
    .await
}

/// Programs of that service send no `grant_type`; libraries send the standard's.
fn check_grant(client: &Client, params: &Params) -> Result<()> {
    let grant = GrantType::AuthorizationCode;
    match params.find("grant_type") {
        Some(named) if named != grant.name() => Err(Refusal::GrantTypeUnknown.into()),
        _ if !client.metadata.allows(grant) => Err(Refusal::GrantTypeNotAllowed(grant.name()).into()),
        _ => Ok(()),
    }
}

/// Whose token came to the API, and what it may do.
pub struct Caller {
    /// The person.
    pub user: User,
    /// What the token may do, with everything that follows from it.
    pub scope: Scope,
    /// The same in the fewest names.
    pub normalised: Scope,
    /// The app's `client_id`.
    pub client_id: String,
}

/// The person behind a token at this API. `in_query`: it stood in the address, which only some clients may do (R-f2).
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::QueryTokenNotAllowed`].
pub async fn caller(ctx: &Context, text: &str, in_query: bool) -> Result<Caller> {
    let accepted = accept::accept_in(ctx, DIALECT, text, in_query).await?;
    let user = accepted.user.ok_or(Error::Refused(Refusal::TokenInvalid))?;
    let scope = accepted.token.scope.clone();
    let normalised = ctx.catalog.snapshot(ctx).await?.scopes.normalised(&scope);
    Ok(Caller { user, scope, normalised, client_id: accepted.token.client_id.clone() })
}
