//! Redirect URIs: a registered one and one that is asked for (RFC 9700 §2.1, RFC 8252 §7.3).

use countersign::protocol::{
    authorize::trust,
    client_metadata::AuthMethod,
    params::{Params, Repeatable},
    redirect_uri::{MAX_BYTES, PrivateScheme, Target, check, is_loopback, matches, target},
};
use url::{Host, Url};

use super::world;

/// What may be registered leads where it seems to, to any other reader as well; what is trusted is what was registered,
/// but for the port of a loopback address.
pub fn holds(data: &[u8]) {
    let [registered, asked] = super::lines(data);
    let listed = PrivateScheme::parse("cursor").unwrap();
    for uri in [&registered, &asked] {
        let Ok(found) = check(uri, std::slice::from_ref(&listed)) else { continue };
        assert!(uri.len() <= MAX_BYTES && uri.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!uri.contains(['#', '*', '\\']));
        let url = Url::parse(uri).unwrap();
        assert!(url.username().is_empty() && url.password().is_none());
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match found {
            Target::Https => assert!(url.scheme() == "https" && url.has_host()),
            Target::Loopback => assert!(url.scheme() == "http" && loopback, "{uri}"),
            Target::PrivateScheme => assert!(url.scheme().contains('.') || url.scheme() == listed.as_str()),
        }
        assert_eq!(is_loopback(uri), found == Target::Loopback);
        assert_eq!(target(uri), found, "{uri}");
    }
    assert_eq!(matches(&registered, &asked, false), registered == asked);
    if matches(&registered, &asked, true) && registered != asked {
        assert!(is_loopback(&registered) && is_loopback(&asked));
        assert_eq!(without_port(&registered), without_port(&asked));
    }
    let mut sent = Params::default();
    if !asked.is_empty() {
        let form: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("redirect_uri", &asked).finish();
        let Ok(read) = Params::from_form(form.as_bytes(), Repeatable::Protocol) else { return };
        sent = read;
    }
    for method in [AuthMethod::None, AuthMethod::AnySecret] {
        let client = world::client(&[&registered], method);
        if let Ok(trusted) = trust(&sent, &client) {
            assert!(matches(&registered, trusted.as_str(), method == AuthMethod::None));
            assert_eq!(trusted.sent, !asked.is_empty());
        }
    }
}

/// As another reader has it.
fn without_port(uri: &str) -> Url {
    let mut url = Url::parse(uri).unwrap_or_else(|_| Url::parse("x:").unwrap());
    let _has_none = url.set_port(None);
    url
}
