//! Clients, scopes, resources and keys: cached, because everybody asks and hardly anybody changes them (DESIGN §6).
//!
//! One row's counter tells that something changed. It is read every half second; unread for two seconds, the caches
//! count as empty. A refusal never comes from a cache: [`Catalog::twice`] looks once more before anybody says no.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::{Weighter, sync::Cache};

use super::{Context, Error, Result, keys::Keys};
use crate::{
    clock::Ts,
    jose::Algorithm,
    protocol::{
        Refusal,
        client_metadata::{Client, ClientMetadata, KeptForm, KeptSecret, TokenFormat},
        dialect::Dialect,
        resource::{Reach, Resource},
        response_type::ResponseType,
        scope::{Scope, ScopeDefinition, ScopeTable},
    },
    secret::Keyring,
    store::{
        ClientFacts, Store,
        models::{ClientRow, ClientSecretRow, ResourceRow, ScopeRow},
    },
};

/// How often the counter is read.
pub const POLL_EVERY: Duration = Duration::from_millis(500);
/// How long the caches hold without having read it.
const GOOD_FOR: Duration = Duration::from_secs(2);
/// Clients that are held, as long as they are no larger than most are.
const CLIENTS: usize = 10_000;
/// Bytes that they may take in all, and what one takes beside its document.
const CLIENTS_BYTES: u64 = 20 * 1024 * 1024;
const CLIENT_BYTES: u64 = 1024;

/// What was true at one value of the counter.
pub struct Snapshot {
    /// That value.
    pub epoch: i64,
    /// All scopes.
    pub scopes: ScopeTable,
    /// All resources.
    pub resources: Vec<Resource>,
    /// All keys.
    pub keys: Keys,
    /// What is true of some client.
    pub facts: ClientFacts,
    /// When it was read.
    pub made_at: Ts,
    /// When what is published changes by time alone.
    changes_at: Option<Ts>,
    /// Milliseconds after the catalog's start at which the reading began.
    asked_at: u64,
}

impl Snapshot {
    /// The registered resource of this identifier.
    #[must_use]
    pub fn resource(&self, identifier: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.identifier == identifier)
    }

    /// Where the tokens of this client may be good.
    #[must_use]
    pub fn reach<'a>(&'a self, ctx: &'a Context, client: &'a Client) -> Reach<'a> {
        Reach { client, scopes: &self.scopes, issuer: ctx.issuer() }
    }

    /// Has time alone made it out of date: by going on, or by a clock that was set back?
    fn is_due(&self, now: Ts) -> bool {
        self.changes_at.is_some_and(|at| at <= now) || now < self.made_at
    }
}

/// What was held before anything was read for some work; `None` when that is read anew.
pub struct Before(pub(super) Option<Arc<Snapshot>>);

impl Before {
    /// Is there something newer than that? What has been read anew is as new as can be.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn is_past(&self, ctx: &Context) -> Result<bool> {
        match &self.0 {
            Some(before) => ctx.catalog.has_moved(ctx, before).await,
            None => Ok(false),
        }
    }

    /// May the answer do without something, for this reason? A part, like a refusal, never comes from a cache.
    ///
    /// # Errors
    /// That reason, where there is something newer: it is to be looked at once more, and nobody reads this. [`Error`]
    /// when the database is away.
    pub async fn may_leave_out(&self, ctx: &Context, why: Option<Refusal>) -> Result<()> {
        match why {
            Some(why) if self.is_past(ctx).await? => Err(why.into()),
            _ => Ok(()),
        }
    }

    /// May the answer do without some of these scopes?
    ///
    /// # Errors
    /// [`Refusal::ScopeNotAllowed`] as in [`Self::may_leave_out`]. [`Error`] when the database is away.
    pub async fn may_be_part(&self, ctx: &Context, asked: Option<&Scope>, left: &Scope) -> Result<()> {
        let lost = asked.into_iter().flat_map(Scope::iter).find(|name| !left.has(name));
        self.may_leave_out(ctx, lost.map(|lost| Refusal::ScopeNotAllowed(lost.to_owned()))).await
    }

    /// Of what was granted a while ago, what a client has not lost since.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotAllowed`] as in [`Self::may_leave_out`]. [`Error`] when the database is away.
    pub async fn still_allowed(
        &self,
        ctx: &Context,
        client: &Client,
        granted: &Scope,
        in_dialect: bool,
    ) -> Result<Scope> {
        let left = ctx.catalog.snapshot(ctx).await?.scopes.still_allowed(granted, client, in_dialect);
        self.may_be_part(ctx, Some(granted), &left).await?;
        Ok(left)
    }
}

/// A client as it was at one value of the counter.
#[derive(Clone)]
struct HeldClient {
    epoch: i64,
    client: Arc<Client>,
    bytes: u64,
}

/// Apps write their own registrations: large ones are not to take more memory than small ones.
#[derive(Clone)]
struct BySize;

