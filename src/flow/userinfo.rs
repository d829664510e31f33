//! Userinfo (OIDC Core §5.3) and the protected resource of the tutorials, `/api/verify` (PROTOCOL R-l).

use std::sync::Arc;

use super::{
    Context, Error, Origin, Result,
    accept::{self, Person},
    catalog::Snapshot,
    client_keys, issue,
};
use crate::{
    protocol::{
        Refusal,
        client_metadata::Client,
        token::id_token::{self, PersonClaims},
    },
    store::models::User,
};

/// What an app reads of a person, and whom it read of.
pub struct Read {
    /// The person's id.
    pub user_id: i64,
    /// What it is told.
    pub userinfo: Userinfo,
}

/// In the form for which the app is registered.
pub enum Userinfo {
    /// JSON.
    Plain(PersonClaims),
    /// A JWT, for apps that are registered for one.
    Jwt(String),
}

/// What the token's scopes say of its person, as its app is registered to read it.
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::ScopeInsufficient`] without `openid`.
pub async fn userinfo(ctx: &Context, token: &str) -> Result<Read> {
    let person = accept::accept_person(ctx, token).await?;
    Ok(Read { user_id: person.user.id, userinfo: told(ctx, person).await? })
}

async fn told(ctx: &Context, Person { token, user, claims }: Person) -> Result<Userinfo> {
    if !token.scope.has("openid") {
        return Err(Refusal::ScopeInsufficient("openid").into());
    }
    let by_name = issue::parse_told(claims.as_deref())?.userinfo;
    let is_less = |found: &Result<(Arc<Snapshot>, Arc<Client>)>| {
        found.as_ref().is_ok_and(|(at, client)| issue::lost(at, client, &by_name).is_some())
    };
    let (at, client) = ctx.catalog.twice(ctx, async |_| reader(ctx, &token.client_id).await, is_less).await?;
    let subject = issue::subject(ctx, &client, &user);
    let person = issue::person_claims(&at, &client, subject, &user, &token.scope, |_, _| true, &by_name)?;
    let (signature, encryption) = (client.metadata.userinfo_signed_response_alg, client.metadata.userinfo_encryption());
    if signature.is_none() && encryption.is_none() {
        return Ok(Userinfo::Plain(person));
    }
    let claims = id_token::UserinfoClaims { iss: ctx.issuer(), aud: &client.client_id, person };
    let signed = signature
        .map(|protection| issue::for_client(ctx, &at, &client, protection, id_token::TYP, &claims))
        .transpose()?;
    let Some(encryption) = encryption else { return Ok(Userinfo::Jwt(signed.unwrap_or_default())) };
    client_keys::make_ready(ctx, &client).await;
    // a signed token inside is a nested JWT; without a signature there are the claims alone
    let (cty, plain) = match signed {
        Some(signed) => (Some("JWT"), signed.into_bytes()),
        None => (None, serde_json::to_vec(&claims).map_err(Error::internal)?),
    };
    Ok(Userinfo::Jwt(issue::encrypt(ctx, &client, encryption, cty, &plain)?))
}

/// The app that reads, and what else is true.
async fn reader(ctx: &Context, client_id: &str) -> Result<(Arc<Snapshot>, Arc<Client>)> {
    let at = ctx.catalog.snapshot(ctx).await?;
    let client = ctx.catalog.client(ctx, client_id).await?.ok_or(Refusal::TokenInvalid)?;
    Ok((at, client))
}

/// The person behind a token, whose name may be told. Not a login: it says for whom the token is, not for which app.
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::TooManyCalls`], right or wrong, to an address from which too many came that
/// were none of ours.
pub async fn verify(ctx: &Context, origin: &Origin, token: &str) -> Result<User> {
    if !ctx.limits.try_token(origin.address, ctx.now()) {
        return Err(Refusal::TooManyCalls.into());
    }
    let accepted = accept::accept_person(ctx, token).await;
    if !matches!(accepted, Err(Error::Refused(_))) || accept::read(ctx, token).await?.is_some() {
        ctx.limits.forgive_token(origin.address);
    }
    let Person { token, user, .. } = accepted?;
    let client = ctx.catalog.client(ctx, &token.client_id).await?.ok_or(Refusal::TokenInvalid)?;
    // the name would undo what a pairwise subject is for (PROTOCOL P27)
    if client.metadata.is_pairwise() { Err(Refusal::TokenInvalid.into()) } else { Ok(user) }
}
