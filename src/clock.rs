//! The one source of "now". Rules take the instant itself, never the clock.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant: microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ts(i64);

impl Ts {
    /// Before everything.
    pub const ZERO: Self = Self(0);

    /// From stored microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From a `NumericDate`, whole seconds.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// As stored.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// As stored, by reference (what a column binds).
    #[must_use]
    pub const fn as_micros(&self) -> &i64 {
        &self.0
    }

    /// As a `NumericDate` (RFC 7519 §2): whole seconds, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Later (or, below zero, earlier) by whole seconds; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds from `earlier` to here, rounded down; negative when `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000_000)
    }

    /// The same instant for `chrono`; `None` outside its range.
    #[must_use]
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// `2026-11-21T10:02:00Z`, or the bare number outside chrono's range.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_utc().map_or_else(|| self.0.to_string(), |t| t.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// This instant.
    fn now(&self) -> Ts;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Ts {
        // not by way of a date: it is asked several times a request
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ts(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Stands at `start`.
    #[must_use]
    pub const fn at(start: Ts) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves on by whole seconds.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Ts {
        Ts(self.0.load(Ordering::SeqCst))
    }
}
