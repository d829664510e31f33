//! Device login at the door: `/login/device/code`, and `/login/device`, behind which is everybody's page.

use actix_web::{HttpRequest, HttpResponse};

use super::{answer, parameters, refused};
use crate::{
    flow::{Result, device_authorization::Begun, dialect::github::device as flow},
    http::{Shared, extract, extract::Body, middleware, pages},
    protocol::dialect::github::{
        self,
        answer::{Form, Value},
    },
};

/// `POST /login/device/code`: the client's name and scopes, in the query, a form, a form of parts or JSON.
pub(crate) async fn code(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    let form = super::form(&request);
    match begin(&server, &request, &body).await {
        Ok(begun) => begun_answer(&server, form, &begun),
        Err(error) => refused(form, &request, &error),
    }
}

async fn begin(server: &Shared, request: &HttpRequest, body: &Body) -> Result<Begun> {
    let params = parameters(request, body)?;
    let presented = extract::credentials(request, &params)?;
    let scope = params.find("scope").map(github::scopes);
    let params = params.put("scope", scope.as_deref());
    flow::begin(&server.ctx, &middleware::origin(request), &presented, &params).await
}

fn begun_answer(server: &Shared, form: Form, begun: &Begun) -> HttpResponse {
    let page = format!("{}{PAGE}", server.ctx.issuer());
    let user_code = begun.user_code.shown();
    let members = [
        ("device_code", Value::Text(begun.device_code.expose())),
        ("expires_in", Value::Number(begun.expires_in)),
        ("interval", Value::Number(begun.interval)),
        ("user_code", Value::Text(&user_code)),
        ("verification_uri", Value::Text(&page)),
    ];
    answer(form, HttpResponse::Ok(), &members)
}

/// `GET /login/device`: the page is the same for every door.
pub(crate) async fn page(server: Shared, request: HttpRequest) -> HttpResponse {
    let params = extract::query(&request).unwrap_or_default();
    match pages::device::typed(&params) {
        "" => pages::go(&server, pages::device::PATH),
        code => pages::go(&server, &pages::device::filled_in(code)),
    }
}

/// Where programs send people.
pub(crate) const PAGE: &str = "/login/device";
