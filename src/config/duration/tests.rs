use proptest::prelude::*;

use super::*;

#[test]
fn a_duration_is_a_whole_number_and_a_unit() {
    for (text, seconds) in [("60s", 60), ("15m", 900), ("2h", 7200), ("30d", 2_592_000), ("1y", 31_536_000), ("0s", 0)]
    {
        assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
    }
    assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
    for text in
        ["", "15", "m", "-1s", "+1s", "1.5h", "1h30m", "15 m", " 15m", "15M", "1w", "18446744073709551615y", "１s"]
    {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_duration_is_shown_in_its_largest_exact_unit() {
    for (text, shown) in [("120m", "2h"), ("90m", "90m"), ("365d", "1y"), ("1000ms", "1s"), ("0d", "0s"), ("60s", "1m")]
    {
        assert_eq!(parse(text).map(show).as_deref(), Some(shown));
    }
}

proptest! {
    #[test]
    fn a_shown_duration_parses_back(milliseconds in any::<u64>()) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(parse(&show(duration)), Some(duration));
    }

    #[test]
    fn whole_days_parse_back(days in 0_u64..1_000_000) {
        let duration = Duration::from_secs(days * 86_400);
        prop_assert_eq!(parse(&show(duration)), Some(duration));
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in any::<String>()) {
        let _ = parse(&text);
    }
}
