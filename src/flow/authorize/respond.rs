//! The final answer: the expiring Grant row, the remembered consent, the redirect. The first decision wins (PROTOCOL R-b).

use std::sync::Arc;

use super::{Asked, Next, Question, Rejected, Visit, begin, front_channel::Issued};
use crate::{
    clock::Ts,
    config::duration::seconds,
    flow::{
        Context, Error, Origin, Result,
        audit::{self, Event},
        catalog::Snapshot,
        client_keys, grant,
        login::session::{self, SignedIn},
        register,
    },
    protocol::{
        Refusal,
        authorize::{
            TrustedRedirect,
            interaction::{Interaction, LIFETIME_SECONDS},
            request::{AuthorizeRequest, ErrorReply, Visitor},
            response::{AuthorizeResponse, Envelope},
        },
        claims_request::Told,
        client_metadata::Client,
        dialect::{self, Door, secrets},
        logout, redirect_uri,
        response_mode::ResponseMode,
        response_type::ResponseType,
        scope::Scope,
        session_management,
    },
    secret::{Id, base62},
    store::{
        Answered, Basis,
        models::{AccessTokenRow, Consent, Grant},
    },
};

/// Why an answer is yes.
#[derive(Clone, Copy)]
pub enum Yes<'a> {
    /// The person says so now, with these optional scopes ticked. It will be remembered.
    Now(&'a Scope),
    /// They agreed earlier: to all of it, or the app need not ask for the rest.
    Earlier,
    /// This app need not ask. There is no consent to it: the person sees it by what it was given.
    Unasked,
}

/// The person allowed it.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn allow(
    ctx: &Arc<Context>,
    origin: &Origin,
    interaction: &Interaction,
    asked: Asked,
    signed_in: &SignedIn,
    yes: Yes<'_>,
) -> Result<Next> {
    let request = &asked.request;
    let at = ctx.catalog.snapshot(ctx).await?;
    let granted = match yes {
        Yes::Now(ticked) => {
            let in_dialect = interaction.door.dialect().is_some();
            at.scopes.granted(&request.scope, &request.optional, ticked, in_dialect)
        }
        Yes::Earlier | Yes::Unasked => request.scope.clone(),
    };
    let told = told(&at, request, &granted);
    let basis = match yes {
        Yes::Now(_) => Basis::Now(Some(remembered(ctx, &asked, signed_in, &granted, &told))),
        Yes::Earlier => Basis::Earlier(grant::ends_at(ctx, interaction.door, &asked.client, ctx.now())),
        Yes::Unasked => Basis::Now(None),
    };
    let (resources, audience) = match interaction.door {
        Door::Standard => at.reach(ctx, &asked.client).keep(&request.resources, &request.audience, &granted),
        // it has an API of its own
        Door::Dialect(_) => Default::default(),
    };
    let claims = told.to_text();
    let grant = Grant { resources, claims, audience, ..grant(ctx, interaction, &asked, signed_in, &granted) };
    client_keys::make_ready(ctx, &asked.client).await;
    let issued = match Issued::make(ctx, &at, interaction, &asked, &signed_in.user, &grant) {
        Err(Error::Refused(why)) => return Ok(not_given(ctx, interaction, asked, why)),
        made => made?,
    };
    let joins = logout::takes_part(&granted) && asked.client.metadata.hears_of_logout();
    let joins = joins.then_some(signed_in.session.id);
    match write(ctx, &grant, basis, issued.row(), joins).await? {
        Answered::Now => {
            register::note_use(ctx, &asked.client).await;
            if matches!(yes, Yes::Now(_)) {
                record(ctx, origin, &asked.client, signed_in, &grant, "consent.granted");
            }
            Ok(answer(ctx, interaction, asked, signed_in, issued))
        }
        Answered::Before(first) => again(ctx, &at, interaction, asked, signed_in, *first).await,
        lost @ (Answered::Withdrawn | Answered::SignedOut) => {
            let signed_in = matches!(lost, Answered::Withdrawn).then(|| signed_in.clone());
            let visit = Visit { signed_in, others: Vec::new(), may_be_silent: true, is_framed: false, now: ctx.now() };
            Box::pin(begin::advance(ctx, origin, interaction.clone(), visit)).await
        }
    }
}

/// Writes the answer down; by a single statement where nothing else is to be written with it.
async fn write(
    ctx: &Context,
    grant: &Grant,
    basis: Basis,
    token: Option<AccessTokenRow>,
    joins: Option<Id>,
) -> Result<Answered> {
    if let Basis::Earlier(until) = basis
        && token.is_none()
        && joins.is_none()
        && ctx.store.answer_on_consent(grant.clone(), until).await?
    {
        return Ok(Answered::Now);
    }
    Ok(ctx.store.record_answer(grant.clone(), basis, token, joins).await?)
}

