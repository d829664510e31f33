//! Up to when the sweep believes the clock. One that jumps ahead ends everything at once; when it is put right, what was
//! ended lives again, unless it was removed. So what only a jump has ended is kept until the clock has gone on evenly for
//! a day, and meanwhile time goes on for the sweep as if there had been no jump.

use std::time::{Duration, Instant};

use crate::clock::Ts;

/// How long a clock has to go evenly after a jump.
const TRUSTED_AFTER: Duration = Duration::from_hours(24);
/// A step that is none, in seconds: clocks are corrected, and a busy machine is late.
const STEP_SECONDS: i64 = 60;
/// A start so long after the last thing that happened may be a start with a wrong clock, in seconds.
const SILENCE_SECONDS: i64 = 24 * 3600;

/// What was seen of the clock so far.
#[derive(Debug)]
pub(super) struct Horizon {
    seen: (Ts, Instant),
    jumped: Option<Instant>,
    believed: Ts,
}

impl Horizon {
    /// `latest`: when the last thing happened that the database knows of.
    pub(super) fn new(now: Ts, at: Instant, latest: Option<Ts>) -> Self {
        let silent = latest.filter(|latest| now.seconds_since(*latest) > SILENCE_SECONDS);
        Self { seen: (now, at), jumped: silent.map(|_| at), believed: silent.unwrap_or(now) }
    }

    /// What ended before this may be removed. `at` tells how long it is since the last time.
    pub(super) fn until(&mut self, now: Ts, at: Instant) -> Ts {
        let (before, then) = self.seen;
        let passed = i64::try_from(at.saturating_duration_since(then).as_secs()).unwrap_or(i64::MAX);
        if now.seconds_since(before.plus_seconds(passed)).saturating_abs() > STEP_SECONDS {
            self.jumped = Some(at);
        }
        self.seen = (now, at);
        self.jumped = self.jumped.filter(|since| at.saturating_duration_since(*since) < TRUSTED_AFTER);
        self.believed = if self.jumped.is_some() { self.believed.plus_seconds(passed) } else { now };
        self.believed.min(now)
    }
}

#[cfg(test)]
mod tests;
