//! What every answer carries (UX P2).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;

/// Nothing is loaded from anywhere and nobody may frame it. Pages say more for themselves.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Under which id the log has the request: of the answer, and of a request that comes with one.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) fn add(headers: &mut HeaderMap, config: &Config, request_id: &str) {
    // browsers of old read the other header, whatever the policy says
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let may_be_framed = policy.is_some_and(|policy| policy.ends_with("frame-ancestors *"));
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, NOTHING);
    // not no-referrer: that makes Origin: null of a form's post
    set(header::REFERRER_POLICY, "same-origin");
    if !may_be_framed {
        set(header::X_FRAME_OPTIONS, "DENY");
    }
    set(header::CACHE_CONTROL, "no-store");
    if config.issuer.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
}
