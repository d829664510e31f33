//! The password grant (RFC 6749 §4.3), legacy; never a way round anything the sign-in page asks (PROTOCOL R-p).

use super::Asking;
use crate::{
    flow::{
        Result, grant, issue,
        login::password::{self, Attempt, Door},
    },
    protocol::{
        Refusal, dialect,
        grant::{GrantType, password as rules},
        resource,
        scope::Scope,
        token::response::TokenResponse,
    },
    secret::Id,
    store::models::Grant,
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let (ctx, client) = (asking.ctx, &asking.client);
    if client.metadata.is_public() {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::Password.name()).into());
    }
    rules::check_origin(asking.request.browser_origin, client)?;
    let scope = granted_scope(asking).await?;
    let resources = resource::parse(asking.request.params)?;
    let resources = asking.reach().allowed(&resources, &scope)?;
    let audience = asking.audience(None, &scope)?;
    let sent = rules::Request::parse(asking.request.params)?;
    let began = ctx.now();
    let attempt = Attempt { name: sent.username, password: sent.password, device: None, door: Door::PasswordGrant };
    let found = password::check(ctx, asking.origin, &attempt, Some(&client.client_id)).await?;
    let (user, now) = (found.user, ctx.now());
    // there is no page: what would be on it
    let (resources, shown) = asking.reach().keep(&resources, &audience.resources, &scope);
    let grant = Grant {
        id: Id::new(now),
        kind: "password".to_owned(),
        interaction: None,
        client_id: client.client_id.clone(),
        user_id: user.id,
        session_id: None,
        scope: scope.to_string(),
        resources,
        redirect_uri: None,
        redirect_uri_sent: false,
        challenge: None,
        nonce: None,
        auth_time: now,
        amr: "pwd".to_owned(),
        code_digest: None,
        code_expires_at: None,
        code_used_at: None,
        revoked_at: None,
        // as old as the look at the person, so that whatever ends everything of theirs meanwhile ends this
        created_at: began,
        ends_at: grant::ends_at(ctx, dialect::Door::Standard, client, now),
        dialect: None,
        claims: None,
        audience: shown,
    };
    let consent = grant::listed(&grant, &audience.resources, now);
    let minted = asking.mint(grant.id, &user, audience, None)?;
    let id_token = asking.id_token(&scope, &scope, &grant, &user, None, &minted.text).await?;
    let (chain, refresh_token) = asking.begin_chain(grant.id, now).unzip();
    ctx.store
        .record_password_grant(grant, chain, minted.row.clone(), consent, found.forgiven.into_iter().next())
        .await?;
    Ok(issue::response(minted, refresh_token, id_token))
}

/// Never a dangerous scope, whatever the client is registered for; and none it is not registered for: nobody is asked.
async fn granted_scope(asking: &Asking<'_>) -> Result<Scope> {
    let asked = asking.request.params.find("scope").map(Scope::parse).transpose()?;
    let scope = asking.at.scopes.resolve(asked.as_ref(), &asking.client)?;
    asking.before.may_be_part(asking.ctx, asked.as_ref(), &scope).await?;
    let danger = |name: &&str| asking.at.scopes.is_dangerous(name);
    let unregistered = asking.at.scopes.unregistered(&scope, &asking.client);
    let refused = scope.iter().find(danger).or(unregistered.iter().next()).map(str::to_owned);
    refused.map_or(Ok(scope), |name| Err(Refusal::ScopeNotAllowed(name).into()))
}
