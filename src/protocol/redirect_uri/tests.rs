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
        ("https://%2A.app.example/cb", Err(Unfit::Host)),
        ("https://!;x/cb", Err(Unfit::Host)),
        ("https://app.example;sandbox/cb", Err(Unfit::Host)),
        ("https://app.example%3Bsandbox/cb", Err(Unfit::Host)),
        ("https://app.example,b.example/cb", Err(Unfit::Host)),
        ("https://xn--bcher-kva.example:8443/cb", Ok(Target::Https)),
        ("https://my_app.example./cb", Ok(Target::Https)),
        ("https://[2001:db8::1]:8443/cb", Ok(Target::Https)),
        ("https://192.0.2.1/cb", Ok(Target::Https)),
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
        assert_eq!(check(uri, &[]), expected, "{uri}");
    }
    assert_eq!(check(&format!("https://app.example/{}", "x".repeat(MAX_BYTES)), &[]), Err(Unfit::TooLong));
}

fn listed(names: &[&str]) -> Vec<PrivateScheme> {
    names.iter().map(|name| PrivateScheme::parse(name).unwrap()).collect()
}

#[test]
fn a_scheme_without_a_dot_can_be_registered_while_it_is_listed_and_leads_to_an_app_ever_after() {
    let schemes = listed(&["cursor", "vscode-insiders"]);
    for (uri, expected) in [
        ("cursor://anysphere.cursor-mcp/oauth/callback", Ok(Target::PrivateScheme)),
        ("Cursor:/cb", Ok(Target::PrivateScheme)),
        ("vscode-insiders://publisher.extension/cb?windowId=1", Ok(Target::PrivateScheme)),
        ("com.example.app:/cb", Ok(Target::PrivateScheme)),
        ("vscode://publisher.extension/cb", Err(Unfit::Scheme)),
        ("cursor2:/cb", Err(Unfit::Scheme)),
        ("cursor:/cb#x", Err(Unfit::Fragment)),
        ("cursor://ada@editor/cb", Err(Unfit::UserInfo)),
        ("cursor://editor/*", Err(Unfit::Wildcard)),
        ("cursor://editor/../cb", Err(Unfit::Path)),
        ("cursor://editor/cb?code=1", Err(Unfit::Parameter)),
    ] {
        assert_eq!(check(uri, &schemes), expected, "{uri}");
        assert_eq!(target(uri), Target::PrivateScheme, "{uri}");
        assert!(!may_carry_tokens(uri), "{uri}");
    }
    assert_eq!(check("cursor://editor/cb", &[]), Err(Unfit::Scheme));
    assert_eq!(shown_target("cursor://anysphere.cursor-mcp/oauth/callback"), "cursor:");
    assert_eq!(origin("cursor://anysphere.cursor-mcp/oauth/callback"), None);
}

#[test]
fn what_belongs_to_browsers_or_systems_cannot_be_listed() {
    for (text, expected) in [
        ("", UnfitScheme::Malformed),
        ("Cursor", UnfitScheme::Malformed),
        ("cursor:", UnfitScheme::Malformed),
        ("cursor://", UnfitScheme::Malformed),
        ("1password", UnfitScheme::Malformed),
        ("-app", UnfitScheme::Malformed),
        ("an app", UnfitScheme::Malformed),
        ("*", UnfitScheme::Malformed),
        ("éditeur", UnfitScheme::Malformed),
        ("com.example.app", UnfitScheme::Dotted),
        ("http", UnfitScheme::Taken),
        ("https", UnfitScheme::Taken),
        ("ws", UnfitScheme::Taken),
        ("wss", UnfitScheme::Taken),
        ("file", UnfitScheme::Taken),
        ("blob", UnfitScheme::Taken),
        ("data", UnfitScheme::Taken),
        ("about", UnfitScheme::Taken),
        ("javascript", UnfitScheme::Taken),
        ("vbscript", UnfitScheme::Taken),
        ("view-source", UnfitScheme::Taken),
        ("intent", UnfitScheme::Taken),
        ("mailto", UnfitScheme::Taken),
        ("tel", UnfitScheme::Taken),
        ("sms", UnfitScheme::Taken),
        ("ms-settings", UnfitScheme::Taken),
        ("web+mastodon", UnfitScheme::Taken),
    ] {
        assert_eq!(PrivateScheme::parse(text), Err(expected), "{text}");
    }
    for name in ["cursor", "vscode-insiders", "x", "a1+b"] {
        assert_eq!(PrivateScheme::parse(name).unwrap().as_str(), name);
    }
}

#[test]
fn what_is_registered_stays_what_it_is_although_it_would_be_refused_by_now() {
    for (uri, expected) in [
        ("https://app.example/cb?code=1", Target::Https),
        ("HTTPS://app.example/cb", Target::Https),
        ("https:app.example/cb", Target::Https),
        ("http://127.0.0.1:8000/cb?state=x", Target::Loopback),
        ("com.example.app:/cb?iss=x", Target::PrivateScheme),
        ("myapp:/cb", Target::PrivateScheme),
        ("http://app.example/cb", Target::Https),
        ("nothing", Target::Https),
    ] {
        assert_eq!(target(uri), expected, "{uri}");
    }
}

#[test]
fn an_origin_is_what_a_browser_sends_and_nothing_of_it_means_anything_in_a_header() {
    for (uri, expected) in [
        ("https://App.example:443/cb?x=1", Some("https://app.example")),
        ("http://[::1]:7/cb", Some("http://[::1]:7")),
        ("https://b\u{fc}cher.example/", Some("https://xn--bcher-kva.example")),
        ("https://!;x/cb", None),
        ("https://a%2Cb/cb", None),
        ("https://*.app.example/cb", None),
        ("com.example.app:/cb", None),
        ("nothing", None),
    ] {
        assert_eq!(origin(uri).as_deref(), expected, "{uri}");
    }
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
    /// Whatever is listed, only it and what has a dot is private; and the class that was found at registration is found
    /// again without the list.
    #[test]
    fn what_can_be_registered_leads_where_it_did_whatever_is_listed_later(
        name in "[a-z][a-z0-9+.-]{0,9}",
        scheme in prop_oneof![
            Just(None),
            prop_oneof![Just("https"), Just("http"), Just("Cursor"), Just("javascript"), Just("ms-x"), Just("data")]
                .prop_map(Some),
        ],
        joint in prop_oneof![Just(":"), Just(":/"), Just("://"), Just("://127.0.0.1"), Just("://[::1]:")],
        rest in "[!-~]{0,20}",
    ) {
        let schemes = [name.as_str(), "cursor"].into_iter().flat_map(PrivateScheme::parse).collect::<Vec<_>>();
        let uri = format!("{}{joint}{rest}", scheme.unwrap_or(&name));
        if let Ok(found) = check(&uri, &schemes) {
            let url = Url::parse(&uri).unwrap();
            let private = url.scheme().contains('.') || schemes.iter().any(|listed| listed.as_str() == url.scheme());
            prop_assert_eq!(found == Target::PrivateScheme, private);
            prop_assert!(private || matches!(url.scheme(), "https" | "http"));
            prop_assert_eq!(target(&uri), found);
        }
    }

    #[test]
    fn no_address_but_the_registered_one_leads_to_another_host(asked in "\\PC{0,60}") {
        let registered = "http://127.0.0.1:5000/cb";
        if matches(registered, &asked, true) {
            let url = Url::parse(&asked).unwrap();
            prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
        }
        let _checked = check(&asked, &[]);
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
