//! `/account/profile`: what a person lets others know of them.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, Paged, account, finish, frame, go, own_form, page,
    view::profile::{FormError, Item, Profile},
};
use crate::{
    flow::{
        login::{session::SignedIn, setup::MAX_EMAIL},
        profile::{self, Changed, Mistake},
    },
    http::{Server, Shared, csrf, extract, extract::Body, middleware},
    protocol::{
        claims::Field,
        params::{Params, Repeatable},
    },
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    let signed_in = account::owner(server, request).await?;
    let saved = extract::query(request)?.find("saved").is_some();
    form(server, request, &signed_in, None, Vec::new(), saved)
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let typed = own_form(server, request, body, Repeatable::Protocol)?;
    let signed_in = account::owner(server, request).await?;
    if !csrf::check(&server.ctx.keyring, typed.find("csrf"), &account::parts(&signed_in)) {
        // what was typed is for whoever typed it, and for nobody who has taken their place
        let is_theirs = csrf::check(&server.ctx.keyring, typed.find("person"), &person(&signed_in));
        return form(server, request, &signed_in, is_theirs.then_some(&typed), vec![FormError::Expired], false);
    }
    // a field that has what it was shown with may have been changed elsewhere meanwhile: it stays as it is now. One that is
    // not there although it was shown with something was emptied: parameters without a value count as not sent
    let sent = |name: &str| typed.find(name).unwrap_or_default().replace("\r\n", "\n");
    let compares = says_what_it_showed(&typed);
    let value = |name: &str| Some(sent(name)).filter(|text| !compares || *text != sent(&shown_as(name)));
    let origin = middleware::origin(request);
    let errors = match profile::change_own(&server.ctx, &origin, signed_in.user.id, value).await? {
        Changed::Done(_) | Changed::Same(_) => return Ok(go(server, "/account/profile?saved=yes")),
        Changed::Gone => return Ok(go(server, "/login")),
        Changed::EmailTaken => vec![FormError::EmailTaken],
        Changed::Not(mistakes) => mistakes.into_iter().map(in_words).collect(),
    };
    form(server, request, &signed_in, Some(&typed), errors, false)
}

/// One of the release before does not.
fn says_what_it_showed(typed: &Params) -> bool {
    typed.find("person").is_some()
}

fn in_words(mistake: Mistake) -> FormError {
    match mistake {
        Mistake::Name => FormError::Name,
        Mistake::EmailTooLong => FormError::EmailTooLong(u32::try_from(MAX_EMAIL).unwrap_or(u32::MAX)),
        Mistake::Email => FormError::Email,
        Mistake::EmailTaken => FormError::EmailTaken,
        Mistake::Field(field, unfit) => FormError::Field(field, unfit),
    }
}

/// The form with what is known, or with what was just typed.
fn form(
    server: &Server,
    request: &HttpRequest,
    signed_in: &SignedIn,
    typed: Option<&Params>,
    errors: Vec<FormError>,
    saved: bool,
) -> Paged {
    let user = &signed_in.user;
    let known = profile::of(user)?;
    let value = |typed: Option<&Params>, item: Item, name: &str| match (typed, item) {
        (Some(typed), _) => typed.find(name).unwrap_or_default().to_owned(),
        (None, Item::Name) => user.name.clone().unwrap_or_default(),
        (None, Item::Email) => user.email.clone().unwrap_or_default(),
        (None, Item::Field(field)) => known.get(field).unwrap_or_default().to_owned(),
    };
    let shown = Item::all().map(|item| {
        let name = shown_as(item.name());
        let text = value(typed.filter(|typed| says_what_it_showed(typed)), item, &name);
        (name, text)
    });
    let phone = Field::PhoneNumber;
    let unverified = [
        (Item::Email, user.email.is_some() && !user.email_verified),
        (Item::Field(phone), known.get(phone).is_some() && !known.phone_is_verified()),
    ];
    let csrf = csrf::make(&server.ctx.keyring, &account::parts(signed_in));
    let view = Profile {
        page: frame(server, request, Some(signed_in)),
        values: Item::all().map(|item| (item, value(typed, item, item.name()))).collect(),
        shown: shown.collect(),
        unverified: unverified.into_iter().filter(|(_, is)| *is && typed.is_none()).map(|(item, _)| item).collect(),
        errors,
        saved,
        person: &csrf::make(&server.ctx.keyring, &person(signed_in)),
        csrf: &csrf,
    };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

/// The field that carries what another was shown with.
fn shown_as(name: &str) -> String {
    format!("shown.{name}")
}

/// Whose form it is, in whichever session.
fn person(signed_in: &SignedIn) -> [&[u8]; 2] {
    [b"profile", signed_in.user.sub.as_bytes()]
}
