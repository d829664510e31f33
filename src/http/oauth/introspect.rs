//! `POST /oauth2/introspect`, RFC 7662.

use actix_web::{HttpRequest, HttpResponse};

use super::unkept;
use crate::{
    flow::{Result, introspect},
    http::{
        Shared,
        extract::{self, Body},
        refuse,
    },
    protocol::{params::Repeatable, token::introspection::Introspection},
};

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    match introspect(&server, &request, &body).await {
        Ok(answer) => unkept().json(answer),
        Err(error) => refuse::json(&request, &error),
    }
}

async fn introspect(server: &Shared, request: &HttpRequest, body: &Body) -> Result<Introspection> {
    let params = body.form(request, Repeatable::Protocol)?;
    let presented = extract::credentials(request, &params)?;
    introspect::introspect(&server.ctx, &presented, &params).await
}
