//! `/login`: name and password, for an app that waits or for the account itself.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, cookie::Cookie, http::StatusCode};

use super::{
    Forms, Paged, browser, choose_account, finish, frame, go, handover, link, logo, own_form, page, sign_up,
    view::login::{LoginError, Password, Waiting},
};
use crate::{
    flow::{
        Error, Result, authorize,
        login::{
            device::{self, Device},
            password::{self, Attempt, Door},
            session::SignedIn,
        },
    },
    http::{
        Server, Shared,
        cookies::{self, Name, with_cookies},
        extract,
        extract::Body,
        middleware,
    },
    protocol::{
        Refusal,
        authorize::interaction::{Interaction, MAX_URL_BYTES},
        client_metadata::Client,
        params::{Params, Repeatable},
    },
    store::models::User,
};

/// The form's name in its own value.
const FORM: &str = "login";

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

/// The form of a waiting app when `?interaction=` names one ("use another account"), else the account's own.
async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    let params = extract::query(request)?;
    if let Some(interaction) = &browser::opened(server, request, &params)? {
        let client = app_of(server, Some(interaction)).await?;
        let shown = Form { client: client.as_deref(), interaction: Some(interaction), ..Form::default() };
        return Ok(form(server, request, &shown));
    }
    let accounts = browser::accounts(server, request).await?;
    if params.find("another").is_none() && !accounts.is_empty() {
        return Ok(go(server, if accounts.in_use.is_some() { "/account" } else { choose_account::PATH }));
    }
    Ok(form(server, request, &Form::default()))
}

/// The form that an authorization request waits behind. Its box is as the session has it: signing in again takes
/// nothing away that was asked for before.
pub(crate) fn for_interaction(server: &Server, request: &HttpRequest, waiting: &authorize::Waiting) -> HttpResponse {
    let asked = &waiting.asked;
    let shown = Form {
        client: Some(&asked.client),
        interaction: Some(&waiting.interaction),
        user_code: None,
        username: asked.request.login_hint.as_deref().unwrap_or_default(),
        remember: waiting.is_remembered,
        error: waiting.is_another.then_some(LoginError::AnotherAccount),
    };
    form(server, request, &shown)
}

/// "Use another account": the sign-in page, for the same interaction if one waits.
pub(crate) fn another(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>) -> HttpResponse {
    let Some(waiting) = interaction else { return go(server, "/login?another=yes") };
    let sealed = waiting.seal(&server.ctx.keyring);
    if sealed.len() > MAX_URL_BYTES {
        return form(server, request, &Form { interaction, ..Form::default() });
    }
    go(server, &format!("/login?interaction={sealed}"))
}

/// Somebody has to sign in before they are asked about a device, or `who` to do so again.
pub(crate) fn for_device(
    server: &Server,
    request: &HttpRequest,
    user_code: &str,
    who: Option<&SignedIn>,
) -> HttpResponse {
    let (username, remember) = who.map_or(("", false), |who| (who.user.username.as_str(), who.session.remembered));
    form(server, request, &Form { user_code: Some(user_code), username, remember, ..Form::default() })
}

#[derive(Default)]
struct Form<'a> {
    client: Option<&'a Client>,
    interaction: Option<&'a Interaction>,
    user_code: Option<&'a str>,
    username: &'a str,
    remember: bool,
    error: Option<LoginError>,
}

fn form(server: &Server, request: &HttpRequest, form: &Form<'_>) -> HttpResponse {
    let (csrf, cookie) = browser::csrf(server, request, FORM, form.interaction);
    let sealed = form.interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    let host = form.client.and_then(Client::host);
    let view = Password {
        page: frame(server, request, None),
        app: form.client.map(|client| waiting(client, host.as_deref())),
        username: form.username,
        remember: form.remember,
        error: form.error,
        csrf: &csrf,
        interaction: sealed.as_deref(),
        user_code: form.user_code,
        sign_up: sign_up::way(server, sealed.as_deref(), form.user_code),
    };
    let status = match form.error {
        Some(LoginError::SlowDown) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    };
    with_cookies(page(status, Forms::Anywhere, &view), cookie)
}

