//! `/oauth2/authorize/account`: which of the accounts of this browser is to be used, by an app that waits or at all.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, browser, finish, foreign_post, frame, go, handover, login,
    logout::Left,
    page, shown_person, unopened,
    view::{
        choose_account::{AccountLine, ChooseAccount, ChooseError},
        logout::Done,
    },
};
use crate::{
    flow::{
        Error, Result,
        login::accounts::{self, Chosen},
        logout::sign_out,
    },
    http::{Server, Shared, csrf, extract, extract::Body, middleware},
    protocol::{
        authorize::interaction::{Interaction, MAX_URL_BYTES},
        client_metadata::Client,
        params::Repeatable,
    },
    secret::Id,
};

/// The form's name in its own value.
const FORM: &str = "accounts";
pub(crate) const PATH: &str = "/oauth2/authorize/account";

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

async fn shown(server: &Server, request: &HttpRequest) -> Result<HttpResponse> {
    let params = extract::query(request)?;
    match params.find("interaction").map(|sealed| browser::open(server, request, sealed)) {
        Some(Ok(interaction)) => form(server, request, Some(&interaction), None).await,
        Some(Err(why)) => Ok(unopened(server, request, why)),
        None => form(server, request, None, None).await,
    }
}

/// The question; where nobody is signed in, the sign-in page.
pub(crate) async fn form(
    server: &Server,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    error: Option<ChooseError>,
) -> Result<HttpResponse> {
    let accounts = browser::accounts(server, request).await?;
    if accounts.is_empty() {
        return Ok(login::another(server, request, interaction));
    }
    let (this, cookie) = browser::of_form(server, request, interaction);
    let client = match interaction {
        Some(interaction) => login::app_of(server, interaction).await?,
        None => None,
    };
    let host = client.as_deref().and_then(Client::host);
    let ids: Vec<String> = accounts.all().map(|signed_in| signed_in.session.id.to_text()).collect();
    let in_use = accounts.in_use.as_ref().map(|signed_in| signed_in.session.id);
    let lines = accounts.all().zip(&ids).map(|(signed_in, id)| AccountLine {
        id,
        person: shown_person(&signed_in.user),
        in_use: in_use == Some(signed_in.session.id),
    });
    let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    let csrf = browser::csrf(server, &this, FORM);
    let view = ChooseAccount {
        page: frame(server, request, None),
        app: client.as_deref().map(|client| login::waiting(client, host.as_deref())),
        accounts: lines.collect(),
        error,
        csrf: &csrf,
        interaction: sealed.as_deref(),
    };
    let mut answer = page(StatusCode::OK, Forms::Anywhere, &view);
    if let Some(cookie) = cookie {
        let _set = answer.add_cookie(&cookie);
    }
    Ok(answer)
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Result<HttpResponse> {
    let params = body.form(request, Repeatable::Protocol)?;
    if !csrf::is_from_us(request, &server.ctx.config.issuer) {
        return Ok(foreign_post(server, request));
    }
    let interaction = match params.find("interaction").map(|sealed| browser::open(server, request, sealed)) {
        Some(Ok(interaction)) => Some(interaction),
        Some(Err(why)) => return Ok(unopened(server, request, why)),
        None => None,
    };
    let interaction = interaction.as_ref();
    if params.find("begin").is_some() {
        return form(server, request, interaction, None).await;
    }
    if browser::sender(server, request, &params, FORM).is_err() {
        return form(server, request, interaction, Some(ChooseError::FormExpired)).await;
    }
    match (params.find("account"), params.find("remove").and_then(Id::parse)) {
        (Some("other"), _) => Ok(login::another(server, request, interaction)),
        (Some(id), _) => match Id::parse(id) {
            Some(id) => chosen(server, request, interaction, id).await,
            None => form(server, request, interaction, Some(ChooseError::Gone)).await,
        },
        (None, Some(id)) => removed(server, request, interaction, id).await,
        (None, None) => form(server, request, interaction, None).await,
    }
}

async fn chosen(
    server: &Server,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    id: Id,
) -> Result<HttpResponse> {
    let had = browser::accounts(server, request).await?;
    let outcome = accounts::choose(&server.ctx, &middleware::origin(request), &had, id).await?;
    let cookies = match &outcome {
        Chosen::Gone => return form(server, request, interaction, Some(ChooseError::Gone)).await,
        Chosen::Stays => Vec::new(),
        Chosen::Now(secret, session) => browser::session_cookies(server, secret, session),
    };
    let mut answer = back(server, request, interaction);
    for cookie in &cookies {
        answer.add_cookie(cookie).map_err(Error::internal)?;
    }
    Ok(answer)
}

/// Signs one of the others out, as signing out there does.
async fn removed(
    server: &Server,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    id: Id,
) -> Result<HttpResponse> {
    let had = browser::accounts(server, request).await?;
    let Some(signed_in) = had.others().find(|signed_in| signed_in.session.id == id) else {
        return form(server, request, interaction, Some(ChooseError::Gone)).await;
    };
    let pages = sign_out(&server.ctx, &[signed_in]).await?;
    let mut answer = if pages.is_empty() {
        again(server, request, interaction).await?
    } else {
        let others = had.all().count() > 1;
        let left = Left { who: others.then_some(signed_in), others, pages: &pages, leads_back: false };
        let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
        let onward = handover::elsewhere(server, PATH, sealed.as_deref());
        left.shown(&Done { interaction: sealed.as_deref(), ..left.page(server, request, onward) })
    };
    for cookie in browser::account_cookies(server, request, had.kept(|session| session.id != id)) {
        answer.add_cookie(&cookie).map_err(Error::internal)?;
    }
    Ok(answer)
}

fn back(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>) -> HttpResponse {
    match interaction {
        Some(interaction) => handover::resume(server, request, interaction),
        None => go(server, "/account"),
    }
}

/// "Use another account": one of the others, where there are some; else somebody signs in.
pub(crate) async fn switch(server: &Server, request: &HttpRequest, interaction: &Interaction) -> Result<HttpResponse> {
    if browser::accounts(server, request).await?.others().next().is_some() {
        return again(server, request, Some(interaction)).await;
    }
    Ok(login::another(server, request, Some(interaction)))
}

/// The question once more, by an address of its own where the request that waits fits into one.
async fn again(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>) -> Result<HttpResponse> {
    let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    match sealed {
        Some(sealed) if sealed.len() > MAX_URL_BYTES => form(server, request, interaction, None).await,
        Some(sealed) => Ok(go(server, &format!("{PATH}?interaction={sealed}"))),
        None => Ok(go(server, PATH)),
    }
}