/// The person refused.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn deny(
    ctx: &Arc<Context>,
    origin: &Origin,
    interaction: &Interaction,
    asked: Asked,
    signed_in: &SignedIn,
) -> Result<Next> {
    let grant = denial(ctx, interaction, &asked, signed_in);
    match ctx.store.record_answer(grant.clone(), Basis::Now(None), None, None).await? {
        Answered::Now => {
            record(ctx, origin, &asked.client, signed_in, &grant, "consent.denied");
            Ok(denied(ctx, interaction, asked))
        }
        Answered::Before(first) if same_answer(ctx, &first, &grant) => Ok(denied(ctx, interaction, asked)),
        Answered::Before(_) | Answered::Withdrawn | Answered::SignedOut => Ok(Next::AlreadyDone(asked.client)),
    }
}

/// A decision about another list than the one that would be shown now. What was pressed a moment ago may have changed that
/// list, and then this is the second press of the same button (PROTOCOL R-b4); otherwise the question is asked again.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn repeated(ctx: &Arc<Context>, question: Box<Question>, allowed: bool) -> Result<Next> {
    let Some(first) = ctx.store.find_answer(question.interaction.id).await? else { return Ok(Next::Consent(question)) };
    let Question { interaction, asked, signed_in, .. } = *question;
    if allowed {
        let at = ctx.catalog.snapshot(ctx).await?;
        return again(ctx, &at, &interaction, asked, &signed_in, first).await;
    }
    let is_same = same_answer(ctx, &first, &denial(ctx, &interaction, &asked, &signed_in));
    Ok(if is_same { denied(ctx, &interaction, asked) } else { Next::AlreadyDone(asked.client) })
}

/// An answer that is an error.
#[must_use]
pub fn refused(
    ctx: &Context,
    door: Door,
    client: &Client,
    to: &TrustedRedirect,
    reply: &ErrorReply,
    why: &Refusal,
) -> AuthorizeResponse {
    let envelope = envelope(ctx, door, client, reply.response_mode, reply.state.as_deref());
    AuthorizeResponse::refused(to, &envelope, why)
}

/// A repeated submit: the browser dropped the first answer's navigation. It gets the same one while the code is unused;
/// later, or for another person or decision, it is done.
async fn again(
    ctx: &Arc<Context>,
    at: &Snapshot,
    interaction: &Interaction,
    asked: Asked,
    signed_in: &SignedIn,
    first: Grant,
) -> Result<Next> {
    let expected = grant(ctx, interaction, &asked, signed_in, &Scope::default());
    if !same_answer(ctx, &first, &expected) {
        return Ok(Next::AlreadyDone(asked.client));
    }
    client_keys::make_ready(ctx, &asked.client).await;
    let issued = match Issued::make(ctx, at, interaction, &asked, &signed_in.user, &first) {
        Err(Error::Refused(why)) => return Ok(not_given(ctx, interaction, asked, why)),
        made => made?,
    };
    if let Some(row) = issued.row() {
        ctx.store.record_access_token(row).await?;
    }
    Ok(answer(ctx, interaction, asked, signed_in, issued))
}

fn same_answer(ctx: &Context, first: &Grant, now: &Grant) -> bool {
    let alive = first.code_expires_at.is_some_and(|end| end > ctx.now()) && first.code_used_at.is_none();
    first.kind == now.kind && first.user_id == now.user_id && first.revoked_at.is_none() && alive
}

/// The row of an answer. Its code, when it has one, is made from the interaction's seed.
fn grant(ctx: &Context, interaction: &Interaction, asked: &Asked, signed_in: &SignedIn, granted: &Scope) -> Grant {
    let (now, request) = (ctx.now(), &asked.request);
    let code = request.response_type.has_code().then(|| secrets::code(interaction.door, &interaction.seed).1);
    let code_seconds = match interaction.door {
        Door::Standard => seconds(ctx.config.tokens.code_ttl),
        Door::Dialect(_) => dialect::CODE_SECONDS,
    };
    Grant {
        id: Id::new(now),
        kind: match request.response_type {
            ResponseType::None => Grant::NONE,
            asked if asked.has_code() => "code",
            _ => "token",
        }
        .to_owned(),
        interaction: Some(interaction.id),
        client_id: asked.client.client_id.clone(),
        user_id: signed_in.user.id,
        session_id: Some(signed_in.session.id),
        scope: granted.to_string(),
        resources: String::new(),
        redirect_uri: Some(asked.redirect.as_str().to_owned()),
        redirect_uri_sent: asked.redirect.sent,
        challenge: request.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
        nonce: request.nonce.clone(),
        auth_time: signed_in.session.auth_time,
        amr: signed_in.session.amr.clone(),
        code_digest: code,
        code_expires_at: Some(now.plus_seconds(code_seconds)),
        code_used_at: None,
        revoked_at: None,
        created_at: signed_in.found_at,
        ends_at: match request.response_type {
            // what comes of a code lives on from its redemption
            ResponseType::None | ResponseType::Code => tombstone_ends_at(interaction),
            _ => grant::ends_at(ctx, interaction.door, &asked.client, now),
        },
        dialect: interaction.door.dialect().map(|dialect| dialect.name().to_owned()),
        claims: None,
        audience: None,
    }
}

