//! `/setup`: one-time links (PROTOCOL R-o1). GET consumes nothing: it moves the link out of the URL into a cookie.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, Paged, browser, finish, frame, go, own_form, page,
    view::setup::{ChoosePassword, Done, Expired, Field, FirstAdmin, FormError},
};
use crate::{
    flow::login::setup::{self, MAX_EMAIL, MAX_NAME, MAX_USERNAME, Mistake, NewPerson, Outcome, Purpose},
    http::{
        Server, Shared,
        cookies::{self, Name, with_cookies},
        extract,
        extract::Body,
        middleware, refuse,
    },
    protocol::{
        params::{Params, Repeatable},
        throttle::canonical_name,
    },
    secret::{Secret, kind},
};

/// The form's name in its own value.
const FORM: &str = "setup";
/// What a newcomer does next; both are in README.
const NEXT: [&str; 2] = [
    "countersign user create ada",
    "countersign client create --name \"My app\" --redirect-uri http://127.0.0.1:5000/callback",
];

/// For so long, in seconds, a form that comes again after it was used is the same press.
const REPEATED_SECONDS: i64 = 60;

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    let issuer = &server.ctx.config.issuer;
    let params = extract::query(request)?;
    if params.find("done").is_some() && browser::signed_in(server, request).await?.is_some() {
        return Ok(page(StatusCode::OK, Forms::Own, &Done { page: frame(server, request, None), commands: &NEXT }));
    }
    if let Some(link) = params.find("t") {
        // as long as the longest link lives; that one has ended before, its page says
        let cookie = cookies::set(Name::Link, link, Some(setup::CHOOSE_PASSWORD_SECONDS), issuer);
        return Ok(with_cookies(go(server, "/setup"), [cookie]));
    }
    let Some(link) = cookies::read(request, Name::Link, issuer) else {
        return Ok(refuse::not_found(server, request));
    };
    let secret = Secret::<kind::Link>::presented(&link);
    Ok(match setup::find(&server.ctx, &secret).await? {
        Some(purpose) => form(server, request, &link, &purpose, &Params::default(), Vec::new()),
        None => expired(server, request).await?,
    })
}

fn form(
    server: &Server,
    request: &HttpRequest,
    link: &str,
    purpose: &Purpose,
    typed: &Params,
    errors: Vec<FormError>,
) -> HttpResponse {
    let (csrf, cookie) = browser::csrf(server, request, FORM, None);
    let password_least = server.ctx.config.password.min_length;
    let page_frame = frame(server, request, None);
    let value = |name| typed.find(name).unwrap_or_default();
    let answer = match purpose {
        Purpose::FirstAdmin => {
            let view = FirstAdmin {
                page: page_frame,
                name: value("name"),
                username: value("username"),
                email: value("email"),
                password_least,
                errors,
                token: link,
                csrf: &csrf,
            };
            page(StatusCode::OK, Forms::Own, &view)
        }
        Purpose::ChoosePassword(user) => {
            let view = ChoosePassword {
                page: page_frame,
                username: &user.username,
                password_least,
                errors,
                token: link,
                csrf: &csrf,
            };
            page(StatusCode::OK, Forms::Own, &view)
        }
    };
    with_cookies(answer, cookie)
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let params = own_form(server, request, body, Repeatable::Protocol)?;
    let ctx = &server.ctx;
    let Some(link) = params.find("t") else { return expired(server, request).await };
    let secret = Secret::<kind::Link>::presented(link);
    let Some(purpose) = setup::find(ctx, &secret).await? else { return ended(server, request, &params).await };
    let again = |errors| Ok(form(server, request, link, &purpose, &params, errors));
    if let Err(stale) = browser::sender(server, request, &params, FORM) {
        return again(vec![FormError::Stale(stale)]);
    }
    let origin = middleware::origin(request);
    let password = params.find("password").unwrap_or_default();
    let outcome = match &purpose {
        Purpose::FirstAdmin => {
            let new = NewPerson {
                name: params.find("name"),
                username: params.find("username").unwrap_or_default(),
                email: params.find("email"),
                password,
            };
            setup::create_first_admin(ctx, &origin, &secret, &new).await?
        }
        Purpose::ChoosePassword(_) => setup::choose_password(ctx, &origin, &secret, password).await?,
    };
    match outcome {
        Outcome::LinkEnded => ended(server, request, &params).await,
        Outcome::Mistakes(mistakes) => {
            let errors =
                mistakes.into_iter().map(|mistake| in_words(mistake, ctx.config.password.min_length)).collect();
            again(errors)
        }
        Outcome::Done(user) => {
            // whoever has just proven to have the link is signed in
            let mut cookies = browser::begin(server, request, &user, false, Vec::new()).await?;
            cookies.push(cookies::clear(Name::Link, &ctx.config.issuer));
            Ok(with_cookies(go(server, after(matches!(purpose, Purpose::FirstAdmin))), cookies))
        }
    }
}

/// Where a form leads that has done its work.
const fn after(is_first_admin: bool) -> &'static str {
    if is_first_admin { "/setup?done=yes" } else { "/account" }
}

/// A form whose link has ended. Sent a second time by whom the first has just signed in, it leads where that one led.
async fn ended(server: &Server, request: &HttpRequest, params: &Params) -> Paged {
    let name = params.find("username").map(canonical_name);
    let again = browser::signed_in(server, request).await?.is_some_and(|one| {
        let until = one.session.auth_time.plus_seconds(REPEATED_SECONDS);
        name.as_ref() == Some(&one.user.username_key) && server.ctx.now() < until
    });
    if again { Ok(go(server, after(params.find("first").is_some()))) } else { expired(server, request).await }
}

async fn expired(server: &Server, request: &HttpRequest) -> Paged {
    let awaits_admin = setup::awaits_admin(&server.ctx).await?;
    Ok(page(StatusCode::NOT_FOUND, Forms::Own, &Expired { page: frame(server, request, None), awaits_admin }))
}

pub(crate) fn in_words(mistake: Mistake, password_least: u32) -> FormError {
    let characters = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match mistake {
        Mistake::UsernameMissing => FormError::UsernameMissing,
        Mistake::UsernameTooLong => FormError::TooLong(Field::Username, characters(MAX_USERNAME)),
        Mistake::UsernameInvalid => FormError::UsernameInvalid,
        Mistake::UsernameTaken => FormError::UsernameTaken,
        Mistake::UsernameIsAddress => FormError::UsernameIsAddress,
        Mistake::EmailTooLong => FormError::TooLong(Field::Email, characters(MAX_EMAIL)),
        Mistake::EmailInvalid => FormError::EmailInvalid,
        Mistake::EmailTaken => FormError::EmailTaken,
        Mistake::NameTooLong => FormError::TooLong(Field::Name, characters(MAX_NAME)),
        Mistake::NameUnfit => FormError::NameUnfit,
        Mistake::PasswordMissing => FormError::PasswordMissing,
        Mistake::PasswordTooShort => FormError::PasswordTooShort(password_least),
        Mistake::PasswordTooLong => {
            FormError::TooLong(Field::Password, characters(crate::credential::password::MAX_BYTES))
        }
        Mistake::PasswordCommon => FormError::PasswordCommon,
    }
}
