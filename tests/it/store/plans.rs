//! No statement of the server walks through a table but those that are named here: each one finds its rows by an index,
//! on either database, and there is no index that none needs. The statements are those that the store really sends
//! while people, apps and administrators use the server, heard through Diesel's own instrumentation; the database says
//! how it would go about each.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock},
};

use countersign::store::Pace;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use futures_util::future::BoxFuture;

use super::everything;
use crate::support::{Database, Plan, TestServer, foreign_keys, indexes, is_postgres, plan};

/// Tables of one row, of one for each key of the last year, for each migration, for each app that was just deleted.
const SMALL: [&str; 6] =
    ["instance", "changes", "signing_keys", "encryption_keys", "deleted_clients", "__diesel_schema_migrations"];
/// What is read as a whole, by statements without a condition: it is cached, or an administrator has asked for the list.
const LISTED: [&str; 3] = ["scopes", "resources", "clients"];
/// Indexes over few rows, of which one is enough or all are wanted.
const FEW: [&str; 5] =
    ["clients_implicit", "clients_dialect", "clients_response_types", "client_secrets_chosen", "client_secrets_sealed"];
/// What only those statements say that may walk through a table, each with the reason.
const WALKING: [&str; 6] = [
    // the latest by their key, one or as many as an administrator asked for: from its end on, past what has ended and
    // was not swept yet
    "ORDER BY audit_events.id DESC LIMIT",
    "ORDER BY grants.id DESC LIMIT",
    "ORDER BY sessions.id DESC LIMIT",
    // an administrator's list of what administrators made one by one, and the sweep takes away
    "ORDER BY initial_access_tokens.id",
    // for a warning, when an administrator is locked or deleted from the command line; none is given if that takes long
    "users.admin =",
    // how much deleted apps have left behind, which may be most of a table: only `db prune --dry-run` asks
    "IN (SELECT client_id FROM deleted_clients)",
];
/// How many indexes the migrations have made by name. Statements that have lost theirs may find a worse one, so nothing
/// else would say that one is gone.
const INDEXES: usize = 37;
/// Operations that are not used here, each with the reason.
const RARE: [&str; 8] = [
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

/// The name of every operation, as the store lists them.
fn operations() -> BTreeSet<String> {
    let list = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/operations.rs")).unwrap();
    let named = |line: &str| {
        let (kind, rest) = line.trim().split_once(' ')?;
        let (_, name) = rest.split_once('(')?.0.split_once("::")?;
        ["read", "late", "read_patiently", "write", "write_one", "try_write", "list"]
            .contains(&kind)
            .then(|| name.to_owned())
    };
    list.lines().filter_map(named).collect()
}

#[test]
fn every_statement_finds_its_rows_by_an_index_and_every_index_has_a_use() {
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
        let is_unused = |name: &&String| !used.contains(name.as_str()) && !RARE.contains(&name.as_str());
        let unused: Vec<_> = operations.iter().filter(is_unused).collect();
        assert!(unused.is_empty(), "these operations were not used, so nobody knows how they go about it: {unused:?}");

        let heard = HEARD.lock().unwrap().clone();
        assert!(heard.len() > 100, "only {} statements were heard", heard.len());
        let (mut walks, mut taken) = (Vec::new(), BTreeSet::new());
        for statement in &heard {
            let plan = plan(&server.database, statement).await;
            taken.extend(plan.indexes);
            if may_walk(statement) {
                continue;
            }
            for (table, index) in plan.walks {
                let listed = LISTED.contains(&&*table) && !statement.contains(" WHERE ");
                if !(SMALL.contains(&&*table) || listed || FEW.contains(&&*index)) {
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

        no_index_is_idle(&server.database, taken).await;
    }));
}

/// Does it say what those say that may?
fn may_walk(statement: &str) -> bool {
    let plain = statement.replace(['"', '`'], "").split_whitespace().collect::<Vec<_>>().join(" ");
    WALKING.iter().any(|says| plain.contains(says))
}

/// Each is taken by a statement, or where a row goes that others may refer to. `PostgreSQL` has the same ones; as long
/// as tables are small it takes any that would do, so only `SQLite` is asked, which goes by their columns alone.
async fn no_index_is_idle(database: &Database, mut taken: BTreeSet<String>) {
    let indexes = indexes(database).await;
    assert_eq!(indexes.len(), INDEXES, "one has come or gone: {indexes:?}");
    if is_postgres() {
        return;
    }
    taken.extend(look_ups(database).await.into_iter().flat_map(|(_, plan)| plan.indexes));
    let idle: Vec<_> = indexes.difference(&taken).collect();
    assert!(idle.is_empty(), "these are written and never read: {idle:?}");
}

/// How the database looks for those that refer to a row: table and column of each reference.
async fn look_ups(database: &Database) -> Vec<((String, String), Plan)> {
    let sign = if is_postgres() { "$1" } else { "?" };
    let mut found = Vec::new();
    for (table, column) in foreign_keys(database).await {
        let look_up = plan(database, &format!("SELECT 1 FROM {table} WHERE {column} = {sign}")).await;
        found.push(((table, column), look_up));
    }
    found
}

/// Who deletes a row has the database look for those that refer to it.
#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_a_row_is_found_by_an_index() {
    let look_ups = look_ups(&Database::fresh().await).await;
    assert!(look_ups.len() > 11, "only {} references", look_ups.len());
    for ((table, column), plan) in look_ups {
        assert!(plan.walks.is_empty(), "{table} has no index that begins with {column}");
    }
}
