//! Redeeming a code: one place for the standard's token endpoint and for every dialect's. The client has been
//! authenticated before; a failed try leaves the code as it was.

use std::sync::Arc;

use super::{
    Context, Error, Origin, Result,
    audit::{self, Event},
    catalog::{client_row, parse_client},
    grant,
};
use crate::{
    protocol::{
        Refusal,
        client_metadata::Client,
        dialect::{Door, secrets},
        grant::authorization_code::{Checked, Kept, Request, check},
        pkce::CodeChallenge,
    },
    secret::{Digest, kind::AuthorizationCode},
    store::{
        Redeemed, Updated,
        models::{AccessTokenRow, Grant, RefreshChain, User},
    },
};

/// Who redeems, and by which rules.
pub struct Redeeming<'a> {
    /// What everything works with.
    pub ctx: &'a Arc<Context>,
    /// Where the request came from.
    pub origin: &'a Origin,
    /// The client, authenticated.
    pub client: &'a Client,
    /// By which way it came.
    pub door: Door,
    /// Who comes again so soon after the first time, in seconds, ends nothing (PROTOCOL R-f3); 0 where nobody repeats a
    /// request by right.
    pub quiet_seconds: i64,
}

/// A code that may be redeemed now.
pub struct Redeemable {
    /// The grant behind it.
    pub grant: Grant,
    /// Whose it is.
    pub user: User,
    code: Digest<AuthorizationCode>,
}

impl Redeeming<'_> {
    /// Loads and decides. A code that comes a second time ends here what was issued from it.
    ///
    /// # Errors
    /// [`Refusal`]; [`Error`] when the database is away.
    pub async fn find(&self, request: &Request) -> Result<Redeemable> {
        let (ctx, now) = (self.ctx, self.ctx.now());
        let code = secrets::read_code(self.door, request.code.expose()).ok_or(Refusal::CodeUnknown)?;
        let (grant, user) = ctx.store.find_grant_by_code(code).await?.ok_or(Refusal::CodeUnknown)?;
        let challenge = grant.challenge.as_deref().and_then(CodeChallenge::from_stored);
        let redirect_uri_needed = match self.door {
            Door::Standard => grant.redirect_uri_sent,
            // PROTOCOL R-f4
            Door::Dialect(_) => self.door.demands_redirect_uri() || self.client.metadata.redirect_uris.len() != 1,
        };
        let kept = Kept {
            client_id: &grant.client_id,
            redirect_uri: grant.redirect_uri.as_deref(),
            redirect_uri_needed,
            challenge: challenge.as_ref(),
            expires_at: grant.code_expires_at.unwrap_or_default(),
            used_at: grant.code_used_at,
            quiet_seconds: self.quiet_seconds,
            standing: grant::standing(self.client, &grant, &user),
        };
        match check(request, &kept, &self.client.client_id, now)? {
            Checked::Redeemable => Ok(Redeemable { grant, user, code }),
            Checked::Replayed => {
                let ended = ctx.store.revoke_grant(grant.id, now).await?;
                Err(self.replayed(&grant, ended))
            }
        }
    }

    /// Applies: the code is spent and what is issued from it is recorded, once. Of many at a time one is first.
    ///
    /// # Errors
    /// [`Refusal`]; [`Error`] when the database is away.
    pub async fn spend(
        &self,
        found: &Redeemable,
        chain: Option<RefreshChain>,
        token: Option<AccessTokenRow>,
    ) -> Result<()> {
        let now = self.ctx.now();
        let ends_at = Some(grant::ends_at(self.ctx, self.door, self.client, now));
        let ends_at = ends_at.filter(|later| *later > found.grant.ends_at);
        // alone where it can be: a single statement needs no transaction around it
        let alone = chain.is_none() && token.is_none() && self.ctx.store.spend_code(found.code, ends_at, now).await?;
        if !alone {
            match self.ctx.store.redeem_code(found.code, chain, token, self.quiet_seconds, ends_at, now).await? {
                Redeemed::First => {}
                Redeemed::Repeated => return Err(Refusal::CodeSpent.into()),
                Redeemed::Replayed => return Err(self.replayed(&found.grant, true)),
                Redeemed::Ended => return Err(Refusal::CodeExpired.into()),
            }
        }
        if found.grant.challenge.is_some() && self.client.metadata.learns_pkce() {
            self.keep_to_pkce().await;
        }
        Ok(())
    }

    /// The client has shown that it can use PKCE, and needs it from now on: a request without a challenge would be one that
    /// somebody took it out of (PROTOCOL P30). Nobody else could have shown it.
    async fn keep_to_pkce(&self) {
        // what was redeemed was redeemed: the next code says it again
        if let Err(error) = self.try_to_keep_to_pkce().await {
            tracing::debug!(%error, client.id = self.client.client_id, "its use of PKCE was not noted");
        }
    }

    async fn try_to_keep_to_pkce(&self) -> Result<()> {
        let ctx = self.ctx;
        let Some((row, secrets)) = ctx.store.find_client(self.client.client_id.clone()).await? else { return Ok(()) };
        let mut client = parse_client(row.clone(), secrets)?;
        if !client.metadata.learns_pkce() {
            return Ok(());
        }
        client.metadata.require_pkce = true;
        if ctx.store.update_client(client_row(&client)?, row).await? == Updated::Done {
            let (name, client_id) = ("client.updated", Some(client.client_id.as_str()));
            let event = Event { name, reason: Some("used_pkce"), actor: "client", client_id, ..Event::default() };
            audit::record(ctx, self.origin, &event);
            ctx.catalog.refresh(ctx).await?;
        }
        Ok(())
    }

    /// The rightful client, or whoever has everything it has, came twice: everything issued from the code has ended.
    /// `ended`: just now.
    fn replayed(&self, grant: &Grant, ended: bool) -> Error {
        let refusal = Refusal::CodeReplayed;
        let event = Event {
            name: "code.replayed",
            refused: true,
            reason: Some(refusal.name()),
            actor: "client",
            client_id: Some(&self.client.client_id),
            user_id: Some(grant.user_id),
            grant_id: Some(grant.id),
        };
        if ended {
            audit::record_end(self.ctx, self.origin, &event, grant.id);
        } else {
            audit::record(self.ctx, self.origin, &event);
        }
        refusal.into()
    }
}
