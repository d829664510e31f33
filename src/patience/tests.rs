use super::*;

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_millis(100);

/// One after the other, ten milliseconds apart: who is too late?
fn after(patience: &Patience, from: Instant, waits: impl IntoIterator<Item = u32>) -> Vec<bool> {
    waits.into_iter().zip(1..).map(|(waited, n)| patience.is_late(waited * MS, from + n * 10 * MS)).collect()
}

#[test]
fn a_burst_is_served_however_long_it_waits() {
    let patience = Patience::new("test").of(LIMIT);
    let long = std::iter::repeat_n(5_000, 150);
    assert!(after(&patience, Instant::now(), long).iter().all(|late| !late), "less than two seconds");
}

#[test]
fn a_queue_that_is_emptied_now_and_then_refuses_nobody() {
    let patience = Patience::new("test").of(LIMIT);
    let waits = (0..3_000).map(|n| if n % 100 == 0 { 100 } else { 5_000 });
    assert!(after(&patience, Instant::now(), waits).iter().all(|late| !late));
}

#[test]
fn those_who_come_seldom_are_no_overload() {
    let (patience, began) = (Patience::new("test").of(LIMIT), Instant::now());
    for n in 0..20 {
        assert!(!patience.is_late(5_000 * MS, began + n * 1_500 * MS), "each finds nobody before it");
    }
}

#[test]
fn when_everybody_has_waited_for_seconds_those_who_waited_for_long_are_refused_and_others_served() {
    let (patience, began) = (Patience::new("test").of(LIMIT), Instant::now());
    let late = after(&patience, began, std::iter::repeat_n(101, 300));
    assert_eq!(late.iter().position(|late| *late), Some(200), "after two seconds");
    let then = began + 3_000 * MS;
    assert_eq!(after(&patience, then, [26, 25, 1, 26, 24, 99]), [true, false, false, true, false, true]);
    assert!(patience.would_be_late(26 * MS, then + 100 * MS) && !patience.would_be_late(25 * MS, then + 100 * MS));
}

#[test]
fn it_is_over_once_nobody_was_late_for_three_seconds() {
    let (patience, began) = (Patience::new("test").of(LIMIT), Instant::now());
    after(&patience, began, std::iter::repeat_n(101, 300));
    let then = began + 3_000 * MS;
    assert!(after(&patience, then, std::iter::repeat_n(3, 310)).iter().all(|late| !late));
    assert!(!patience.would_be_late(90 * MS, then + 3_110 * MS));
    assert!(!patience.is_late(5_000 * MS, then + 3_110 * MS), "a burst again");
}

#[test]
fn who_was_refused_and_comes_again_finds_it_as_it_was() {
    let (patience, began) = (Patience::new("test").of(LIMIT), Instant::now());
    after(&patience, began, std::iter::repeat_n(101, 300));
    assert!(patience.is_late(26 * MS, began + 5_000 * MS), "two seconds later");
}

#[test]
fn without_a_limit_nobody_is_late() {
    let patience = Patience::new("test");
    assert!(after(&patience, Instant::now(), std::iter::repeat_n(1_000_000, 1_000)).iter().all(|late| !late));
}
