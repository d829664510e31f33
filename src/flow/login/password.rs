//! Name and password, at every door alike (PROTOCOL R-g, R-p): unknown people cost the same work and get the same
//! answer after the same time, and guessing is slowed without ever locking anybody out.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{device::Device, tries::Try};
use crate::{
    clock::Ts,
    credential::password::{MAX_BYTES, Verdict},
    flow::{
        Context, Error, Origin, Result,
        audit::{self, Event},
        hashing::Whose,
    },
    protocol::{
        Refusal,
        grant::password::MAX_USERNAME_BYTES,
        throttle::{FREE_TRIES, canonical_name},
    },
    store::models::User,
};

/// A try.
pub struct Attempt<'a> {
    /// A user name or email address, in any spelling.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// What the browser carries; `None` where there is no browser.
    pub device: Option<&'a Device>,
    /// Where it is tried.
    pub door: Door,
}

/// Where a password is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The sign-in page.
    Page,
    /// The password grant.
    PasswordGrant,
}

/// The person, and the counters that a success forgives.
pub struct Found {
    /// Who it is.
    pub user: User,
    /// To be deleted with what is written next.
    pub forgiven: Vec<Vec<u8>>,
}

/// Looks at a try.
///
/// # Errors
/// [`Refusal::PersonRefused`] for a wrong one; [`Refusal::TooManyTries`] for one that was not looked at, right or wrong.
pub async fn check(
    ctx: &Arc<Context>,
    origin: &Origin,
    attempt: &Attempt<'_>,
    client_id: Option<&str>,
) -> Result<Found> {
    let began = Instant::now();
    let outcome = evaluate(ctx, origin, attempt).await;
    // the answer does not say what the audit log does
    let (user, refusal, reason) = match outcome {
        Ok(Looked::Right(found)) => {
            record(ctx, origin, attempt.door, client_id, Some(found.user.id), None);
            return Ok(*found);
        }
        Ok(Looked::Wrong(user)) => (user, Refusal::PersonRefused, Refusal::PersonRefused.name()),
        Ok(Looked::Barred(user, why)) => (Some(user), Refusal::PersonRefused, why),
        Ok(Looked::NotLookedAt(user)) => (user, Refusal::TooManyTries, Refusal::TooManyTries.name()),
        Err(fault) => return Err(fault),
    };
    record(ctx, origin, attempt.door, client_id, user, Some(reason));
    // every failed answer leaves after the same time, whatever was behind it (R-g7)
    let floor: Duration = ctx.config.password.failure_floor.0;
    sleep_until(began + floor).await;
    Err(refusal.into())
}

