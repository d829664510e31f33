//! Userinfo (OIDC Core §5.3) and the protected resource of the tutorials, `/api/verify` (PROTOCOL R-l).

use super::{Context, Result, accept, issue};
use crate::protocol::{
    Refusal,
    token::id_token::{self, PersonClaims},
};

/// What an app reads of a person.
pub enum Userinfo {
    /// JSON.
    Plain(PersonClaims),
    /// A JWT, for apps that are registered for one.
    Signed(String),
}

/// What the token's scopes say of its person, as its app is registered to read it.
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::ScopeInsufficient`] without `openid`.
pub async fn userinfo(ctx: &Context, token: &str) -> Result<Userinfo> {
    let (token, user) = accept::accept_person(ctx, token).await?;
    if !token.scope.has("openid") {
        return Err(Refusal::ScopeInsufficient("openid").into());
    }
    let at = ctx.catalog.snapshot(ctx).await?;
    let person = issue::person_claims(&at, &user, &token.scope, |_| true)?;
    let client = ctx.catalog.client(ctx, &token.client_id).await?.ok_or(Refusal::TokenInvalid)?;
    let Some(protection) = client.metadata.userinfo_signed_response_alg else { return Ok(Userinfo::Plain(person)) };
    let claims = id_token::UserinfoClaims { iss: ctx.issuer(), aud: &client.client_id, person };
    Ok(Userinfo::Signed(issue::for_client(ctx, &at, &client, protection, id_token::TYP, &claims)?))
}

/// The user name behind a token. Not a login: it says for whom the token is, not for which app.
///
/// # Errors
/// [`Refusal::TokenInvalid`].
pub async fn verify(ctx: &Context, token: &str) -> Result<String> {
    let (_, user) = accept::accept_person(ctx, token).await?;
    Ok(user.username)
}
