//! The OAuth 2.0 endpoints: parse, call, answer.

pub(crate) mod authorize;
pub(crate) mod device_authorization;
pub(crate) mod introspect;
pub(crate) mod metadata;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod token;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, PRAGMA},
    },
};

/// An answer that nobody may keep (RFC 6749 §5.1).
pub(crate) fn unkept() -> HttpResponseBuilder {
    unkept_as(StatusCode::OK)
}

/// The same, with another status.
pub(crate) fn unkept_as(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")));
    answer
}
