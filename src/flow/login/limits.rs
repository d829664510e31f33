//! What is counted in memory, within bounds: addresses, clients' chosen secrets, silent answers; and one evaluation at a
//! time for each account, so that parallel guesses are counted one by one.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use quick_cache::sync::Cache;
use tokio::sync::OwnedMutexGuard;

use crate::{
    clock::Ts,
    protocol::throttle::{FREE_TRIES, FREE_TRIES_PER_ADDRESS, Failures},
    secret::Id,
};

const REMEMBERED: usize = 50_000;
/// Answers without a page for each session and minute (PROTOCOL R-e1).
const SILENT_A_MINUTE: u32 = 30;

/// The counters.
pub struct Limits {
    per_address: bool,
    addresses: Cache<IpAddr, Failures>,
    clients: Cache<String, Failures>,
    silent: Cache<Id, (Ts, u32)>,
    turns: Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<()>>>>,
}

impl Limits {
    /// `per_address`: count by address at all.
    #[must_use]
    pub fn new(per_address: bool) -> Self {
        Self {
            per_address,
            addresses: Cache::new(REMEMBERED),
            clients: Cache::new(REMEMBERED),
            silent: Cache::new(REMEMBERED),
            turns: Mutex::new(HashMap::new()),
        }
    }

    /// Is a try from this address looked at now?
    #[must_use]
    pub fn may_try_address(&self, address: Option<IpAddr>, now: Ts) -> bool {
        let Some(address) = address.filter(|_| self.per_address).map(network) else { return true };
        let failures = self.addresses.get(&address).unwrap_or_default();
        failures.wait_seconds(FREE_TRIES_PER_ADDRESS, now) == 0
    }

    /// One more failure from this address.
    pub fn address_failed(&self, address: Option<IpAddr>, now: Ts) {
        if let Some(address) = address.filter(|_| self.per_address).map(network) {
            let failures = self.addresses.get(&address).unwrap_or_default();
            self.addresses.insert(address, failures.after_another(now));
        }
    }

    /// Is a chosen secret of this client, known or not, looked at now?
    #[must_use]
    pub fn may_try_client(&self, client_id: &str, now: Ts) -> bool {
        self.clients.get(client_id).unwrap_or_default().wait_seconds(FREE_TRIES, now) == 0
    }

    /// One more failure of this client.
    pub fn client_failed(&self, client_id: &str, now: Ts) {
        let failures = self.clients.get(client_id).unwrap_or_default();
        self.clients.insert(client_id.chars().take(128).collect(), failures.after_another(now));
    }

    /// May this session be answered without a page once more?
    #[must_use]
    pub fn may_be_silent(&self, session: Id, now: Ts) -> bool {
        let (since, count) = self.silent.get(&session).unwrap_or((now, 0));
        let (since, count) = if now.seconds_since(since) >= 60 { (now, 1) } else { (since, count + 1) };
        self.silent.insert(session, (since, count));
        count <= SILENT_A_MINUTE
    }

    /// Waits for this account's turn.
    pub async fn turn(&self, account: [u8; 32]) -> Turn<'_> {
        let lock = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(account).or_default())
        };
        Turn { limits: self, account, held: Some(lock.lock_owned().await) }
    }
}

/// The right to evaluate one try of an account.
pub struct Turn<'a> {
    limits: &'a Limits,
    account: [u8; 32],
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut turns = self.limits.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.get(&self.account).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.account);
        }
    }
}

/// One household or machine: an IPv4 address, an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
