//! A form's own value: a MAC over what the form is about, different each time it is made (PROTOCOL R-b9), and where a
//! form may be posted from.

use actix_web::{
    HttpRequest,
    http::header::{HOST, ORIGIN},
};
use subtle::ConstantTimeEq;

use crate::{
    config::Issuer,
    secret::{Keyring, base62, random},
};

const NONCE_BYTES: usize = 16;

/// Makes a value for a form about `parts`: its name first, then browser or session, then whatever it must not outlive.
pub(crate) fn make(keys: &Keyring, parts: &[&[u8]]) -> String {
    let nonce = random::<NONCE_BYTES>();
    format!("{}{}", base62::encode(&nonce), base62::encode(&keys.csrf(&about(&nonce, parts))))
}

/// Was this value made for a form about `parts`?
pub(crate) fn check(keys: &Keyring, value: Option<&str>, parts: &[&[u8]]) -> bool {
    let Some((nonce, found)) = value.and_then(|value| value.split_at_checked(base62::encoded_chars(NONCE_BYTES)))
    else {
        return false;
    };
    let (Some(nonce), Some(found)) = (base62::decode::<NONCE_BYTES>(nonce), base62::decode::<32>(found)) else {
        return false;
    };
    keys.csrfs(&about(&nonce, parts)).any(|tag| tag.ct_eq(&found).into())
}

fn about<'a>(nonce: &'a [u8], parts: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [&[nonce], parts].concat()
}

/// Does the browser say that the form came from one of our own pages? Old browsers say nothing.
pub(crate) fn is_from_us(request: &HttpRequest, issuer: &Issuer) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let fetched_by_us = header("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let Some(origin) = header(ORIGIN.as_str()) else { return fetched_by_us };
    if origin == issuer.origin() {
        return fetched_by_us;
    }
    // in development the same server has several names: localhost, 127.0.0.1
    let host = header(HOST.as_str()).unwrap_or_default();
    fetched_by_us
        && issuer.is_loopback()
        && super::middleware::is_loopback_host(host)
        && origin == format!("http://{host}")
}
