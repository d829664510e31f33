//! Clients that do not get on: heads that never end, bodies that never come, answers that nobody takes.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use super::{
    MIB, all_is_as_before,
    bystander::{Bystander, a_newcomer_is_answered},
    line::{Line, PATIENCE, form_head, get},
    memory_stayed_below, serve, shell_with,
};
use crate::{
    effort::{alone, effort},
    support::{Door, Reply, Served, eventually, tls_file},
};

/// Of each kind.
const CLIENTS: usize = 150;
const TRICKLING: usize = 64;
/// Of those who shake hands and then do not get on.
const SHAKEN: usize = 20;
/// What a client begins to shake hands with.
const HALF_A_HELLO: &str = "\x16\x03\x01\x02\0\x01\0\x01";

/// What is waited for is the server's limits of 10 and 20 seconds: four at once, each on a server of its own.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_get_on_stop_nobody_and_are_given_up_and_what_they_hold_is_bounded() {
    let _alone = alone().await;
    tokio::join!(
        heads_that_never_end_and_bodies_that_never_come_stop_nobody_and_are_given_up(),
        handshakes_that_never_end_and_heads_after_them_stop_nobody_and_are_given_up(),
        what_is_held_of_unfinished_requests_is_bounded_in_total_and_the_excess_is_told_503(),
        answers_that_nobody_takes_are_bounded_and_given_up()
    );
}

