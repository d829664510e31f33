//! `POST /oauth2/revoke`, RFC 7009.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::unkept;
use crate::{
    flow::{Result, revoke},
    http::{
        Shared,
        extract::{self, Body},
        middleware, refuse,
    },
    protocol::params::Repeatable,
};

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    match revoke(&server, &request, &body).await {
        // some libraries read the answer as JSON (UX Q33)
        Ok(()) => unkept().json(json!({})),
        Err(error) => refuse::json(&request, &error),
    }
}

async fn revoke(server: &Shared, request: &HttpRequest, body: &Body) -> Result<()> {
    let params = body.form(request, Repeatable::Protocol)?;
    let presented = extract::credentials(request, &params)?;
    revoke::revoke(&server.ctx, &middleware::origin(request), &presented, &params).await
}
