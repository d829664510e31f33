use proptest::prelude::*;

use super::*;

#[test]
fn a_size_is_bytes_or_has_a_unit() {
    for (text, bytes) in [("0", 0), ("65536", 65_536), ("64KiB", 65_536), ("1MiB", 1 << 20), ("2GiB", 2 << 30)] {
        assert_eq!(Size::parse(text).map(Size::bytes), Some(bytes), "{text}");
    }
    for text in
        ["", "KiB", "64KB", "64 KiB", "64kib", "-1", "1.5MiB", "99999999999999999999", "18446744073709551615GiB"]
    {
        assert_eq!(Size::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_shown_size_parses_back(bytes in any::<usize>(), shift in 0_u32..40) {
        let size = Size::from_bytes(bytes >> shift << shift);
        prop_assert_eq!(Size::parse(&size.to_string()), Some(size));
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in any::<String>()) {
        let _ = Size::parse(&text);
    }
}
