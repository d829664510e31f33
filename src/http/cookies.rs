//! Our cookies (UX P4): `__Host-` on https, `HttpOnly`, `SameSite=Lax`, this host only.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::{
    config::Issuer,
    protocol::accounts,
    secret::{Digest, Secret, kind},
};

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// Who is signed in.
    Session,
    /// The accounts of this browser, in and out of use, whose sessions end with it.
    Accounts,
    /// Those whose person asked to stay signed in.
    KeptAccounts,
    /// Which browser this is, before anybody signs in.
    Browser,
    /// Where somebody signed in before.
    Device,
    /// A one-time link that was opened.
    Link,
    /// Whether the person signed in has changed: for the frame of Session Management. It opens nothing.
    State,
}

impl Name {
    fn text(self, issuer: &Issuer) -> &'static str {
        match (self, issuer.is_https()) {
            (Self::Session, true) => "__Host-countersign_session",
            (Self::Session, false) => "countersign_session",
            (Self::Accounts, true) => "__Host-countersign_accounts",
            (Self::Accounts, false) => "countersign_accounts",
            (Self::KeptAccounts, true) => "__Host-countersign_kept_accounts",
            (Self::KeptAccounts, false) => "countersign_kept_accounts",
            (Self::Browser, true) => "__Host-countersign_browser",
            (Self::Browser, false) => "countersign_browser",
            (Self::Device, true) => "__Host-countersign_device",
            (Self::Device, false) => "countersign_device",
            (Self::Link, true) => "__Host-countersign_link",
            (Self::Link, false) => "countersign_link",
            (Self::State, true) => "__Host-countersign_ops",
            (Self::State, false) => "countersign_ops",
        }
    }
}

/// What the browser sent under this name; two of a name count as none.
pub(crate) fn read(request: &HttpRequest, name: Name, issuer: &Issuer) -> Option<String> {
    let wanted = name.text(issuer);
    let mut found = None;
    for header in request.headers().get_all(actix_web::http::header::COOKIE) {
        // another site's cookie may hold anything; it must not hide ours
        for pair in String::from_utf8_lossy(header.as_bytes()).split(';') {
            match pair.trim().split_once('=') {
                Some((name, value)) if name == wanted && found.is_none() => found = Some(value.to_owned()),
                // a sibling host may have set a second one: which is ours cannot be told
                Some((name, _)) if name == wanted => return None,
                _ => {}
            }
        }
    }
    found
}

/// The digest of the cookie that tells browsers apart, if there is a genuine one.
pub(crate) fn browser(request: &HttpRequest, issuer: &Issuer) -> Option<Digest<kind::Browser>> {
    let secret = Secret::<kind::Browser>::presented(&read(request, Name::Browser, issuer)?);
    secret.body().is_some().then(|| secret.digest())
}

/// The secret of the session, if the browser has one.
pub(crate) fn session(request: &HttpRequest, issuer: &Issuer) -> Option<Secret<kind::Session>> {
    read(request, Name::Session, issuer).map(|text| Secret::presented(&text))
}

/// The secrets of the accounts that the browser is signed in to.
pub(crate) fn accounts(request: &HttpRequest, issuer: &Issuer) -> Vec<Secret<kind::Account>> {
    let both = [Name::Accounts, Name::KeptAccounts].map(|name| read(request, name, issuer));
    accounts::parse_all(both.iter().flatten().map(String::as_str))
}

/// Sets a cookie; without `max_age_seconds` it ends with the browser. Text that no cookie can hold (RFC 6265 §4.1.1) is
/// left out: what came in an address must not add a `Domain` to our cookie.
pub(crate) fn set(name: Name, value: &str, max_age_seconds: Option<i64>, issuer: &Issuer) -> Cookie<'static> {
    let holds = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    let value = if value.bytes().all(holds) { value } else { "" };
    let mut cookie = Cookie::build(name.text(issuer), value.to_owned())
        .path("/")
        .http_only(true)
        .secure(issuer.is_https())
        .same_site(SameSite::Lax)
        .finish();
    if let Some(seconds) = max_age_seconds {
        cookie.set_max_age(Duration::seconds(seconds));
    }
    cookie
}

/// The one cookie that a script reads, in a frame of ours in another site (PROTOCOL P29). Without https browsers let no
/// other site have it, but on one machine all ports are one site.
pub(crate) fn state(value: &str, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = set(Name::State, value, None, issuer);
    cookie.set_http_only(false);
    cookie.set_same_site(if issuer.is_https() { SameSite::None } else { SameSite::Lax });
    cookie
}

/// The answer with these cookies. What is made here fits into a header.
pub(crate) fn with_cookies(
    mut answer: HttpResponse,
    cookies: impl IntoIterator<Item = Cookie<'static>>,
) -> HttpResponse {
    for cookie in cookies {
        let _set = answer.add_cookie(&cookie);
    }
    answer
}

/// Takes a cookie away.
pub(crate) fn clear(name: Name, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = set(name, "", Some(0), issuer);
    cookie.make_removal();
    cookie
}
