//! `/`.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{Forms, Paged, browser, finish, frame, go, page, view::home::Home};
use crate::http::{Server, Shared};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    Ok(match browser::signed_in(server, request).await? {
        Some(_) => go(server, "/account"),
        None => page(StatusCode::OK, Forms::Own, &Home { page: frame(server, request, None) }),
    })
}
