//! What has ended goes in small steps, the oldest first, and nothing that lives on goes with it.

use std::{sync::Arc, time::Duration};

use countersign::{
    clock::SystemClock,
    flow::{Context, start},
    jobs::sweep::run_once,
    store::{Ending, Migrate, Swept},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use crate::support::{Database, config, eventually, rows, sql};

/// An instance that does not serve, so that nobody else sweeps.
pub(super) async fn instance() -> (Database, Arc<Context>) {
    let database = Database::fresh().await;
    let config = config(database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &database.url)]);
    let ctx = Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await.unwrap();
    (database, ctx)
}

fn ending(table: &str) -> Ending {
    Ending::ALL.into_iter().find(|ending| ending.table == table).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_takes_the_oldest_first_a_few_at_a_time_until_none_is_left() {
    let (database, ctx) = instance().await;
    let (store, now) = (&ctx.store, ctx.now());
    // in no order, and the latest of them all at the same instant
    let ended = |n: u8| now.plus_seconds(-i64::from(n.wrapping_mul(37) % 60).max(20));
    for n in 0..60 {
        assert!(store.use_jti(vec![n], ended(n)).await.unwrap());
    }
    let later = now.plus_seconds(3600);
    assert!(store.use_jti(vec![60], later).await.unwrap());
    let left = async || rows(&database).await["used_jtis"];
    let (mut from, mut all, mut again) = (None, 0, Vec::new());
    for step in 0.. {
        assert!(step < 60, "it does not come to an end");
        let swept: Swept = store.sweep(ending("used_jtis"), from, now).await.unwrap();
        all += swept.rows;
        assert_eq!(left().await, i64::try_from(61 - all + again.len()).unwrap());
        let Some(reached) = swept.left_from else { break };
        assert!(swept.rows > 0);
        assert!(from.is_none_or(|from| reached >= from), "an older one was left");
        let older: Vec<u8> = (0..60).filter(|n| ended(*n) < reached && !again.contains(n)).collect();
        for n in older {
            assert!(store.use_jti(vec![n], later).await.unwrap(), "{n} ended before and is still there");
            again.push(n);
        }
        from = Some(reached);
    }
    assert_eq!(all, 60);
    assert_eq!(run_once(&ctx).await.unwrap(), 0);
    assert_eq!(left().await, i64::try_from(1 + again.len()).unwrap());
}

/// On `SQLite` nothing is changed between the look and the deed.
#[tokio::test(flavor = "multi_thread")]
async fn what_lives_on_since_the_sweep_looked_at_it_is_left_alone() {
    let (database, ctx) = instance().await;
    if !crate::support::has_sessions() {
        return;
    }
    let (store, now) = (ctx.store.clone(), ctx.now());
    assert!(store.use_jti(vec![1], now.plus_seconds(-1)).await.unwrap());
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let later = now.plus_seconds(3600).micros();
    client.batch_execute(&format!("BEGIN; UPDATE used_jtis SET expires_at = {later}")).await.unwrap();
    let sweep = tokio::spawn(async move { store.sweep(ending("used_jtis"), None, now).await });
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(async || !client.query(waits, &[]).await.unwrap().is_empty()).await;
    client.batch_execute("COMMIT").await.unwrap();
    let _gone_or_timed_out = sweep.await.unwrap();
    assert_eq!(rows(&database).await["used_jtis"], 1);
}

/// As long as a copy is being made: what a sweep writes meanwhile would wait in the log with all that has to be written.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_waits_while_somebody_reads_the_file_for_long() {
    let (database, ctx) = instance().await;
    let Some(file) = database.url.strip_prefix("sqlite:") else { return };
    let now = ctx.now();
    assert!(ctx.store.use_jti(vec![1], now.plus_seconds(-1)).await.unwrap());
    let mut reader = SqliteConnection::establish(file).unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM users").unwrap();
    assert!(!ctx.store.is_behind());
    let much = "CREATE TABLE much (a BLOB); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) \
                INSERT INTO much SELECT zeroblob(4000) FROM n; DROP TABLE much";
    sql(&database, much).await;
    eventually(async || ctx.store.touch_epoch().await.is_ok() && ctx.store.is_behind()).await;
    let (sweeping, left) =
        (tokio::spawn(async move { run_once(&ctx).await.map(|_| ctx) }), async || rows(&database).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(left().await["used_jtis"], 1);
    reader.batch_execute("COMMIT").unwrap();
    let ctx = sweeping.await.unwrap().unwrap();
    assert_eq!(left().await["used_jtis"], 0);
    assert!(!ctx.store.is_behind());
}
