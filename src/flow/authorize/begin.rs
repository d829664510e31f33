//! From parameters to the next step (RFC 6749 §4.1.1).

use std::sync::Arc;

use super::{
    Asked, Next, Question, Rejected, Visit, Waiting,
    acting::Acting,
    request_object,
    respond::{self, Yes},
};
use crate::{
    config,
    flow::{
        Context, Origin, Result, issue,
        login::session::{AgreedFor, SignedIn},
    },
    protocol::{
        Refusal, acr,
        authorize::{
            interaction::Interaction,
            next_step::{Agreed, Facts, Step, next_step},
            request::{AuthorizeRequest, ErrorRedirects, ErrorReply, PARAMETERS, Server, Visitor, may_redirect_error},
            response::AuthorizeResponse,
            trust,
        },
        client_metadata::Client,
        dialect::Door,
        params::Params,
    },
    secret::{Digest, Id, kind::Browser, random},
    store::models::User,
};

/// A request that has just come: an interaction begins. What came in a dialect was put into the standard's words before.
#[must_use]
pub fn interaction(ctx: &Context, door: Door, params: Params, browser: Option<Digest<Browser>>) -> Interaction {
    let now = ctx.now();
    let params = params.only(PARAMETERS);
    Interaction { id: Id::new(now), began: now, browser, seed: random(), door, params, signed: false }
}

/// Where the interaction stands now, and what comes next. Everything is checked again: an hour may have passed.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away; what is wrong with the request is a [`Next::Refused`].
pub async fn advance(ctx: &Arc<Context>, origin: &Origin, interaction: Interaction, visit: Visit) -> Result<Next> {
    let door = interaction.door;
    let (interaction, found) = match request_object::resolve(ctx, origin, &interaction).await? {
        Ok(resolved) => {
            let interaction = resolved.unwrap_or(interaction);
            let found = check(ctx, door, &interaction.params).await?;
            (interaction, found)
        }
        Err(rejected) => (interaction, Err(rejected)),
    };
    let mut asked = match found {
        Ok(asked) => asked,
        Err(rejected) => {
            let visitor = visitor(ctx, &interaction, &visit, rejected.client.as_deref()).await?;
            return Ok(reject(ctx, door, rejected, visitor));
        }
    };
    let Acting { mut signed_in, is_another, is_remembered, may_choose } =
        Acting::find(ctx, &interaction, &asked, &visit).await?;
    let agreed = match &mut signed_in {
        // good for once: whoever comes back here does since it has changed
        Some(SignedIn { agreed, user, .. }) => find_agreed(ctx, agreed.take(), user, &asked.client).await?,
        None => None,
    };
    let visit = Visit { signed_in, ..visit };
    if door.lets_skip() {
        let before = agreed.as_ref().filter(|agreed| agreed.is_for(&asked.redirect));
        asked.request.let_skip(before);
    }
    let facts = Facts {
        request: &asked.request,
        client: &asked.client,
        redirect: &asked.redirect,
        began: interaction.began,
        signed_in_at: visit.signed_in.as_ref().map(|signed_in| signed_in.session.auth_time),
        chosen_at: visit.signed_in.as_ref().map(|signed_in| signed_in.session.chosen_at()),
        may_choose,
        is_another,
        class: visit.signed_in.as_ref().and_then(|signed_in| acr::of(&signed_in.session.amr)),
        consent: agreed.as_ref(),
        may_be_silent: visit.may_be_silent && (asked.request.prompt.none || !visit.is_framed),
        issuer_is_loopback: ctx.config.issuer.is_loopback(),
        now: visit.now,
    };
    let step = match (next_step(&facts), &visit.signed_in) {
        (Step::Answer, Some(signed_in)) if !ctx.limits.may_be_silent(signed_in.session.id, visit.now) => {
            let must_be_silent = facts.request.prompt.none;
            if must_be_silent { Step::Refuse(Refusal::InteractionRequired) } else { Step::Consent }
        }
        (step, _) => step,
    };
    let waiting = |interaction, asked| Box::new(Waiting { interaction, asked, is_another, is_remembered });
    match (step, visit.signed_in) {
        (Step::SignUp, _) => Ok(Next::SignUp(waiting(interaction, asked))),
        (Step::ChooseAccount, _) => Ok(Next::ChooseAccount(waiting(interaction, asked))),
        (Step::SignIn, _) | (Step::Consent | Step::Answer, None) => Ok(Next::SignIn(waiting(interaction, asked))),
        (Step::Answer, Some(signed_in)) => {
            let yes = if agreed.is_some() { Yes::Earlier } else { Yes::Unasked };
            respond::allow(ctx, origin, &interaction, asked, &signed_in, yes).await
        }
        (Step::Consent, Some(signed_in)) => {
            Ok(Next::Consent(Box::new(Question { interaction, asked, signed_in, agreed })))
        }
        (Step::Refuse(refusal), signed_in) => {
            let visit = Visit { signed_in, ..visit };
            let visitor = visitor(ctx, &interaction, &visit, Some(&asked.client)).await?;
            let reply = Some((asked.redirect, ErrorReply::of(&interaction.params)));
            let rejected = Rejected { refusal, client: Some(asked.client), reply, received: None, onward: None };
            Ok(reject(ctx, door, rejected, visitor))
        }
    }
}

