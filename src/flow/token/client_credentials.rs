//! A token of the client's own (RFC 6749 §4.4): no person, no row unless it is opaque, no refresh token.

use super::Asking;
use crate::{
    flow::{Result, issue},
    protocol::{Refusal, grant::GrantType, scope::Scope, token::response::TokenResponse},
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let (ctx, client) = (asking.ctx, &asking.client);
    if client.metadata.is_public() {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::ClientCredentials.name()).into());
    }
    let asked = asking.request.params.find("scope").map(Scope::parse).transpose()?;
    let scope = asking.at.scopes.resolve_for_client(asked.as_ref(), client)?;
    let audience = asking.audience(None, &scope)?;
    // an answer without `scope` would say that it is all that was asked for (RFC 6749 §5.1)
    if audience.scope.is_empty() && asked.is_some_and(|asked| !asked.is_empty()) {
        return Err(Refusal::ScopesOfOtherResources.into());
    }
    let holder = issue::Holder { client, subject: &client.client_id, grant: None };
    let minted = issue::access_token(ctx, &asking.at, &holder, audience, None)?;
    if let Some(row) = minted.row.clone() {
        ctx.store.record_access_token(row).await?;
    }
    Ok(issue::response(minted, None, None))
}
