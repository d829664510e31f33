//! The audit log: what people and administrators did, and what went wrong (UX §5.4). Written beside the work, never in
//! its way; strangers' failures at most ten a minute of one account from one network, and ten a second of all, so that
//! nobody can fill the disk with them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use quick_cache::unsync::Cache;

use super::{Context, Origin, login::limits};
use crate::{
    clock::Ts,
    secret::Id,
    store::{Store, models::AuditEvent},
};

/// Failures of one account from one network that are written each minute.
const EACH_A_MINUTE: u32 = 10;
/// Failures of all strangers that are written each minute: they have more networks than anybody can count.
const ALL_A_MINUTE: u32 = 600;
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

/// Keeps count of what strangers cause.
pub struct Auditor(Mutex<Cache<String, (Instant, u32)>>);

impl Default for Auditor {
    fn default() -> Self {
        Self(Mutex::new(Cache::new(REMEMBERED)))
    }
}

impl Auditor {
    /// May a failure be written this minute?
    fn admits(&self, origin: &Origin, event: &Event<'_>) -> bool {
        let (user, client) = (event.user_id.unwrap_or_default(), event.client_id.unwrap_or_default());
        let network = origin.address.map(|address| limits::site(address).to_string()).unwrap_or_default();
        let each = format!("{}/{user}/{client}/{network}", event.name);
        self.counts(each, EACH_A_MINUTE) && (event.actor != "stranger" || self.counts(String::new(), ALL_A_MINUTE))
    }

    fn counts(&self, key: String, most: u32) -> bool {
        let now = Instant::now();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = held.get(&key).copied().unwrap_or((now, 0));
        let fresh = now.duration_since(since) >= Duration::from_mins(1);
        let (since, count) = if fresh { (now, 1) } else { (since, count.saturating_add(1)) };
        held.insert(key, (since, count));
        count <= most
    }
}

/// Records an event; a failure to write it is logged and does not reach the person.
pub fn record(ctx: &Arc<Context>, origin: &Origin, event: &Event<'_>) {
    if event.reason.is_some() && !ctx.auditor.admits(origin, event) {
        return;
    }
    let row = row(ctx.now(), origin, event);
    let store: Store = ctx.store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.record_event(row).await {
            tracing::warn!(%error, "an audit event was not written");
        }
    });
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
