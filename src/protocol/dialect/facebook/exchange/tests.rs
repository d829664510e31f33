use super::*;

const APPROVED: Ts = Ts::from_micros(1_767_225_600_700_000);

#[test]
fn the_end_is_sixty_days_from_the_approval_whenever_it_is_asked_for() {
    let end = Ts::from_unix_seconds(1_767_225_600 + 60 * 86_400);
    for later in [0, 60, 7199, 59 * 86_400] {
        let now = APPROVED.plus_seconds(later);
        assert_eq!(exchange(now.plus_seconds(60), APPROVED, now), Exchange::Until(end), "{later}");
        assert_eq!(exchange(end, APPROVED, now), Exchange::Unextended);
    }
    // a clock that was set back does not make it longer
    assert_eq!(long_end(APPROVED, APPROVED.plus_seconds(-86_400)), end.plus_seconds(-86_400));
}

#[test]
fn a_token_that_was_registered_to_live_longer_is_left_as_it_is() {
    let end = APPROVED.plus_seconds(90 * 86_400);
    assert_eq!(exchange(end, APPROVED, APPROVED.plus_seconds(1)), Exchange::Unextended);
}
