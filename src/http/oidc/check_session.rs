//! `GET /oauth2/check_session`, OIDC Session Management §3.3: one page that every site may put into a frame, with one
//! script (PROTOCOL P29). It is there while the configuration says so.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    config::Config,
    http::{
        Shared,
        pages::{frame, framed_page, view::logout::CheckSession},
        refuse,
    },
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    if is_offered(&server.ctx.config) {
        framed_page(&CheckSession { page: frame(&server, &request, None) })
    } else {
        refuse::not_found(&server, &request)
    }
}

/// Does the metadata name it?
pub(crate) const fn is_offered(config: &Config) -> bool {
    config.login.session_management
}
