//! Clients: registered, changed, given new secrets, and removed by an administrator.

use super::{
    AdminError, Noun, Result, record,
    rules::{self, Surroundings},
};
use crate::{
    clock::Ts,
    credential::password,
    flow::{
        Context, Error, Origin,
        audit::Event,
        catalog::{client_row, parse_client, parse_secret},
        client_secret,
        hashing::Whose,
        keys, sector,
    },
    protocol::{
        client_auth::secret::{Comparison, comparison},
        client_metadata::{Client, ClientMetadata},
        grant::GrantType,
        redirect_uri::PrivateScheme,
        subject,
    },
    secret::{Id, Secret, kind::ClientSecret, random_name},
    store::{
        Updated,
        models::{ClientLogo, ClientRow, ClientSecretRow, LogoutNotice},
    },
};

/// Live secrets of a client at most (PROTOCOL R-c4).
pub const MAX_SECRETS: usize = 3;

/// A client to be registered.
#[derive(Debug, Clone, Default)]
pub struct NewClient {
    /// Drawn when absent.
    pub client_id: Option<String>,
    /// For people.
    pub name: String,
    /// The document.
    pub metadata: ClientMetadata,
    /// A secret that somebody chose; one is drawn when absent. Public clients have none.
    pub secret: Option<String>,
}

/// A client that was registered or given a secret.
pub struct WithSecret {
    /// The client.
    pub client: Client,
    /// The secret that was drawn: shown now or never.
    pub secret: Option<Secret<ClientSecret>>,
}

/// Registers a client.
///
/// # Errors
/// [`AdminError`] when it breaks a rule or its id is taken.
pub async fn create(ctx: &Context, origin: &Origin, new: NewClient) -> Result<WithSecret> {
    let now = ctx.now();
    // a chosen id may have been another client's: what that one was given stays dead. One that was drawn was nobody's,
    // and needs no two clocks to agree
    let tokens_invalid_before = if new.client_id.is_some() { now } else { Ts::ZERO };
    let client_id = new.client_id.unwrap_or_else(random_name);
    rules::check_id(&client_id)?;
    let mut client = Client {
        client_id,
        name: new.name.trim().to_owned(),
        created_at: now,
        tokens_invalid_before,
        metadata: new.metadata,
        secrets: Vec::new(),
        logo: None,
    };
    check_new(ctx, &client).await?;
    let (row, secret) = match (client.metadata.token_endpoint_auth_method.has_secret(), new.secret) {
        (false, None) => (None, None),
        (false, Some(_)) => return without_secret(&client),
        (true, chosen) => {
            let (row, secret) = make_secret(ctx, &client, chosen).await?;
            (Some(row), secret)
        }
    };
    client.secrets.extend(row.clone().and_then(parse_secret));
    if !ctx.store.create_client(client_row(&client)?, row).await? {
        return Err(AdminError::exists(Noun::Client, client.client_id));
    }
    record_client(ctx, origin, "client.registered", &client.client_id).await;
    Ok(WithSecret { client, secret })
}

/// A client with its secrets' forms, from the database.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn find(ctx: &Context, client_id: &str) -> Result<Client> {
    Ok(draft(ctx, client_id).await?.client)
}

/// Every client, in the order in which they were registered; without their secrets.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<Client>> {
    let rows = ctx.store.list_clients().await?;
    rows.into_iter().map(|row| Ok(parse_client(row, Vec::new())?)).collect()
}

/// A client that is about to be changed.
pub struct Draft {
    /// As it is to be.
    pub client: Client,
    former: Client,
    row: ClientRow,
}

/// A client as it is now, to be changed.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn draft(ctx: &Context, client_id: &str) -> Result<Draft> {
    let found = ctx.store.find_client(client_id.to_owned()).await?;
    let (row, secrets) = found.ok_or_else(|| AdminError::not_found(Noun::Client, client_id))?;
    let former = parse_client(row.clone(), secrets)?;
    Ok(Draft { client: former.clone(), former, row })
}

