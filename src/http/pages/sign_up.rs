//! `/signup`: people make accounts for themselves, for an app that waits or on their own. It is there while the
//! configuration says so.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, Paged, browser, device, finish, frame, handover, login, own_form, page, setup,
    view::{Elsewhere, setup::FormError, sign_up::SignUp},
};
use crate::{
    flow::{
        Error,
        login::{
            setup::NewPerson,
            sign_up::{self, SignedUp},
        },
    },
    http::{Server, Shared, cookies::with_cookies, extract, extract::Body, middleware, refuse},
    protocol::{
        Refusal,
        authorize::interaction::Interaction,
        client_metadata::Client,
        params::{Params, Repeatable},
    },
};

/// The form's name in its own value.
const FORM: &str = "signup";

pub(crate) const PATH: &str = "/signup";

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

/// The way here from the sign-in page, where there is one.
pub(crate) fn way(server: &Server, sealed: Option<&str>, user_code: Option<&str>) -> Option<Elsewhere> {
    let path = match (sealed, user_code) {
        (None, Some(user_code)) => device::with_code(PATH, user_code),
        _ => PATH.to_owned(),
    };
    is_offered(server).then(|| handover::elsewhere(server, &path, sealed))
}

/// The form that an authorization request waits behind.
pub(crate) fn for_interaction(
    server: &Server,
    request: &HttpRequest,
    interaction: &Interaction,
    client: &Client,
) -> HttpResponse {
    let (client, interaction, typed) = (Some(client), Some(interaction), Typed::hinted(interaction));
    form(server, request, Form { client, interaction, user_code: None, typed, errors: Vec::new() })
}

fn is_offered(server: &Server) -> bool {
    server.ctx.config.login.offers_sign_up()
}

async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    if !is_offered(server) {
        return Ok(refuse::not_found(server, request));
    }
    let params = extract::query(request)?;
    let waiting = Waiting::find(server, request, &params).await?;
    Ok(form(server, request, waiting.form()))
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    if !is_offered(server) {
        return Ok(refuse::not_found(server, request));
    }
    let params = own_form(server, request, body, Repeatable::Protocol)?;
    let waiting = Waiting::find(server, request, &params).await?;
    if params.find("begin").is_some() {
        return Ok(form(server, request, waiting.form()));
    }
    let again = |errors| form(server, request, Form { typed: Typed::of(&params), errors, ..waiting.form() });
    let browser = match browser::sender(server, request, &params, FORM) {
        Ok(browser) => browser,
        Err(stale) => return Ok(again(vec![FormError::Stale(stale)])),
    };
    let asked = sign_up::SignUp {
        person: NewPerson {
            name: params.find("name"),
            username: params.find("username").unwrap_or_default(),
            email: params.find("email"),
            password: params.find("password").unwrap_or_default(),
        },
        form: params.find("csrf").unwrap_or_default(),
        browser,
        client_id: waiting.client.as_deref().map(|client| client.client_id.as_str()),
    };
    match sign_up::sign_up(&server.ctx, &middleware::origin(request), &asked).await {
        Ok(SignedUp::Done(user)) => {
            let cookies = login::begin(server, request, &user, false, Vec::new()).await?;
            let onward = login::onward(server, request, waiting.interaction.as_ref(), waiting.user_code);
            Ok(with_cookies(onward, cookies))
        }
        Ok(SignedUp::Mistakes(mistakes)) => {
            let least = server.ctx.config.password.min_length;
            Ok(again(mistakes.into_iter().map(|mistake| setup::in_words(mistake, least)).collect()))
        }
        Err(Error::Refused(Refusal::TooManyTries)) => {
            middleware::note_refusal(request, Refusal::TooManyTries.name());
            Ok(again(vec![FormError::SlowDown]))
        }
        Err(error) => Err(error.into()),
    }
}

/// What goes on once the account is there.
struct Waiting<'a> {
    client: Option<Arc<Client>>,
    interaction: Option<Interaction>,
    user_code: Option<&'a str>,
}

impl<'a> Waiting<'a> {
    /// From the address or the form.
    async fn find(server: &Server, request: &HttpRequest, params: &'a Params) -> Paged<Self> {
        let user_code = params.find("user_code").map(|_| device::typed(params));
        let interaction = browser::opened(server, request, params)?;
        let client = login::app_of(server, interaction.as_ref()).await?;
        Ok(Self { client, interaction, user_code })
    }

    fn form(&self) -> Form<'_> {
        let (interaction, user_code) = (self.interaction.as_ref(), self.user_code);
        let typed = interaction.map(Typed::hinted).unwrap_or_default();
        Form { client: self.client.as_deref(), interaction, user_code, typed, errors: Vec::new() }
    }
}

struct Form<'a> {
    client: Option<&'a Client>,
    interaction: Option<&'a Interaction>,
    user_code: Option<&'a str>,
    typed: Typed<'a>,
    errors: Vec<FormError>,
}

/// What stands in the fields; never a password.
#[derive(Default)]
struct Typed<'a> {
    name: &'a str,
    username: &'a str,
    email: &'a str,
}

impl<'a> Typed<'a> {
    fn of(params: &'a Params) -> Self {
        let value = |name| params.find(name).unwrap_or_default();
        Self { name: value("name"), username: value("username"), email: value("email") }
    }

    /// What the app has of them (OIDC Core §3.1.2.1, `login_hint`).
    fn hinted(interaction: &'a Interaction) -> Self {
        match interaction.params.find("login_hint").unwrap_or_default() {
            email if email.contains('@') => Self { email, ..Self::default() },
            username => Self { username, ..Self::default() },
        }
    }
}

fn form(server: &Server, request: &HttpRequest, form: Form<'_>) -> HttpResponse {
    let (csrf, cookie) = browser::csrf(server, request, FORM, form.interaction);
    let sealed = form.interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    let host = form.client.and_then(Client::host);
    let sign_in = match (&sealed, form.user_code) {
        (Some(_), _) => "/login".to_owned(),
        (None, Some(user_code)) => device::filled_in(user_code),
        (None, None) => "/login?another=yes".to_owned(),
    };
    let status = match form.errors.first() {
        Some(FormError::SlowDown) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    };
    let view = SignUp {
        page: frame(server, request, None),
        app: form.client.map(|client| login::waiting(client, host.as_deref())),
        name: form.typed.name,
        username: form.typed.username,
        email: form.typed.email,
        password_least: server.ctx.config.password.min_length,
        errors: form.errors,
        csrf: &csrf,
        interaction: sealed.as_deref(),
        user_code: form.user_code,
        sign_in: handover::elsewhere(server, &sign_in, sealed.as_deref()),
    };
    with_cookies(page(status, Forms::Anywhere, &view), cookie)
}
