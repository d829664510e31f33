//! A migrated database with keys in it, copied from one that is made once a run: RSA keys take their time.

use std::sync::atomic::{AtomicU32, Ordering};

use countersign::{
    clock::SystemClock,
    config::{Config, Sources, load},
    flow::start,
    store::Migrate,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Opens what tests sealed.
pub(crate) const SECRET_KEY: &str = "the key of the tests which is long enough";

/// Where a test's data is.
pub(crate) struct Database {
    /// The data directory.
    pub(crate) dir: TempDir,
    /// For `COUNTERSIGN_DATABASE_URL`.
    pub(crate) url: String,
}

impl Database {
    /// A fresh copy of the template.
    pub(crate) async fn fresh() -> Self {
        static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(Template::make).await;
        let dir = tempfile::tempdir().unwrap();
        let url = match template {
            Template::Sqlite(file) => {
                let path = dir.path().join("countersign.db");
                std::fs::write(&path, file).unwrap();
                format!("sqlite:{}", path.display())
            }
            Template::Postgres(name) => {
                static NUMBER: AtomicU32 = AtomicU32::new(0);
                let own = format!("{name}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                run_sql(&format!("CREATE DATABASE {own} TEMPLATE {name}")).await;
                database_url(&own)
            }
        };
        Self { dir, url }
    }

    /// An empty one: no table, no key.
    pub(crate) async fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::tempdir().unwrap();
        let url = match postgres() {
            None => format!("sqlite:{}", dir.path().join("countersign.db").display()),
            Some(_) => {
                let own = format!("cs_empty_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
                run_sql(&format!("CREATE DATABASE {own}")).await;
                database_url(&own)
            }
        };
        Self { dir, url }
    }
}

/// The configured server, if the run is on `PostgreSQL`.
pub(crate) fn postgres() -> Option<String> {
    std::env::var("COUNTERSIGN_TEST_DATABASE").ok().filter(|url| !url.is_empty())
}

enum Template {
    Sqlite(Vec<u8>),
    Postgres(String),
}

impl Template {
    async fn make() -> Self {
        let name = format!("cs_template_{}", std::process::id());
        let dir = tempfile::tempdir().unwrap();
        let url = match postgres() {
            None => format!("sqlite:{}", dir.path().join("made.db").display()),
            Some(_) => {
                run_sql(&format!("CREATE DATABASE {name}")).await;
                database_url(&name)
            }
        };
        let made = config(dir.path(), &[("COUNTERSIGN_DATABASE_URL", &url)]);
        let ctx = start::open(made, std::sync::Arc::new(SystemClock), Migrate::Yes).await.unwrap();
        if postgres().is_some() {
            drop(ctx);
            // a template must have no connection left
            for _ in 0..100 {
                let open = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
                run_sql(&open).await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                let left = count(&format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")).await;
                if left == 0 {
                    break;
                }
            }
            return Self::Postgres(name);
        }
        let copy = dir.path().join("template.db");
        ctx.store.backup(&copy).await.unwrap();
        Self::Sqlite(std::fs::read(copy).unwrap())
    }
}

/// A configuration for tests: cheap hashes, no floor, whatever `env` says besides.
pub(crate) fn config(dir: &std::path::Path, env: &[(&str, &str)]) -> Config {
    let mut all = vec![
        ("COUNTERSIGN_DATA_DIR".to_owned(), dir.display().to_string()),
        ("COUNTERSIGN_SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
        ("COUNTERSIGN_PASSWORD__MEMORY".to_owned(), "64".to_owned()),
        ("COUNTERSIGN_PASSWORD__ITERATIONS".to_owned(), "1".to_owned()),
        ("COUNTERSIGN_PASSWORD__FAILURE_FLOOR".to_owned(), "0s".to_owned()),
        ("COUNTERSIGN_LOG__LEVEL".to_owned(), "error".to_owned()),
    ];
    for (name, value) in env {
        all.retain(|(known, _)| known != name);
        if !value.is_empty() {
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let sources = Sources { files: Vec::new(), env: all, flags: Vec::new(), working_dir: dir.to_owned() };
    load(&sources).unwrap_or_else(|errors| panic!("{errors}")).config
}

fn database_url(name: &str) -> String {
    let mut url = url::Url::parse(&postgres().unwrap()).unwrap();
    url.set_path(name);
    url.to_string()
}

async fn connect() -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&postgres().unwrap(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn run_sql(sql: &str) {
    connect().await.batch_execute(sql).await.unwrap();
}

async fn count(sql: &str) -> i64 {
    connect().await.query_one(sql, &[]).await.unwrap().get(0)
}
