//! The metadata document and the JWKS, as ready bytes.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};

use crate::{
    http::{Shared, refuse},
    protocol::webfinger,
};

const FIVE_MINUTES: &str = "public, max-age=300";

/// RFC 8414 §3, OIDC Discovery §4: the same document at every address.
pub(crate) async fn document(server: Shared, request: HttpRequest) -> HttpResponse {
    match server.documents().await {
        Ok(documents) => documents.metadata.answer(&request, "application/json", FIVE_MINUTES),
        Err(error) => refuse::json(&request, &error),
    }
}

/// OIDC Discovery §2: whose issuer is this?
pub(crate) async fn webfinger(server: Shared, request: HttpRequest) -> HttpResponse {
    match webfinger::answer(request.query_string(), server.ctx.issuer()) {
        Ok(Some(found)) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, FIVE_MINUTES))
            .content_type("application/jrd+json")
            .body(found.to_string()),
        Ok(None) => refuse::not_found(&server, &request),
        Err(refusal) => refuse::json(&request, &refusal.into()),
    }
}

/// RFC 7517 §5.
pub(crate) async fn jwks(server: Shared, request: HttpRequest) -> HttpResponse {
    match server.documents().await {
        Ok(documents) => documents.jwks.answer(&request, "application/json", FIVE_MINUTES),
        Err(error) => refuse::json(&request, &error),
    }
}
