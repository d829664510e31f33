//! Requests that take turns: those of one kind never stand in front of another's, those for apps that nobody vouches for
//! stand in lines of their own, and one host has two at once. Whoever is slow keeps nobody waiting but themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Requests of one line under way at most.
const AT_ONCE: usize = 16;
/// To one host.
const AT_ONE_HOST: usize = 2;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A client's public keys.
    Keys,
    /// A request object.
    RequestObject,
    /// A sector identifier's document.
    Sector,
    /// A client's logo.
    Logo,
    /// A session's end.
    Logout,
}

/// A request's place among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    /// What it is for.
    pub purpose: Purpose,
    /// Does an administrator stand behind the app that wrote the address down?
    pub is_vouched_for: bool,
}

/// Who is under way, and where.
#[derive(Default)]
pub(super) struct Turns {
    keys: Line,
    request_objects: Line,
    sectors: Line,
    logos: Line,
    logout: Line,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

struct Line {
    vouched_for: Semaphore,
    strangers: Semaphore,
}

impl Default for Line {
    fn default() -> Self {
        Self { vouched_for: Semaphore::new(AT_ONCE), strangers: Semaphore::new(AT_ONCE) }
    }
}

/// The right to ask.
pub(super) struct Turn<'a> {
    _one_of_its_kind: Option<SemaphorePermit<'a>>,
    _one_of_its_host: AtHost<'a>,
}

impl Turns {
    /// Waits until this errand may go to this host.
    pub(super) async fn take(&self, errand: Errand, host: String) -> Turn<'_> {
        // the host first: who waits for a slow one takes no place from others
        let host = self.wait_for_host(host).await;
        // a line is never closed
        let permit = self.line(errand).acquire().await.ok();
        Turn { _one_of_its_kind: permit, _one_of_its_host: host }
    }

    async fn wait_for_host(&self, host: String) -> AtHost<'_> {
        let new = || Arc::new(Semaphore::new(AT_ONE_HOST));
        let places = Arc::clone(self.held_hosts().entry(host.clone()).or_insert_with(new));
        // made before it is waited for: whoever gives up waiting leaves nothing behind
        let mut at = AtHost { turns: self, host, held: None };
        at.held = places.acquire_owned().await.ok();
        at
    }

    const fn line(&self, errand: Errand) -> &Semaphore {
        let line = match errand.purpose {
            Purpose::Keys => &self.keys,
            Purpose::RequestObject => &self.request_objects,
            Purpose::Sector => &self.sectors,
            Purpose::Logo => &self.logos,
            Purpose::Logout => &self.logout,
        };
        if errand.is_vouched_for { &line.vouched_for } else { &line.strangers }
    }

    /// How many hosts somebody is asking, or waits to ask, at this moment.
    #[cfg(test)]
    pub(super) fn hosts(&self) -> usize {
        self.held_hosts().len()
    }

    fn held_hosts(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who ask a host, or wait to.
struct AtHost<'a> {
    turns: &'a Turns,
    host: String,
    held: Option<OwnedSemaphorePermit>,
}

impl Drop for AtHost<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut hosts = self.turns.held_hosts();
        if hosts.get(&self.host).is_some_and(|places| Arc::strong_count(places) == 1) {
            hosts.remove(&self.host);
        }
    }
}