/// Runs the checks; a refusal, or less than was asked for, that a cache behind may have caused is looked at once more.
async fn check(ctx: &Context, door: Door, params: &Params) -> Result<std::result::Result<Asked, Rejected>> {
    let is_stale = |found: &Result<std::result::Result<Asked, Rejected>>| match found {
        Ok(Ok(asked)) => asked.request.is_part,
        Ok(Err(rejected)) => rejected.refusal.may_be_stale(),
        Err(_) => false,
    };
    ctx.catalog.twice(ctx, async |_| attempt(ctx, door, params).await, is_stale).await
}

async fn attempt(ctx: &Context, door: Door, params: &Params) -> Result<std::result::Result<Asked, Rejected>> {
    let shown = |refusal, client, received| Rejected { refusal, client, reply: None, received, onward: None };
    let Some(client_id) = params.find("client_id") else {
        return Ok(Err(shown(Refusal::ParameterMissing("client_id"), None, None)));
    };
    let Some(client) = ctx.catalog.client(ctx, client_id).await? else {
        let cut: String = client_id.chars().take(64).collect();
        return Ok(Err(shown(Refusal::AppUnknown(cut.clone()), None, Some(cut))));
    };
    if let Err(refusal) = door.admit(&client.metadata) {
        return Ok(Err(shown(refusal, Some(client), None)));
    }
    if door.demands_redirect_uri() && params.find("redirect_uri").is_none() {
        return Ok(Err(shown(Refusal::ParameterMissing("redirect_uri"), Some(client), None)));
    }
    let redirect = match trust(params, &client) {
        Ok(redirect) => redirect,
        Err(refusal) => {
            let received = params.find("redirect_uri").map(str::to_owned);
            return Ok(Err(shown(refusal, Some(client), received)));
        }
    };
    let at = ctx.catalog.snapshot(ctx).await?;
    let offers_sign_up = ctx.config.login.offers_sign_up();
    let server = Server { issuer: ctx.issuer(), scopes: &at.scopes, door, offers_sign_up };
    Ok(match AuthorizeRequest::parse(params, &client, server) {
        Ok(request) => Ok(Asked { client, redirect, request }),
        Err(refusal) => {
            let reply = Some((redirect, ErrorReply::of(params)));
            Err(Rejected { refusal, client: Some(client), reply, received: None, onward: None })
        }
    })
}

/// An error goes to the client where that is safe (PROTOCOL P3), else to a page.
pub(super) fn reject(ctx: &Context, door: Door, rejected: Rejected, visitor: Visitor) -> Next {
    let policy = match ctx.config.clients.error_redirects {
        config::ErrorRedirects::Vouched => ErrorRedirects::Vouched,
        config::ErrorRedirects::SignedIn => ErrorRedirects::SignedIn,
        config::ErrorRedirects::Always => ErrorRedirects::Always,
    };
    let (Some((to, reply)), Some(client)) = (&rejected.reply, &rejected.client) else { return Next::Refused(rejected) };
    let response = respond::refused(ctx, door, client, to, reply, &rejected.refusal);
    // a page has a link, whatever way the app would have its answers
    let onward = match &response {
        AuthorizeResponse::Redirect(location) => Some(location.clone()),
        AuthorizeResponse::Form { action, .. } => Some(action.clone()),
    };
    if may_redirect_error(policy, client, to, visitor) {
        Next::Answer(Arc::clone(client), response)
    } else {
        Next::Refused(Rejected { onward, ..rejected })
    }
}

/// What of the visitor counts when this client is to be sent an error.
async fn visitor(ctx: &Context, interaction: &Interaction, visit: &Visit, client: Option<&Client>) -> Result<Visitor> {
    let signed_in = visit.signed_in.is_some();
    let silent = interaction.params.find("prompt") == Some("none");
    let agreed = match (&visit.signed_in, client) {
        (Some(signed_in), Some(client)) if silent && !visit.is_framed => {
            find_agreed(ctx, None, &signed_in.user, client).await?.is_some()
        }
        _ => false,
    };
    Ok(Visitor { signed_in, expects_silence: silent && (visit.is_framed || agreed) })
}

/// `known`: what was looked up along with the session, if it is this client's.
async fn find_agreed(
    ctx: &Context,
    known: Option<Box<AgreedFor>>,
    user: &User,
    client: &Client,
) -> Result<Option<Agreed>> {
    let now = ctx.now();
    let found = match known {
        Some(known) if known.client_id == client.client_id => known.consent,
        _ => ctx.store.find_consent(user.id, client.client_id.clone(), now).await?,
    };
    // what a password once opened is no consent, nor is what is kept for the sake of what was given on it
    let Some(consent) = found.filter(|consent| !consent.by_password && consent.holds(now)) else { return Ok(None) };
    Ok(Some(Agreed {
        scope: issue::parse_scope(&consent.scope)?,
        resources: consent.resources.split(' ').filter(|uri| !uri.is_empty()).map(str::to_owned).collect(),
        redirect_host: consent.redirect_host,
        claims: issue::parse_scope(&consent.claims)?,
        declined: issue::parse_scope(&consent.declined)?,
        at: consent.updated_at,
    }))
}
