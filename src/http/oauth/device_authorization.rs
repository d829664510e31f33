//! `POST /oauth2/device_authorization`, RFC 8628 §3.1.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::unkept;
use crate::{
    flow::{Result, device_authorization},
    http::{
        Shared,
        extract::{self, Body},
        middleware, pages, refuse,
    },
    protocol::params::Repeatable,
};

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    match begin(&server, &request, &body).await {
        Ok(begun) => unkept().json(begun),
        Err(error) => refuse::json(&request, &error),
    }
}

async fn begin(server: &Shared, request: &HttpRequest, body: &Body) -> Result<Value> {
    let params = body.form(request, Repeatable::Protocol)?;
    let presented = extract::credentials(request, &params)?;
    let begun = device_authorization::authorize(&server.ctx, &middleware::origin(request), &presented, &params).await?;
    let (page, code) = (format!("{}{}", server.ctx.issuer(), pages::device::PATH), begun.user_code.shown());
    Ok(json!({
        "device_code": begun.device_code.expose(),
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={code}"),
        "expires_in": begun.expires_in,
        "interval": begun.interval,
    }))
}