impl Draft {
    /// Is it to be another than it was?
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.client != self.former
    }

    /// Puts it in the place of the one it was made of. `false`: somebody else changed that meanwhile.
    ///
    /// # Errors
    /// [`AdminError`] when it breaks a rule or is gone.
    pub async fn save(&self, ctx: &Context, origin: &Origin) -> Result<bool> {
        let Self { client: changed, former, row } = self;
        if former.metadata.is_public() != changed.metadata.is_public() {
            return unfit(
                "a client stays public or confidential: people agreed to the one it was",
                "register a new client, and delete this one when nobody uses it any more",
            );
        }
        check_changed(ctx, changed, former).await?;
        let (life, before) = (changed.metadata.access_token_ttl, former.metadata.access_token_ttl);
        // what has the longer life goes on living
        if let Some(before) = before.filter(|before| life.is_none_or(|life| life < *before)) {
            keys::remember(ctx, before.into()).await?;
        }
        match ctx.store.update_client(client_row(changed)?, row.clone()).await? {
            Updated::Done => {}
            Updated::Again => return Ok(false),
            Updated::Gone => return Err(AdminError::not_found(Noun::Client, changed.client_id.clone())),
        }
        if !changed.metadata.sealed_secret && former.secrets.iter().any(|secret| secret.sealed.is_some()) {
            ctx.store.forget_sealed_secrets(changed.client_id.clone()).await?;
        }
        record_client(ctx, origin, "client.updated", &changed.client_id).await;
        Ok(true)
    }
}

/// It was changed by others each time.
#[must_use]
pub fn contended(client_id: &str) -> AdminError {
    AdminError::contended(Noun::Client, client_id, &format!("countersign client show {client_id}"))
}

/// Gives a client a new secret; the others end after `keep_old_seconds`. A chosen one replaces them at once.
///
/// # Errors
/// [`AdminError`] when there is no such client, it is public, or too many secrets would be live.
pub async fn rotate_secret(
    ctx: &Context,
    origin: &Origin,
    client_id: &str,
    chosen: Option<String>,
    keep_old_seconds: i64,
) -> Result<WithSecret> {
    let mut client = find(ctx, client_id).await?;
    if !client.metadata.token_endpoint_auth_method.has_secret() {
        return without_secret(&client);
    }
    let now = ctx.now();
    client.secrets.retain(|secret| secret.is_live(now));
    if chosen.is_some() && keep_old_seconds > 0 {
        return unfit("a chosen secret takes the place of all others at once", "leave --keep-old out");
    }
    if keep_old_seconds > 0 && client.secrets.len() >= MAX_SECRETS {
        let message = format!("{} secrets of this client are live already", client.secrets.len());
        return unfit(message, "wait until one ends, or end the others now with --keep-old 0s");
    }
    let (row, secret) = make_secret(ctx, &client, chosen).await?;
    let others_end = now.plus_seconds(keep_old_seconds.max(0));
    let made = parse_secret(row.clone());
    ctx.store.rotate_secret(row, others_end, now).await?;
    for other in &mut client.secrets {
        other.expires_at = Some(other.expires_at.map_or(others_end, |end| end.min(others_end)));
    }
    client.secrets.retain(|secret| secret.is_live(now));
    client.secrets.extend(made);
    record_client(ctx, origin, "client.secret_rotated", client_id).await;
    Ok(WithSecret { client, secret })
}

/// How this client's logo stands; `None`: pages are to show none.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn find_logo(ctx: &Context, client_id: &str) -> Result<Option<ClientLogo>> {
    Ok(ctx.store.find_logo(client_id.to_owned()).await?)
}

/// Has the server fetch this client's logo anew. `false`: pages are to show none.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn renew_logo(ctx: &Context, client_id: &str) -> Result<bool> {
    Ok(ctx.store.renew_logo(client_id.to_owned()).await?)
}