async fn heads_that_never_end_and_bodies_that_never_come_stop_nobody_and_are_given_up() {
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    let bystander = Bystander::of(&server);
    let door: &Door = &server;
    let all = CLIENTS * effort();
    let silent = join_all((0..all).map(async |n| Line::open(door, n).await.until_closed().await));
    let heads = join_all((0..all).map(async |n| {
        let mut line = Line::open(door, n).await;
        line.say("POST /login HTTP/1.1\r\nHost: loc").await;
        line.until_closed().await
    }));
    let later_heads = join_all((0..all).map(async |n| {
        let mut line = Line::open(door, n).await;
        line.say(&get("/health/live")).await;
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
        line.say("GET /health/live HTTP/1.1\r\nHost: loc").await;
        line.until_closed().await
    }));
    let bodies = join_all((0..all).map(async |n| {
        let mut line = Line::open(door, n).await;
        line.say(&form_head("/oauth2/access_token", 100)).await;
        line.say("grant_type=").await;
        line.until_closed().await
    }));
    let unread_bodies = join_all((0..all).map(async |n| {
        let mut line = Line::open(door, n).await;
        line.say("POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        let answer = line.answer().await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        line.say("5\r\nhel").await;
        line.until_closed().await
    }));
    let trickling = join_all((0..TRICKLING).map(async |n| {
        let head = if n % 2 == 0 { get("/health/live") } else { form_head("/oauth2/access_token", 4000) };
        let mut line = Line::open(door, n).await;
        if n % 2 == 1 {
            line.say(&head).await;
        }
        for _ in 0..240 {
            if !line.may_say("x").await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        line.until_closed().await
    }));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bystander.is_answered(3).await;
        all_is_as_before(&server, "ada").await;
        a_newcomer_is_answered(&server).await;
    };
    let ((silent, heads, later), (bodies, unread), _, ()) = tokio::join!(
        async { tokio::join!(silent, heads, later_heads) },
        async { tokio::join!(bodies, unread_bodies) },
        trickling,
        others
    );
    // a client that opened it beforehand would take words for the answer to what it is just sending
    assert!(silent.iter().all(String::is_empty), "{silent:?}");
    for answer in &heads {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    for answer in later.iter().chain(&unread) {
        assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    }
    for answer in &bodies {
        assert!(answer.contains("took too long"), "{answer}");
    }
    bystander.leaves().await;
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 256 * MIB);
}

async fn handshakes_that_never_end_and_heads_after_them_stop_nobody_and_are_given_up() {
    let shell = shell_with(&[], &[]).await;
    let (certificate, key) = (tls_file("first-cert.pem"), tls_file("first-key.pem"));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--issuer", "https://id.example.test"];
    let server = Served::start(&shell, &[&["--listen", "127.0.0.1:0"][..], &tls].concat());
    let door: &Door = &server;
    let request = get("/health/ready").replace("localhost", "id.example.test");
    let handshakes = join_all((0..CLIENTS * effort()).map(async |n| {
        let mut line = Line::open(door, n).await;
        // some say nothing at all
        line.say(&HALF_A_HELLO[..n % HALF_A_HELLO.len()]).await;
        line.until_closed().await
    }));
    let heads = join_all((0..SHAKEN).map(async |n| {
        let mut line = Line::open(door, n).await.private().await;
        line.say(&request[..request.len() - 2]).await;
        line.until_closed().await
    }));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut line = Line::open(door, 0).await.private().await;
        line.say(&request).await;
        let answer = line.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    let (handshakes, heads, ()) = tokio::join!(handshakes, heads, others);
    assert!(handshakes.iter().all(String::is_empty), "{handshakes:?}");
    for answer in &heads {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    memory_stayed_below(&server, 256 * MIB);
}

async fn what_is_held_of_unfinished_requests_is_bounded_in_total_and_the_excess_is_told_503() {
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    let door: &Door = &server;
    let bystander = Bystander::of(&server);
    // 1,500 × 60 KiB of bodies that go on for ever, then as much of heads
    let filling = "x".repeat(60 * 1024);
    let mut lines = Vec::new();
    for n in 0..1_500 {
        let mut line = Line::open(door, n).await;
        line.say(&form_head("/oauth2/access_token", 64_000)).await;
        // who was told 503 may be hung up on
        let _hung_up = line.may_say(&filling).await;
        lines.push(line);
    }
    for n in 0..1_500 {
        let mut line = Line::open(door, n).await;
        let _hung_up = line.may_say(&format!("GET /?{filling}")).await;
        lines.push(line);
    }
    // large bodies are told to come again, at once, before their connection is ended for what it holds; small ones are
    // served
    let large = format!("grant_type=authorization_code&code={}", "x".repeat(60_000));
    let form = |body: String| {
        let request = door.request("POST", "/oauth2/access_token");
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    join_all((0..10).map(async |_| {
        let refused = Reply::of(form(large.clone()).send().await.unwrap()).await;
        assert!(super::is_told_to_come_again(&refused), "{} {}", refused.status, refused.body);
    }))
    .await;
    Reply::of(form("grant_type=authorization_code".to_owned()).send().await.unwrap()).await.has_status(401);
    bystander.is_answered(3).await;
    a_newcomer_is_answered(door).await;
    let told = join_all(lines.into_iter().map(async |mut line| line.until_closed().await)).await;
    let told = told.iter().filter(|answer| answer.starts_with("HTTP/1.1 503")).count();
    eprintln!("180 MiB of unfinished requests: {told} told 503");
    assert!(told > 0);
    // what was given up counts no more
    eventually(async || Reply::of(form(large.clone()).send().await.unwrap()).await.status == 401).await;
    bystander.leaves().await;
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 512 * MIB);
}

async fn answers_that_nobody_takes_are_bounded_and_given_up() {
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    let door: &Door = &server;
    let bystander = Bystander::of(&server);
    let pages = get("/login").repeat(100);
    let readers = join_all((0..40).map(async |n| {
        let mut line = Line::open_narrow(door, n).await;
        // nothing is read: first nothing goes out any more, then it is hung up on
        for _ in 0..10_000 {
            let said = tokio::time::timeout(PATIENCE, line.stream.write_all(pages.as_bytes())).await;
            if said.expect("it is kept, although nothing is read").is_err() {
                return;
            }
        }
        panic!("everything was taken in, although no answer was read");
    }));
    let others = async {
        bystander.is_answered(3).await;
        all_is_as_before(&server, "ada").await;
    };
    tokio::join!(readers, others);
    bystander.leaves().await;
    memory_stayed_below(&server, 256 * MIB);
}