/// The row of a no.
fn denial(ctx: &Context, interaction: &Interaction, asked: &Asked, signed_in: &SignedIn) -> Grant {
    Grant {
        kind: Grant::DENIED.to_owned(),
        code_digest: None,
        ends_at: tombstone_ends_at(interaction),
        ..grant(ctx, interaction, asked, signed_in, &Scope::default())
    }
}

/// The claims that were asked for by name, less those of a scope that the person left out.
fn told(at: &Snapshot, request: &AuthorizeRequest, granted: &Scope) -> Told {
    let left_out = |scope: &str| request.optional.has(scope) && !granted.has(scope);
    request.claims.told.filtered(|name| !at.scopes.scopes_of(name).any(left_out))
}

/// An answer nothing comes of only has to outlive its interaction.
fn tombstone_ends_at(interaction: &Interaction) -> Ts {
    interaction.began.plus_seconds(2 * LIFETIME_SECONDS)
}

/// What is remembered, beside what was agreed to before.
fn remembered(ctx: &Context, asked: &Asked, signed_in: &SignedIn, granted: &Scope, told: &Told) -> Consent {
    let (now, told) = (ctx.now(), told.names());
    let holds_until = now.plus_seconds(seconds(ctx.config.consent.remember));
    Consent {
        user_id: signed_in.user.id,
        client_id: asked.client.client_id.clone(),
        scope: granted.to_string(),
        resources: asked.request.audience.join(" "),
        redirect_host: redirect_uri::shown_target(asked.redirect.as_str()),
        by_password: false,
        claims: asked.request.extra_claims.filtered(|name| told.has(name)).to_string(),
        declined: asked.request.optional.filtered(|name| !granted.has(name)).to_string(),
        created_at: now,
        updated_at: now,
        holds_until: Some(holds_until),
        ends_at: last_end(ctx, &asked.client, holds_until),
    }
}

/// When everything has ended that was given on a consent while it held, by whichever door: until then the person is to see
/// the app and can take it back.
fn last_end(ctx: &Context, client: &Client, holds_until: Ts) -> Ts {
    let of = |door| grant::ends_at(ctx, door, client, holds_until);
    let standard = of(Door::Standard);
    client.metadata.dialect.map_or(standard, |dialect| of(Door::Dialect(dialect)).max(standard))
}

fn answer(ctx: &Context, interaction: &Interaction, asked: Asked, signed_in: &SignedIn, issued: Issued) -> Next {
    let request = &asked.request;
    let envelope = envelope(ctx, interaction.door, &asked.client, request.response_mode, request.state.as_deref());
    let mut members = issued.into_members();
    members.extend(session_state(ctx, interaction, &asked, signed_in).map(|state| ("session_state", state)));
    let response = AuthorizeResponse::granted(&asked.redirect, &envelope, members);
    Next::Answer(asked.client, response)
}

/// What an app where somebody signs in is told of the browser's state (OIDC Session Management §2); nothing where
/// there is none, which would have changed at once. A repeated submit gets the same.
fn session_state(ctx: &Context, interaction: &Interaction, asked: &Asked, signed_in: &SignedIn) -> Option<String> {
    let browser = signed_in.browser.as_ref().filter(|_| logout::takes_part(&asked.request.scope))?;
    let state = session::browser_state(ctx, browser)?;
    let salt = base62::encode(interaction.id.as_bytes());
    session_management::session_state(&asked.client.client_id, asked.redirect.as_str(), &state, &salt)
}

/// A person who refuses is taken to an app only where somebody vouches for it (PROTOCOL P3); whoever is signed in has not
/// agreed to be.
fn denied(ctx: &Context, interaction: &Interaction, asked: Asked) -> Next {
    not_given(ctx, interaction, asked, Refusal::Denied)
}

/// Somebody is signed in, and there is no answer but an error. Whoever asked in silence gets it so: it had come as far as
/// a yes.
fn not_given(ctx: &Context, interaction: &Interaction, asked: Asked, refusal: Refusal) -> Next {
    let visitor = Visitor { signed_in: true, expects_silence: asked.request.prompt.none };
    let reply = Some((asked.redirect, ErrorReply::of(&interaction.params)));
    let rejected = Rejected { refusal, client: Some(asked.client), reply, received: None, onward: None };
    begin::reject(ctx, interaction.door, rejected, visitor)
}

/// Programs of a dialect take an `iss` for an error (UX Q9).
fn envelope<'a>(
    ctx: &'a Context,
    door: Door,
    client: &Client,
    mode: ResponseMode,
    state: Option<&'a str>,
) -> Envelope<'a> {
    let names_us = door == Door::Standard && !client.metadata.no_iss;
    Envelope { mode, state, iss: names_us.then(|| ctx.issuer()), door }
}

fn record(
    ctx: &Arc<Context>,
    origin: &Origin,
    client: &Client,
    signed_in: &SignedIn,
    grant: &Grant,
    name: &'static str,
) {
    let event = Event {
        name,
        actor: "user",
        client_id: Some(&client.client_id),
        user_id: Some(signed_in.user.id),
        grant_id: Some(grant.id),
        refused: false,
        reason: None,
    };
    audit::record(ctx, origin, &event);
}
