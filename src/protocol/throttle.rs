//! Guessing is slowed, not locked (PROTOCOL R-g): ten tries are free, then one is looked at per delay, which doubles.

use crate::clock::Ts;

/// Failed tries that cost nothing.
pub const FREE_TRIES: i64 = 10;
/// Failed tries per address that cost nothing: many people may share one.
pub const FREE_TRIES_PER_ADDRESS: i64 = 100;
/// Failed tries per IPv6 /48 that cost nothing: a site may have thousands of the /64 that are counted one by one.
pub const FREE_TRIES_PER_SITE: i64 = 1000;
/// The longest delay, in seconds: 18 minutes and not R-g2's 15, because with the free tries and those while it doubles
/// only this keeps a day's tries at [`TRIES_A_DAY`].
pub const LONGEST_DELAY_SECONDS: i64 = 18 * 60;
/// Tries of one account that are looked at in any 24 hours, at most (R-g2).
pub const TRIES_A_DAY: usize = 100;
/// A counter that was left alone this long is forgotten, in seconds.
pub const MEMORY_SECONDS: i64 = 24 * 3600;

/// Failed tries of one account, address or browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// The last of them.
    pub last_at: Ts,
}

impl Failures {
    /// Seconds until the next try is looked at; 0 when it is looked at now.
    #[must_use]
    pub fn wait_seconds(self, free: i64, now: Ts) -> i64 {
        let (over, passed) = (self.count.saturating_sub(free), now.seconds_since(self.last_at));
        // a failure in the future was counted before the clock was set back, and must not be waited for
        if over < 0 || !(-LONGEST_DELAY_SECONDS..MEMORY_SECONDS).contains(&passed) {
            return 0;
        }
        // beyond the longest delay there is nothing to double
        let delay = (1_i64 << over.min(30)).min(LONGEST_DELAY_SECONDS);
        (delay - passed).clamp(0, delay)
    }

    /// Does one more still cost nothing?
    #[must_use]
    pub const fn has_free_tries(self, free: i64, now: Ts) -> bool {
        self.after_another(now).count <= free
    }

    /// One more.
    #[must_use]
    pub const fn after_another(self, now: Ts) -> Self {
        let fresh = now.seconds_since(self.last_at) >= MEMORY_SECONDS;
        Self { count: if fresh { 1 } else { self.count.saturating_add(1) }, last_at: now }
    }
}

/// Failed tries of a place that many people share: forgotten one by one, as many a day as are free. Otherwise a house
/// where somebody mistypes every day would be slow for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fading {
    thousandths: i64,
    last_at: Ts,
}

impl Fading {
    /// Seconds until the next try is looked at; 0 when it is looked at now.
    #[must_use]
    pub fn wait_seconds(self, free: i64, now: Ts) -> i64 {
        Failures { count: self.left(free, now) / 1000, last_at: self.last_at }.wait_seconds(free, now)
    }

    /// One more.
    #[must_use]
    pub const fn after_another(self, free: i64, now: Ts) -> Self {
        Self { thousandths: self.left(free, now).saturating_add(1000), last_at: now }
    }

    /// One less: what was counted beforehand turned out to be none.
    #[must_use]
    pub const fn without_one(self) -> Self {
        let left = self.thousandths.saturating_sub(1000);
        Self { thousandths: if left > 0 { left } else { 0 }, ..self }
    }

    const fn left(self, free: i64, now: Ts) -> i64 {
        let passed = now.seconds_since(self.last_at);
        if passed <= 0 {
            return self.thousandths;
        }
        let left = self.thousandths.saturating_sub(passed.saturating_mul(free).saturating_mul(1000) / MEMORY_SECONDS);
        if left > 0 { left } else { 0 }
    }
}

/// The one spelling under which a name is counted and found: case and surrounding space do not matter.
#[must_use]
pub fn canonical_name(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
