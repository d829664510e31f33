//! `/oauth2/authorize/account`: which of the accounts of this browser is to be used, by an app that waits or at all.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, Paged, browser, finish, frame, go, handover, login,
    logout::Left,
    own_form, page, shown_person,
    view::{
        choose_account::{AccountLine, ChooseAccount, ChooseError},
        logout::Done,
    },
};
use crate::{
    flow::{
        login::accounts::{self, Chosen},
        logout::sign_out,
    },
    http::{Server, Shared, cookies::with_cookies, extract, extract::Body, middleware},
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

async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    let interaction = browser::opened(server, request, &extract::query(request)?)?;
    form(server, request, interaction.as_ref(), None).await
}

/// The question; where nobody is signed in, the sign-in page.
pub(crate) async fn form(
    server: &Server,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    error: Option<ChooseError>,
) -> Paged {
    let accounts = browser::accounts(server, request).await?;
    if accounts.is_empty() {
        return Ok(login::another(server, request, interaction));
    }
    let client = login::app_of(server, interaction).await?;
    let host = client.as_deref().and_then(Client::host);
    let ids: Vec<String> = accounts.all().map(|signed_in| signed_in.session.id.to_text()).collect();
    let in_use = accounts.in_use.as_ref().map(|signed_in| signed_in.session.id);
    let lines = accounts.all().zip(&ids).map(|(signed_in, id)| AccountLine {
        id,
        person: shown_person(&signed_in.user),
        in_use: in_use == Some(signed_in.session.id),
    });
    let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    let (csrf, cookie) = browser::csrf(server, request, FORM, interaction);
    let view = ChooseAccount {
        page: frame(server, request, None),
        app: client.as_deref().map(|client| login::waiting(client, host.as_deref())),
        accounts: lines.collect(),
        error,
        csrf: &csrf,
        interaction: sealed.as_deref(),
    };
    Ok(with_cookies(page(StatusCode::OK, Forms::Anywhere, &view), cookie))
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let params = own_form(server, request, body, Repeatable::Protocol)?;
    let interaction = browser::opened(server, request, &params)?;
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

async fn chosen(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>, id: Id) -> Paged {
    let had = browser::accounts(server, request).await?;
    let outcome = accounts::choose(&server.ctx, &middleware::origin(request), &had, id).await?;
    let cookies = match &outcome {
        Chosen::Gone => return form(server, request, interaction, Some(ChooseError::Gone)).await,
        Chosen::Stays => Vec::new(),
        Chosen::Now(secret, session) => browser::session_cookies(server, secret, session),
    };
    Ok(with_cookies(back(server, request, interaction), cookies))
}

/// Signs one of the others out, as signing out there does.
async fn removed(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>, id: Id) -> Paged {
    let had = browser::accounts(server, request).await?;
    let Some(signed_in) = had.others().find(|signed_in| signed_in.session.id == id) else {
        return form(server, request, interaction, Some(ChooseError::Gone)).await;
    };
    let pages = sign_out(&server.ctx, &[signed_in]).await?;
    let answer = if pages.is_empty() {
        again(server, request, interaction).await?
    } else {
        let others = had.all().count() > 1;
        let left = Left { who: others.then_some(signed_in), others, pages: &pages, leads_back: false };
        let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
        let onward = handover::elsewhere(server, PATH, sealed.as_deref());
        left.shown(&Done { interaction: sealed.as_deref(), ..left.page(server, request, onward) })
    };
    let kept = had.kept(|session| session.id != id);
    Ok(with_cookies(answer, browser::account_cookies(server, request, kept)))
}

fn back(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>) -> HttpResponse {
    match interaction {
        Some(interaction) => handover::resume(server, request, interaction),
        None => go(server, "/account"),
    }
}

/// "Use another account": one of the others, where there are some; else somebody signs in.
pub(crate) async fn switch(server: &Server, request: &HttpRequest, interaction: &Interaction) -> Paged {
    if browser::accounts(server, request).await?.others().next().is_some() {
        return again(server, request, Some(interaction)).await;
    }
    Ok(login::another(server, request, Some(interaction)))
}

/// The question once more, by an address of its own where the request that waits fits into one.
async fn again(server: &Server, request: &HttpRequest, interaction: Option<&Interaction>) -> Paged {
    let sealed = interaction.map(|interaction| interaction.seal(&server.ctx.keyring));
    match sealed {
        Some(sealed) if sealed.len() > MAX_URL_BYTES => form(server, request, interaction, None).await,
        Some(sealed) => Ok(go(server, &format!("{PATH}?interaction={sealed}"))),
        None => Ok(go(server, PATH)),
    }
}
