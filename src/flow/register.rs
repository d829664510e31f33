//! Apps that register themselves, and manage what they registered (RFC 7591, RFC 7592, OIDC Registration 1.0).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Context, Error, Origin, Result,
    admin::{AdminError, TRIES, clients},
    audit::{self, Event},
    catalog::{client_row, parse_client},
};
use crate::{
    clock::Ts,
    config,
    protocol::{
        Refusal,
        client_auth::secret::matches_digest,
        client_metadata::{Client, ClientMetadata, Registered, RegisteredBy},
        registration::{self, Asked, Document, Freedom, Terms},
    },
    secret::{Digest, Secret, kind, random_name},
    store::{self, models::ClientRow},
};

/// Where a client's registration is read and changed, below the issuer: `/oauth2/register/{client_id}`.
pub const PATH: &str = "/oauth2/register";

/// Registers the app that asks. `token`: an initial access token, if it has one.
///
/// # Errors
/// [`Refusal::TokenMissing`], [`Refusal::TokenInvalid`] where a token is needed or was sent and is no good;
/// [`Refusal::TooManyRegistrations`]; what is wrong with the document.
pub async fn register(
    ctx: &Arc<Context>,
    origin: &Origin,
    token: Option<&str>,
    document: &Document,
) -> Result<Map<String, Value>> {
    let now = ctx.now();
    let initial = initial_token(ctx, origin, token, now).await?;
    let by = match &initial {
        Some((_, note)) => Registered { by: RegisteredBy::Token, note: note.clone() },
        None => Registered { by: RegisteredBy::Open, note: None },
    };
    if !ctx.limits.may_register(origin.address, by.by, ctx.config.clients.registration_limits, now) {
        return Err(Refusal::TooManyRegistrations.into());
    }
    let asked = read(ctx, document, by.by, None).await?;
    let mut client = Client {
        client_id: random_name(),
        name: asked.name,
        created_at: now,
        tokens_invalid_before: Ts::ZERO,
        metadata: asked.metadata,
        secrets: Vec::new(),
        logo: None,
    };
    client.metadata.registered = Some(by);
    clients::check_new(ctx, &client).await.map_err(refused)?;
    let secret = if client.metadata.token_endpoint_auth_method.has_secret() {
        Some(clients::make_secret(ctx, &client, None).await.map_err(refused)?)
    } else {
        None
    };
    let management = Secret::<kind::RegistrationToken>::generate();
    let row = secret.as_ref().map(|(row, _)| row.clone());
    let most = i64::from(ctx.config.clients.registration_cap);
    let initial = initial.map(|(digest, _)| digest);
    match ctx.store.register_client(client_row(&client)?, row, management.digest(), initial, most, now).await? {
        store::Registered::Done => {}
        store::Registered::TokenSpent => return Err(Refusal::TokenInvalid.into()),
        store::Registered::Full => return Err(Refusal::TooManyRegistrations.into()),
        store::Registered::Taken => return Err(Error::internal("a client_id was drawn twice")),
    }
    record(ctx, origin, "client.registered", "stranger", &client.client_id);
    let mut members = answer(ctx, &client, &management);
    if let Some((_, Some(secret))) = secret {
        members.insert("client_secret".into(), secret.expose().into());
    }
    Ok(members)
}

/// What is registered (RFC 7592 §2.1).
///
/// # Errors
/// [`Refusal::TokenInvalid`] unless the token is this client's.
pub async fn find(ctx: &Context, client_id: &str, token: &str) -> Result<Map<String, Value>> {
    let Own { client, token, .. } = own(ctx, client_id, token).await?;
    Ok(answer(ctx, &client, &token))
}

