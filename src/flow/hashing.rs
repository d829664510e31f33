//! Slow hashes on bounded permits: people and clients apart, so that neither can starve the other (PROTOCOL R-c3).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, oneshot};

use super::{Error, Fault, Result};
use crate::{
    credential::password::{self, Cost, Verdict},
    patience::Patience,
    secret::random,
};

/// Whose secret is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A person's password.
    Person,
    /// A client's chosen secret.
    Client,
}

/// Hashes that may wait for each permit.
const QUEUE_PER_PERMIT: usize = 32;
/// What all hashes together may take at once, in KiB; two are always made at once.
const MEMORY_KIB: u32 = 320 * 1024;
/// A hash takes as long as a few hundred other requests: as long as so many of them take one is waited for, if that is
/// longer than anything else is. In an overload a quarter of it: whoever is served is so in five times what one takes.
const PATIENCE: u32 = 12;
/// How long a chosen client secret that was right is remembered (R-c2).
const REMEMBERED: Duration = Duration::from_mins(5);
const REMEMBERED_AT_MOST: usize = 10_000;

/// The pool.
pub struct Hashing {
    people: Lane,
    clients: Lane,
    cost: Cost,
    /// Verified for nobody: hashed where there is nothing to compare with, so that it takes as long.
    dummy: Arc<OnceLock<String>>,
    right: Cache<[u8; 32], Instant>,
    memory_key: aws_lc_rs::hmac::Key,
}

/// A queue and its threads. They are our own: each keeps the memory that hashes are made in, and a runtime's threads for
/// blocking work come by the dozen.
struct Lane {
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    patience: Patience,
    spent: AtomicU64,
    jobs: Sender<Job>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Lane {
    fn new(name: &'static str, permits: usize, patience: Duration) -> Result<Self> {
        let waiting = permits.saturating_mul(QUEUE_PER_PERMIT).max(64);
        let (jobs, queue) = crossbeam_channel::unbounded();
        for _ in 0..permits {
            let queue = queue.clone();
            thread::Builder::new().name(name.into()).spawn(move || work(&queue)).map_err(Error::internal)?;
        }
        Ok(Self {
            permits: Arc::new(Semaphore::new(permits)),
            waiting: Arc::new(Semaphore::new(waiting)),
            patience: Patience::new(name).of(patience),
            spent: AtomicU64::new(0),
            jobs,
        })
    }

    /// Whoever goes away while it waits leaves its place to the next; a hash that has begun keeps its permit to its end.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Fault::HashQueueFull)?;
        let asked = Instant::now();
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        if self.patience.is_late(asked.elapsed(), Instant::now()) {
            return Err(Fault::HashQueueFull.into());
        }
        self.spent.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let job = move || {
            let _held = (waiting, permit);
            let _caller_gone = answer.send(work());
        };
        self.jobs.send(Box::new(job)).map_err(Error::internal)?;
        answered.await.map_err(Error::internal)
    }
}

/// A thread of a lane, until the lane is gone.
fn work(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a hash panicked");
        }
    }
}

