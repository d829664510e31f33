//! The Facebook-shaped dialect at the door. Every path is there twice: as it is, and below a version.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde_json::{Value, json};

use crate::{
    flow::{
        Error, Result,
        dialect::{
            TokenRequest,
            facebook::{
                DOOR, debug,
                person::{self, Seen},
                token,
            },
        },
    },
    http::{
        Server, Shared,
        extract::{self, Body},
        middleware, oauth, pages, refuse,
    },
    protocol::{
        Refusal,
        bearer::Presented,
        dialect::{
            UNUSED_SECONDS,
            facebook::{
                self, Version,
                error::GraphError,
                profile::{Fields, Person},
                reply::{self, TokenReply},
            },
        },
        params::{Params, Repeatable},
    },
};

/// `GET /dialog/oauth`: a person is asked.
pub(crate) async fn dialog(server: Shared, request: HttpRequest) -> HttpResponse {
    pages::finish_for_app(&server, &request, begin(&server, &request).await)
}

async fn begin(server: &Server, request: &HttpRequest) -> pages::Paged {
    let params = facebook::authorization(&extract::query(request)?);
    if let Some(client_id) = params.find("client_id") {
        middleware::note_client(request, client_id);
    }
    oauth::authorize::new(server, request, DOOR, params).await
}

/// `GET /oauth/access_token`. No HEAD answers here, no page of another origin reads it, and no browser that was sent
/// here by a link redeems anything (PROTOCOL R-f3).
pub(crate) async fn get_token(server: Shared, request: HttpRequest) -> HttpResponse {
    let params = extract::query(&request);
    answer_token(&server, &request, params, true).await
}

/// `POST /oauth/access_token`: the parameters in the form, in the query, or some here and some there.
pub(crate) async fn post_token(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    let params = extract::query(&request)
        .and_then(|query| Ok(query.joined(body.form(&request, Repeatable::Protocol)?, Repeatable::Protocol)?));
    answer_token(&server, &request, params, false).await
}

async fn answer_token(
    server: &Shared,
    request: &HttpRequest,
    params: Result<Params>,
    may_repeat: bool,
) -> HttpResponse {
    let issued = async {
        if super::is_navigation(request) {
            return Err(Refusal::NotForBrowsers.into());
        }
        let params = params?;
        let presented = extract::credentials(request, &params)?;
        let asked = TokenRequest { params: &params, presented: &presented, may_repeat };
        token::redeem(&server.ctx, &middleware::origin(request), &asked).await
    };
    let issued = match issued.await {
        Ok(issued) => issued,
        Err(error) => return refuse(request, &error),
    };
    let reply =
        TokenReply { access_token: &issued.access_token, expires_in: issued.expires_in.unwrap_or(UNUSED_SECONDS) };
    let accept = request.headers().get("accept").and_then(|value| value.to_str().ok());
    if reply::wants_json(accept, version(request)) {
        return answer(request).json(reply.to_json());
    }
    answer(request).content_type("text/plain; charset=UTF-8").body(reply.to_form())
}

/// `GET /debug_token`.
pub(crate) async fn debug_token(server: Shared, request: HttpRequest) -> HttpResponse {
    let told = async {
        let params = extract::query(&request)?;
        let presented = match facebook::presented(extract::authorization(&request)?, &params) {
            Ok(presented) => Some(presented),
            Err(Refusal::TokenMissing) => None,
            Err(refusal) => return Err(refusal.into()),
        };
        let in_query = matches!(presented, Some(Presented::Form(_)));
        let credential = presented.map(Presented::text);
        if let Some(name) = credential.and_then(debug::named_app) {
            middleware::note_client(&request, name);
        }
        let client = debug::find_app(&server.ctx, &middleware::origin(&request), credential, in_query).await?;
        middleware::note_client(&request, &client.client_id);
        debug::debug(&server.ctx, &client, params.need("input_token")?).await
    };
    finish(&request, told.await)
}

/// `GET /me`, or a person by number: the one behind the token, and nobody else.
pub(crate) async fn person(server: Shared, request: HttpRequest) -> HttpResponse {
    let told = async {
        let params = extract::query(&request)?;
        let seen = see(&server, &request, &params).await?;
        let picture = format!("{}/assets/{}/icon.svg", server.ctx.issuer(), server.site.assets_hash);
        let told = Person {
            id: seen.user.id,
            name: seen.user.name.as_deref().unwrap_or(&seen.user.username),
            username: &seen.user.username,
            email: seen.email(),
            picture: &picture,
        };
        Ok(told.to_json(&Fields::parse(params.find("fields"), version(&request))))
    };
    finish(&request, told.await)
}