/// Puts another registration in the place of the one there is (RFC 7592 §2.2): what is left out has its default again,
/// and what an administrator vouched for has to be looked at again.
///
/// # Errors
/// As [`find`]; [`Refusal::TooManyRegistrations`], [`Refusal::RegistrationContended`], and what is wrong with the
/// document.
pub async fn update(
    ctx: &Arc<Context>,
    origin: &Origin,
    client_id: &str,
    token: &str,
    document: &Document,
) -> Result<Map<String, Value>> {
    let mut own = own_to_change(ctx, origin, client_id, token).await?;
    for _ in 0..TRIES {
        let changed = changed(ctx, &own.client, document).await?;
        // what is said again is no news to anybody
        if changed == own.client {
            return Ok(answer(ctx, &changed, &own.token));
        }
        match ctx.store.update_client(client_row(&changed)?, own.row).await? {
            store::Updated::Done => {
                // here at once, elsewhere within a second
                ctx.catalog.refresh(ctx).await?;
                record(ctx, origin, "client.updated", "client", client_id);
                return Ok(answer(ctx, &changed, &own.token));
            }
            store::Updated::Again => own = self::own(ctx, client_id, token).await?,
            store::Updated::Gone => return Err(Refusal::TokenInvalid.into()),
        }
    }
    Err(Refusal::RegistrationContended.into())
}

/// The client as the document wants it to be.
async fn changed(ctx: &Context, former: &Client, document: &Document) -> Result<Client> {
    if document.text("client_id")? != Some(former.client_id.as_str()) {
        return Err(Refusal::MetadataUnfit("client_id", "must be this client's".to_owned()).into());
    }
    if let Some(secret) = document.text("client_secret")?
        && !matches_digest(&Secret::presented(secret), former, ctx.now())
    {
        return Err(Refusal::MetadataUnfit("client_secret", "is not the one that was issued".to_owned()).into());
    }
    let by = former.metadata.registered.clone().ok_or(Refusal::TokenInvalid)?;
    let asked = read(ctx, document, by.by, Some(&former.metadata)).await?;
    let metadata = registration::replace(&former.metadata, &asked.metadata)?;
    let mut changed = Client { name: asked.name, metadata, ..former.clone() };
    if changed == *former {
        return Ok(changed);
    }
    changed.metadata.verified = false;
    changed.metadata.first_party = false;
    let kind = |one: &Client| (one.metadata.is_public(), one.metadata.token_endpoint_auth_method.has_secret());
    if kind(former) != kind(&changed) {
        let why = "cannot change between none, a secret and keys; register anew".to_owned();
        return Err(Refusal::MetadataUnfit("token_endpoint_auth_method", why).into());
    }
    clients::check_changed(ctx, &changed, former).await.map_err(refused)?;
    Ok(changed)
}

/// Removes the client with everything that hangs on it (RFC 7592 §2.3).
///
/// # Errors
/// As [`find`]; [`Refusal::TooManyRegistrations`].
pub async fn delete(ctx: &Arc<Context>, origin: &Origin, client_id: &str, token: &str) -> Result<()> {
    own_to_change(ctx, origin, client_id, token).await?;
    if ctx.store.delete_client(client_id.to_owned(), ctx.now()).await? {
        ctx.catalog.refresh(ctx).await?;
        record(ctx, origin, "client.deleted", "client", client_id);
    }
    Ok(())
}

/// It has just been used: self-registered clients that nobody uses are removed.
pub(in crate::flow) async fn note_use(ctx: &Context, client: &Client) {
    let now = ctx.now();
    if client.metadata.registered.is_none() || !ctx.limits.may_note_use(&client.client_id, now) {
        return;
    }
    let noted = ctx.store.touch_client(client.client_id.clone(), now, now.plus_seconds(-USE_NOTED_EVERY));
    // what it does is not to fail because of that: the next use is noted
    if let Err(error) = noted.await {
        tracing::debug!(%error, client.id = client.client_id, "a use was not noted");
    }
}

/// How often a use is written down, in seconds.
const USE_NOTED_EVERY: i64 = 3600;

