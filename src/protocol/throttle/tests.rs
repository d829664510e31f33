use proptest::prelude::*;

use super::*;

fn after(count: i64, seconds: i64) -> i64 {
    let last_at = Ts::from_unix_seconds(1_000_000);
    Failures { count, last_at }.wait_seconds(FREE_TRIES, last_at.plus_seconds(seconds))
}

#[test]
fn ten_tries_are_free_and_then_the_wait_doubles_up_to_eighteen_minutes() {
    assert_eq!(after(9, 0), 0);
    assert_eq!((after(10, 0), after(10, 1)), (1, 0));
    assert_eq!((after(11, 0), after(12, 0), after(13, 3)), (2, 4, 5));
    assert_eq!((after(40, 0), after(4000, 0)), (LONGEST_DELAY_SECONDS, LONGEST_DELAY_SECONDS));
    assert_eq!(after(4000, LONGEST_DELAY_SECONDS), 0);
}

#[test]
fn whoever_has_failed_more_often_never_waits_less() {
    for count in 0..200 {
        assert!(after(count, 0) <= after(count + 1, 0), "{count}");
    }
    assert_eq!(after(FREE_TRIES + 63, 0), LONGEST_DELAY_SECONDS);
}

/// The instants, in seconds, at which somebody who tries again as soon as it is looked at gets a try.
fn looked_at_by_the_patient(days: i64) -> Vec<i64> {
    let (mut failures, mut at, mut tries) = (Failures::default(), 0, Vec::new());
    let begin = Ts::from_unix_seconds(1_000_000);
    while at < days * 24 * 3600 {
        let now = begin.plus_seconds(at);
        match failures.wait_seconds(FREE_TRIES, now) {
            0 => {
                tries.push(at);
                failures = failures.after_another(now);
            }
            wait => at += wait,
        }
    }
    tries
}

#[test]
fn at_most_a_hundred_tries_are_looked_at_in_any_day() {
    let tries = looked_at_by_the_patient(5);
    for (first, after) in tries.iter().zip(tries.iter().skip(TRIES_A_DAY)) {
        assert!(after - first >= 24 * 3600, "{first} to {after}");
    }
    let fifth_day = tries.iter().filter(|at| **at >= 4 * 24 * 3600).count();
    assert_eq!(fifth_day, 80, "and never none: nobody is locked out");
}

#[test]
fn a_failure_counted_before_the_clock_was_set_back_is_not_waited_for() {
    assert_eq!(after(50, -LONGEST_DELAY_SECONDS - 1), 0);
    assert_eq!(after(50, -365 * 24 * 3600), 0);
    assert_eq!(after(50, -3), LONGEST_DELAY_SECONDS, "two machines' clocks may differ a little");
}

#[test]
fn a_day_without_failures_is_forgiven() {
    let long_ago = Failures { count: 50, last_at: Ts::from_unix_seconds(0) };
    assert_eq!(long_ago.after_another(Ts::from_unix_seconds(MEMORY_SECONDS)).count, 1);
    assert_eq!(long_ago.after_another(Ts::from_unix_seconds(60)).count, 51);
}

#[test]
fn a_place_that_many_share_forgets_as_many_failures_a_day_as_are_free() {
    let begin = Ts::from_unix_seconds(1_000_000);
    let (mut house, mut attacked, mut now) = (Fading::default(), Fading::default(), begin);
    // ninety people mistype once a day, for a year
    for _ in 0..365 * 90 {
        now = now.plus_seconds(24 * 3600 / 90);
        assert_eq!(house.wait_seconds(FREE_TRIES_PER_ADDRESS, now), 0);
        house = house.after_another(FREE_TRIES_PER_ADDRESS, now);
    }
    let mut tries = 0;
    for second in 0..3 * 24 * 3600 {
        let now = begin.plus_seconds(second);
        while attacked.wait_seconds(FREE_TRIES_PER_ADDRESS, now) == 0 {
            attacked = attacked.after_another(FREE_TRIES_PER_ADDRESS, now);
            tries += 1;
        }
    }
    assert!((300..=430).contains(&tries), "a hundred at once and a hundred or so a day: {tries}");
    assert_eq!(house.without_one().after_another(FREE_TRIES_PER_ADDRESS, now), house);
    let earlier = house.after_another(FREE_TRIES_PER_ADDRESS, begin);
    assert!(earlier.wait_seconds(FREE_TRIES_PER_ADDRESS, begin.plus_seconds(-9)) <= LONGEST_DELAY_SECONDS);
}

proptest! {
    #[test]
    fn nobody_waits_longer_than_eighteen_minutes_whatever_the_clock_does(count in any::<i64>(), last in any::<i64>(), now in any::<i64>()) {
        let wait = Failures { count, last_at: Ts::from_micros(last) }.wait_seconds(FREE_TRIES, Ts::from_micros(now));
        prop_assert!((0..=LONGEST_DELAY_SECONDS).contains(&wait));
    }
}
