use proptest::prelude::*;

use super::*;

#[test]
fn an_issuer_is_taken_apart_at_its_path() {
    for (text, origin, path, host, https, loopback) in [
        ("http://localhost:8080", "http://localhost:8080", "", "localhost", false, true),
        ("https://id.example.com", "https://id.example.com", "", "id.example.com", true, false),
        ("https://id.example.com:8443/a/b", "https://id.example.com:8443", "/a/b", "id.example.com", true, false),
        ("http://127.8.9.10/x", "http://127.8.9.10", "/x", "127.8.9.10", false, true),
        ("http://[::1]:9000", "http://[::1]:9000", "", "[::1]", false, true),
        ("http://id.localhost", "http://id.localhost", "", "id.localhost", false, true),
        ("https://localhost", "https://localhost", "", "localhost", true, true),
    ] {
        let issuer = Issuer::parse(text).unwrap();
        assert_eq!(
            (issuer.as_str(), issuer.origin(), issuer.path(), issuer.host(), issuer.is_https(), issuer.is_loopback()),
            (text, origin, path, host, https, loopback)
        );
    }
}

#[test]
fn an_issuer_that_clients_would_not_find_again_is_refused_with_the_reason() {
    let spelling = "must be written as browsers write it, since clients compare it letter by letter";
    let segments = "must have a path of letters, digits and -._~ only";
    for (text, why) in [
        ("", "must be a URL: relative URL without a base"),
        ("id.example.com", "must be a URL: relative URL without a base"),
        ("localhost:8080", "must begin with https:// or http://"),
        ("ftp://id.example.com", "must begin with https:// or http://"),
        ("https://id.example.com/", "must not end with a slash"),
        ("https://id.example.com/a/", "must not end with a slash"),
        ("https://id.example.com/?x=1", "must not have a query or fragment"),
        ("https://id.example.com?", "must not have a query or fragment"),
        ("https://id.example.com#", "must not have a query or fragment"),
        ("https://ada:pw@id.example.com", "must not have a user name or password"),
        ("https://@id.example.com", "must not have a user name or password"),
        ("https://ID.example.com", spelling),
        ("HTTPS://id.example.com", spelling),
        ("https://id.example.com:443", spelling),
        ("https://id.example.com/a/../b", spelling),
        ("https://bücher.example", spelling),
        (" https://id.example.com", spelling),
        ("https://id.example.com\\a", spelling),
        ("http://127.1", spelling),
        ("https://id.example.com/a//b", segments),
        ("https://id.example.com/ä", segments),
        ("http://id.example.com", "must begin with https://, since id.example.com is not a loopback host"),
        ("http://10.0.0.1", "must begin with https://, since 10.0.0.1 is not a loopback host"),
        ("http://localhost.example", "must begin with https://, since localhost.example is not a loopback host"),
        ("http://localhost.", "must begin with https://, since localhost. is not a loopback host"),
        ("http://[::ffff:127.0.0.1]", spelling),
        ("http://[::ffff:7f00:1]", "must begin with https://, since [::ffff:7f00:1] is not a loopback host"),
        ("http://0.0.0.0", "must begin with https://, since 0.0.0.0 is not a loopback host"),
    ] {
        assert_eq!(Issuer::parse(text).unwrap_err(), why, "{text}");
    }
}

#[test]
fn the_issuer_of_an_unconfigured_server_is_one_that_could_be_configured() {
    for port in [80, 443, 8080, 65535] {
        let issuer = Issuer::localhost(port);
        assert_eq!(Issuer::parse(issuer.as_str()).as_ref(), Ok(&issuer));
    }
    assert_eq!(Issuer::localhost(80).as_str(), "http://localhost");
}

proptest! {
    #[test]
    fn what_is_accepted_is_kept_letter_by_letter(text in "https?://[a-z0-9.:\\[\\]@-]{1,20}(/[ -~]{0,8}){0,3}") {
        if let Ok(issuer) = Issuer::parse(&text) {
            prop_assert_eq!(issuer.as_str(), &text);
            prop_assert_eq!(format!("{}{}", issuer.origin(), issuer.path()), text);
            prop_assert!(issuer.is_https() || issuer.is_loopback());
        }
    }
}
