//! A migrated database with keys in it, copied from one that is made once a run: RSA keys take their time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
};

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
        let url = if postgres().is_none() {
            format!("sqlite:{}", dir.path().join("countersign.db").display())
        } else {
            let own = format!("cs_empty_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            run_sql(&format!("CREATE DATABASE {own}")).await;
            database_url(&own)
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
        let url = if postgres().is_none() {
            format!("sqlite:{}", dir.path().join("made.db").display())
        } else {
            run_sql(&format!("CREATE DATABASE {name}")).await;
            database_url(&name)
        };
        let made = config(dir.path(), &[("COUNTERSIGN_DATABASE_URL", &url)]);
        let ctx = Box::pin(start::open(made, std::sync::Arc::new(SystemClock), Migrate::Yes)).await.unwrap();
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
        // tests run on slow and busy machines: who means to be refused says so
        ("COUNTERSIGN_LIMITS__WAIT".to_owned(), "1h".to_owned()),
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

/// Is this run on `PostgreSQL`?
pub(crate) fn is_postgres() -> bool {
    postgres().is_some()
}

/// Is each of `PostgreSQL`'s sessions one connection's, and no pooler between?
pub(crate) fn has_sessions() -> bool {
    is_postgres() && std::env::var_os("COUNTERSIGN_TEST_POOLED").is_none()
}

/// Beside the server, which writes when it likes: who finds the lock taken waits for it.
fn open_sqlite(path: &str) -> diesel::SqliteConnection {
    use diesel::{Connection, connection::SimpleConnection};
    let mut conn = diesel::SqliteConnection::establish(path).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 20000").unwrap();
    conn
}

/// Runs one statement on a test's database, for what no door allows.
pub(crate) async fn sql(database: &Database, statement: &str) {
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        use diesel::connection::SimpleConnection;
        open_sqlite(path).batch_execute(statement).unwrap();
    } else {
        let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(statement).await.unwrap();
    }
}

/// The clock of a test's `PostgreSQL` database from now on, as far as those know who connect to it later.
pub(crate) async fn set_clock(database: &Database, off_by: &str) {
    let statement = format!(
        "CREATE SCHEMA IF NOT EXISTS wrong; \
         CREATE OR REPLACE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE \
         AS $$ SELECT pg_catalog.clock_timestamp() + interval '{off_by}' $$; \
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, wrong, pg_catalog', \
         current_database()); END $$"
    );
    sql(database, &statement).await;
}

/// Every row of a test's `PostgreSQL` database, as text.
pub(crate) async fn rows_as_text(database: &Database) -> String {
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let tables = client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    let mut text = String::new();
    for table in tables {
        let table: String = table.get(0);
        for row in client.query(&format!("SELECT t::text FROM \"{table}\" t"), &[]).await.unwrap() {
            text.push_str(row.get(0));
            text.push('\n');
        }
    }
    text
}

/// How many rows each table has.
pub(crate) async fn rows(database: &Database) -> BTreeMap<String, i64> {
    let tables = columns(database).await.into_iter().map(|(table, ..)| table);
    let mut found = BTreeMap::new();
    for table in tables.collect::<BTreeSet<_>>() {
        let statement = format!("SELECT count(*) AS found FROM {table}");
        let rows = if let Some(path) = database.url.strip_prefix("sqlite:") {
            sqlite_count(path, &statement)
        } else {
            let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.query_one(&statement, &[]).await.unwrap().get(0)
        };
        found.insert(table, rows);
    }
    found
}

/// How often `PostgreSQL` had to end a transaction of this database, because two waited for each other.
pub(crate) async fn deadlocks(database: &Database) -> i64 {
    if !is_postgres() {
        return 0;
    }
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    client.query_one(counted, &[]).await.unwrap().get(0)
}

fn sqlite_count(path: &str, statement: &str) -> i64 {
    use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::BigInt};
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        found: i64,
    }
    sql_query(statement).get_result::<Counted>(&mut open_sqlite(path)).unwrap().found
}

/// Table, column, type as `schema.rs` calls it, and whether it may be null: as the database has them.
pub(crate) async fn columns(database: &Database) -> Vec<(String, String, String, bool)> {
    let mut found: Vec<(String, String, String, bool)> = if let Some(path) = database.url.strip_prefix("sqlite:") {
        sqlite_columns(path)
    } else {
        let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let rows = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
                    FROM information_schema.columns WHERE table_schema = 'public'";
        let rows = client.query(rows, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    };
    found.retain(|(table, ..)| !table.starts_with("__diesel"));
    for (table, column, kind, _) in &mut found {
        // SQLite has no type for truth: the schema's own CHECK says which integers are
        let truth = kind == "boolean" || kind == "BOOLEAN";
        let name = match kind.to_ascii_uppercase().as_str() {
            _ if truth => "Bool",
            "BIGINT" | "INTEGER" => "BigInt",
            "BYTEA" | "BLOB" => "Binary",
            "TEXT" => "Text",
            other => panic!("{table}.{column} is {other}"),
        };
        name.clone_into(kind);
    }
    found.sort();
    found
}

fn sqlite_columns(path: &str) -> Vec<(String, String, String, bool)> {
    use diesel::{
        QueryableByName, RunQueryDsl,
        sql_types::{BigInt, Text},
    };
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        made_by: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = BigInt)]
        needed: i64,
    }
    let rows: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS table_name, m.sql AS made_by, p.name AS name, p.type AS kind, p.\"notnull\" AS needed \
         FROM sqlite_master m JOIN pragma_table_xinfo(m.name) p WHERE m.type = 'table'",
    )
    .load(&mut open_sqlite(path))
    .unwrap();
    let columns = rows.into_iter().map(|row| {
        let truth = row.made_by.contains(&format!("CHECK ({} IN (0, 1))", row.name));
        (row.table_name, row.name, if truth { "BOOLEAN".to_owned() } else { row.kind }, row.needed == 0)
    });
    columns.collect()
}

