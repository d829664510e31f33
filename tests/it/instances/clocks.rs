//! Instances go by the clocks of their machines, and what one writes the others read (PROTOCOL R-q4).

use std::sync::Arc;

use countersign::{
    clock::{Clock, TestClock},
    jobs::sweep::run_once,
};

use super::moved;
use crate::support::{Database, TestServer, eventually, is_postgres, sql};

/// The database's clock from now on, as far as this server's next connections know.
async fn set_clock(server: &TestServer, off_by: &str) {
    let statement = format!(
        "CREATE OR REPLACE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE \
         AS $$ SELECT pg_catalog.clock_timestamp() + interval '{off_by}' $$"
    );
    sql(&server.database, &statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_clock_is_not_the_databases_is_not_ready_until_it_is() {
    if !is_postgres() {
        return;
    }
    let first = TestServer::start().await;
    first.get("/health/ready").await.has_status(200);
    sql(&first.database, "CREATE SCHEMA wrong").await;
    set_clock(&first, "0").await;
    let found_first =
        "EXECUTE format('ALTER DATABASE %I SET search_path = wrong, pg_catalog, public', current_database())";
    sql(&first.database, &format!("DO $$ BEGIN {found_first}; END $$")).await;
    let server = first.second().await;
    let says = async |status: u16, clock: &str| {
        let ready = server.get("/health/ready").await;
        (ready.status.as_u16(), ready.json()["clock"].as_str()) == (status, Some(clock))
    };
    for off_by in ["1 hour", "-1 hour", "5 seconds", "-5 seconds"] {
        set_clock(&first, off_by).await;
        eventually(async || says(503, "failed").await).await;
        set_clock(&first, "1 second").await;
        eventually(async || says(200, "ok").await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_so_where_the_clock_is_behind_that_of_whoever_sweeps() {
    let first = TestServer::start().await;
    let behind = Arc::new(TestClock::at(first.clock.now().plus_seconds(-5)));
    let database = Database { dir: tempfile::tempdir().unwrap(), url: first.database.url.clone() };
    let clock = Arc::clone(&behind);
    let env = [("COUNTERSIGN_ISSUER", first.issuer.as_str())];
    let second = Box::pin(TestServer::by(database, &env, |_| clock)).await;
    let mut browser = first.ada().await;
    let app = first.app().await;
    let (revoked, other) = (app.tokens(&mut browser, &[]).await, app.tokens(&mut browser, &[]).await);
    app.revoke(&revoked.access_token).await.has_status(200);
    first.clock.advance(901);
    behind.advance(901);
    run_once(&first.admin).await.unwrap();
    assert!(!first.opens(&other.access_token).await && second.opens(&other.access_token).await, "a few seconds apart");
    assert!(!second.opens(&revoked.access_token).await);
    assert_eq!(moved(&app, &second).introspect(&revoked.access_token).await.body, "{\"active\":false}");
    // and where it has ended already for whoever is told to end it
    app.revoke(&other.access_token).await.has_status(200);
    assert!(!second.opens(&other.access_token).await);
}
