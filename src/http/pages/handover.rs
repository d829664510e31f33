//! The way to the app with an answer, and the way back to an interaction that waits.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY},
    },
};

use super::{
    Forms, browser, frame, page, see_other,
    view::{
        Elsewhere,
        authorize::{Continue, FormPost},
    },
};
use crate::{
    http::Server,
    protocol::{
        authorize::{
            interaction::{Interaction, MAX_URL_BYTES},
            response::AuthorizeResponse,
        },
        client_metadata::Client,
    },
};

/// Sends the browser to the app.
pub(crate) fn answer(
    server: &Server,
    request: &HttpRequest,
    client: &Client,
    response: &AuthorizeResponse,
) -> HttpResponse {
    match response {
        AuthorizeResponse::Redirect(location) => redirect(request, location),
        AuthorizeResponse::Form { action, fields } => {
            let view = FormPost { page: frame(server, request, None), app_name: &client.name, action, fields };
            page(StatusCode::OK, by_script(request), &view)
        }
    }
}

/// A form that a script sends asks nobody anything: it is sent in a frame as well.
fn by_script(request: &HttpRequest) -> Forms {
    if browser::is_framed(request) { Forms::ByFramedScript } else { Forms::ByScript }
}

/// To the client: 302 from a GET, 303 from a form, never repeating a POST (RFC 9700 §4.12).
pub(crate) fn redirect(request: &HttpRequest, location: &str) -> HttpResponse {
    let status = if request.method() == Method::GET { StatusCode::FOUND } else { StatusCode::SEE_OTHER };
    HttpResponse::build(status)
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .finish()
}

/// Back to a waiting interaction by a GET of our own; one that does not fit into a URL goes by a form (PROTOCOL P10).
pub(crate) fn resume(server: &Server, request: &HttpRequest, interaction: &Interaction) -> HttpResponse {
    let sealed = interaction.seal(&server.ctx.keyring);
    if sealed.len() <= MAX_URL_BYTES {
        return see_other(&format!("{}/oauth2/authorize?interaction={sealed}", server.site.base_path));
    }
    let view = Continue { page: frame(server, request, None), interaction: &sealed };
    page(StatusCode::OK, by_script(request), &view)
}

/// The way to another page of ours that goes on with the same interaction, or with none.
pub(crate) fn elsewhere(server: &Server, path: &str, sealed: Option<&str>) -> Elsewhere {
    let base = &server.site.base_path;
    match sealed {
        Some(sealed) if sealed.len() > MAX_URL_BYTES => Elsewhere::Form(format!("{base}{path}")),
        Some(sealed) => Elsewhere::Link(format!("{base}{path}?interaction={sealed}")),
        None => Elsewhere::Link(format!("{base}{path}")),
    }
}
