//! A request whose parameters are in a request object (OIDC Core §6, RFC 9101): read once, when the request comes.

use super::{Rejected, request_uri};
use crate::{
    flow::{Context, Error, Origin, Result, client_keys},
    jose::{self, Header, Protection},
    protocol::{
        Refusal,
        authorize::{
            interaction::Interaction,
            request::ErrorReply,
            request_object::{self, Presented},
            trust,
        },
        client_metadata::Client,
        dialect::Door,
        document::Document,
        params::Params,
    },
};

/// The interaction with the parameters of its request object; `None` when there is none to read. What is wrong with the
/// client itself is not said here: every request is checked for that.
///
/// # Errors
/// [`Error`] when the database is away; what is wrong with the object is a [`Rejected`].
pub(super) async fn resolve(
    ctx: &Context,
    origin: &Origin,
    interaction: &Interaction,
) -> Result<std::result::Result<Option<Interaction>, Rejected>> {
    let params = &interaction.params;
    let Some(client_id) = params.find("client_id").filter(|_| interaction.door == Door::Standard) else {
        return Ok(Ok(None));
    };
    let before = ctx.catalog.held();
    let Some(mut client) = ctx.catalog.client(ctx, client_id).await? else { return Ok(Ok(None)) };
    if interaction.door.admit(&client.metadata).is_err() {
        return Ok(Ok(None));
    }
    let mut outcome = read(ctx, origin, &client, interaction).await;
    // a refusal never comes from a cache
    if let Err(Error::Refused(refusal)) = &outcome
        && refusal.may_be_stale()
        && ctx.catalog.has_moved(ctx, &before).await?
        && let Some(fresh) = ctx.catalog.client(ctx, client_id).await?
    {
        client = fresh;
        outcome = read(ctx, origin, &client, interaction).await;
    }
    match outcome {
        Ok(None) => Ok(Ok(None)),
        Ok(Some((params, signed))) => Ok(Ok(Some(Interaction { params, signed, ..interaction.clone() }))),
        Err(Error::Refused(refusal)) => {
            let reply = trust(params, &client).ok().map(|to| (to, ErrorReply::of(params)));
            Ok(Err(Rejected { refusal, client: Some(client), reply, received: None, onward: None }))
        }
        Err(fault) => Err(fault),
    }
}

/// What the object asks for, and whether the client signed it.
async fn read(
    ctx: &Context,
    origin: &Origin,
    client: &Client,
    interaction: &Interaction,
) -> Result<Option<(Params, bool)>> {
    let params = &interaction.params;
    let fetched;
    let text = match (params.find("request"), params.find("request_uri")) {
        (None, None) if client.metadata.require_signed_request_object && !interaction.signed => {
            return Err(Refusal::RequestObjectMissing.into());
        }
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(Refusal::RequestObjectTwice.into()),
        (Some(text), None) => text,
        (None, Some(uri)) => {
            fetched = request_uri::fetch(ctx, origin, client, uri, interaction.id).await?;
            &fetched
        }
    };
    let opened;
    let (text, is_encrypted) = match request_object::envelope(text)? {
        None => (text, false),
        // what is inside is an object like any other (RFC 9101 §6.1)
        Some(label) => {
            let at = ctx.catalog.snapshot(ctx).await?;
            opened = at.keys.encryption.open(text, &label, ctx.now()).ok_or(Refusal::RequestObjectSealed)?;
            (opened.as_str(), true)
        }
    };
    let (presented, header) = Presented::parse(text, &client.metadata)?;
    let claims = verified(ctx, client, presented, &header).await?;
    request_object::check(&claims, &client.client_id, ctx.issuer(), ctx.now())?;
    let inner = request_object::parameters(&claims)?;
    let signed = presented.is_signed();
    Ok(Some((request_object::merge(params, inner, signed || is_encrypted)?, signed)))
}

/// The claims of an object that the client signed, or need not sign.
async fn verified(ctx: &Context, client: &Client, presented: Presented<'_>, header: &Header) -> Result<Document> {
    let fits = |claims: &Document| request_object::check(claims, &client.client_id, ctx.issuer(), ctx.now()).is_ok();
    let found = match presented.protection {
        Protection::Unsecured => jose::read_unsecured(presented.text).ok(),
        protection => client_keys::verified(ctx, client, header, protection, presented.text, fits).await?,
    };
    found.ok_or_else(|| Refusal::RequestObjectUnverified.into())
}
