//! Nothing grows without a bound: what has ended goes, in every table, and what stays is a small multiple of what is
//! alive. The same day, once a month for as long as anything is kept.

use std::collections::BTreeMap;

use super::everything::{ENV, Town};
use crate::support::{TestServer, rows};

const MONTH: i64 = 30 * 24 * 3600;
/// The longest that anything is kept are the 400 days of the audit log and of signing keys.
const FILLED: usize = 14;
/// After which every table is compared with what it was: signing keys come and go every three months.
const COMPARED: usize = 4;
/// Rows of all tables but the audit log, for each live grant.
const K: i64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_year_and_a_half_of_traffic_ends_with_tables_that_are_flat() {
    let server = TestServer::with(&ENV).await;
    let town = Town::of(&server).await;
    let mut months: Vec<BTreeMap<String, i64>> = Vec::new();
    let mut live = 0;
    for _ in 0..FILLED + 2 * COMPARED {
        town.day().await;
        let now = server.admin.now();
        live = i64::try_from(server.admin.store.list_grants(None, None, now, 1000).await.unwrap().len()).unwrap();
        months.push(rows(&server.database).await);
        server.clock.advance(MONTH);
        town.night().await;
    }
    let most = |table: &str, from: usize| months[from..from + COMPARED].iter().map(|rows| rows[table]).max().unwrap();
    for table in months[0].keys() {
        let (before, after) = (most(table, FILLED), most(table, FILLED + COMPARED));
        assert!(after <= before, "{table} grows: {:?}", months.iter().map(|rows| rows[table]).collect::<Vec<_>>());
    }
    let last = months.last().unwrap();
    let all: i64 = last.iter().filter(|(table, _)| *table != "audit_events").map(|(_, rows)| rows).sum();
    eprintln!("{all} rows for {live} live grants: {last:?}");
    assert!(all <= K * live, "{all} rows for {live} live grants: {last:?}");
}
