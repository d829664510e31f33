//! `PostgreSQL` away, back, cut off, slow, blocked.

use std::time::Duration;

use super::{
    furnish, is_calm, is_ready,
    load::Load,
    proxy::{Proxy, Way},
    until,
};
use crate::{
    effort::{alone, effort},
    support::{Cluster, Database, Door, Served, Shell, is_postgres, sql},
};

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
