//! The token endpoint (RFC 6749 §3.2): the phases every grant shares, then a file per grant type.

mod authorization_code;
mod client_credentials;
mod device_code;
mod password;
mod refresh_token;

use std::sync::Arc;

use super::{
    Context, Origin, Result,
    catalog::{Before, Snapshot},
    client_auth, client_keys, grant,
    issue::{self, Bound, Minted},
    register,
};
use crate::{
    clock::Ts,
    config::duration::seconds,
    protocol::{
        Refusal,
        client_auth::PresentedCredentials,
        client_metadata::Client,
        dialect::Door,
        grant::{GrantType, refresh_token::ChainToken},
        params::Params,
        resource::{self, Audience, Authorized, Reach},
        scope::Scope,
        token::response::TokenResponse,
    },
    secret::{Id, random},
    store::models::{Grant, RefreshChain, User},
};

/// A token request, before anything of it is believed.
pub struct TokenRequest<'a> {
    /// What it asks by.
    pub grant_type: GrantType,
    /// The form.
    pub params: &'a Params,
    /// Who the client says it is.
    pub presented: &'a PresentedCredentials,
    /// A browser's `Origin`.
    pub browser_origin: Option<&'a str>,
}

/// What the shared phases found.
struct Asking<'a> {
    ctx: &'a Arc<Context>,
    origin: &'a Origin,
    request: &'a TokenRequest<'a>,
    client: Arc<Client>,
    at: Arc<Snapshot>,
    before: &'a Before,
}

/// What a person granted.
struct Held {
    granted: Scope,
    /// Of it, what the client may still have.
    left: Scope,
}

/// The grant type a token request names, of those that have one here.
///
/// # Errors
/// [`Refusal::ParameterMissing`], [`Refusal::GrantTypeUnknown`].
pub fn parse_grant_type(params: &Params) -> std::result::Result<GrantType, Refusal> {
    let grant = GrantType::parse(params.need("grant_type")?).filter(|grant| *grant != GrantType::Implicit);
    grant.ok_or(Refusal::GrantTypeUnknown)
}

/// Answers a token request.
///
/// # Errors
/// [`super::Error`].
pub async fn redeem(ctx: &Arc<Context>, origin: &Origin, request: &TokenRequest<'_>) -> Result<TokenResponse> {
    client_auth::served(ctx, Door::Standard, request.presented, async |client, before| {
        attempt(ctx, origin, request, client, before).await
    })
    .await
}

async fn attempt(
    ctx: &Arc<Context>,
    origin: &Origin,
    request: &TokenRequest<'_>,
    client: Arc<Client>,
    before: &Before,
) -> Result<TokenResponse> {
    let grant = request.grant_type;
    if !client.metadata.allows(grant) {
        return Err(Refusal::GrantTypeNotAllowed(grant.name()).into());
    }
    client_keys::make_ready(ctx, &client).await;
    let at = ctx.catalog.snapshot(ctx).await?;
    let asking = Asking { ctx, origin, request, client, at, before };
    let tokens = match grant {
        GrantType::AuthorizationCode => authorization_code::redeem(&asking).await,
        GrantType::RefreshToken => refresh_token::redeem(&asking).await,
        GrantType::ClientCredentials => client_credentials::redeem(&asking).await,
        GrantType::DeviceCode => device_code::redeem(&asking).await,
        GrantType::Password => password::redeem(&asking).await,
        GrantType::Implicit => Err(Refusal::GrantTypeUnknown.into()),
    }?;
    // whoever gets nothing has used nothing: anybody can name a public client
    register::note_use(ctx, &asking.client).await;
    Ok(tokens)
}

