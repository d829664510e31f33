//! `/oauth2/userinfo`, OIDC Core §5.3: the token in the header, or by POST in the form (RFC 6750 §2).

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    flow::{
        Result,
        userinfo::{self, Read, Userinfo},
    },
    http::{
        Shared,
        extract::{self, Body},
        middleware,
        oauth::unkept,
        refuse,
    },
    protocol::{
        bearer::Presented,
        params::{Params, Repeatable},
    },
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    answer(&request, claims(&server, &request, &Params::default()).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    let form = match body.form(&request, Repeatable::Protocol) {
        Ok(form) => form,
        Err(error) => return refuse::json(&request, &error),
    };
    answer(&request, claims(&server, &request, &form).await)
}

async fn claims(server: &Shared, request: &HttpRequest, form: &Params) -> Result<Read> {
    let presented = Presented::parse(extract::authorization(request)?, form, "access_token")?;
    userinfo::userinfo(&server.ctx, presented.text()).await
}

fn answer(request: &HttpRequest, read: Result<Read>) -> HttpResponse {
    let Read { user_id, userinfo } = match read {
        Ok(read) => read,
        Err(error) => return refuse::bearer(request, &error),
    };
    middleware::note_user(request, user_id);
    match userinfo {
        Userinfo::Plain(claims) => unkept().json(claims),
        // OIDC Core §5.3.2
        Userinfo::Jwt(token) => unkept().content_type("application/jwt").body(token),
    }
}