/// `GET /me/permissions`.
pub(crate) async fn permissions(server: Shared, request: HttpRequest) -> HttpResponse {
    let told = async {
        let seen = see(&server, &request, &extract::query(&request)?).await?;
        Ok(reply::permissions(&seen.granted, &seen.declined))
    };
    finish(&request, told.await)
}

/// `DELETE /me/permissions`: the app gives everything back.
pub(crate) async fn give_all_back(server: Shared, request: HttpRequest) -> HttpResponse {
    let done = async {
        let seen = see(&server, &request, &Params::default()).await?;
        seen.give_all_back(&server.ctx, &middleware::origin(&request)).await?;
        Ok(json!({"success": true}))
    };
    finish(&request, done.await)
}

/// `DELETE /me/permissions/{permission}`.
pub(crate) async fn give_back(server: Shared, request: HttpRequest) -> HttpResponse {
    let done = async {
        let seen = see(&server, &request, &Params::default()).await?;
        let name = request.match_info().get("permission").unwrap_or_default().to_owned();
        seen.give_back(&server.ctx, &middleware::origin(&request), &name).await?;
        Ok(json!({"success": true}))
    };
    finish(&request, done.await)
}

/// Anything else of a person: this API has no more.
pub(crate) async fn nothing_more(_server: Shared, request: HttpRequest) -> HttpResponse {
    middleware::note_refusal(&request, "there is nothing at this path");
    let error = GraphError::unknown_path();
    write(&request, &error, None)
}

/// Another method than the path has.
pub(crate) fn wrong_method(request: &HttpRequest, allowed: &str) -> HttpResponse {
    middleware::note_refusal(request, "this method is not allowed here");
    let mut answer = write(request, &GraphError::wrong_method(), None);
    if let Ok(allowed) = allowed.parse() {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

/// Whom the request's token shows: by header, or in the query of a GET. The path may name a number: it must be theirs.
async fn see(server: &Shared, request: &HttpRequest, query: &Params) -> Result<Seen> {
    let presented = facebook::presented(extract::authorization(request)?, query)?;
    let in_query = matches!(presented, Presented::Form(_));
    let seen = person::see(&server.ctx, presented.text(), in_query).await?;
    middleware::note_client(request, &seen.client.client_id);
    middleware::note_user(request, seen.user.id);
    let named = request.match_info().get("who").filter(|who| *who != "me");
    if named.is_some_and(|id| id.parse() != Ok(seen.user.id)) {
        return Err(Refusal::PersonNotShown.into());
    }
    Ok(seen)
}

/// Is this the page for people?
pub(super) fn is_dialog(request: &HttpRequest) -> bool {
    request.match_pattern().is_some_and(|pattern| pattern.ends_with("/dialog/oauth"))
}

fn version(request: &HttpRequest) -> Option<Version> {
    request.match_info().get("version").and_then(Version::parse)
}

fn finish(request: &HttpRequest, told: Result<Value>) -> HttpResponse {
    match told {
        Ok(value) => answer(request).json(value),
        Err(error) => refuse(request, &error),
    }
}

/// What every answer carries: nobody keeps it, and it names the version that was asked for, as that service does.
fn answer(request: &HttpRequest) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "private, no-store")).insert_header((PRAGMA, "no-cache"));
    if let Some(version) = version(request) {
        answer.insert_header(("facebook-api-version", version.to_string()));
    }
    answer
}

pub(super) fn refuse(request: &HttpRequest, error: &Error) -> HttpResponse {
    let refusal = refuse::note(request, error);
    write(request, &GraphError::of(&refusal), refusal.retry_after_seconds())
}

fn write(request: &HttpRequest, error: &GraphError, retry_after: Option<u32>) -> HttpResponse {
    let mut answer = answer(request);
    answer.status(StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST));
    if let Some(challenge) = error.challenge() {
        answer.insert_header((WWW_AUTHENTICATE, challenge));
    }
    if let Some(seconds) = retry_after {
        answer.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    answer.json(error.to_json(&middleware::request_id(request)))
}
