//! Overload: work that comes to its turn too late is refused, so that the rest is served in time.
//!
//! A queue that is emptied now and then evens out a burst, and everybody in it is served. One in which everybody waits,
//! for seconds on end, serves late whomever it serves, for as long as more comes than goes. From then on those who have
//! waited too long are told so when their turn comes, which costs next to nothing, and the turn is the next one's: what
//! is served was young. The idea is `CoDel`'s (RFC 8289): not how long a queue is tells of overload, but how long the
//! least of the waiting in it is, over some time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How a queue judges those whose turn has come. Until it is told a limit it refuses nobody.
#[derive(Debug)]
pub struct Patience {
    /// Of what, for the log, if that is to be told there.
    what: Option<&'static str>,
    limit_micros: AtomicU64,
    pressure: Mutex<Option<Pressure>>,
}

/// Everybody has been waiting.
#[derive(Debug, Clone, Copy)]
struct Pressure {
    since: Instant,
    last: Instant,
    overloaded: bool,
}

/// So long everybody must have waited longer than the limit before it counts as overload.
const STANDS_FOR: Duration = Duration::from_secs(2);
/// After so long without anybody who waited it was no overload.
const NONE_AFTER: Duration = Duration::from_secs(1);
/// After so long without anybody who was refused an overload is over. They come again a while later (`http/line.rs`), and
/// are not to find everybody let in by then.
const OVER_AFTER: Duration = Duration::from_secs(3);
/// This part of the limit is what is waited in an overload: waiting adds up where there are several queues.
const PART: u32 = 4;

impl Patience {
    /// Refuses nobody yet.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what: Some(what), ..Self::untold() }
    }

    /// The same for one of many queues that anybody can fill: the log is not theirs.
    #[must_use]
    pub const fn untold() -> Self {
        Self { what: None, limit_micros: AtomicU64::new(u64::MAX), pressure: Mutex::new(None) }
    }

    /// Longer than this nobody should wait for long.
    #[must_use]
    pub fn of(self, limit: Duration) -> Self {
        self.set_limit(limit);
        self
    }

    /// Changes the limit.
    pub fn set_limit(&self, limit: Duration) {
        self.limit_micros.store(u64::try_from(limit.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Somebody's turn has come after so long: is it too late for them?
    pub fn is_late(&self, waited: Duration, now: Instant) -> bool {
        let limit = self.limit();
        let mut held = self.pressure.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *held;
        *held = match before.filter(|pressure| !pressure.is_over(now)) {
            Some(pressure) if pressure.overloaded && waited <= limit / PART => Some(pressure),
            Some(pressure) if pressure.overloaded || waited > limit => {
                let stood = now.saturating_duration_since(pressure.since) >= STANDS_FOR;
                Some(Pressure { last: now, overloaded: pressure.overloaded || stood, ..pressure })
            }
            None if waited > limit => Some(Pressure { since: now, last: now, overloaded: false }),
            _ => None,
        };
        let after = *held;
        drop(held);
        let overloaded = |pressure: Option<Pressure>| pressure.is_some_and(|pressure| pressure.overloaded);
        match (self.what, overloaded(before), overloaded(after)) {
            (Some(what), false, true) => tracing::warn!(what, "overloaded: who waits for too long is told 503"),
            (Some(what), true, false) => tracing::info!(what, "no longer overloaded"),
            _ => {}
        }
        overloaded(after) && waited > limit / PART
    }

    /// Would it be, after at least so long? Nothing is learnt from it.
    pub fn would_be_late(&self, waited: Duration, now: Instant) -> bool {
        let pressure = *self.pressure.lock().unwrap_or_else(PoisonError::into_inner);
        pressure.is_some_and(|pressure| pressure.overloaded && !pressure.is_over(now)) && waited > self.limit() / PART
    }

    /// What it was told last.
    #[must_use]
    pub fn limit(&self) -> Duration {
        Duration::from_micros(self.limit_micros.load(Ordering::Relaxed))
    }
}

impl Pressure {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > if self.overloaded { OVER_AFTER } else { NONE_AFTER }
    }
}

#[cfg(test)]
mod tests;
