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

impl Setting for Duration {
    const KIND: Kind = Kind::Duration;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        // a row with a unit counts milliseconds; all others whole seconds, and what is below one would be lost
        let counts_milliseconds = key.unit.is_some();
        let units = if counts_milliseconds { "ms, s, m, h, d or y" } else { "s, m, h, d or y" };
        let remedy = format!("write a number and {units}, as in \"15m\"");
        let wrong = || Problem::new("must be a duration").remedy(remedy.clone());
        let text = value.text(key).map_err(|_| wrong())?;
        let duration = key.within(parse(text).ok_or_else(wrong)?, parse)?;
        if counts_milliseconds || duration.subsec_nanos() == 0 {
            Ok(duration)
        } else {
            Err(Problem::new("must be whole seconds").remedy(remedy))
        }
    }
}

/// With their length in milliseconds, short to long.
const UNITS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("y", 365 * 86_400_000)];

#[cfg(test)]
mod tests;
