//! Another process holds `SQLite`'s write lock.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use futures_util::future::join_all;

use super::{app, furnish, is_busy, is_calm, is_ready, load::Load, until, within};
use crate::{
    effort::{alone, effort},
    support::{Served, Shell, Tokens, is_postgres},
};

fn take_lock(shell: &Shell, how: &str) -> SqliteConnection {
    let mut other = SqliteConnection::establish(shell.database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    other.batch_execute(&format!("PRAGMA busy_timeout = 20000; BEGIN {how}")).unwrap();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_process_holds_the_lock_looking_goes_on_and_changes_wait_or_get_503() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 6);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut load = Load::of(&server, &client, 6).await;
    for how in ["EXCLUSIVE", "IMMEDIATE"].into_iter().cycle().take(2 * effort()) {
        load.during(async |told| {
            told.served(50).await;
            let mut other = take_lock(&shell, how);
            told.refused(10).await;
            assert!(!is_ready(&server).await, "health knows");
            // the threads that answer are free: nobody sleeps on them until the lock is given back
            for _ in 0..50 {
                within(server.get("/health/live")).await.has_status(200);
                within(server.get("/.well-known/openid-configuration")).await.has_status(200);
            }
            other.batch_execute("ROLLBACK").unwrap();
            until(async || is_ready(&server).await).await;
            told.served(50).await;
        })
        .await;
        load.is_as_acknowledged().await;
    }
    is_calm(&server, &shell);
}

/// One after another they would wait for minutes, each as long as the first.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_for_a_lock_are_told_together() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 0);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let app = app(&server, &client);
    let mut ada = server.browser();
    ada.sign_in("ada").await.has_status(303);
    let mut tokens = Vec::new();
    for _ in 0..60 {
        tokens.push(app.tokens(&mut ada, &[]).await);
    }
    let mut other = take_lock(&shell, "IMMEDIATE");
    let replies = within(join_all(tokens.iter().map(|tokens| app.refresh(&tokens.refresh_token)))).await;
    assert!(replies.iter().all(is_busy), "nothing can be written, so nothing is acknowledged");
    // what needs no lock goes on
    assert_eq!(app.introspect(&tokens[0].access_token).await.json()["active"], true);
    other.batch_execute("COMMIT").unwrap();
    until(async || is_ready(&server).await).await;
    for tokens in &tokens {
        Tokens::of(&app.refresh(&tokens.refresh_token).await);
    }
    is_calm(&server, &shell);
}
