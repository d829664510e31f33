use proptest::prelude::*;

use super::*;

#[test]
fn only_the_registered_address_and_for_native_clients_any_port_of_it() {
    for (registered, asked, native, web) in [
        ("https://app.example/cb", "https://app.example/cb", true, true),
        ("https://app.example/cb", "https://app.example/cb/", false, false), // RFC 9700 §2.1: exact
        ("https://app.example/cb", "https://app.example:443/cb", false, false),
        ("https://app.example/cb", "https://APP.example/cb", false, false),
        ("https://app.example/cb", "http://app.example/cb", false, false),
        ("https://app.example/cb", "https://app.example/cb?x=1", false, false),
        ("https://app.example/cb", "https://app.example/cb#x", false, false),
        ("https://app.example/cb", "https://app.example/x/../cb", false, false),
        ("https://app.example/cb", "https://app.example@evil.example/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", true, false), // RFC 8252 §7.3: any port
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1/cb", true, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/x", false, false), // but only the port
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false, false),
        ("http://127.0.0.1/cb", "http://localhost/cb", false, false),
        ("http://127.0.0.1/cb", "http://[::1]/cb", false, false),
        ("http://127.0.0.1/cb", "https://127.0.0.1/cb", false, false),
        ("http://[::1]/cb", "http://[::1]:7/cb", true, false),
        ("http://localhost/cb?a=b", "http://localhost:3/cb?a=b", true, false),
        ("http://localhost/cb", "http://localhost.:3/cb", false, false),
        ("com.example.app:/cb", "com.example.app:/cb", true, true),
        ("com.example.app:/cb", "com.example.app://cb", false, false),
    ] {
        assert_eq!(matches(registered, asked, true), native, "{asked} for native {registered}");
        assert_eq!(matches(registered, asked, false), web, "{asked} for web {registered}");
    }
}

#[test]
fn scripts_fragments_wildcards_and_plain_http_cannot_be_registered() {
    for (uri, expected) in [
        ("https://app.example/cb?x=1", Ok(Target::Https)),
        ("http://127.0.0.1:5000/callback", Ok(Target::Loopback)),
        ("http://localhost", Ok(Target::Loopback)),
        ("com.example.app:/cb", Ok(Target::PrivateScheme)),
        ("http://app.example/cb", Err(Unfit::PlainHttp)),
        ("http://127.1/cb", Err(Unfit::PlainHttp)),
        ("http://0.0.0.0/cb", Err(Unfit::PlainHttp)),
        ("http://localhost.evil.example/cb", Err(Unfit::PlainHttp)),
        ("https://app.example/cb#", Err(Unfit::Fragment)),
        ("https://*.app.example/cb", Err(Unfit::Wildcard)),
        ("https://u:p@app.example/cb", Err(Unfit::UserInfo)),
        ("https://@app.example/cb", Err(Unfit::UserInfo)),
        ("https://app.example/a/../cb", Err(Unfit::Path)),
        ("https://app.example/a%2f..%2fcb", Err(Unfit::Path)),
        ("https://app.example\\@evil.example/", Err(Unfit::UserInfo)),
        ("javascript:alert(1)", Err(Unfit::Scheme)),
        ("data:text/html,x", Err(Unfit::Scheme)),
        ("intent:x", Err(Unfit::Scheme)),
        ("myapp:/cb", Err(Unfit::Scheme)),
        ("/cb", Err(Unfit::NotAbsolute)),
        ("", Err(Unfit::NotAbsolute)),
        ("https:app.example/cb", Err(Unfit::NotAbsolute)),
        ("https:/app.example/cb", Err(Unfit::NotAbsolute)),
        ("https:///app.example/cb", Err(Unfit::NotAbsolute)),
        ("https:\\\\app.example/cb", Err(Unfit::Path)),
        ("https:app.example/cb?to=https://app.example", Err(Unfit::NotAbsolute)),
        ("https://app.example/cb?code=1", Err(Unfit::Parameter)),
        ("https://app.example/cb?a=1&st%61te=x", Err(Unfit::Parameter)),
        ("com.example.app:/cb?iss=x", Err(Unfit::Parameter)),
        ("https://app.example/cb?codes=1&a=code", Ok(Target::Https)),
        ("https://app.example/c b", Err(Unfit::NotAbsolute)),
        ("https://app.example/é", Err(Unfit::NotAbsolute)),
        ("https://", Err(Unfit::NotAbsolute)),
    ] {
        assert_eq!(check(uri), expected, "{uri}");
    }
    assert_eq!(check(&format!("https://app.example/{}", "x".repeat(MAX_BYTES))), Err(Unfit::TooLong));
}

#[test]
fn tokens_travel_to_sites_alone() {
    for (uri, expected) in [
        ("https://app.example/cb", true),
        ("https://localhost.app.example/cb", true),
        ("https://localhost/cb", false),
        ("https://LOCALHOST:3000/cb", false),
        ("http://localhost/cb", false),
        ("http://127.0.0.1/cb", false),
        ("com.example.app:/cb", false),
        ("http://app.example/cb", false),
    ] {
        assert_eq!(may_carry_tokens(uri), expected, "{uri}");
    }
}

proptest! {
    #[test]
    fn no_address_but_the_registered_one_leads_to_another_host(asked in "\\PC{0,60}") {
        let registered = "http://127.0.0.1:5000/cb";
        if matches(registered, &asked, true) {
            let url = Url::parse(&asked).unwrap();
            prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
        }
        let _checked = check(&asked);
    }

    #[test]
    fn a_changed_address_is_another_address(at in 0_usize..24, to in proptest::char::range('!', '~')) {
        let registered = "https://app.example/path";
        let mut changed: Vec<char> = registered.chars().collect();
        changed[at] = to;
        let changed: String = changed.into_iter().collect();
        prop_assert_eq!(matches(registered, &changed, true), registered == changed);
    }
}
