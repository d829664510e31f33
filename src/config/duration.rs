//! Durations: a whole number and a unit.

use std::time::Duration;

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// `500ms`, `60s`, `15m`, `2h`, `30d`, `1y` (365 days). `None` for anything else, and beyond what fits.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(*milliseconds)?))
}

/// In the largest unit that says it exactly: `2h`, not `120m`. What is below a millisecond is left out.
#[must_use]
pub fn show(duration: Duration) -> String {
    let all = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let exact = UNITS.iter().rev().find(|(_, milliseconds)| all > 0 && all.is_multiple_of(*milliseconds));
    exact.map_or_else(|| "0s".to_owned(), |(unit, milliseconds)| format!("{}{unit}", all / milliseconds))
}

/// In whole seconds, as moments are counted with.
#[must_use]
pub fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A duration that counts by the millisecond; all others are whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milliseconds(pub Duration);

impl Setting for Milliseconds {
    const KIND: Kind = Kind::Milliseconds;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        read(value, key, "write a number and ms, s, m, h, d or y, as in \"15m\"").map(Self)
    }
}

impl Setting for Duration {
    const KIND: Kind = Kind::Duration;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let remedy = "write a number and s, m, h, d or y, as in \"15m\"";
        let duration = read(value, key, remedy)?;
        // what is below a second would be lost
        let whole = (duration.subsec_nanos() == 0).then_some(duration);
        whole.ok_or_else(|| Problem::new("must be whole seconds").remedy(remedy))
    }
}

fn read(value: &Plain, key: &Key, remedy: &str) -> Result<Duration, Problem> {
    let wrong = || Problem::new("must be a duration").remedy(remedy);
    let text = value.text(key).map_err(|_| wrong())?;
    key.within(parse(text).ok_or_else(wrong)?, parse)
}

/// With their length in milliseconds, short to long.
const UNITS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("y", 365 * 86_400_000)];

#[cfg(test)]
mod tests;
