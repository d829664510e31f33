//! The OAuth 2.0 endpoints: parse, call, answer.

pub(crate) mod authorize;
pub(crate) mod device_authorization;
pub(crate) mod introspect;
pub(crate) mod metadata;
pub(crate) mod revoke;
pub(crate) mod token;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, PRAGMA},
};

/// An answer that nobody may keep (RFC 6749 §5.1).
pub(crate) fn unkept() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    answer
}