/// Table and column of every reference to another table.
pub(crate) async fn foreign_keys(database: &Database) -> Vec<(String, String)> {
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        let keys = "SELECT m.name || ' ' || k.\"from\" AS told FROM sqlite_master m \
                    JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table'";
        let told = sqlite_told(path, keys).into_iter();
        return told.map(|told| told.split_once(' ').map(|(t, c)| (t.to_owned(), c.to_owned())).unwrap()).collect();
    }
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let keys = "SELECT k.conrelid::regclass::text, a.attname::text FROM pg_constraint k \
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'";
    client.query(keys, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The indexes that migrations make by name.
pub(crate) async fn indexes(database: &Database) -> BTreeSet<String> {
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        let named = "SELECT name AS told FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
        return sqlite_told(path, named).into_iter().collect();
    }
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let named = "SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
                 WHERE t.relnamespace = 'public'::regnamespace \
                 AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";
    client.query(named, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// How a database would go about a statement.
#[derive(Default)]
pub(crate) struct Plan {
    /// The tables that it would walk through, each with the index it would walk along, if any.
    pub(crate) walks: Vec<(String, String)>,
    /// Every index that it would take.
    pub(crate) indexes: BTreeSet<String>,
}

/// What the database says of it. `PostgreSQL` is made to take an index where there is one, however few rows there are,
/// and for whatever values.
pub(crate) async fn plan(database: &Database, statement: &str) -> Plan {
    let mut made = Plan::default();
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        for step in sqlite_told(path, &format!("EXPLAIN QUERY PLAN {statement}")) {
            made.sqlite_step(&step);
        }
        return made;
    }
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let values = (1..100).take_while(|n| statement.contains(&format!("${n}"))).map(|_| "NULL").collect::<Vec<_>>();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let settings = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
                    SET LOCAL plan_cache_mode = force_generic_plan";
    // in one go, and nothing of it is left: a pooler may give the session to somebody else
    let explain = format!("PREPARE own AS {statement}; EXPLAIN (FORMAT JSON) EXECUTE own{values}; DEALLOCATE own");
    let told = client.simple_query(&format!("BEGIN; {settings}; {explain}; ROLLBACK")).await.unwrap();
    let plan = told.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    made.postgres_step(&serde_json::from_str::<serde_json::Value>(&plan.unwrap()).unwrap()[0]["Plan"], "");
    made
}

impl Plan {
    /// `SCAN table`, `SCAN table USING INDEX name`, `SEARCH table USING INDEX name (what)`. What makes an index of its
    /// own for it, which has no name, walks through the table as well.
    fn sqlite_step(&mut self, step: &str) {
        let Some((way @ ("SCAN" | "SEARCH"), rest)) = step.split_once(' ') else { return };
        let table = rest.split(' ').next().unwrap_or_default();
        let index = rest.split_once("INDEX ").and_then(|(_, index)| index.split(' ').next()).unwrap_or_default();
        let is_a_table = !rest.starts_with("CONSTANT") && !rest.starts_with('(');
        self.step(is_a_table && (way == "SCAN" || index.starts_with('(')), table, index);
    }

    /// `above`: the table of the step that asked for this one, because a look into an index alone does not name its table.
    fn postgres_step(&mut self, node: &serde_json::Value, above: &str) {
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        let (kind, table) = (text("Node Type"), node["Relation Name"].as_str().unwrap_or(above));
        let by_index = kind.contains("Index") && kind.contains("Scan");
        let is_walk = kind == "Seq Scan" || by_index && node["Index Cond"].is_null();
        self.step(is_walk, table, &text("Index Name"));
        for below in node["Plans"].as_array().into_iter().flatten() {
            self.postgres_step(below, table);
        }
    }

    fn step(&mut self, is_walk: bool, table: &str, index: &str) {
        if is_walk {
            self.walks.push((table.to_owned(), index.to_owned()));
        }
        if !index.is_empty() {
            self.indexes.insert(index.to_owned());
        }
    }
}

/// The one column of text, called `told` or as `EXPLAIN` calls it.
fn sqlite_told(path: &str, statement: &str) -> Vec<String> {
    use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = Text)]
        told: String,
    }
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let mut conn = open_sqlite(path);
    if statement.starts_with("EXPLAIN") {
        let steps: Vec<Step> = sql_query(statement).load(&mut conn).unwrap();
        return steps.into_iter().map(|step| step.detail).collect();
    }
    let rows: Vec<Told> = sql_query(statement).load(&mut conn).unwrap();
    rows.into_iter().map(|row| row.told).collect()
}
