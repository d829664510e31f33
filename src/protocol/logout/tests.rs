use super::*;

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), crate::protocol::params::Repeatable::Protocol).unwrap()
}

fn client() -> ClientMetadata {
    let uris = ["https://app.example/out", "https://app.example/out?from=op", "com.example.app:/out"];
    ClientMetadata { post_logout_redirect_uris: uris.map(str::to_owned).to_vec(), ..ClientMetadata::default() }
}

#[test]
fn only_a_registered_address_is_led_to_and_the_state_comes_back_as_it_was() {
    for (sent, location) in [
        ("post_logout_redirect_uri=https://app.example/out", "https://app.example/out"),
        ("post_logout_redirect_uri=https://app.example/out&state=", "https://app.example/out"),
        (
            "post_logout_redirect_uri=https://app.example/out&state=a%26b%3D%2B+c",
            "https://app.example/out?state=a%26b%3D%2B+c",
        ),
        (
            "post_logout_redirect_uri=https://app.example/out?from%3Dop&state=x",
            "https://app.example/out?from=op&state=x",
        ),
        ("post_logout_redirect_uri=com.example.app:/out&state=x", "com.example.app:/out?state=x"),
    ] {
        let found = PostLogoutRedirect::trust(&params(sent), Some(&client())).unwrap().unwrap();
        assert_eq!(found.location(), location, "{sent}");
    }
    assert_eq!(PostLogoutRedirect::trust(&params("state=x"), Some(&client())), Ok(None));
    assert_eq!(PostLogoutRedirect::trust(&params("state=x"), None), Ok(None));
    for other in ["", "/", "?", "/x", "?from=op&", "?a=b"] {
        let sent = format!("post_logout_redirect_uri=https://app.example{other}");
        let refused = PostLogoutRedirect::trust(&params(&sent), Some(&client()));
        assert_eq!(refused, Err(Refusal::LogoutRedirectUnregistered), "{sent}");
    }
    let sent = params("post_logout_redirect_uri=https://app.example/out");
    assert_eq!(PostLogoutRedirect::trust(&sent, None), Err(Refusal::LogoutClientMissing));
}

#[test]
fn signing_in_ends_with_the_session_and_offline_access_does_not() {
    for (scope, ends) in
        [("openid", true), ("openid profile", true), ("profile", false), ("openid offline_access", false)]
    {
        assert_eq!(ends_with_session(&Scope::parse(scope).unwrap()), ends, "{scope}");
    }
}

#[test]
fn an_apps_page_gets_issuer_and_session_beside_what_it_has_of_a_query() {
    for (uri, whole) in [
        ("https://app.example/fc", "https://app.example/fc?iss=https%3A%2F%2Fop.example%2Fa&sid=s1"),
        ("https://app.example/fc?a=b", "https://app.example/fc?a=b&iss=https%3A%2F%2Fop.example%2Fa&sid=s1"),
        ("https://app.example/fc?", "https://app.example/fc?iss=https%3A%2F%2Fop.example%2Fa&sid=s1"),
    ] {
        assert_eq!(frontchannel(uri, "https://op.example/a", "s1"), whole);
    }
}

#[test]
fn a_page_may_show_the_addresses_it_shows_and_no_others() {
    let sources = frame_sources;
    assert_eq!(
        sources(&["https://b.example:8443/x?y=z", "http://127.0.0.1:3000/out", "https://b.example:8443/x"]),
        "http://127.0.0.1:3000/out https://b.example:8443/x"
    );
    assert_eq!(sources(&["https://a.example/x;script-src *,y"]), "https://a.example/x%3Bscript-src%20*%2Cy");
    let injected =
        ["https://!;x/fc", "https://x;sandbox", "https://a%3Bb/fc", "https://a,b", "https://%2A/", "a.example:/fc"];
    assert_eq!(sources(&[&injected[..], &["https://a.example/x"]].concat()), "https://a.example/x");
    let many: Vec<String> = (0..200).map(|n| format!("https://app{}.example/a/long/path/{n}", n % 3)).collect();
    let sites = frame_sources(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(sites, "https://app0.example https://app1.example https://app2.example");
}
