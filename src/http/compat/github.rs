//! The GitHub-shaped dialect at the door.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    flow::Result,
    http::{Server, Shared, extract, middleware, oauth, pages},
    protocol::dialect::{Dialect, Door, github},
};

/// The door all of this is behind.
const DOOR: Door = Door::Dialect(Dialect::Github);

/// `GET /login/oauth/authorize`.
pub(crate) async fn authorize(server: Shared, request: HttpRequest) -> HttpResponse {
    pages::finish(&server, &request, begin(&server, &request).await)
}

async fn begin(server: &Server, request: &HttpRequest) -> Result<HttpResponse> {
    let params = github::authorization(extract::query(request)?);
    if let Some(client_id) = params.find("client_id") {
        middleware::note_client(request, client_id);
    }
    oauth::authorize::new(server, request, DOOR, params).await
}
