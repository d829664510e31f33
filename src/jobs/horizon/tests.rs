use super::*;

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

/// A clock beside the true time, both in seconds after the start.
struct Seen(Horizon, Instant);

impl Seen {
    fn start(latest: Option<i64>) -> Self {
        Self::again(latest, None)
    }

    fn again(latest: Option<i64>, kept: Option<i64>) -> Self {
        let at = Instant::now();
        Self(Horizon::new(wall(0), at, latest.map(wall), kept.map(wall)), at)
    }

    fn until(&mut self, shown: i64, passed: u64) -> i64 {
        self.0.until(wall(shown), self.1 + Duration::from_secs(passed)).seconds_since(wall(0))
    }
}

fn wall(seconds: i64) -> Ts {
    Ts::from_unix_seconds(1_790_000_000 + seconds)
}

#[test]
fn a_clock_that_goes_evenly_is_believed() {
    let mut seen = Seen::start(None);
    assert_eq!((seen.until(30, 30), seen.until(3600, 3605), seen.until(86_400, 86_400)), (30, 3600, 86_400));
}

#[test]
fn what_a_jump_ahead_ended_is_kept_until_the_clock_has_gone_on_for_a_day() {
    let mut seen = Seen::start(None);
    assert_eq!(seen.until(YEAR + 30, 30), 30);
    assert_eq!(seen.until(YEAR + HOUR, 3600), 3600, "meanwhile sweeping goes on");
    assert_eq!(seen.until(YEAR + 25 * HOUR, 25 * 3600), YEAR + 25 * HOUR, "it was right after all");
}

#[test]
fn a_clock_that_is_put_right_within_the_day_has_ended_nothing() {
    let mut seen = Seen::start(None);
    seen.until(YEAR, 0);
    seen.until(YEAR + 10 * HOUR, 10 * 3600);
    assert_eq!(seen.until(20 * HOUR, 20 * 3600), 20 * HOUR);
    assert_eq!(seen.until(30 * HOUR, 30 * 3600), 30 * HOUR);
}

#[test]
fn a_clock_that_was_set_back_ends_nothing_early() {
    let mut seen = Seen::start(None);
    assert_eq!(seen.until(-YEAR, 30), -YEAR);
    assert_eq!(seen.until(-YEAR + 30 * HOUR, 30 * 3600), -YEAR + 30 * HOUR);
}

#[test]
fn a_start_long_after_the_last_event_waits_a_day_as_well() {
    let mut seen = Seen::start(Some(-YEAR));
    assert_eq!(seen.until(30, 30), -YEAR + 30);
    assert_eq!(seen.until(25 * HOUR, 25 * 3600), 25 * HOUR);
    assert_eq!(Seen::start(Some(-HOUR)).until(30, 30), 30);
}

#[test]
fn a_restart_does_not_believe_a_clock_that_was_not_believed_before() {
    // what happened since the jump is of the future
    let mut seen = Seen::again(Some(-60), Some(-YEAR));
    assert_eq!(seen.until(30, 30), -YEAR + 30);
    assert_eq!(seen.until(23 * HOUR, 23 * 3600), -YEAR + 23 * HOUR);
    assert_eq!(seen.until(25 * HOUR, 25 * 3600), 25 * HOUR, "it was right after all");
    // put right meanwhile
    assert_eq!(Seen::again(Some(YEAR), Some(-60)).until(30, 30), 30);
    // a jump that is shorter than the time that may pass without anybody
    assert_eq!(Seen::again(Some(-60), Some(-10 * HOUR)).until(30, 30), -10 * HOUR + 30);
}

#[test]
fn a_restart_after_a_while_without_a_server_goes_by_the_clock() {
    assert_eq!(Seen::again(Some(-3 * HOUR), Some(-2 * HOUR)).until(30, 30), 30);
    assert_eq!(Seen::again(None, Some(-20 * HOUR)).until(30, 30), 30);
    // nobody came for a month, while it served
    assert_eq!(Seen::again(Some(-30 * 24 * HOUR), Some(-60)).until(30, 30), 30);
    assert_eq!(Seen::again(Some(-3 * 24 * HOUR), Some(-2 * 24 * HOUR)).until(30, 30), -2 * 24 * HOUR + 30);
    // the clock was set back behind what was believed
    assert_eq!(Seen::again(Some(YEAR), Some(YEAR)).until(30, 30), 30);
}