impl Weighter<String, HeldClient> for BySize {
    fn weight(&self, _client_id: &String, held: &HeldClient) -> u64 {
        held.bytes
    }
}

/// The caches.
pub struct Catalog {
    snapshot: RwLock<Arc<Snapshot>>,
    clients: Cache<String, HeldClient, BySize>,
    started: Instant,
    /// Milliseconds after `started` at which the counter was last read.
    read_at: AtomicU64,
}

impl Catalog {
    /// Reads everything for the first time.
    ///
    /// # Errors
    /// [`Error`] when the database is away or a key does not open.
    pub async fn load(store: &Store, keyring: &Keyring, now: Ts) -> Result<Self> {
        let snapshot = read_snapshot(store, keyring, now, 0).await?;
        Ok(Self {
            snapshot: RwLock::new(Arc::new(snapshot)),
            clients: Cache::with_weighter(CLIENTS, CLIENTS_BYTES, BySize),
            started: Instant::now(),
            read_at: AtomicU64::new(0),
        })
    }

    /// What is true now, at most a second old.
    ///
    /// # Errors
    /// [`Error`] when the counter was not read for long and cannot be read now.
    pub async fn snapshot(&self, ctx: &Context) -> Result<Arc<Snapshot>> {
        let held = self.held();
        if self.is_good() && !held.is_due(ctx.now()) {
            return Ok(held);
        }
        self.refresh(ctx).await?;
        Ok(self.held())
    }

