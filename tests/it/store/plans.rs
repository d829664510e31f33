//! No statement of the server walks through a table: each one finds its rows by an index, on either database. The
//! statements are those that the store really sends while people and apps use the server, heard through Diesel's own
//! instrumentation; the database says how it would go about each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, OnceLock},
};

use countersign::store::Pace;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use futures_util::future::BoxFuture;

use super::everything;
use crate::support::{Database, TestServer, foreign_keys, plan};

/// Tables of one row, of one for each key of the last year, for each migration, for each app that was just deleted.
const SMALL: [&str; 6] =
    ["instance", "changes", "signing_keys", "encryption_keys", "deleted_clients", "__diesel_schema_migrations"];
/// What is read as a whole, by statements without a condition: it is cached, or an administrator has asked for the list.
const LISTED: [&str; 4] = ["scopes", "resources", "clients", "users"];
/// Indexes over few rows, of which one is enough or all are wanted.
const FEW: [&str; 5] =
    ["clients_implicit", "clients_dialect", "clients_response_types", "client_secrets_chosen", "client_secrets_sealed"];
/// The latest row by its key: the end of the index, and no further.
const LATEST: [&str; 2] = ["audit_events", "grants"];
/// Operations that are not used here, each with the reason.
const RARE: [&str; 9] = [
    // the first start, and a start with another `secret_key`
    "create_instance",
    "reseal",
    "reseal_secrets",
    "keep_pairwise_key",
    // when a backup was restored
    "begin_epoch",
    // after a change that could not be written
    "touch_epoch",
    // once in a person's life, after a change of the configuration
    "rehash_password",
    // the one that makes the first administrator, ever
    "create_first_admin",
    // for a warning, when an administrator is locked or deleted from the command line
    "has_other_admin",
];

/// On which threads `PostgreSQL`'s connections of this test are made: this runtime's, and those that answer requests. Of
/// the latter another server may have some; what that sends is as good.
const RUNTIME: &str = "plans";
const WORKER: &str = "actix-server worker";
static FILE: OnceLock<String> = OnceLock::new();
static HEARD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Hears the statements of one connection; of others than this test's it keeps none.
struct Listener {
    own: bool,
}

impl Listener {
    /// Of what this thread does; only the server's threads are listened to.
    fn of_this_thread() -> Box<dyn Instrumentation> {
        let thread = std::thread::current();
        Box::new(Self { own: thread.name().is_some_and(|name| name == RUNTIME || name.starts_with(WORKER)) })
    }
}

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                self.own = FILE.get().is_some_and(|file| file == url);
            }
            InstrumentationEvent::StartQuery { query, .. } if self.own => {
                let text = query.to_string();
                let statement = text.split(" -- binds: ").next().unwrap_or_default().trim();
                if ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| statement.starts_with(verb)) {
                    HEARD.lock().unwrap().insert(statement.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// Remembers which operations were used.
#[derive(Default)]
struct Used(Mutex<BTreeSet<&'static str>>);

impl Pace for Used {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        self.0.lock().unwrap().insert(operation);
        Box::pin(std::future::ready(()))
    }
}

/// Name and kind of every operation, as the store lists them.
fn operations() -> BTreeMap<String, String> {
    let list = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/operations.rs")).unwrap();
    let named = |line: &str| {
        let (kind, rest) = line.trim().split_once(' ')?;
        let (_, name) = rest.split_once('(')?.0.split_once("::")?;
        ["read", "late", "read_patiently", "write", "write_one", "try_write", "list"]
            .contains(&kind)
            .then(|| (name.to_owned(), kind.to_owned()))
    };
    list.lines().filter_map(named).collect()
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name(RUNTIME).worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(Box::pin(async {
        let database = Database::fresh().await;
        if let Some(file) = database.url.strip_prefix("sqlite:") {
            FILE.set(file.to_owned()).unwrap();
        }
        set_default_instrumentation(|| Some(Listener::of_this_thread())).unwrap();
        let used = Arc::new(Used::default());
        let server = TestServer::paced(database, &everything::ENV, used.clone()).await;
        everything::happens(&server).await;

        let used = used.0.lock().unwrap().clone();
        let operations = operations();
        assert!(operations.len() > 90, "{operations:?}");
        let unused = |(name, kind): &(&String, &String)| {
            *kind != "list" && !used.contains(name.as_str()) && !RARE.contains(&name.as_str())
        };
        let unused: Vec<_> = operations.iter().filter(unused).map(|(name, _)| name).collect();
        assert!(unused.is_empty(), "these operations were not used, so nobody knows how they go about it: {unused:?}");

        let heard = HEARD.lock().unwrap().clone();
        assert!(heard.len() > 100, "only {} statements were heard", heard.len());
        let mut walks = Vec::new();
        for statement in &heard {
            for (table, index) in plan(&server.database, statement).await {
                let listed = LISTED.contains(&&*table) && !statement.contains(" WHERE ");
                let latest = LATEST.contains(&&*table) && statement.contains("ORDER BY") && statement.contains("LIMIT");
                let latest = latest && !statement.contains(" WHERE ");
                if !(SMALL.contains(&&*table) || listed || latest || FEW.contains(&&*index)) {
                    walks.push(format!("{table} ({index}): {statement}"));
                }
            }
        }
        assert!(walks.is_empty(), "these walk through a table:\n{}", walks.join("\n"));

        // otherwise PostgreSQL walks through the table where such rows are many: the first few are soon found there, but
        // not when those that went before have to be passed by
        let some = |statement: &&String| {
            let limited = statement.split_once(" LIMIT ");
            !statement.starts_with("SELECT") && limited.is_some_and(|(_, most)| most.starts_with(char::is_numeric))
        };
        let some: Vec<_> = heard.iter().filter(some).collect();
        assert!(some.len() > 10, "{some:?}");
        let unordered: Vec<_> = some.iter().filter(|statement| !statement.contains(" ORDER BY ")).collect();
        assert!(unordered.is_empty(), "these take a few rows, whichever come first: {unordered:?}");
    }));
}

/// Who deletes a row has the database look for those that refer to it.
#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_a_row_is_found_by_an_index() {
    let database = Database::fresh().await;
    let keys = foreign_keys(&database).await;
    assert!(keys.len() > 11, "{keys:?}");
    for (table, column) in keys {
        let sign = if crate::support::is_postgres() { "$1" } else { "?" };
        let walks = plan(&database, &format!("SELECT 1 FROM {table} WHERE {column} = {sign}")).await;
        assert!(walks.is_empty(), "{table} has no index that begins with {column}");
    }
}
