//! Up to when the sweep believes the clock. One that jumps ahead ends everything at once; when it is put right, what was
//! ended lives again, unless it was removed. So what only a jump has ended is kept until the clock has gone on evenly for
//! a day, and meanwhile time goes on for the sweep as if there had been no jump. What is believed is kept in the database:
//! a restart knows of the jump, and whoever has no clock of his own to go by asks there.

use std::time::{Duration, Instant};

use crate::clock::Ts;

/// How long a clock has to go evenly after a jump.
const TRUSTED_AFTER: Duration = Duration::from_hours(24);
/// A step that is none, in seconds: clocks are corrected, and a busy machine is late.
const STEP_SECONDS: i64 = 60;
/// A start so long after the last thing that happened may be a start with a wrong clock, in seconds.
const SILENCE_SECONDS: i64 = 24 * 3600;
/// What happened so long after what was believed, in seconds, happened by a clock that was not: a sweep with much to do
/// may take a while until the next one says what is.
const AHEAD_SECONDS: i64 = 3600;

/// What was seen of the clock so far.
#[derive(Debug)]
pub(super) struct Horizon {
    seen: (Ts, Instant),
    jumped: Option<Instant>,
    believed: Ts,
}

impl Horizon {
    /// `latest`: when the last thing happened that the database knows of; `kept`: what was believed last, by any instance.
    pub(super) fn new(now: Ts, at: Instant, latest: Option<Ts>, kept: Option<Ts>) -> Self {
        let silent = |last: &Ts| now.seconds_since(*last) > SILENCE_SECONDS;
        // and by the clock that goes now: one that shows less was put right
        let was_ahead = kept.zip(latest).is_some_and(|(kept, latest)| {
            latest.seconds_since(kept) > AHEAD_SECONDS && latest.seconds_since(now) <= STEP_SECONDS
        });
        let left = kept.or(latest).filter(|last| silent(last) || was_ahead);
        Self { seen: (now, at), jumped: left.map(|_| at), believed: left.unwrap_or(now) }
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
