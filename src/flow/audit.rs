//! The audit log: what people and administrators did, and what went wrong (UX §5.4). Written beside the work, never in
//! its way; failures at most ten a minute of one account from one network, strangers' ten a second of all, and of what
//! goes well no more than anybody does by hand, so that nobody can fill the disk. How many were left out is written. What
//! ends a grant is never left out.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use quick_cache::unsync::Cache;

use super::{Context, Origin, limits};
use crate::{
    clock::Ts,
    secret::Id,
    store::{Store, models::AuditEvent},
};

/// Failures of one account from one network that are written each minute.
const EACH_A_MINUTE: u32 = 10;
/// Failures of all strangers that are written each minute: they have more networks than anybody can count.
const ALL_A_MINUTE: u32 = 600;
/// Of one name, what one person, or strangers from one network, do in a minute that is written.
const DONE_A_MINUTE: u32 = 60;
/// The same of one app, which speaks for all its people.
const DONE_BY_AN_APP_A_MINUTE: u32 = 600;
const MINUTE: Duration = Duration::from_mins(1);
const REMEMBERED: usize = 10_000;

/// Something that happened.
#[derive(Debug, Clone, Default)]
pub struct Event<'a> {
    /// `login.succeeded`, `consent.granted`, …
    pub name: &'static str,
    /// Was it refused?
    pub refused: bool,
    /// The refusal's name, or what else is to be known.
    pub reason: Option<&'a str>,
    /// Who did it: `user`, `client`, `admin`, `stranger`, `server`.
    pub actor: &'static str,
    /// The app concerned.
    pub client_id: Option<&'a str>,
    /// The person concerned.
    pub user_id: Option<i64>,
    /// The grant concerned.
    pub grant_id: Option<Id>,
}

/// Keeps count of what others than administrators cause.
pub struct Auditor {
    counted: Mutex<Cache<String, (Instant, u32)>>,
    /// By name, since it was last told.
    left_out: Mutex<BTreeMap<&'static str, u64>>,
}

impl Default for Auditor {
    fn default() -> Self {
        Self { counted: Mutex::new(Cache::new(REMEMBERED)), left_out: Mutex::default() }
    }
}

impl Auditor {
    /// May an event be written this minute?
    fn admits(&self, origin: &Origin, event: &Event<'_>) -> bool {
        let (name, user, client) = (event.name, event.user_id.unwrap_or_default(), event.client_id.unwrap_or_default());
        let network = || origin.address.map(|address| limits::site(address).to_string()).unwrap_or_default();
        match (event.reason, event.actor) {
            (Some(_), actor) => {
                let each = format!("{name}/{user}/{client}/{}", network());
                self.counts(each, EACH_A_MINUTE) && (actor != "stranger" || self.counts(String::new(), ALL_A_MINUTE))
            }
            (None, "user") => self.counts(format!("{name}/user/{user}"), DONE_A_MINUTE),
            (None, "client") => self.counts(format!("{name}/client/{client}"), DONE_BY_AN_APP_A_MINUTE),
            (None, "stranger") => self.counts(format!("{name}/from/{}", network()), DONE_A_MINUTE),
            _ => true,
        }
    }

    /// One more that is not written. `true`: the first since it was last told.
    fn leave_out(&self, name: &'static str) -> bool {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let first = left_out.is_empty();
        let count = left_out.entry(name).or_default();
        *count = count.saturating_add(1);
        first
    }

    fn counts(&self, key: String, most: u32) -> bool {
        let now = Instant::now();
        let mut held = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = held.get(&key).copied().unwrap_or((now, 0));
        let fresh = now.duration_since(since) >= MINUTE;
        let (since, count) = if fresh { (now, 1) } else { (since, count.saturating_add(1)) };
        held.insert(key, (since, count));
        count <= most
    }
}

/// Records an event; a failure to write it is logged and does not reach the person.
pub fn record(ctx: &Arc<Context>, origin: &Origin, event: &Event<'_>) {
    if ctx.auditor.admits(origin, event) {
        write(ctx, origin, event);
    } else if ctx.auditor.leave_out(event.name) {
        let ctx = Arc::downgrade(ctx);
        tokio::spawn(async move {
            tokio::time::sleep(MINUTE).await;
            if let Some(ctx) = ctx.upgrade() {
                tell_left_out(&ctx).await;
            }
        });
    }
}

/// Records what ended this grant, whatever was written before: it happens once, and its person is to hear of it.
pub fn record_end(ctx: &Arc<Context>, origin: &Origin, event: &Event<'_>, grant: Id) {
    // of several at a time each may take itself for the one that ended it
    if ctx.auditor.counts(format!("end/{}", grant.to_text()), 1) {
        write(ctx, origin, event);
    } else {
        record(ctx, origin, event);
    }
}

fn write(ctx: &Context, origin: &Origin, event: &Event<'_>) {
    let row = row(ctx.now(), origin, event);
    let store: Store = ctx.store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.record_event(row).await {
            tracing::warn!(%error, "an audit event was not written");
        }
    });
}

/// Writes how many events were left out since this was last done, of each name.
pub async fn tell_left_out(ctx: &Context) {
    let left_out = mem::take(&mut *ctx.auditor.left_out.lock().unwrap_or_else(PoisonError::into_inner));
    for (name, count) in left_out {
        let reason = format!("{count} {name}");
        let event = Event { name: "audit.left_out", reason: Some(&reason), actor: "server", ..Event::default() };
        if let Err(error) = record_now(ctx, &Origin::default(), &event).await {
            tracing::warn!(%error, event = name, count, "audit events were left out");
        }
    }
}

/// Records an event and waits until it is durable: for commands.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn record_now(ctx: &Context, origin: &Origin, event: &Event<'_>) -> super::Result<()> {
    Ok(ctx.store.record_event(row(ctx.now(), origin, event)).await?)
}

/// An event as it is kept.
#[must_use]
pub fn row(at: Ts, origin: &Origin, event: &Event<'_>) -> AuditEvent {
    AuditEvent {
        id: Id::new(at),
        at,
        event: event.name.to_owned(),
        outcome: if event.refused { "refused" } else { "ok" }.to_owned(),
        reason: event.reason.map(str::to_owned),
        actor: event.actor.to_owned(),
        client_id: event.client_id.map(str::to_owned),
        user_id: event.user_id,
        grant_id: event.grant_id,
        address: origin.address.map(|address| address.to_string()),
        user_agent: origin.user_agent.clone(),
        request_id: (!origin.request_id.is_empty()).then(|| origin.request_id.clone()),
    }
}
