use super::*;

#[test]
fn what_was_written_is_read_again() {
    let secrets: Vec<Secret<Account>> = (0..MOST).map(|_| Secret::generate()).collect();
    let cookie = print(&secrets);
    assert_eq!(parse_all([&*cookie]), secrets);
    assert!(cookie.len() <= MAX_BYTES && cookie.bytes().all(|byte| byte.is_ascii_graphic()), "it fits into a cookie");
}

#[test]
fn what_is_none_of_ours_or_there_twice_or_too_much_is_left_out() {
    let secret = Secret::<Account>::generate();
    let one = secret.expose();
    let session = Secret::<crate::secret::kind::Session>::generate();
    for (cookie, count) in [
        (String::new(), 0),
        ("...".to_owned(), 0),
        (format!("{one}x"), 0),
        (session.expose().to_owned(), 0),
        (format!("{one}.{one}"), 1),
        (format!("nonsense.{one}.\u{e9}"), 1),
        (".".repeat(MAX_BYTES + 1) + one, 0),
    ] {
        assert_eq!(parse_all([&*cookie]).len(), count, "{cookie}");
    }
    let many: Vec<Secret<Account>> = (0..MOST + 5).map(|_| Secret::generate()).collect();
    assert_eq!(parse_all([&*print(&many), &*print(&many)]).len(), MOST);
}
