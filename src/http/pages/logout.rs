//! `/oauth2/logout`: asks first; only the form signs out.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, browser, finish, foreign_post, frame, go, page,
    view::logout::{Confirm, Done},
};
use crate::{
    flow::{Result, account},
    http::{
        Server, Shared,
        cookies::{self, Name},
        csrf,
        extract::Body,
    },
    protocol::params::Repeatable,
    secret::{Digest, kind},
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, asked(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

async fn asked(server: &Server, request: &HttpRequest) -> Result<HttpResponse> {
    let Some(signed_in) = browser::signed_in(server, request).await? else { return Ok(done(server, request)) };
    let csrf = csrf::make(&server.ctx.keyring, &parts(&signed_in.session.digest));
    let view = Confirm { page: frame(server, request, None), app_name: None, csrf: &csrf, hidden: Vec::new() };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Result<HttpResponse> {
    let params = body.form(request, Repeatable::Protocol)?;
    if !csrf::is_from_us(request, &server.ctx.config.issuer) {
        return Ok(foreign_post(server, request));
    }
    let Some(signed_in) = browser::signed_in(server, request).await? else { return Ok(go(server, "/oauth2/logout")) };
    let genuine = csrf::check(&server.ctx.keyring, params.find("csrf"), &parts(&signed_in.session.digest));
    match params.find("logout") {
        Some("yes") if genuine => {
            account::end_session(&server.ctx, signed_in.user.id, signed_in.session.id).await?;
            let mut answer = go(server, "/oauth2/logout");
            let _cleared = answer.add_cookie(&cookies::clear(Name::Session, &server.ctx.config.issuer));
            Ok(answer)
        }
        // a form without its own value is no answer: the question again
        Some("yes") => Ok(go(server, "/oauth2/logout")),
        _ => Ok(go(server, "/account")),
    }
}

fn done(server: &Server, request: &HttpRequest) -> HttpResponse {
    page(StatusCode::OK, Forms::Own, &Done { page: frame(server, request, None), back: None })
}

fn parts(session: &Digest<kind::Session>) -> [&[u8]; 2] {
    [b"logout", session.as_bytes()]
}
