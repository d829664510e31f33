//! `/`.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{Forms, browser, failed, frame, go, page, view::home::Home};
use crate::http::Shared;

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    match browser::signed_in(&server, &request).await {
        Ok(Some(_)) => go(&server, "/account"),
        Ok(None) => page(StatusCode::OK, Forms::Own, &Home { page: frame(&server, &request, None) }),
        Err(error) => failed(&server, &request, &error),
    }
}
