//! A hundred thousand hostile requests against the built program: every answer is well-formed and ours, nothing fails,
//! nothing leads elsewhere, nobody waits for ever, memory stays flat, and the server is as good afterwards.
//!
//! What is sent follows from a seed, which is printed. `COUNTERSIGN_TEST_SEED=SEED` sends the same again, and
//! `COUNTERSIGN_TEST_SEED=SEED:NUMBER` the one connection that a failure named. `COUNTERSIGN_TEST_EFFORT=10` makes it a
//! million.

mod judge;
mod known;
mod message;
mod noise;
mod requests;
mod words;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    effort::alone,
    support::{Answer, Dice, NoAnswer, Raw, Served, Shell, effort},
};
use known::Known;
use message::Message;

const REQUESTS: usize = 100_000;
/// Connections at once. Most of them wait: where a body was not read the server lingers for a second.
const CLIENTS: usize = 48;
/// What the server may have grown by, in bytes.
const GROWTH: u64 = 100 * 1024 * 1024;
/// The seed of the gate's own run: it is the same everywhere. The long run takes others.
const SEED: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_hostile_requests_break_nothing() {
    let _alone = alone().await;
    let shell = Shell::new()
        .await
        .with("COUNTERSIGN_LIMITS__PER_ADDRESS", "false")
        .with("COUNTERSIGN_PASSWORD__FAILURE_FLOOR", "0s")
        // what is given at the start is asked about at the end, and a million requests take longer than 15 minutes
        .with("COUNTERSIGN_TOKENS__ACCESS_TTL", "1d")
        .with("COUNTERSIGN_LOG__LEVEL", "error");
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let known = Known::made(&shell, &server).await;
    let siege =
        Siege { server: &server, known: &known, seed: seed(), next: AtomicU64::new(0), tally: Mutex::default() };
    if let Some(number) = one_connection() {
        siege.connection(number).await;
        return;
    }
    // what is allocated once, is by now
    siege.until(REQUESTS / 10).await;
    let before = server.memory("VmRSS");
    siege.until(REQUESTS * effort()).await;
    let after = server.memory("VmRSS");
    println!("seed {}: {}", siege.seed, siege.tally.lock().unwrap().shown());
    println!("memory {} KiB, then {} KiB, at most {} KiB", before / 1024, after / 1024, server.memory("VmHWM") / 1024);
    assert!(after < before + GROWTH, "it grew from {before} to {after} bytes");
    server.get("/health/ready").await.has_status(200);
    known.still_works(&server).await;
    assert!(server.has_ended().is_none());
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

fn seed() -> u64 {
    let told = std::env::var("COUNTERSIGN_TEST_SEED").unwrap_or_default();
    let told = told.split(':').next().and_then(|seed| seed.parse().ok());
    told.unwrap_or(SEED + u64::try_from(effort()).unwrap() - 1)
}

fn one_connection() -> Option<u64> {
    std::env::var("COUNTERSIGN_TEST_SEED").ok()?.split_once(':')?.1.parse().ok()
}

struct Siege<'a> {
    server: &'a Served,
    known: &'a Known,
    seed: u64,
    next: AtomicU64,
    tally: Mutex<Tally>,
}

impl Siege<'_> {
    /// Goes on until so many requests in all were answered.
    async fn until(&self, requests: usize) {
        let client = || async {
            while self.tally.lock().unwrap().sent < requests {
                self.connection(self.next.fetch_add(1, Ordering::Relaxed)).await;
            }
        };
        futures_util::future::join_all((0..CLIENTS).map(|_| client())).await;
    }

    /// All that happens on one connection, which follows from its number.
    async fn connection(&self, number: u64) {
        let mut dice = Dice::new(self.seed.wrapping_mul(1 << 32).wrapping_add(number));
        let mut raw = Raw::open(self.server).await;
        let fail = |what: &str, sent: &[u8], answer: &dyn std::fmt::Debug| {
            let sent = sent.escape_ascii();
            panic!("COUNTERSIGN_TEST_SEED={}:{number}: {what}\n{answer:?}\nwas answered to: {sent}", self.seed)
        };
        for _ in 0..dice.below(12) {
            let together = *dice.one_of(&[&1, &1, &2, &4, &16]);
            let batch: Vec<Message> = (0..together).map(|_| requests::any(&mut dice, self.known)).collect();
            raw.send(batch.iter().map(|message| message.bytes.as_slice()).collect::<Vec<_>>().concat()).await;
            for message in &batch {
                match raw.answer_to(&message.method).await {
                    Ok(answer) => {
                        self.count(&answer);
                        if let Err(what) = judge::judge(self.known, message, &answer) {
                            fail(&what, &message.bytes, &answer);
                        }
                        if answer.is_last() {
                            if !raw.is_over().await {
                                fail("something comes behind the last answer", &message.bytes, &answer);
                            }
                            return;
                        }
                    }
                    Err(none) => fail("no answer", &message.bytes, &none),
                }
            }
        }
        if dice.once_in(2) {
            self.smuggle(&mut raw, &noise::smuggled(&mut dice, self.known), &fail).await;
        } else {
            let bytes = noise::noise(&mut dice, self.known);
            self.shout(raw, &bytes, &fail).await;
        }
    }

    /// One answer at most, which refuses, and the end.
    async fn smuggle(&self, raw: &mut Raw, message: &Message, fail: &impl Fn(&str, &[u8], &dyn std::fmt::Debug)) {
        raw.send(&message.bytes).await;
        match raw.answer_to(&message.method).await {
            Ok(answer) => {
                self.count(&answer);
                if let Err(what) = judge::judge(self.known, message, &answer) {
                    fail(&what, &message.bytes, &answer);
                }
                if !raw.is_over().await {
                    fail("the connection goes on", &message.bytes, &answer);
                }
            }
            Err(NoAnswer::Closed) => self.tally.lock().unwrap().hung_up(),
            Err(none) => fail("no answer and no end", &message.bytes, &none),
        }
    }

    /// Whatever comes back is HTTP and no failure; when we have finished, so does the server.
    async fn shout(&self, mut raw: Raw, bytes: &[u8], fail: &impl Fn(&str, &[u8], &dyn std::fmt::Debug)) {
        raw.send(bytes).await;
        raw.finish().await;
        let method = String::from_utf8_lossy(bytes).split(' ').next().unwrap_or_default().trim().to_owned();
        loop {
            match raw.answer_to(&method).await {
                Ok(answer) => {
                    self.count(&answer);
                    if let Err(what) = judge::of_any(self.known, &answer) {
                        fail(&what, bytes, &answer);
                    }
                }
                Err(NoAnswer::Closed) => return self.tally.lock().unwrap().hung_up(),
                Err(none) => fail("no HTTP", bytes, &none),
            }
        }
    }

    fn count(&self, answer: &Answer) {
        self.tally.lock().unwrap().answered(answer.status);
    }
}

/// How many, by what they were answered.
#[derive(Default)]
struct Tally {
    sent: usize,
    closed: usize,
    statuses: BTreeMap<u16, usize>,
}

impl Tally {
    fn answered(&mut self, status: u16) {
        self.sent += 1;
        *self.statuses.entry(status).or_default() += 1;
    }

    fn hung_up(&mut self) {
        self.sent += 1;
        self.closed += 1;
    }

    fn shown(&self) -> String {
        let mut text = format!("{} requests", self.sent);
        for (status, count) in &self.statuses {
            let _ = write!(text, ", {count} × {status}");
        }
        let _ = write!(text, ", {} connections ended without a word", self.closed);
        text
    }
}
