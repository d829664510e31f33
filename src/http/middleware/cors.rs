//! Cross-origin requests (UX §5.3): anybody may call what reads no cookies, and nothing else.

use actix_web::{
    HttpResponse,
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue,
    },
};

/// The answer to a browser that asks first.
pub(crate) fn preflight(methods: &str) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    answer
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((
            ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, accept, dpop, mcp-protocol-version, x-requested-with, x-request-id, \
             traceparent",
        ))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "7200"));
    answer.finish()
}

/// This answer may be read by every origin, without credentials.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("www-authenticate, dpop-nonce, retry-after, location, x-request-id"),
    );
}
