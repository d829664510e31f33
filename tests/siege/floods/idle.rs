//! Ten thousand connections on which nothing happens.

use std::time::Duration;

use super::{
    MIB, all_is_as_before,
    bystander::{Bystander, a_newcomer_is_answered},
    line::{Line, get},
    memory_stayed_below, serve, shell_with,
};
use crate::{effort::alone, support::eventually};

/// SECURITY, "hanging connections".
const CONNECTIONS: usize = 10_000;

/// As many as this process may open, and as the server may after it.
fn as_many_as_allowed() -> usize {
    let pid = std::process::id().to_string();
    let hard = open_files().1;
    let raise = std::process::Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={hard}")]).status();
    let allowed = open_files().0.saturating_sub(500);
    if allowed < CONNECTIONS {
        eprintln!("ONLY {allowed} CONNECTIONS: more files may not be open here (prlimit: {raise:?})");
    }
    allowed.min(CONNECTIONS)
}

/// The soft and the hard limit of open files.
fn open_files() -> (usize, usize) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut words = line.split_whitespace().map(|word| word.parse().unwrap_or(usize::MAX / 2));
    (words.next().unwrap(), words.next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_leave_room_for_others_and_cost_little() {
    let _alone = alone().await;
    let connections = as_many_as_allowed();
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    all_is_as_before(&server, "ada").await;
    let before = server.memory("VmRSS");
    let bystander = Bystander::of(&server);
    let mut lines = Vec::new();
    for n in 0..connections {
        let mut line = Line::open(&server, n).await;
        // kept after it was answered
        line.say(&get("/health/live")).await;
        lines.push(line);
    }
    for line in &mut lines {
        let answer = line.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    assert!(open >= connections, "{open} open of {connections}");
    let each = server.memory("VmRSS").saturating_sub(before) / connections as u64;
    eprintln!("{connections} idle connections: {each} bytes each");
    bystander.is_answered(3).await;
    a_newcomer_is_answered(&server).await;
    all_is_as_before(&server, "ada").await;
    bystander.leaves().await;
    memory_stayed_below(&server, 512 * MIB);
    // they were not given up to make room
    for line in lines.iter_mut().step_by(97) {
        line.say(&get("/health/live")).await;
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
    }
    drop(lines);
    eventually(async || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count() < 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_when_its_time_is_up() {
    let _alone = alone().await;
    let shell = shell_with(&[], &[("COUNTERSIGN_SERVER__KEEP_ALIVE", "1s")]).await;
    let server = serve(&shell);
    let mut lines = Vec::new();
    for n in 0..200 {
        let mut line = Line::open(&server, n).await;
        line.say(&get("/health/live")).await;
        lines.push(line);
    }
    for line in &mut lines {
        assert!(line.until_closed().await.starts_with("HTTP/1.1 200"));
    }
    tokio::time::timeout(Duration::from_mins(1), a_newcomer_is_answered(&server)).await.unwrap();
}
