//! `POST /oauth2/access_token`, RFC 6749 §3.2.

use actix_web::{HttpRequest, HttpResponse};

use super::unkept;
use crate::{
    flow::{
        Result,
        token::{self, TokenRequest},
    },
    http::{
        Shared,
        extract::{self, Body},
        middleware, refuse,
    },
    protocol::token::response::TokenResponse,
};

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    match redeem(&server, &request, &body).await {
        Ok(tokens) => unkept().json(tokens),
        Err(error) => refuse::json(&request, &error),
    }
}

async fn redeem(server: &Shared, request: &HttpRequest, body: &Body) -> Result<TokenResponse> {
    let params = body.form_or_json(request)?;
    let asked = TokenRequest {
        grant_type: token::parse_grant_type(&params)?,
        params: &params,
        presented: &extract::credentials(request, &params)?,
        browser_origin: extract::browser_origin(request),
    };
    token::redeem(&server.ctx, &middleware::origin(request), &asked).await
}
