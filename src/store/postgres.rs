//! `PostgreSQL`: a pool of connections, in pure Rust, with rustls.

use std::{str::FromStr, sync::Arc, time::Duration};

use diesel::{ConnectionError, ConnectionResult, QueryResult, migration::MigrationSource, pg::Pg};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use rustls::{ClientConfig, RootCertStore};
use tokio::{runtime::Handle, time::timeout};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use super::{Error, Migrate, Result, SchemaState};

#[expect(clippy::duplicate_mod, reason = "compiled once per database")]
#[path = "queries/mod.rs"]
pub(super) mod queries;

pub(super) type Conn = AsyncPgConnection;
type Transactions = <Conn as AsyncConnection>::TransactionManager;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// How long a connection is waited for.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an operation may take: the database is told the same.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// Instances that start together migrate one after another: the lock's number.
const MIGRATION_LOCK: i64 = 0x0063_6f75_6e74_6572;

/// A pool, and the runtime its connections live on.
#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool<Conn>,
    runtime: Handle,
}

impl Postgres {
    pub(super) async fn open(url: &str, migrate: Migrate) -> Result<Self> {
        let target = Arc::new(Target::parse(url)?);
        bring_up_to_date(&target, migrate).await?;
        let runtime = Handle::current();
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let home = runtime.clone();
        config.custom_setup = Box::new(move |_| {
            let (target, home) = (Arc::clone(&target), home.clone());
            // a connection's own task must not live on a worker thread that is busy computing
            Box::pin(async move {
                let connecting = home.spawn(async move { target.connect().await });
                connecting.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
            })
        });
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config))
            .max_size((4 * cores).max(8))
            .build()
            .map_err(away)?;
        Ok(Self { pool, runtime })
    }

    /// Runs an operation to its end although its caller may go: a dropped one would leave its transaction open.
    pub(super) async fn drive<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.runtime.spawn(async { timeout(ANSWER_WITHIN, operation).await.map_err(away)? }).await.map_err(away)?
    }

    /// One transaction. A connection that turns out dead before anything was done is replaced, once.
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let mut conn = self.checked_out().await?;
        if Transactions::begin_transaction(&mut *conn).await.is_err() {
            drop(Object::take(conn));
            conn = self.checked_out().await?;
            Transactions::begin_transaction(&mut *conn).await?;
        }
        match operation(&mut conn).await {
            Ok(out) => Transactions::commit_transaction(&mut *conn).await.map(|()| out).map_err(Error::from),
            Err(error) => {
                Transactions::rollback_transaction(&mut *conn).await?;
                Err(error.into())
            }
        }
    }

    pub(super) async fn write_one<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.read(operation).await
    }

    pub(super) async fn list<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.read(operation).await
    }

    pub(super) async fn read<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let mut conn = self.checked_out().await?;
        Ok(operation(&mut conn).await?)
    }

    /// A connection that is not known to be closed.
    async fn checked_out(&self) -> Result<Object<Conn>> {
        timeout(CONNECT_WITHIN, self.pool.get()).await.map_err(away)?.map_err(away)
    }
}

pub(super) async fn schema_state(url: &str) -> Result<SchemaState> {
    let conn = Target::parse(url)?.connect().await.map_err(away)?;
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(away)?.len();
    let applied = in_harness(conn, |harness| harness.applied_migrations().map_err(away)).await?.len();
    Ok(SchemaState { known, applied })
}

async fn bring_up_to_date(target: &Target, migrate: Migrate) -> Result<()> {
    let mut conn = timeout(CONNECT_WITHIN, target.connect()).await.map_err(away)?.map_err(away)?;
    conn.batch_execute(&format!("SET statement_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    let known: Vec<String> = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(away)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    // the lock goes with the connection
    in_harness(conn, move |harness| {
        let applied = harness.applied_migrations().map_err(away)?;
        if let Some(newer) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
            return Err(Error::Newer(newer));
        }
        if applied.len() == known.len() {
            return Ok(());
        }
        if migrate == Migrate::No {
            return Err(Error::NotMigrated);
        }
        harness.run_pending_migrations(MIGRATIONS).map(drop).map_err(away)
    })
    .await
}

/// Diesel's migrations are synchronous: they get a thread on which waiting is allowed.
async fn in_harness<T: Send + 'static>(
    conn: Conn,
    work: impl FnOnce(&mut AsyncMigrationHarness<Conn>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(move || work(&mut AsyncMigrationHarness::new(conn)));
    done.await.map_err(away)?
}

/// Where the server is and how it is spoken to.
struct Target {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Takes libpq's `sslmode` and `sslrootcert`; whatever is encrypted is also verified. Without `sslmode` a server on
    /// this machine is spoken to in the clear, any other with TLS only.
    fn parse(text: &str) -> Result<Self> {
        let mut url = Url::parse(text).map_err(|_| Error::Unreadable("database_url is not a URL".into()))?;
        let mut root = None;
        let mut mode = if is_this_machine(&url) { "disable" } else { "require" }.to_owned();
        let mut kept = Vec::new();
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "sslmode" => mode = value.into_owned(),
                "sslrootcert" => root = Some(value.into_owned()),
                _ => kept.push((name.into_owned(), value.into_owned())),
            }
        }
        let driver_mode = match mode.as_str() {
            "disable" => "disable",
            "prefer" | "allow" => "prefer",
            "require" | "verify-ca" | "verify-full" => "require",
            other => return Err(Error::Unreadable(format!("sslmode={other} is unknown"))),
        };
        kept.push(("sslmode".to_owned(), driver_mode.to_owned()));
        url.query_pairs_mut().clear().extend_pairs(kept);
        let mut config = tokio_postgres::Config::from_str(url.as_str())
            .map_err(|error| Error::Unreadable(format!("database_url: {error}")))?;
        config.connect_timeout(CONNECT_WITHIN).application_name("countersign");
        let options = config.get_options().map(|own| format!("{own} ")).unwrap_or_default();
        config.options(format!("{options}-c statement_timeout={}", ANSWER_WITHIN.as_millis()));
        let tls = if driver_mode == "disable" { None } else { Some(tls(root.as_deref())?) };
        Ok(Self { config, tls })
    }

    async fn connect(&self) -> ConnectionResult<Conn> {
        let bad = |error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            ConnectionError::BadConnection(format!("{error}{cause}"))
        };
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await.map_err(bad)?;
            Conn::try_from_client_and_connection(client, connection).await
        } else {
            let (client, connection) = self.config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
            Conn::try_from_client_and_connection(client, connection).await
        }
    }
}

/// A socket or a loopback address.
fn is_this_machine(url: &Url) -> bool {
    // hosts of a scheme that is not the web's come as text
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.is_empty()
        || host == "localhost"
        || host.starts_with("%2F")
        || address.is_ok_and(|address| address.is_loopback())
}

/// The system's roots, or those of one file.
fn tls(root: Option<&str>) -> Result<MakeRustlsConnect> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = RootCertStore::empty();
    match root {
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path)
                .map_err(|error| Error::Unreadable(format!("sslrootcert {path}: {error}")))?;
            for certificate in read {
                let certificate = certificate.map_err(away)?;
                roots.add(certificate).map_err(away)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(away)?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn away(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}
