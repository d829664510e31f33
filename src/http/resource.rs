//! `/api/verify`, the protected resource of the tutorials (PROTOCOL R-l): whose token is this? Not a login.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{
    Shared,
    extract::{self, Body},
    middleware,
    oauth::unkept,
    refuse,
};
use crate::{
    flow::{Error, userinfo},
    protocol::{
        Refusal,
        bearer::Presented,
        params::{Params, Repeatable},
    },
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    verify(&server, &request, &Params::default()).await
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    match body.form(&request, Repeatable::Protocol) {
        Ok(form) => verify(&server, &request, &form).await,
        Err(error) => refuse::json(&request, &error),
    }
}

async fn verify(server: &Shared, request: &HttpRequest, form: &Params) -> HttpResponse {
    let presented =
        match extract::authorization(request).and_then(|header| Ok(Presented::parse(header, form, "token")?)) {
            Ok(presented) => presented,
            // the tutorials' answer to a form without a token; everybody else gets the standard's challenge
            Err(Error::Refused(Refusal::TokenMissing)) if request.method() == "POST" => return forbidden(),
            Err(error) => return refuse::bearer(request, &error),
        };
    let origin = middleware::origin(request);
    match (userinfo::verify(&server.ctx, &origin, presented.text()).await, presented) {
        (Ok(user), _) => {
            middleware::note_user(request, user.id);
            unkept().json(json!({"user": user.username}))
        }
        // a good one is not called bad because it was not looked at
        (Err(error @ Error::Refused(Refusal::TooManyCalls)), _) => refuse::bearer(request, &error),
        (Err(Error::Refused(_)), Presented::Form(_)) => forbidden(),
        (Err(error), _) => refuse::bearer(request, &error),
    }
}

/// What django-oauth2-provider's tutorial answers, for a missing, bad and foreign token alike.
fn forbidden() -> HttpResponse {
    let mut answer = unkept();
    answer.status(actix_web::http::StatusCode::FORBIDDEN).json(json!({"error": "invalid_request"}))
}
