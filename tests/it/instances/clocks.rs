//! Instances go by the clocks of their machines, and what one writes the others read (PROTOCOL R-q4).

use std::sync::Arc;

use countersign::{
    clock::{Clock, TestClock},
    jobs::sweep::run_once,
};

use super::moved;
use crate::support::{Database, TestServer, eventually, is_postgres, set_clock};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_clock_is_not_the_databases_is_not_ready_until_it_is() {
    if !is_postgres() {
        return;
    }
    let first = TestServer::start().await;
    first.get("/health/ready").await.has_status(200);
    set_clock(&first.database, "0").await;
    let server = first.second().await;
    let says = async |status: u16, clock: &str| {
        let ready = server.get("/health/ready").await;
        (ready.status.as_u16(), ready.json()["clock"].as_str()) == (status, Some(clock))
    };
    for off_by in ["1 hour", "-1 hour", "5 seconds", "-5 seconds"] {
        set_clock(&first.database, off_by).await;
        eventually(async || says(503, "failed").await).await;
        set_clock(&first.database, "1 second").await;
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
