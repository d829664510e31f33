//! The metadata document and the JWKS, as ready bytes.

use actix_web::{HttpRequest, HttpResponse};

use crate::http::{Shared, refuse};

const FIVE_MINUTES: &str = "public, max-age=300";

/// RFC 8414 §3, OIDC Discovery §4: the same document at every address.
pub(crate) async fn document(server: Shared, request: HttpRequest) -> HttpResponse {
    match server.documents().await {
        Ok(documents) => documents.metadata.answer(&request, "application/json", FIVE_MINUTES),
        Err(error) => refuse::json(&request, &error),
    }
}

/// RFC 7517 §5.
pub(crate) async fn jwks(server: Shared, request: HttpRequest) -> HttpResponse {
    match server.documents().await {
        Ok(documents) => documents.jwks.answer(&request, "application/json", FIVE_MINUTES),
        Err(error) => refuse::json(&request, &error),
    }
}