/// The initial access token behind what was sent, and what it was made for; `None` where none was sent and none is
/// needed (RFC 7591 §3).
async fn initial_token(
    ctx: &Context,
    origin: &Origin,
    sent: Option<&str>,
    now: Ts,
) -> Result<Option<(Digest<kind::InitialAccessToken>, Option<String>)>> {
    let Some(sent) = sent else {
        return match ctx.config.clients.registration {
            config::Registration::Open => Ok(None),
            config::Registration::Off | config::Registration::Token => Err(Refusal::TokenMissing.into()),
        };
    };
    let sent = Secret::<kind::InitialAccessToken>::presented(sent);
    if sent.body().is_none() {
        return Err(Refusal::TokenInvalid.into());
    }
    // anybody can make up a checksum
    if !ctx.limits.try_initial_token(origin.address, now) {
        return Err(Refusal::TooManyRegistrations.into());
    }
    let found = ctx.store.find_initial_access_token(sent.digest(), now).await?.ok_or(Refusal::TokenInvalid)?;
    ctx.limits.forgive_initial_token(origin.address);
    Ok(Some((found.digest, Some(found.note).filter(|note| !note.is_empty()))))
}

async fn read(ctx: &Context, document: &Document, by: RegisteredBy, former: Option<&ClientMetadata>) -> Result<Asked> {
    let at = ctx.catalog.fresh(ctx).await?;
    let all = ctx.config.clients.registration_allows == config::RegistrationAllows::All;
    let freedom = match by {
        RegisteredBy::Token => Freedom::Vouched,
        RegisteredBy::Open if all => Freedom::All,
        RegisteredBy::Open => Freedom::Code,
    };
    let issuer_is_loopback = ctx.config.issuer.is_loopback();
    let private_schemes = &clients::private_schemes(ctx, former);
    let terms = Terms { scopes: &at.scopes, freedom, pkce: !all, issuer_is_loopback, private_schemes, former };
    Ok(registration::parse(document, &terms)?)
}

fn refused(error: AdminError) -> Error {
    match error {
        AdminError::Failed(error) => error,
        other => Refusal::MetadataUnfit("", other.to_string()).into(),
    }
}

/// A client that a management token is for.
struct Own {
    client: Client,
    /// As it was read.
    row: ClientRow,
    token: Secret<kind::RegistrationToken>,
}

/// A client that its own app is about to change, which is news to every instance and may make us ask a server of its.
async fn own_to_change(ctx: &Context, origin: &Origin, client_id: &str, token: &str) -> Result<Own> {
    let own = own(ctx, client_id, token).await?;
    let most = ctx.config.clients.registration_limits;
    if ctx.limits.may_change_registration(origin.address, client_id, most, ctx.now()) {
        Ok(own)
    } else {
        Err(Refusal::TooManyRegistrations.into())
    }
}

/// The client that a management token is for. Unknown clients and foreign tokens are told the same (RFC 7592 §2).
async fn own(ctx: &Context, client_id: &str, token: &str) -> Result<Own> {
    let token = Secret::<kind::RegistrationToken>::presented(token);
    if token.body().is_none() {
        return Err(Refusal::TokenInvalid.into());
    }
    let kept = ctx.store.find_registration_token(client_id.to_owned()).await?.flatten();
    if kept != Some(token.digest()) {
        return Err(Refusal::TokenInvalid.into());
    }
    let (row, secrets) = ctx.store.find_client(client_id.to_owned()).await?.ok_or(Refusal::TokenInvalid)?;
    Ok(Own { client: parse_client(row.clone(), secrets)?, row, token })
}

/// RFC 7591 §3.2.1, RFC 7592 §3.
fn answer(ctx: &Context, client: &Client, token: &Secret<kind::RegistrationToken>) -> Map<String, Value> {
    let mut members = registration::to_wire(client);
    if client.metadata.token_endpoint_auth_method.has_secret() {
        members.insert("client_secret_expires_at".into(), 0.into());
    }
    let place = format!("{}{PATH}/{}", ctx.issuer(), client.client_id);
    members.insert("registration_client_uri".into(), place.into());
    members.insert("registration_access_token".into(), token.expose().into());
    members
}

fn record(ctx: &Arc<Context>, origin: &Origin, name: &'static str, actor: &'static str, client_id: &str) {
    audit::record(ctx, origin, &Event { name, actor, client_id: Some(client_id), ..Event::default() });
}