enum Looked {
    Right(Box<Found>),
    Wrong(Option<i64>),
    /// By the right password, and why.
    Barred(i64, &'static str),
    NotLookedAt(Option<i64>),
}

async fn evaluate(ctx: &Arc<Context>, origin: &Origin, attempt: &Attempt<'_>) -> Result<Looked> {
    if attempt.name.len() > MAX_USERNAME_BYTES || attempt.password.len() > MAX_BYTES {
        return Ok(Looked::Wrong(None));
    }
    let name = canonical_name(attempt.name);
    let user = ctx.store.find_user_by_name(name.clone()).await?;
    let id = user.as_ref().map(|user| user.id);
    let account = match id {
        Some(id) => ctx.keyring.failure_key(&[b"account", &id.to_be_bytes()]),
        None => among_a_million(ctx.keyring.failure_key(&[b"name", name.as_bytes()])),
    };
    let known = id.zip(attempt.device).and_then(|(id, device)| device.failure_key(id, &ctx.keyring));
    let counted = known.unwrap_or(account);
    let _one_at_a_time = ctx.limits.turn_in_time(counted, ctx.hashing.limit()).await?;
    let now = ctx.now();
    let mut tried = Try::find(ctx, counted, FREE_TRIES, now).await?;
    let from_stranger = attempt.door == Door::Page && known.is_none();
    let address = origin.address.filter(|_| from_stranger);
    if tried.has_to_wait() {
        return Ok(Looked::NotLookedAt(id));
    }
    let Some(from_there) = ctx.limits.try_address(address, now) else { return Ok(Looked::NotLookedAt(id)) };
    // what was not looked at is no failure, and neither is a fault of ours
    if !tried.begin(ctx).await.inspect_err(|_| ctx.limits.forgive_address(&from_there))? {
        ctx.limits.forgive_address(&from_there);
        return Ok(Looked::NotLookedAt(id));
    }
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let verdict = match ctx.hashing.verify(Whose::Person, attempt.password, stored).await {
        Ok(verdict) => verdict,
        Err(fault) => {
            ctx.limits.forgive_address(&from_there);
            tried.take_back(ctx).await?;
            return Err(fault);
        }
    };
    let right = user.filter(|_| verdict != Verdict::Wrong);
    let barred = right.as_ref().and_then(|user| Some((user.id, barred(user, attempt.door)?)));
    match right {
        Some(user) if barred.is_none() => {
            if verdict == Verdict::RightButOutdated {
                rehash(ctx, &user, attempt.password);
            }
            ctx.limits.forgive_address(&from_there);
            // before the next one's turn: many right ones at once all pass
            tried.take_back(ctx).await?;
            let forgiven = tried.into_counter().into_iter().collect();
            Ok(Looked::Right(Box::new(Found { user, forgiven })))
        }
        _ => {
            // a browser's failures count for the account, too (R-g1)
            let own = (!tried.counts_beforehand()).then_some(counted);
            count_failures(ctx, own.into_iter().chain(known.map(|_| account)).collect(), now).await?;
            Ok(barred.map_or(Looked::Wrong(id), |(user, why)| Looked::Barred(user, why)))
        }
    }
}

/// Counts on also when whoever asked has hung up: nobody guesses for nothing by not waiting for the answer.
async fn count_failures(ctx: &Context, keys: Vec<[u8; 32]>, now: Ts) -> Result<()> {
    let store = ctx.store.clone();
    let counting = tokio::spawn(async move {
        for key in keys {
            store.record_failure(key.to_vec(), now).await?;
        }
        Ok(())
    });
    counting.await.map_err(Error::internal)?
}

/// Twenty bits of a key: what strangers make up fills at most a million rows (docs/adr/0007).
const fn among_a_million(key: [u8; 32]) -> [u8; 32] {
    let [a, b, c, ..] = key;
    let mut short = [0; 32];
    (short[0], short[1], short[2]) = (a, b, c & 0xf0);
    short
}

/// A locked person enters nowhere, an administrator not by the password grant (R-p1); both read like a wrong password.
/// As the audit log has it.
const fn barred(user: &User, door: Door) -> Option<&'static str> {
    match door {
        _ if user.locked => Some("PersonLocked"),
        Door::PasswordGrant if user.admin => Some("AdministratorRefused"),
        Door::Page | Door::PasswordGrant => None,
    }
}

/// The parameters have changed since this hash was made: the person does not wait for the new one.
fn rehash(ctx: &Arc<Context>, user: &User, password: &str) {
    let (ctx, id, password) = (Arc::clone(ctx), user.id, password.to_owned());
    let Some(old) = user.password_hash.clone() else { return };
    tokio::spawn(async move {
        let Ok(new) = ctx.hashing.hash(Whose::Person, &password).await else { return };
        if let Err(error) = ctx.store.rehash_password(id, old, new).await {
            tracing::warn!(%error, "a password was not hashed again");
        }
    });
}

fn record(
    ctx: &Arc<Context>,
    origin: &Origin,
    door: Door,
    client_id: Option<&str>,
    user_id: Option<i64>,
    reason: Option<&'static str>,
) {
    let event = Event {
        name: if reason.is_none() { "login.succeeded" } else { "login.failed" },
        refused: reason.is_some(),
        reason,
        actor: if reason.is_none() { "user" } else { "stranger" },
        client_id,
        user_id,
        grant_id: None,
    };
    // the password grant writes a grant for every success: that row is its record (DESIGN §4)
    if door == Door::Page || reason.is_some() {
        audit::record(ctx, origin, &event);
    }
}

#[cfg(test)]
mod tests;
