//! `PostgreSQL` away, back, cut off, slow, blocked.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{
    app, furnish, is_busy, is_calm, is_ready,
    load::Load,
    proxy::{Proxy, Way},
    until, within,
};
use crate::{
    effort::{alone, effort},
    support::{Cluster, Database, Door, Served, Shell, has_sessions, is_postgres, sql},
};

/// How long the database lets a statement take (`src/store/postgres.rs`): whoever waits for it waits no shorter.
const STATEMENT_WITHIN: Duration = Duration::from_secs(3);

/// A server that reaches its database through a proxy; commands go there directly.
async fn behind_a_proxy(shell: &Shell) -> (Proxy, Served) {
    let mut url = url::Url::parse(&shell.database.url).unwrap();
    let proxy = Proxy::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())).await;
    url.set_port(Some(proxy.port)).unwrap();
    let server = Served::start(shell, &["--listen", "127.0.0.1:0", "--database-url", url.as_str()]);
    (proxy, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_a_while_costs_503_and_nothing_else() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 6);
    let (proxy, server) = behind_a_proxy(&shell).await;
    let mut load = Load::of(&server, &client, 6).await;
    let ways = [Way::Closed, Way::Lost, Way::Slow(Duration::from_secs(2)), Way::Silent, Way::Deaf];
    for _ in 0..effort() {
        for way in ways.into_iter().take(if effort() == 1 { 3 } else { 5 }) {
            load.during(async |told| {
                told.served(30).await;
                proxy.is(way);
                told.refused(6).await;
                until(async || !is_ready(&server).await).await;
                proxy.is(Way::Open);
                until(async || is_ready(&server).await).await;
                told.served(60).await;
            })
            .await;
            load.is_as_acknowledged().await;
        }
    }
    is_calm(&server, &shell);
}

/// As after a failover: whoever was connected is not any more.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_are_replaced_and_no_place_in_the_pool_is_lost() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 6);
    let (proxy, server) = behind_a_proxy(&shell).await;
    let mut load = Load::of(&server, &client, 6).await;
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    load.during(async |told| {
        // more often than the pool has places
        for _ in 0..12 * effort() {
            told.served(10).await;
            proxy.cut().await;
            told.served(10).await;
            sql(&shell.database, end_all).await;
            // requests have been written and may have been applied, but what became of them is not heard
            proxy.is(Way::Deaf);
            tokio::time::sleep(Duration::from_millis(20)).await;
            proxy.cut().await;
        }
        told.served(50).await;
        until(async || is_ready(&server).await).await;
    })
    .await;
    load.is_as_acknowledged().await;
    is_calm(&server, &shell);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_somebody_else_holds_cost_503_until_they_are_let_go() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 4);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut load = Load::of(&server, &client, 4).await;
    load.during(async |told| {
        told.served(30).await;
        let (other, connection) = tokio_postgres::connect(&shell.database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other.batch_execute("BEGIN; LOCK TABLE refresh_chains IN ACCESS EXCLUSIVE MODE").await.unwrap();
        told.refused(4).await;
        other.batch_execute("ROLLBACK").await.unwrap();
        told.served(30).await;
        until(async || is_ready(&server).await).await;
    })
    .await;
    load.is_as_acknowledged().await;
    is_calm(&server, &shell);
}