impl Hashing {
    /// As many hashes at once as there are cores and memory is meant for, at least half of them people's. `wait` is how
    /// long one is waited for, until [`Hashing::warm_up`] has seen what one takes.
    ///
    /// # Errors
    /// [`Error`] when the configured cost is none Argon2 takes, or there are no threads to be had.
    pub fn new(cost: Cost, wait: Duration) -> Result<Self> {
        password::check_cost(cost).map_err(Error::internal)?;
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let hashes = usize::try_from(MEMORY_KIB / cost.memory.max(1)).unwrap_or(usize::MAX).min(cores);
        let clients = (hashes / 2).max(1);
        let people = hashes.saturating_sub(clients).max(1);
        Ok(Self {
            people: Lane::new("hash-people", people, wait)?,
            clients: Lane::new("hash-clients", clients, wait)?,
            cost,
            dummy: Arc::default(),
            right: Cache::new(REMEMBERED_AT_MOST),
            memory_key: aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &random::<32>()),
        })
    }

    /// Makes the hash for nobody beforehand, so that the first unknown name takes no longer than the next, and learns how
    /// long one takes.
    ///
    /// # Errors
    /// [`Error`] when the queue is full.
    pub async fn warm_up(&self) -> Result<()> {
        let (dummy, cost) = (Arc::clone(&self.dummy), self.cost);
        let one = move || {
            let nobody = nobody(&dummy, cost);
            let began = Instant::now();
            let _wrong = password::verify("nor has anybody this one", nobody, cost);
            began.elapsed()
        };
        let limit = self.limit().max(self.people.run(one).await?.saturating_mul(PATIENCE));
        for lane in [&self.people, &self.clients] {
            lane.patience.set_limit(limit);
        }
        Ok(())
    }

    /// How long a hash shall be waited for at most.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.people.patience.limit()
    }

    /// How many hashes were begun since the start. It must not depend on who was named (PROTOCOL R-d1), and where the
    /// time cannot be tested this can.
    #[must_use]
    pub fn spent(&self) -> u64 {
        [&self.people, &self.clients].into_iter().map(|lane| lane.spent.load(Ordering::Relaxed)).sum()
    }

    /// Hashes a new secret.
    ///
    /// # Errors
    /// [`Error`] when the queue is full.
    pub async fn hash(&self, whose: Whose, secret: &str) -> Result<String> {
        let (secret, cost) = (secret.to_owned(), self.cost);
        self.lane(whose).run(move || password::hash(&secret, cost)).await?.map_err(Error::internal)
    }

    /// Compares; without a stored hash it takes as long and is wrong.
    ///
    /// # Errors
    /// [`Error`] when the queue is full.
    pub async fn verify(&self, whose: Whose, secret: &str, stored: Option<&str>) -> Result<Verdict> {
        let exists = stored.is_some();
        let (secret, stored, cost) = (secret.to_owned(), stored.map(str::to_owned), self.cost);
        let dummy = Arc::clone(&self.dummy);
        let work = move || password::verify(&secret, stored.as_deref().unwrap_or_else(|| nobody(&dummy, cost)), cost);
        let verdict = self.lane(whose).run(work).await?;
        Ok(if exists { verdict.map_err(Error::internal)? } else { Verdict::Wrong })
    }

    /// As [`Hashing::verify`] for a client's chosen secret, remembering for minutes that it was right. A changed hash
    /// misses by itself.
    ///
    /// # Errors
    /// [`Error`] when the queue is full.
    pub async fn verify_remembered(&self, client_id: &str, secret: &str, stored: Option<&str>) -> Result<bool> {
        if self.remembers(client_id, secret, stored) {
            return Ok(true);
        }
        let right = self.verify(Whose::Client, secret, stored).await? != Verdict::Wrong;
        if right {
            self.right.insert(self.memory_of(client_id, secret, stored.unwrap_or_default()), Instant::now());
        }
        Ok(right)
    }

    /// Was this chosen secret right, within the last minutes?
    #[must_use]
    pub fn remembers(&self, client_id: &str, secret: &str, stored: Option<&str>) -> bool {
        let since = stored.and_then(|stored| self.right.get(&self.memory_of(client_id, secret, stored)));
        since.is_some_and(|since| since.elapsed() < REMEMBERED)
    }

    fn memory_of(&self, client_id: &str, secret: &str, stored: &str) -> [u8; 32] {
        let mut context = aws_lc_rs::hmac::Context::with_key(&self.memory_key);
        for part in [client_id, secret, stored] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.sign().as_ref());
        key
    }

    const fn lane(&self, whose: Whose) -> &Lane {
        match whose {
            Whose::Person => &self.people,
            Whose::Client => &self.clients,
        }
    }
}

/// A hash nobody's password has.
fn nobody(made: &OnceLock<String>, cost: Cost) -> &str {
    made.get_or_init(|| password::hash("a password nobody has", cost).unwrap_or_default())
}

#[cfg(test)]
mod tests;
