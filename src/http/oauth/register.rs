//! `/oauth2/register`, RFC 7591 §3, and below it each client's own registration, RFC 7592 §2.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde_json::{Map, Value};

use super::unkept_as;
use crate::{
    config::{Config, Registration},
    flow::{Error, Result, register},
    http::{
        Shared,
        extract::{self, Body, PathName},
        middleware, refuse,
    },
    protocol::{Refusal, bearer::Presented, params::Params, registration::Document},
};

/// Is it there at all?
pub(crate) fn is_on(config: &Config) -> bool {
    config.clients.registration != Registration::Off
}

/// May pages of other sites use it (PROTOCOL §3)? Those who were given a token are no strangers' pages.
pub(crate) fn is_open(config: &Config) -> bool {
    config.clients.registration == Registration::Open
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    if !is_on(&server.ctx.config) {
        return refuse::not_found(&server, &request);
    }
    let registered = async {
        let token = extract::authorization(&request)?.map(|_| token(&request)).transpose()?;
        let document = Document::parse(body.json(&request)?)?;
        register::register(&server.ctx, &middleware::origin(&request), token.as_deref(), &document).await
    };
    answer(&server, &request, StatusCode::CREATED, registered.await)
}

pub(crate) async fn get(server: Shared, request: HttpRequest, client_id: PathName) -> HttpResponse {
    let found = async { register::find(&server.ctx, &named(client_id)?, &token(&request)?).await };
    answer(&server, &request, StatusCode::OK, found.await)
}

pub(crate) async fn put(server: Shared, request: HttpRequest, client_id: PathName, body: Body) -> HttpResponse {
    let updated = async {
        let (client_id, token) = (named(client_id)?, token(&request)?);
        let document = Document::parse(body.json(&request)?)?;
        register::update(&server.ctx, &middleware::origin(&request), &client_id, &token, &document).await
    };
    answer(&server, &request, StatusCode::OK, updated.await)
}

pub(crate) async fn delete(server: Shared, request: HttpRequest, client_id: PathName) -> HttpResponse {
    let deleted = async {
        let (client_id, token) = (named(client_id)?, token(&request)?);
        register::delete(&server.ctx, &middleware::origin(&request), &client_id, &token).await
    };
    match deleted.await {
        Ok(()) => unkept_as(StatusCode::NO_CONTENT).finish(),
        Err(error) => refused(&server, &request, &error),
    }
}

/// What is no client's name has no token either.
fn named(client_id: PathName) -> Result<String> {
    client_id.0.ok_or_else(|| Refusal::TokenInvalid.into())
}

fn token(request: &HttpRequest) -> Result<String> {
    let nothing = Params::default();
    let presented = Presented::parse(extract::authorization(request)?, &nothing, "access_token")?;
    Ok(presented.text().to_owned())
}

fn answer(
    server: &Shared,
    request: &HttpRequest,
    status: StatusCode,
    members: Result<Map<String, Value>>,
) -> HttpResponse {
    match members {
        Ok(members) => {
            if let Some(client_id) = members.get("client_id").and_then(Value::as_str) {
                middleware::note_client(request, client_id);
            }
            unkept_as(status).json(members)
        }
        Err(error) => refused(server, request, &error),
    }
}

/// A challenge stands only where a token is what is missing (UX Q8). While nobody can register, those who have manage what
/// they registered, and nobody else is told that anything is here.
fn refused(server: &Shared, request: &HttpRequest, error: &Error) -> HttpResponse {
    match error {
        Error::Refused(why) if why.status() == 401 && !is_on(&server.ctx.config) => refuse::not_found(server, request),
        Error::Refused(why) if why.status() == 401 => refuse::bearer(request, error),
        _ => refuse::json(request, error),
    }
}
