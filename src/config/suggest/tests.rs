use super::*;

#[test]
fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
    let keys = ["access_ttl", "access_alg", "id_ttl", "code_ttl"];
    for (written, meant) in [
        ("acces_ttl", Some("access_ttl")),
        ("access_tll", Some("access_ttl")),
        ("accesst_tl", Some("access_ttl")),
        ("ACCESS_TTL", Some("access_ttl")),
        ("di_ttl", Some("id_ttl")),
        ("colour", None),
        ("", None),
    ] {
        assert_eq!(nearest(written, keys), meant, "{written}");
    }
}

#[test]
fn neighbours_swapped_are_one_slip() {
    assert_eq!(distance("issuer", "isseur"), 1);
    assert_eq!(distance("listen", "listen"), 0);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("abc", ""), 3);
}