/// Notices of a session's end that this client has not heard, the latest first (OIDC Back-Channel Logout).
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list_logout_notices(ctx: &Context, client_id: &str) -> Result<Vec<LogoutNotice>> {
    Ok(ctx.store.list_notices(client_id.to_owned(), SHOWN_NOTICES).await?)
}

/// Most notices that are shown of a client.
const SHOWN_NOTICES: i64 = 20;

/// Removes a client with everything that hangs on it: grants, tokens, consents.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn delete(ctx: &Context, origin: &Origin, client_id: &str) -> Result<()> {
    if !ctx.store.delete_client(client_id.to_owned(), ctx.now()).await? {
        return Err(AdminError::not_found(Noun::Client, client_id));
    }
    record_client(ctx, origin, "client.deleted", client_id).await;
    Ok(())
}

/// Checks a new client against what there is now, and sees to the keys it needs.
///
/// # Errors
/// [`AdminError`] for the first rule it breaks.
pub(in crate::flow) async fn check_new(ctx: &Context, client: &Client) -> Result<()> {
    check(ctx, client, None).await?;
    check_sector(ctx, &client.metadata).await?;
    ensure_keys(ctx, client).await
}

/// The same for one that changes.
///
/// # Errors
/// [`AdminError`] for the first rule it breaks.
pub(in crate::flow) async fn check_changed(ctx: &Context, changed: &Client, former: &Client) -> Result<()> {
    check(ctx, changed, Some(&former.metadata)).await?;
    check_readable(ctx, changed, former)?;
    check_same_sector(&changed.metadata, &former.metadata)?;
    let place = |metadata: &ClientMetadata| {
        let device = metadata.allows(GrantType::DeviceCode);
        (metadata.subject_type, device, metadata.sector_identifier_uri.clone(), metadata.redirect_uris.clone())
    };
    if place(&former.metadata) != place(&changed.metadata) {
        check_sector(ctx, &changed.metadata).await?;
    }
    ensure_keys(ctx, changed).await
}

async fn check(ctx: &Context, client: &Client, former: Option<&ClientMetadata>) -> Result<()> {
    let known = ctx.catalog.fresh(ctx).await?;
    let issuer_is_loopback = ctx.config.issuer.is_loopback();
    let private_schemes = &private_schemes(ctx, former);
    rules::check(client, &Surroundings { known: &known, issuer: ctx.issuer(), issuer_is_loopback, private_schemes })
}

/// The schemes without a dot that an app's addresses may have: those that are listed, and what it has already.
pub(in crate::flow) fn private_schemes(ctx: &Context, former: Option<&ClientMetadata>) -> Vec<PrivateScheme> {
    let has =
        former.into_iter().flat_map(|former| former.redirect_uris.iter().chain(&former.post_logout_redirect_uris));
    // in whichever case it was registered (RFC 3986 §3.1)
    let own = has.filter_map(|uri| PrivateScheme::parse(&uri.split(':').next()?.to_ascii_lowercase()).ok());
    ctx.config.clients.private_schemes.iter().cloned().chain(own).collect()
}

/// What is made with its secret needs one that is there to be read: those it has were perhaps made before.
fn check_readable(ctx: &Context, changed: &Client, former: &Client) -> Result<()> {
    for algorithm in changed.metadata.macs() {
        if client_secret::keys(ctx, former, algorithm, ctx.now())?.is_empty() {
            let id = &changed.client_id;
            return unfit(
                format!("{} needs a secret that the server can read, and this client has none", algorithm.name()),
                format!(
                    "countersign client update {id} --sealed-secret; countersign client rotate-secret {id}; then this"
                ),
            );
        }
    }
    Ok(())
}

/// The keys that sign for it: there before it is, so that whoever sees the client sees them as well.
async fn ensure_keys(ctx: &Context, client: &Client) -> Result<()> {
    for algorithm in client.metadata.signatures() {
        keys::ensure(ctx, algorithm).await?;
    }
    Ok(())
}

