//! The GitHub-shaped API, at the root and under `/api/v3`, as its Enterprise Server has it: whose token is this?

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{ALLOW, CACHE_CONTROL, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use serde_json::json;

use crate::{
    flow::{
        Error, Result,
        dialect::github::{self as flow, Caller},
    },
    http::{Server, Shared, extract, middleware, refuse},
    protocol::{
        ErrorCode, Refusal,
        dialect::github::{ABOUT_BEARERS, Email, Known, Profile, in_header, presented},
    },
};

/// `GET /user`: public data always, the address for those who may see it.
pub(crate) async fn user(server: Shared, request: HttpRequest) -> HttpResponse {
    let caller = match caller(&server, &request).await {
        Ok(caller) => caller,
        Err(error) => return refused(&request, &error),
    };
    let user = &caller.user;
    let issuer = server.ctx.issuer();
    let shown = Profile::of(Known {
        id: user.id,
        login: &user.username,
        name: user.name.as_deref(),
        // what is shown on a profile there was verified, and apps find people by it
        email: user.email.as_deref().filter(|_| user.email_verified && caller.scope.has("user:email")),
        created_at: user.created_at,
        updated_at: user.updated_at,
        issuer,
        avatar_url: format!("{issuer}/assets/{}/icon.svg", server.site.assets_hash),
    });
    found(&caller, &[]).json(shown)
}

/// `GET /user/emails`.
pub(crate) async fn emails(server: Shared, request: HttpRequest) -> HttpResponse {
    let accepted = ["user", "user:email"];
    let caller = match allowed(&server, &request, &accepted, StatusCode::NOT_FOUND).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let user = &caller.user;
    let email = user.email.as_deref().filter(|_| is_first_page(&request));
    let shown = email.map(|email| Email { email, primary: true, verified: user.email_verified, visibility: "private" });
    found(&caller, &accepted).json(shown.into_iter().collect::<Vec<_>>())
}

/// `GET /user/orgs`: there are none here, on every page.
pub(crate) async fn orgs(server: Shared, request: HttpRequest) -> HttpResponse {
    none(&server, &request, &["admin:org", "read:org", "repo", "user", "write:org"]).await
}

/// `GET /user/teams`: there are none here, on every page.
pub(crate) async fn teams(server: Shared, request: HttpRequest) -> HttpResponse {
    none(&server, &request, &["admin:org", "read:org", "repo", "user", "write:org"]).await
}

/// `GET /user/repos`: there are none here, on every page.
pub(crate) async fn repos(server: Shared, request: HttpRequest) -> HttpResponse {
    none(&server, &request, &[]).await
}

/// `GET /api/v3/`: programs ask here which scopes their token has.
pub(crate) async fn root(server: Shared, request: HttpRequest) -> HttpResponse {
    let api = format!("{}/api/v3", server.ctx.issuer());
    match caller(&server, &request).await {
        Ok(caller) => found(&caller, &[]).json(json!({
            "current_user_url": format!("{api}/user"),
            "emails_url": format!("{api}/user/emails"),
            "user_organizations_url": format!("{api}/user/orgs"),
        })),
        Err(error) => refused(&request, &error),
    }
}

/// Anything else below the API.
pub(crate) async fn nothing(request: HttpRequest) -> HttpResponse {
    crate::http::middleware::note_refusal(&request, "NotFound");
    said(StatusCode::NOT_FOUND, "Not Found")
}

/// Another method than the path has.
pub(crate) fn wrong_method(request: &HttpRequest, allowed: &str) -> HttpResponse {
    crate::http::middleware::note_refusal(request, "WrongMethod");
    let mut answer = said(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    if let Ok(allowed) = allowed.parse() {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

async fn none(server: &Server, request: &HttpRequest, accepted: &[&str]) -> HttpResponse {
    match allowed(server, request, accepted, StatusCode::FORBIDDEN).await {
        Ok(caller) => found(&caller, accepted).json(json!([])),
        Err(refused) => refused,
    }
}

/// Lists have one page here.
fn is_first_page(request: &HttpRequest) -> bool {
    let params = extract::query(request).unwrap_or_default();
    params.find("page").is_none_or(|page| matches!(page.parse::<u32>(), Ok(0 | 1) | Err(_)))
}

/// The caller, with one of these scopes; none named: with any token.
async fn allowed(
    server: &Server,
    request: &HttpRequest,
    accepted: &[&str],
    otherwise: StatusCode,
) -> std::result::Result<Caller, HttpResponse> {
    let caller = caller(server, request).await.map_err(|error| refused(request, &error))?;
    if accepted.is_empty() || accepted.iter().any(|name| caller.scope.has(name)) {
        return Ok(caller);
    }
    crate::http::middleware::note_refusal(request, "ScopeInsufficient");
    let words = if otherwise == StatusCode::NOT_FOUND {
        "Not Found".to_owned()
    } else {
        format!("The access token needs one of the scopes {}.", accepted.join(", "))
    };
    let mut builder = HttpResponse::build(otherwise);
    scopes(&mut builder, &caller, accepted);
    Err(with_body(builder, otherwise, &words))
}

/// The token of the header, or of the query where a GET and its client allow that (PROTOCOL R-f2).
async fn caller(server: &Server, request: &HttpRequest) -> Result<Caller> {
    let in_query = extract::query(request)?.find("access_token").map(str::to_owned);
    let in_query = in_query.filter(|_| request.method() == Method::GET);
    let caller = match (extract::authorization(request)?, in_query) {
        (Some(_), Some(_)) => return Err(Refusal::TokenTwice.into()),
        (None, None) => return Err(Refusal::TokenMissing.into()),
        (None, Some(token)) => flow::caller(&server.ctx, &token, true).await?,
        (Some(header), None) => {
            let token = presented(header).ok_or(Refusal::TokenInvalid)?;
            flow::caller(&server.ctx, &token, false).await?
        }
    };
    middleware::note_client(request, &caller.client_id);
    middleware::note_user(request, caller.user.id);
    Ok(caller)
}

fn found(caller: &Caller, accepted: &[&str]) -> HttpResponseBuilder {
    let mut builder = HttpResponse::Ok();
    builder.insert_header((CACHE_CONTROL, "private, no-store"));
    scopes(&mut builder, caller, accepted);
    builder
}

/// What the token may do, and what would have done here.
fn scopes(builder: &mut HttpResponseBuilder, caller: &Caller, accepted: &[&str]) {
    builder
        .insert_header((HeaderName::from_static("x-oauth-scopes"), in_header(&caller.normalised)))
        .insert_header((HeaderName::from_static("x-accepted-oauth-scopes"), accepted.join(", ")))
        .insert_header((HeaderName::from_static("x-oauth-client-id"), caller.client_id.clone()));
}

#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    documentation_url: &'a str,
    status: String,
}

/// A refusal in that service's shape.
pub(in crate::http::compat) fn refused(request: &HttpRequest, error: &Error) -> HttpResponse {
    let refusal = refuse::note(request, error);
    let status = refuse::status(&refusal);
    let words = match (&refusal, refusal.code()) {
        (Refusal::TokenMissing, _) => "Requires authentication".to_owned(),
        // the client's own setting, and its own token: it may know why
        (Refusal::QueryTokenNotAllowed, _) => format!("Bad credentials: {}", refusal.description()),
        (_, ErrorCode::InvalidToken) => "Bad credentials".to_owned(),
        _ => refusal.description(),
    };
    let mut builder = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        builder.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"countersign\""));
    }
    if let Some(seconds) = refusal.retry_after_seconds() {
        builder.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    with_body(builder, status, &words)
}

fn said(status: StatusCode, message: &str) -> HttpResponse {
    with_body(HttpResponse::build(status), status, message)
}

fn with_body(mut builder: HttpResponseBuilder, status: StatusCode, message: &str) -> HttpResponse {
    let told = Told { message, documentation_url: ABOUT_BEARERS, status: status.as_u16().to_string() };
    builder.insert_header((CACHE_CONTROL, "private, no-store")).json(told)
}
