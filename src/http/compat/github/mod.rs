//! The GitHub-shaped dialect at the door: the authorization endpoint and the token endpoint. Its API is in `api`.

pub(crate) mod api;
pub(crate) mod device;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, VARY},
    },
};

use crate::{
    flow::{
        Error, Result,
        dialect::{Issued, TokenRequest, github as flow},
    },
    http::{Server, Shared, extract, extract::Body, middleware, oauth, pages, refuse},
    protocol::{
        Refusal,
        dialect::github::{
            self, TokenError,
            answer::{Form, Value},
            multipart,
        },
        grant::GrantType,
        params::Params,
    },
};

/// `GET /login/oauth/authorize`.
pub(crate) async fn authorize(server: Shared, request: HttpRequest) -> HttpResponse {
    pages::finish_for_app(&server, &request, begin(&server, &request).await)
}

async fn begin(server: &Server, request: &HttpRequest) -> pages::Paged {
    let params = github::authorization(extract::query(request)?);
    if let Some(client_id) = params.find("client_id") {
        middleware::note_client(request, client_id);
    }
    oauth::authorize::new(server, request, flow::DOOR, params).await
}

/// `GET /login/oauth/access_token`: published programs send that too, some of them with the parameters in its body. No
/// HEAD answers here, no page of another origin reads it, and no browser that was sent here by a link redeems anything
/// (PROTOCOL R-f3).
pub(crate) async fn get_token(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    answer_token(&server, &request, &body, true).await
}

/// `POST /login/oauth/access_token`: parameters in the query, a form, a form of parts or JSON.
pub(crate) async fn post_token(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    answer_token(&server, &request, &body, false).await
}

async fn answer_token(server: &Shared, request: &HttpRequest, body: &Body, may_repeat: bool) -> HttpResponse {
    let form = form(request);
    match redeem(server, request, body, may_repeat).await {
        Ok((issued, scope)) => granted(form, &issued, &scope),
        Err(error) => refused(form, request, &error),
    }
}

/// The form the answer is wanted in.
pub(super) fn form(request: &HttpRequest) -> Form {
    Form::accepted(request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

async fn redeem(server: &Shared, request: &HttpRequest, body: &Body, may_repeat: bool) -> Result<(Issued, String)> {
    if may_repeat && super::is_navigation(request) {
        return Err(Refusal::NotForBrowsers.into());
    }
    let params = parameters(request, body)?;
    let presented = extract::credentials(request, &params)?;
    let issued = if params.find("grant_type") == Some(GrantType::DeviceCode.name()) {
        flow::device::poll(&server.ctx, &presented, &params).await?
    } else {
        let asked = TokenRequest { params: &params, presented: &presented, may_repeat };
        flow::redeem(&server.ctx, &middleware::origin(request), &asked).await?
    };
    let at = server.ctx.catalog.snapshot(&server.ctx).await?;
    let scope = github::comma_separated(&at.scopes.normalised(&issued.scope));
    Ok((issued, scope))
}

/// From the query and the body together; each name once in both. The body may be a form of parts as well, as JavaScript
/// sends a `FormData` and PHP an array; no other door's endpoint reads one.
pub(super) fn parameters(request: &HttpRequest, body: &Body) -> Result<Params> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = match multipart::boundary(kind) {
        Some(boundary) => multipart::read(body.bytes()?, boundary)?,
        None => body.form_or_json(request)?,
    };
    Ok(extract::query(request)?.and(sent)?)
}

fn granted(form: Form, issued: &Issued, scope: &str) -> HttpResponse {
    let mut members = vec![("access_token", Value::Text(&issued.access_token))];
    members.extend(issued.expires_in.map(|seconds| ("expires_in", Value::Number(seconds))));
    members.extend([("scope", Value::Text(scope)), ("token_type", Value::Text("bearer"))]);
    answer(form, HttpResponse::Ok(), &members)
}

/// An error is an answer like any other there: status 200. What is ours to mend, and what could not be read at all,
/// keeps its status.
pub(super) fn refused(form: Form, request: &HttpRequest, error: &Error) -> HttpResponse {
    let refusal = refuse::note(request, error);
    let status = match refusal.status() {
        400 | 401 | 403 => StatusCode::OK,
        status => StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
    };
    let mut builder = HttpResponse::build(status);
    if let Some(seconds) = refusal.retry_after_seconds() {
        builder.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    let told = TokenError::of(&refusal);
    let members = [
        ("error", Value::Text(told.error)),
        ("error_description", Value::Text(&told.error_description)),
        ("error_uri", Value::Text(told.error_uri)),
    ];
    answer(form, builder, &members)
}

fn answer(form: Form, mut builder: HttpResponseBuilder, members: &[(&str, Value<'_>)]) -> HttpResponse {
    builder
        .content_type(form.content_type())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .insert_header((VARY, "Accept"))
        .body(form.write(members))
}