/// What was granted goes on after a change, and says by another sector who people are there (OIDC Core §8.1): it would
/// tell an app what only those of that sector are to know, however it came to what it has.
fn check_same_sector(changed: &ClientMetadata, former: &ClientMetadata) -> Result<()> {
    let stays = former.is_pairwise() && subject::sector(former) == subject::sector(changed);
    if stays || !changed.is_pairwise() || changed.is_vouched_for() {
        return Ok(());
    }
    unfit(
        "subject_type pairwise and its sector are settled when an app registers, unless somebody vouches for it; \
         register anew",
        "or vouch for it: --verified",
    )
}

async fn check_sector(ctx: &Context, metadata: &ClientMetadata) -> Result<()> {
    match sector::check(ctx, metadata).await {
        Err(Error::Refused(why)) => unfit(
            why.description(),
            "the document is an array of every redirect URI, as JSON, on a host that can be reached",
        ),
        other => Ok(other?),
    }
}

/// A digest of one we draw, a slow hash of one somebody chose (PROTOCOL R-c1). One of our own making that is brought
/// along counts as drawn.
pub(in crate::flow) async fn make_secret(
    ctx: &Context,
    client: &Client,
    chosen: Option<String>,
) -> Result<(ClientSecretRow, Option<Secret<ClientSecret>>)> {
    let now = ctx.now();
    let mut row = ClientSecretRow {
        id: Id::new(now),
        client_id: client.client_id.clone(),
        digest: None,
        hash: None,
        created_at: now,
        expires_at: None,
        sealed: None,
    };
    let id = row.id;
    let sealed = |text: &str| {
        client.metadata.sealed_secret.then(|| client_secret::seal(&ctx.keyring, id, &client.client_id, text))
    };
    let Some(chosen) = chosen else {
        let secret = if client.metadata.sealed_secret { Secret::generate_long() } else { Secret::generate() };
        row.digest = Some(secret.digest());
        row.sealed = sealed(secret.expose());
        return Ok((row, Some(secret)));
    };
    if let Some(short) = client.metadata.macs().find(|algorithm| chosen.len() < algorithm.least_bytes()) {
        let message = format!("a secret for {} has at least {} bytes", short.name(), short.least_bytes());
        return unfit(message, "give a longer one, or let one be drawn");
    }
    if chosen.is_empty() || chosen.len() > password::MAX_BYTES || chosen.chars().any(char::is_control) {
        let message = format!("a client's secret is one line of 1 to {} bytes", password::MAX_BYTES);
        return unfit(message, "give another one, or let one be drawn");
    }
    let presented = Secret::<ClientSecret>::presented(&chosen);
    match comparison(&presented) {
        Comparison::Hopeless => {
            return unfit(
                "the secret begins like those made by countersign, but its checksum is wrong: it was cut or mistyped",
                "copy it again, or let one be drawn",
            );
        }
        Comparison::Digest => row.digest = Some(presented.digest()),
        Comparison::Hash => row.hash = Some(ctx.hashing.hash(Whose::Client, &chosen).await?),
    }
    row.sealed = sealed(&chosen);
    Ok((row, None))
}

async fn record_client(ctx: &Context, origin: &Origin, name: &'static str, client_id: &str) {
    record(ctx, origin, Event { name, client_id: Some(client_id), ..Event::default() }).await;
}

fn without_secret<T>(client: &Client) -> Result<T> {
    if client.metadata.is_public() {
        return unfit("a public client has no secret", "register a confidential client in its place");
    }
    unfit(
        "a client of private_key_jwt has keys, not a secret",
        "change its keys: client update --jwks-file or --jwks-uri",
    )
}

fn unfit<T>(message: impl Into<String>, remedy: impl Into<String>) -> Result<T> {
    Err(AdminError::unfit(Noun::Client, message, remedy))
}
