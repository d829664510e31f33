//! Other services' manners at the door: what their programs send, read into our words, and our answers in theirs. What is
//! decided is decided in `flow::dialect`. Nobody but the table of routes knows of this folder.

pub(crate) mod facebook;
pub(crate) mod github;

use actix_web::{HttpRequest, HttpResponse};

use super::{Shared, pages, refuse};
use crate::{
    flow::Error,
    protocol::{Refusal, dialect::Dialect},
};

/// The paths of a dialect are there while it is configured or some client speaks it; otherwise there is nothing.
pub(crate) async fn refuse_unless_served(dialect: Dialect, request: &HttpRequest) -> Option<HttpResponse> {
    let Some(server) = request.app_data::<Shared>() else {
        return Some(HttpResponse::InternalServerError().finish());
    };
    match server.ctx.catalog.serves(&server.ctx, dialect).await {
        Ok(true) => None,
        Ok(false) => Some(refuse::not_found(server, request)),
        Err(error) => Some(pages::refuse(server, request, &error)),
    }
}

/// The server is busy, in the manner of the place that the request was meant for.
pub(crate) fn busy(dialect: Dialect, server: &Shared, request: &HttpRequest) -> HttpResponse {
    let busy = Error::from(Refusal::Busy);
    match dialect {
        Dialect::Github if is_api(request) => github::api::refused(request, &busy),
        Dialect::Github if refuse::is_machines(server, request.path()) => {
            github::refused(github::form(request), request, &busy)
        }
        Dialect::Facebook if !facebook::is_dialog(request) => facebook::refuse(request, &busy),
        Dialect::Github | Dialect::Facebook => pages::refuse(server, request, &busy),
    }
}

/// Another method than the path has.
pub(crate) fn wrong_method(dialect: Dialect, server: &Shared, request: &HttpRequest, allowed: &str) -> HttpResponse {
    match dialect {
        Dialect::Github if is_api(request) => github::api::wrong_method(request, allowed),
        Dialect::Github => refuse::wrong_method(server, request, allowed),
        Dialect::Facebook => facebook::wrong_method(request, allowed),
    }
}

/// A browser that goes somewhere says so; programs do not.
fn is_navigation(request: &HttpRequest) -> bool {
    request.headers().get("sec-fetch-dest").is_some_and(|destination| destination != "empty")
}

/// Is this the GitHub-shaped API, and not one of the pages and endpoints below `/login`?
fn is_api(request: &HttpRequest) -> bool {
    !request.match_pattern().is_some_and(|pattern| pattern.contains("/login/"))
}