impl Asking<'_> {
    /// `aud` and the scopes that go with it, for this request and what a person authorized; of a client's own, nobody did.
    fn audience(&self, authorized: Option<&Authorized<'_>>, scope: &Scope) -> Result<Audience> {
        let asked = resource::parse(self.request.params)?;
        // of a grant, what was named or shown is the bound
        let registered = authorized.filter(|_| !asked.is_empty()).map(|_| self.at.scopes.registered(&self.client));
        let asked = self.reach().allowed(&asked, registered.as_ref().unwrap_or(scope))?;
        Ok(self.reach().audience(&asked, authorized, scope)?)
    }

    /// The same for a grant: what was named or shown holds, whatever is registered since (PROTOCOL P18), but for what the
    /// client has lost.
    async fn audience_of(&self, grant: &Grant, held: &Held, scope: &Scope) -> Result<Audience> {
        let authorized = self.reach().authorized(&grant.resources, grant.audience.as_deref(), &held.granted)?;
        let resources = self.still_reached(authorized.resources).await?;
        self.audience(Some(&Authorized { resources, ..authorized }), scope)
    }

    fn reach(&self) -> Reach<'_> {
        self.at.reach(self.ctx, &self.client)
    }

    /// Of the resources of a grant, those that the client may still use.
    async fn still_reached(&self, uris: Vec<String>) -> Result<Vec<String>> {
        let reached = self.reach().still_allowed(&uris);
        match uris.into_iter().find(|uri| !reached.contains(uri)).map(Refusal::ResourceNotAllowed) {
            Some(why) if reached.is_empty() => Err(why.into()),
            why => self.before.may_leave_out(self.ctx, why).await.map(|()| reached),
        }
    }

    /// Of what a person granted a while ago, what the client may still have: not nothing. The grant keeps all of it
    /// (PROTOCOL P18).
    async fn held(&self, grant: &Grant) -> Result<Held> {
        let granted = issue::parse_scope(&grant.scope)?;
        let left = self.before.still_allowed(self.ctx, &self.client, &granted, false).await?;
        if let Some(lost) = granted.iter().next().filter(|_| left.is_empty()) {
            return Err(Refusal::ScopeNotAllowed(lost.to_owned()).into());
        }
        Ok(Held { granted, left })
    }

    /// An access token for this `scope` of a grant, and the ID token that goes with it.
    async fn issue(
        &self,
        grant: &Grant,
        user: &User,
        held: &Held,
        scope: &Scope,
        nonce: Option<&str>,
        grant_ends_at: Option<Ts>,
    ) -> Result<(Minted, Option<String>)> {
        let audience = self.audience_of(grant, held, scope).await?;
        let minted = self.mint(grant.id, user, audience, grant_ends_at)?;
        let id_token = self.id_token(scope, &held.left, grant, user, nonce, &minted.text).await?;
        Ok((minted, id_token))
    }

    /// An access token from a grant; `grant_ends_at` as in [`issue::access_token`].
    fn mint(&self, grant: Id, user: &User, audience: Audience, grant_ends_at: Option<Ts>) -> Result<Minted> {
        let subject = issue::subject_at(self.ctx, &self.client, user, &audience.resources);
        let holder = issue::Holder { client: &self.client, subject: &subject, grant: Some(grant) };
        issue::access_token(self.ctx, &self.at, &holder, audience, grant_ends_at)
    }

    /// The ID token beside an access token, when `openid` is among the scopes asked for; it says of the person what is
    /// `left` of the grant, whatever was asked for. `nonce` is `None` on refresh.
    async fn id_token(
        &self,
        scope: &Scope,
        left: &Scope,
        grant: &Grant,
        user: &User,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<Option<String>> {
        if !scope.has("openid") {
            return Ok(None);
        }
        let by_name = issue::parse_told(grant.claims.as_deref())?.id_token;
        let lost = issue::lost(&self.at, &self.client, &by_name);
        self.before.may_leave_out(self.ctx, lost.map(|lost| Refusal::ScopeNotAllowed(lost.to_owned()))).await?;
        let bound = Bound { nonce, access_token: Some(access_token), ..Bound::default() };
        issue::id_token(self.ctx, &self.at, &self.client, grant, left, user, &bound).map(Some)
    }

    /// The first refresh token of a chain, for clients registered with the grant.
    fn begin_chain(&self, grant: Id, now: Ts) -> Option<(RefreshChain, String)> {
        if !self.client.metadata.allows(GrantType::RefreshToken) {
            return None;
        }
        let first = ChainToken::first(grant, random());
        let absolute_end = now.plus_seconds(grant::refresh_ttl_seconds(self.ctx, &self.client));
        let chain = RefreshChain {
            grant_id: grant,
            generation: 0,
            current_digest: first.digest(),
            previous_digest: None,
            salt: None,
            key_id: None,
            rotated_at: now,
            retry_until: now,
            answers: 0,
            idle_end: now.plus_seconds(seconds(self.ctx.config.tokens.refresh_idle_ttl)).min(absolute_end),
            absolute_end,
        };
        Some((chain, first.to_secret(&self.ctx.keyring).expose().to_owned()))
    }
}
