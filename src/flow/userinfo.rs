//! Userinfo (OIDC Core §5.3) and the protected resource of the tutorials, `/api/verify` (PROTOCOL R-l).

use super::{Context, Result, accept, issue};
use crate::protocol::{Refusal, token::id_token::PersonClaims};

/// What the token's scopes say of its person.
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::ScopeInsufficient`] without `openid`.
pub async fn userinfo(ctx: &Context, token: &str) -> Result<PersonClaims> {
    let (token, user) = accept::accept_person(ctx, token).await?;
    if !token.scope.has("openid") {
        return Err(Refusal::ScopeInsufficient("openid").into());
    }
    let at = ctx.catalog.snapshot(ctx).await?;
    issue::person_claims(&at, &user, &token.scope, |_| true)
}

/// The user name behind a token. Not a login: it says for whom the token is, not for which app.
///
/// # Errors
/// [`Refusal::TokenInvalid`].
pub async fn verify(ctx: &Context, token: &str) -> Result<String> {
    let (_, user) = accept::accept_person(ctx, token).await?;
    Ok(user.username)
}
