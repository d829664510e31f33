//! A refusal as JSON, as a challenge, or as a page; a fault as what the other side may know of it.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;

use super::{
    Server, Shared,
    oauth::unkept_as,
    pages::{self, view::notice::NoticeKind},
};
use crate::{
    flow::{Error, Fault},
    protocol::{ErrorCode, Refusal},
};

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// Writes down what failed on our side; gives what the other side reads.
pub(crate) fn note(request: &HttpRequest, error: &Error) -> Refusal {
    if let Error::Fault(fault) = error {
        let id = super::middleware::request_id(request);
        match fault {
            Fault::Store(_) | Fault::HashQueueFull => tracing::warn!(request_id = id, error = %fault, "answered 503"),
            Fault::Internal(_) => tracing::error!(request_id = id, error = %fault, "answered 500"),
        }
    }
    let refusal = error.refusal();
    super::middleware::note_refusal(request, refusal.name());
    refusal
}

/// The status of the answer that says it.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// RFC 6749 §5.2. The challenge stands only where the client used the header (UX Q8).
pub(crate) fn json(request: &HttpRequest, error: &Error) -> HttpResponse {
    let refusal = note(request, error);
    let mut answer = begin(&refusal);
    if refusal.code() == ErrorCode::InvalidClient && request.headers().contains_key("authorization") {
        answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"countersign\", charset=\"UTF-8\""));
    }
    finish(answer, &refusal)
}

/// RFC 6750 §3: a protected resource's refusal, with its challenge.
pub(crate) fn bearer(request: &HttpRequest, error: &Error) -> HttpResponse {
    let refusal = note(request, error);
    let mut answer = begin(&refusal);
    let challenge = match (&refusal, refusal.code()) {
        // no token was sent: nothing is said about what would be wrong with it
        (Refusal::TokenMissing, _) => Some("Bearer realm=\"countersign\"".to_owned()),
        (Refusal::ScopeInsufficient(scope), code) => {
            Some(format!("Bearer realm=\"countersign\", error=\"{}\", scope=\"{scope}\"", code.text()))
        }
        (_, code @ (ErrorCode::InvalidToken | ErrorCode::InvalidRequest)) => {
            let words = refusal.description();
            Some(format!("Bearer realm=\"countersign\", error=\"{}\", error_description=\"{words}\"", code.text()))
        }
        _ => None,
    };
    if let Some(challenge) = challenge {
        answer.insert_header((WWW_AUTHENTICATE, challenge));
    }
    finish(answer, &refusal)
}

fn begin(refusal: &Refusal) -> HttpResponseBuilder {
    let mut answer = unkept_as(status(refusal));
    if let Some(seconds) = refusal.retry_after_seconds() {
        answer.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    answer
}

fn finish(mut answer: HttpResponseBuilder, refusal: &Refusal) -> HttpResponse {
    answer.json(Body { error: refusal.code().text(), error_description: &refusal.description() })
}

/// What the framework would say in plain text, said as the place it happens in says things.
pub(crate) fn plain(server: &Server, request: &HttpRequest, status: StatusCode, words: &str) -> HttpResponse {
    super::middleware::note_refusal(request, words);
    if is_machines(server, request.path()) {
        let code = match status {
            StatusCode::SERVICE_UNAVAILABLE => ErrorCode::TemporarilyUnavailable,
            StatusCode::INTERNAL_SERVER_ERROR => ErrorCode::ServerError,
            _ => ErrorCode::InvalidRequest,
        };
        let body = Body { error: code.text(), error_description: words };
        return HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(body);
    }
    // a page would lack its style: that, too, is refused under this name
    if status == StatusCode::MISDIRECTED_REQUEST {
        return text(status, words.to_owned());
    }
    let kind = match status {
        StatusCode::NOT_FOUND => NoticeKind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => NoticeKind::MethodNotAllowed,
        StatusCode::SERVICE_UNAVAILABLE => NoticeKind::Busy,
        StatusCode::TOO_MANY_REQUESTS => NoticeKind::TooManyRequests,
        StatusCode::FORBIDDEN => NoticeKind::ForeignPost,
        status if status.is_server_error() => NoticeKind::Broken,
        _ => NoticeKind::Stale,
    };
    pages::notice(server, request, status, kind)
}

/// What is left to say where the request itself is gone: a panic, or a request nobody could read.
pub(crate) fn bare(server: &Server, path: &str, status: StatusCode) -> HttpResponse {
    let words = if status.is_server_error() {
        "something went wrong on our side; it has been logged"
    } else {
        "the request cannot be read"
    };
    if is_machines(server, path) {
        let code = if status.is_server_error() { ErrorCode::ServerError } else { ErrorCode::InvalidRequest };
        return HttpResponse::build(status).json(Body { error: code.text(), error_description: words });
    }
    text(status, words.to_owned())
}

fn text(status: StatusCode, words: String) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(words)
}

/// After a panic: the request went with it, so the answer is made of what was kept.
pub(crate) fn broken(server: &Server, path: &str, language: Option<&str>, request_id: &str) -> HttpResponse {
    if is_machines(server, path) {
        return bare(server, path, StatusCode::INTERNAL_SERVER_ERROR);
    }
    pages::broken(server, language, request_id)
}

/// No such path.
pub(crate) fn not_found(server: &Server, request: &HttpRequest) -> HttpResponse {
    plain(server, request, StatusCode::NOT_FOUND, "there is nothing at this path")
}

/// Another method than the path has.
pub(crate) fn wrong_method(server: &Shared, request: &HttpRequest, allowed: &str) -> HttpResponse {
    let mut answer = plain(server, request, StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here");
    if let Ok(allowed) = allowed.parse() {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

/// Is this a path that programs call? Those always get JSON (UX §5.1); the authorization endpoint and sign-out are for
/// people.
pub(crate) fn is_machines(server: &Server, path: &str) -> bool {
    let path = path.strip_prefix(server.ctx.config.issuer.path()).unwrap_or(path);
    let people = path == "/oauth2/authorize" || path == "/oauth2/logout";
    !people
        && ["/oauth2/", "/.well-known/", "/api/", "/health/", "/login/oauth/access_token", "/login/device/code"]
            .iter()
            .any(|start| path.starts_with(start))
}