/// Who wants it waits once, for as long as a statement may take, and is not tried again behind itself; nobody else hears.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_holds_is_waited_for_once_and_does_not_say_that_nothing_can_be_written() {
    let _alone = alone().await;
    if !has_sessions() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 2);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let (mut browser, app) = (server.browser(), app(&server, &client));
    within(browser.sign_in("person0")).await.has_status(303);
    let tokens = within(app.tokens(&mut browser, &[])).await;
    let connect = async || {
        let (other, connection) = tokio_postgres::connect(&shell.database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other
    };
    let (holder, watcher) = (connect().await, connect().await);
    holder.batch_execute("BEGIN; UPDATE refresh_chains SET generation = generation").await.unwrap();
    let over = std::cell::Cell::new(None);
    let refused = async {
        let reply = within(app.refresh(&tokens.refresh_token)).await;
        over.set(Some(Instant::now()));
        reply
    };
    let mut waited = HashSet::new();
    let looked = async {
        let waits = "SELECT pid || ' ' || query_start FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // and for longer than the next try of something that changes nothing
        while over.get().is_none_or(|over| over.elapsed() < Duration::from_secs(2)) {
            assert!(is_ready(&server).await, "others can be written");
            waited.extend(watcher.query(waits, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (refused, ()) = tokio::join!(refused, looked);
    assert!(is_busy(&refused), "{}", refused.body);
    assert_eq!(waited.len(), 1, "{waited:?}");
    within(server.browser().sign_in("person1")).await.has_status(303);
    holder.batch_execute("ROLLBACK").await.unwrap();
    within(app.refresh(&tokens.refresh_token)).await.has_status(200);
    is_calm(&server, &shell);
}

/// As when a synchronous standby is away, or the log's disk hangs: no time that a statement may take ends a `COMMIT`.
#[tokio::test(flavor = "multi_thread")]
async fn commits_that_come_to_no_end_cost_503_for_changes_alone_and_do_not_use_the_connections_up() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let shell = Shell::at(Database { dir: tempfile::tempdir().unwrap(), url: cluster.url.clone() });
    let shell = shell.with("COUNTERSIGN_ISSUER", "http://localhost:4100");
    shell.run(&["db", "migrate"]).done();
    let client = furnish(&shell, 4);
    let (other, connection) = tokio_postgres::connect(&cluster.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let other = &other;
    // otherwise the tests' clusters wait for nothing
    other.batch_execute("ALTER DATABASE postgres SET synchronous_commit = on").await.unwrap();
    let standby = async |name: &str| {
        other.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'")).await.unwrap();
        other.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    };
    let hanging = async || {
        let hanging = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        other.query_one(hanging, &[]).await.unwrap().get::<_, i64>(0)
    };
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let (mut browser, own) = (server.browser(), app(&server, &client));
    within(browser.sign_in("ada")).await.has_status(303);
    let tokens = within(own.tokens(&mut browser, &[])).await;
    let mut load = Load::of(&server, &client, 4).await;
    for _ in 0..effort() {
        load.during(async |told| {
            told.served(30).await;
            standby("nobody").await;
            told.refused(4).await;
            until(async || !is_ready(&server).await).await;
            let before = hanging().await;
            assert!(before > 0);
            for _ in 0..15 {
                let asked = Instant::now();
                assert!(is_busy(&within(own.refresh(&tokens.refresh_token)).await));
                assert!(asked.elapsed() < STATEMENT_WITHIN, "it is refused at once");
                assert_eq!(within(own.introspect(&tokens.access_token)).await.json()["active"], true);
                within(server.get("/oauth2/jwks")).await.has_status(200);
                assert!(!is_ready(&server).await);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let after = hanging().await;
            assert!(after <= before + 2, "{before} wait, then {after}");
            standby("").await;
            until(async || is_ready(&server).await).await;
            told.served(50).await;
        })
        .await;
        load.is_as_acknowledged().await;
    }
    is_calm(&server, &shell);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stopped_under_load_and_started_again_is_found_without_a_restart() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let mut cluster = Cluster::start();
    let shell = Shell::at(Database { dir: tempfile::tempdir().unwrap(), url: cluster.url.clone() });
    let shell = shell.with("COUNTERSIGN_ISSUER", "http://localhost:4100");
    shell.run(&["db", "migrate"]).done();
    let client = furnish(&shell, 4);
    // two instances, and whoever asks does not choose
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut other = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let (one, two) = (Door::new(server.address.clone(), server.issuer.clone()), other.address.clone());
    let both = Door::before([&one, &Door::new(two, server.issuer.clone())]);
    let mut load = Load::of(&both, &client, 4).await;
    for _ in 0..2 * effort() {
        load.during(async |told| {
            told.served(30).await;
            cluster.told("stop", "stopped");
            told.refused(12).await;
            assert!(!is_ready(&server).await && !is_ready(&other).await);
            cluster.told("start", "started");
            until(async || is_ready(&server).await && is_ready(&other).await).await;
            told.served(50).await;
        })
        .await;
        load.is_as_acknowledged().await;
    }
    drop(load);
    is_calm(&server, &shell);
    assert!(server.has_ended().is_none() && other.has_ended().is_none());
    assert!(server.stop().success() && other.stop().success());

    cluster.told("stop", "stopped");
    shell.run(&["serve", "--listen", "127.0.0.1:0"]).failed(1, "the database is not available");
    shell.run(&["user", "list"]).failed(1, "the database is not available");
    cluster.told("start", "started");
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    assert!(is_ready(&server).await);
}