/// The app, as a page names it that somebody has to pass on the way to it.
pub(crate) fn waiting<'a>(client: &'a Client, host: Option<&'a str>) -> Waiting<'a> {
    Waiting {
        name: &client.name,
        host,
        logo: logo(client),
        policy: link(client, client.metadata.policy_uri.as_deref()),
        terms: link(client, client.metadata.tos_uri.as_deref()),
    }
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let params = own_form(server, request, body, Repeatable::Protocol)?;
    let interaction = browser::opened(server, request, &params)?;
    let interaction = interaction.as_ref();
    let client = app_of(server, interaction).await?;
    let user_code = params.find("user_code").map(|_| super::device::typed(&params));
    let empty = Form { client: client.as_deref(), interaction, user_code, ..Form::default() };
    if params.find("begin").is_some() {
        return Ok(form(server, request, &empty));
    }
    let again = |error| Form {
        username: params.find("username").unwrap_or_default(),
        remember: params.find("remember").is_some(),
        error: Some(error),
        ..empty
    };
    if let Err(stale) = browser::sender(server, request, &params, FORM) {
        return Ok(form(server, request, &again(LoginError::Stale(stale))));
    }
    match sign_in(server, request, &params, client.as_deref()).await {
        Ok(cookies) => Ok(with_cookies(onward(server, request, interaction, user_code), cookies)),
        Err(Error::Refused(Refusal::PersonRefused)) => {
            middleware::note_refusal(request, Refusal::PersonRefused.name());
            Ok(form(server, request, &again(LoginError::WrongPassword)))
        }
        Err(Error::Refused(Refusal::TooManyTries)) => {
            middleware::note_refusal(request, Refusal::TooManyTries.name());
            Ok(form(server, request, &again(LoginError::SlowDown)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Checks the password and begins a session; gives the cookies that carry it.
async fn sign_in(
    server: &Server,
    request: &HttpRequest,
    params: &Params,
    client: Option<&Client>,
) -> Result<Vec<Cookie<'static>>> {
    let (ctx, origin, device) = (&server.ctx, middleware::origin(request), known_device(server, request));
    let attempt = Attempt {
        name: params.find("username").unwrap_or_default(),
        password: params.find("password").unwrap_or_default(),
        device: Some(&device),
        door: Door::Page,
    };
    let found = password::check(ctx, &origin, &attempt, client.map(|client| client.client_id.as_str())).await?;
    begin(server, request, &found.user, params.find("remember").is_some(), found.forgiven).await
}

/// Begins a session of somebody who signs in, and remembers that they do so here; gives the cookies that carry it.
pub(crate) async fn begin(
    server: &Server,
    request: &HttpRequest,
    user: &User,
    remember: bool,
    forgiven: Vec<Vec<u8>>,
) -> Result<Vec<Cookie<'static>>> {
    let (ctx, issuer) = (&server.ctx, &server.ctx.config.issuer);
    let mut cookies = browser::begin(server, request, user, remember, forgiven).await?;
    let device = known_device(server, request).signed_in(user.id, ctx.now()).seal(&ctx.keyring);
    cookies.push(cookies::set(Name::Device, &device, Some(device::LIFETIME_SECONDS), issuer));
    Ok(cookies)
}

fn known_device(server: &Server, request: &HttpRequest) -> Device {
    let (ctx, issuer) = (&server.ctx, &server.ctx.config.issuer);
    Device::open(cookies::read(request, Name::Device, issuer).as_deref(), &ctx.keyring, ctx.now())
}

/// Where somebody goes on who has just signed in.
pub(crate) fn onward(
    server: &Server,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    user_code: Option<&str>,
) -> HttpResponse {
    match (interaction, user_code) {
        (Some(interaction), _) => handover::resume(server, request, interaction),
        (None, Some(user_code)) => go(server, &super::device::filled_in(user_code)),
        (None, None) => go(server, "/account"),
    }
}

/// The app that waits, if one does.
pub(crate) async fn app_of(server: &Server, interaction: Option<&Interaction>) -> Result<Option<Arc<Client>>> {
    match interaction.and_then(|interaction| interaction.params.find("client_id")) {
        Some(client_id) => server.ctx.catalog.client(&server.ctx, client_id).await,
        None => Ok(None),
    }
}
