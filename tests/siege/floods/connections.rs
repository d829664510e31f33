//! Connections by the thousand: reset at once, and more than are let in.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    MIB, all_is_as_before,
    bystander::{Bystander, a_newcomer_is_answered},
    line::{Line, get},
    memory_stayed_below, serve, shell_with,
};
use crate::{
    effort::{alone, effort},
    support::{Door, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_connections_opened_and_reset_hurt_nobody() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    let door: &Door = &server;
    let bystander = Bystander::of(door);
    let flood = join_all((0..20).map(async |source| {
        for n in 0..250 * effort() {
            let mut line = Line::open(door, source * 2_000).await;
            match n % 4 {
                0 => {}
                1 => line.say("GET /lo").await,
                2 => line.say(&get("/login")).await,
                _ => line.say(&super::line::form_head("/login", 1_000)).await,
            }
            line.reset();
        }
    }));
    flood.await;
    bystander.is_answered(3).await;
    a_newcomer_is_answered(door).await;
    bystander.leaves().await;
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 256 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_allowed_wait_until_there_is_room() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &[("COUNTERSIGN_LIMITS__CONNECTIONS", "64")]).await;
    let server = serve(&shell);
    let door: &Door = &server;
    let mut inside = Vec::new();
    for n in 0..64 {
        let mut line = Line::open(door, n).await;
        line.say(&get("/health/live")).await;
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
        inside.push(line);
    }
    let mut outside = Vec::new();
    for n in 0..64 {
        let mut line = Line::open(door, n).await;
        line.say(&get("/health/live")).await;
        outside.push(line);
    }
    // those inside are served, those outside are not
    for line in &mut inside {
        line.say(&get("/health/live")).await;
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
    }
    let mut first = [0; 1];
    let waiting = outside[0].stream.peek(&mut first);
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
    drop(inside);
    for line in &mut outside {
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
    }
    drop(outside);
    eventually(async || server.get("/health/ready").await.status == 200).await;
    all_is_as_before(&server, "ada").await;
}
