//! `/oauth2/authorize`, RFC 6749 §3.1: the request by GET or POST, and the consent form's decision.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    flow::{
        authorize::{
            Next, Visit, begin,
            respond::{self, Yes},
        },
        login::session::SignedIn,
    },
    http::{
        Server, Shared,
        cookies::with_cookies,
        csrf, extract,
        extract::Body,
        middleware,
        pages::{self, Paged, browser},
    },
    protocol::{
        authorize::interaction::Interaction,
        dialect::Door,
        params::{Params, Repeatable},
        scope::Scope,
    },
};

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    pages::finish_for_app(&server, &request, begin_or_resume(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    pages::finish_for_app(&server, &request, posted(&server, &request, &body).await)
}

/// A new request, or `?interaction=` of one that waits.
async fn begin_or_resume(server: &Server, request: &HttpRequest) -> Paged {
    let params = extract::query(request)?;
    if let Some(interaction) = browser::opened(server, request, &params)? {
        return show(server, request, interaction).await;
    }
    if let Some(client_id) = params.find("client_id") {
        middleware::note_client(request, client_id);
    }
    new(server, request, Door::Standard, params).await
}

/// A new request by GET, whoever's manners it came in: from here on in the standard's words.
pub(crate) async fn new(server: &Server, request: &HttpRequest, door: Door, params: Params) -> Paged {
    let interaction = begin::interaction(&server.ctx, door, params, browser::present(server, request));
    show(server, request, interaction).await
}

/// Shows where the interaction stands, or answers at once, also whoever has just signed in. A browser without our cookie
/// gets one with the page.
async fn show(server: &Server, request: &HttpRequest, interaction: Interaction) -> Paged {
    let (interaction, cookie) = browser::bind(server, request, interaction);
    let accounts = browser::accounts_for(server, request, interaction.params.find("client_id")).await?;
    let is_framed = browser::is_framed(request);
    let state = browser::state_cookie(server, request, accounts.in_use.as_ref());
    let may_be_silent = browser::is_plain_navigation(request);
    let visit = Visit { may_be_silent, is_framed, ..accounts.visit(server.ctx.now()) };
    let next = begin::advance(&server.ctx, &middleware::origin(request), interaction, visit).await?;
    let answer = pages::authorize::answer(server, request, next, false).await?;
    Ok(with_cookies(answer, cookie.into_iter().chain(state)))
}

/// A form of ours carries `interaction`; anything else is an authorization request by POST, which may come from another
/// site and thus without our cookies: it goes round by a GET of our own, where they are seen again (DESIGN §3, P10).
async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let params = body.form(request, Repeatable::ConsentForm)?;
    let Some(sealed) = params.find("interaction") else {
        // only the boxes of our own form may repeat
        let params = body.form(request, Repeatable::Protocol)?;
        let interaction = begin::interaction(&server.ctx, Door::Standard, params, None);
        return Ok(pages::handover::resume(server, request, &interaction));
    };
    // from elsewhere it would come without our cookies, and whoever is signed in would get others in their place
    if !csrf::is_from_us(request, &server.ctx.config.issuer) {
        return Ok(pages::foreign_post(server, request));
    }
    let interaction = browser::open(server, request, sealed)?;
    if let Some(decision) = params.find("decision") {
        return decided(server, request, interaction, decision, &params).await;
    }
    show(server, request, interaction).await
}

/// A decision counts if its form was made for this person, browser, interaction and list; otherwise the page comes
/// again, for whoever is signed in now (PROTOCOL R-b2), unless there was a decision before.
async fn decided(
    server: &Server,
    request: &HttpRequest,
    interaction: Interaction,
    decision: &str,
    params: &Params,
) -> Paged {
    let visit = browser::accounts(server, request).await?.visit(server.ctx.now());
    let origin = middleware::origin(request);
    let question = match begin::advance(&server.ctx, &origin, interaction, visit).await? {
        Next::Consent(question) => question,
        other => return pages::authorize::answer(server, request, other, false).await,
    };
    let parts = form_parts(&question.interaction, &question.signed_in, &question.shown());
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    if !csrf::check(&server.ctx.keyring, params.find("csrf"), &parts) {
        let next = match decision {
            "allow" | "deny" => respond::repeated(&server.ctx, question, decision == "allow").await?,
            _ => Next::Consent(question),
        };
        return pages::authorize::answer(server, request, next, true).await;
    }
    let (interaction, signed_in) = (&question.interaction, &question.signed_in);
    let next = match decision {
        "allow" => {
            let ticked: Scope = params.all("scope").collect();
            respond::allow(&server.ctx, &origin, interaction, question.asked, signed_in, Yes::Now(&ticked)).await?
        }
        "deny" => respond::deny(&server.ctx, &origin, interaction, question.asked, signed_in).await?,
        "switch" => return pages::choose_account::switch(server, request, interaction).await,
        // what is missing or unclear is not a yes
        _ => Next::Consent(question),
    };
    pages::authorize::answer(server, request, next, false).await
}

/// What the consent form's own value is about.
pub(crate) fn form_parts(interaction: &Interaction, signed_in: &SignedIn, shown: &str) -> [Vec<u8>; 4] {
    [
        b"consent".to_vec(),
        interaction.id.as_bytes().to_vec(),
        signed_in.session.digest.as_bytes().to_vec(),
        shown.as_bytes().to_vec(),
    ]
}