    /// What is true at this moment: for those who are about to change it.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn fresh(&self, ctx: &Context) -> Result<Arc<Snapshot>> {
        self.refresh(ctx).await?;
        Ok(self.held())
    }

    /// A client; from the cache where that is good.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn client(&self, ctx: &Context, client_id: &str) -> Result<Option<Arc<Client>>> {
        let at = self.snapshot(ctx).await?;
        let epoch = at.epoch;
        if let Some(held) = self.clients.get(client_id)
            && held.epoch == epoch
        {
            return Ok(Some(held.client));
        }
        let Some((row, secrets)) = ctx.store.find_client(client_id.to_owned()).await? else { return Ok(None) };
        let bytes = CLIENT_BYTES + row.metadata.len() as u64;
        let mut client = parse_client(row, secrets)?;
        if let Some(uri) = client.metadata.shown_logo_uri() {
            client.logo = ctx.store.find_logo_hash(client_id.to_owned(), uri.to_owned()).await?;
        }
        let client = Arc::new(client);
        // registered with a scope or a key that is newer than what is held: both are to work at once
        let (metadata, now) = (&client.metadata, ctx.now());
        if metadata.all_scopes().iter().any(|name| at.scopes.find(name).is_none())
            || metadata.signatures().any(|algorithm| !at.keys.signs(algorithm, now))
        {
            self.refresh(ctx).await?;
        }
        // read after the counter: what changed since will be seen by its next value
        self.clients.insert(client_id.to_owned(), HeldClient { epoch, client: Arc::clone(&client), bytes });
        Ok(Some(client))
    }

    /// Is a dialect served? By configuration, or because some client is registered with it (DESIGN §7). A no never comes
    /// from the cache.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn serves(&self, ctx: &Context, dialect: Dialect) -> Result<bool> {
        if ctx.config.dialects.serves(dialect) || self.snapshot(ctx).await?.facts.dialects.contains(&dialect) {
            return Ok(true);
        }
        Ok(self.fresh(ctx).await?.facts.dialects.contains(&dialect))
    }

    /// Is this the name of a client that was looked up a while ago? For the log: it asks nobody.
    #[must_use]
    pub fn has_seen(&self, client_id: &str) -> bool {
        self.clients.get(client_id).is_some()
    }

    /// Reads the counter and, where it has moved, everything else.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn refresh(&self, ctx: &Context) -> Result<()> {
        let asked_at = self.since_start();
        let epoch = ctx.store.find_epoch().await?;
        let held = self.held();
        if epoch != held.epoch || held.is_due(ctx.now()) {
            let snapshot = read_snapshot(&ctx.store, &ctx.keyring, ctx.now(), asked_at).await?;
            {
                let mut held = self.snapshot.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                // who began to read earlier and was slow has read what is no longer
                if snapshot.asked_at >= held.asked_at {
                    *held = Arc::new(snapshot);
                }
            }
            ctx.verified.forget();
        }
        self.read_at.fetch_max(asked_at, Ordering::Relaxed);
        Ok(())
    }

    /// Is there something newer than what was held `before` somebody set to work? Whoever read it meanwhile: a refusal of
    /// what was held before is to be looked at once more.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn has_moved(&self, ctx: &Context, before: &Arc<Snapshot>) -> Result<bool> {
        self.refresh(ctx).await?;
        Ok(!Arc::ptr_eq(before, &self.held()))
    }

    /// Attempts something, and once more where a cache that was behind may have caused what came of it: a refusal never
    /// comes from a cache, and what was registered a moment ago works at once.
    ///
    /// # Errors
    /// As the attempt; [`Error`] when the database is away.
    pub async fn twice<T>(
        &self,
        ctx: &Context,
        attempt: impl AsyncFn(&Before) -> Result<T>,
        may_be_stale: impl Fn(&Result<T>) -> bool,
    ) -> Result<T> {
        let before = Before(Some(self.held()));
        let outcome = attempt(&before).await;
        if may_be_stale(&outcome) && before.is_past(ctx).await? { attempt(&Before(None)).await } else { outcome }
    }

    /// What the caches hold for, however old it is.
    #[must_use]
    pub fn held(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn is_good(&self) -> bool {
        let read_at = Duration::from_millis(self.read_at.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(read_at) < GOOD_FOR
    }

    fn since_start(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

async fn read_snapshot(store: &Store, keyring: &Keyring, now: Ts, asked_at: u64) -> Result<Snapshot> {
    // the counter first: what changes while the rest is read moves it again
    let epoch = store.find_epoch().await?;
    let scopes = store.list_scopes().await?.into_iter().map(parse_scope).collect::<Result<Vec<_>>>()?;
    let resources = store.list_resources().await?.into_iter().map(parse_resource).collect();
    let keys = Keys::load(store.list_keys().await?, store.list_encryption_keys().await?, keyring, now)?;
    let changes_at = keys.changes_at(now);
    let facts = store.find_client_facts().await?;
    Ok(Snapshot { epoch, scopes: ScopeTable::new(scopes), resources, keys, facts, made_at: now, changes_at, asked_at })
}

/// A scope from its row.
///
/// # Errors
/// [`Error`] when the row is damaged.
pub fn parse_scope(row: ScopeRow) -> Result<ScopeDefinition> {
    let implies = Scope::parse(&row.implies).map_err(|_| Error::internal("a scope's row is damaged"))?;
    Ok(ScopeDefinition {
        name: row.name,
        description: row.description,
        group: row.group,
        implies: implies.iter().map(str::to_owned).collect(),
        danger: row.danger,
        published: row.published,
        resource: row.resource,
        claims: row.claims.split_terminator(' ').map(str::to_owned).collect(),
        builtin: false,
    })
}

/// A resource from its row.
#[must_use]
pub fn parse_resource(row: ResourceRow) -> Resource {
    Resource {
        identifier: row.identifier,
        name: row.name,
        format: row.format.as_deref().and_then(TokenFormat::parse),
        algorithm: row.algorithm.as_deref().and_then(Algorithm::parse),
        access_ttl: row.access_ttl.and_then(|seconds| u32::try_from(seconds).ok()),
    }
}

/// A client from its rows, as yet without its logo.
///
/// # Errors
/// [`Error`] when the document is damaged.
pub fn parse_client(row: ClientRow, secrets: Vec<ClientSecretRow>) -> Result<Client> {
    let metadata = serde_json::from_str(&row.metadata)
        .map_err(|error| Error::internal(format!("client {} has a damaged document: {error}", row.client_id)))?;
    Ok(Client {
        client_id: row.client_id,
        name: row.name,
        created_at: row.created_at,
        tokens_invalid_before: row.tokens_invalid_before,
        metadata,
        secrets: secrets.into_iter().filter_map(parse_secret).collect(),
        logo: None,
    })
}

/// A client's secret from its row; one that has no form is none.
#[must_use]
pub fn parse_secret(row: ClientSecretRow) -> Option<KeptSecret> {
    let ClientSecretRow { id, digest, hash, created_at, expires_at, sealed, .. } = row;
    let form = digest.map(KeptForm::Digest).or_else(|| hash.map(KeptForm::Hash))?;
    Some(KeptSecret { id, form, sealed, created_at, expires_at })
}

/// The response types a client may ask for besides `code` and `token`, with commas between; `None` for most clients.
fn rare_response_types(metadata: &ClientMetadata) -> Option<String> {
    let rare = metadata.all_response_types().into_iter();
    let rare = rare.filter(|asked| !matches!(asked, ResponseType::Code | ResponseType::Token));
    let names: Vec<&str> = rare.map(ResponseType::name).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// A client's row.
///
/// # Errors
/// [`Error`] when the document cannot be written.
pub fn client_row(client: &Client) -> Result<ClientRow> {
    Ok(ClientRow {
        client_id: client.client_id.clone(),
        name: client.name.clone(),
        created_at: client.created_at,
        tokens_invalid_before: client.tokens_invalid_before,
        dialect: client.metadata.dialect.map(|dialect| dialect.name().to_owned()),
        implicit: client.metadata.allows_response(ResponseType::Token),
        response_types: rare_response_types(&client.metadata),
        registered: client.metadata.registered.as_ref().map(|registered| registered.by.name().to_owned()),
        metadata: serde_json::to_string(&client.metadata).map_err(Error::internal)?,
    })
}
