//! What the ways to a grant share: how long it lives, what must hold of it, and that the person sees it.

use super::Context;
use crate::{
    clock::Ts,
    config::duration::seconds,
    protocol::{
        authorize::interaction,
        client_metadata::Client,
        dialect::Door,
        grant::{GrantType, Standing},
    },
    store::models::{Consent, Grant, User},
};

/// The absolute life of a client's refresh tokens.
#[must_use]
pub fn refresh_ttl_seconds(ctx: &Context, client: &Client) -> i64 {
    client.metadata.refresh_token_ttl.map_or_else(|| seconds(ctx.config.tokens.refresh_ttl), i64::from)
}

/// When everything that can be issued from a grant made now will be dead: the sweep goes by it. A dialect's tokens that
/// live as long as they are used take their grant along.
#[must_use]
pub fn ends_at(ctx: &Context, door: Door, client: &Client, now: Ts) -> Ts {
    let issued = match door {
        Door::Dialect(dialect) => dialect.grant_seconds(&client.metadata),
        Door::Standard => {
            let access = client.metadata.access_token_ttl;
            let access = access.map_or_else(|| seconds(ctx.config.tokens.access_ttl), i64::from);
            let refreshes = client.metadata.allows(GrantType::RefreshToken);
            let refresh = if refreshes { refresh_ttl_seconds(ctx, client) } else { 0 };
            refresh.saturating_add(access)
        }
    };
    now.plus_seconds(issued.saturating_add(interaction::LIFETIME_SECONDS))
}

/// What must hold of grant, person and client now. Of a former epoch the store finds nothing.
#[must_use]
pub fn standing(client: &Client, grant: &Grant, user: &User) -> Standing {
    Standing {
        created_at: grant.created_at,
        revoked_at: grant.revoked_at,
        person_locked: user.locked,
        invalid_before: user.tokens_invalid_before.max(client.tokens_invalid_before),
    }
}

/// The app is to stand among the person's connected apps, with what it may do and where, as long as this grant lives. That
/// is no consent to anything later: a device and a password prove nothing of the app, and who it is stays to be asked.
#[must_use]
pub fn listed(grant: &Grant, audience: &[String], now: Ts) -> Consent {
    Consent {
        user_id: grant.user_id,
        client_id: grant.client_id.clone(),
        scope: grant.scope.clone(),
        resources: audience.join(" "),
        redirect_host: String::new(),
        by_password: true,
        declined: String::new(),
        claims: String::new(),
        holds_until: None,
        created_at: now,
        updated_at: now,
        ends_at: grant.ends_at,
    }
}
