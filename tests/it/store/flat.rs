//! Nothing grows without a bound: what has ended goes, in every table, and what stays is a small multiple of what is
//! alive. The same day, once a month for as long as anything is kept.

use std::collections::BTreeMap;

use countersign::{jobs::sweep, store::Ending};

use super::everything::{ENV, Town};
use crate::support::{TestServer, Tokens, rows};

const MONTH: i64 = 30 * 24 * 3600;
/// After which as much ends as begins. Of what every month adds to, keys are kept for longest: 400 days after they
/// are gone. Consents may be kept for longer, but a person has one for each app.
const FILLED: usize = 16;
/// After which every table is compared with what it was: signing keys come and go every three months.
const COMPARED: usize = 3;
/// Rows of all tables but the audit log, for each live grant.
const K: i64 = 8;
/// After which nobody is remembered: a consent holds for a year, and what is given on its last day may live a year.
const FORGOTTEN: i64 = 26 * MONTH;
/// What somebody made and only somebody takes away, keys in use, and what the server knows of itself.
const STAYING: [&str; 9] = [
    "changes",
    "client_secrets",
    "clients",
    "encryption_keys",
    "instance",
    "leases",
    "scopes",
    "signing_keys",
    "users",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_year_and_a_half_of_traffic_ends_with_tables_that_are_flat_and_nothing_of_it_stays_for_ever() {
    let server = TestServer::with(&ENV).await;
    let mut town = Town::of(&server).await;
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
    let unseen: Vec<_> = Ending::ALL.iter().map(|ending| ending.table).filter(|table| last[*table] == 0).collect();
    assert!(unseen.is_empty(), "nothing was in these, so nobody knows whether it ends: {unseen:?}");
    server.clock.advance(FORGOTTEN);
    sweep::run_once(&server.admin).await.unwrap();
    let mut left = rows(&server.database).await;
    left.retain(|table, rows| *rows > 0 && !STAYING.contains(&table.as_str()));
    assert!(left.is_empty(), "these keep what has ended: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_to_nothing_and_what_was_ended_is_gone_in_two_days_and_what_lives_stays() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    let app = server.app().await;
    let kept = app.tokens(&mut ada, &[]).await;
    let asked = ada.authorize(&app, &[("prompt", "consent")]).await;
    ada.decide(&asked, "deny", &[]).await;
    for _ in 0..3 {
        // nobody comes for this code, and these tokens are ended
        ada.allow(&app, &[]).await;
        let ended = app.tokens(&mut ada, &[]).await;
        app.revoke(&ended.refresh_token).await.has_status(200);
        app.refresh(&ended.refresh_token).await.refused("invalid_grant");
    }
    assert_eq!(rows(&server.database).await["grants"], 8);
    server.clock.advance(2 * 24 * 3600);
    sweep::run_once(&server.admin).await.unwrap();
    let left = rows(&server.database).await;
    assert_eq!((left["grants"], left["refresh_chains"]), (1, 1), "{left:?}");
    // to the last of its days
    let mut refresh = kept.refresh_token;
    for _ in 0..4 {
        server.clock.advance(20 * 24 * 3600);
        sweep::run_once(&server.admin).await.unwrap();
        refresh = Tokens::of(&app.refresh(&refresh).await).refresh_token;
    }
    server.clock.advance(10 * 24 * 3600);
    sweep::run_once(&server.admin).await.unwrap();
    app.refresh(&refresh).await.refused("invalid_grant");
    assert_eq!(rows(&server.database).await["grants"], 0);
}
