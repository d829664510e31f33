//! Somebody else, who asks for health and metadata again and again while the flood is on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::line::Line;
use crate::support::{Door, Reply};

const PATHS: [&str; 3] = ["/health/live", "/health/ready", "/.well-known/openid-configuration"];

pub(super) struct Bystander {
    rounds: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    asking: JoinHandle<()>,
}

impl Bystander {
    /// Begins to ask, over connections of its own.
    pub(super) fn of(door: &Door) -> Self {
        let (rounds, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let door = Door::new(door.address.clone(), door.issuer.clone());
        let (count, end) = (Arc::clone(&rounds), Arc::clone(&enough));
        let asking = tokio::spawn(async move {
            while !end.load(Ordering::Relaxed) {
                for path in PATHS {
                    let request = door.request("GET", path).timeout(Duration::from_mins(1));
                    Reply::of(request.send().await.unwrap()).await.has_status(200);
                }
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Self { rounds, enough, asking }
    }

    /// How many times everything was answered so far.
    pub(super) fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Waits until everything was answered so many times more.
    pub(super) async fn is_answered(&self, times: usize) {
        let before = self.rounds();
        for _ in 0..6_000 {
            if self.rounds() >= before + times {
                return;
            }
            assert!(!self.asking.is_finished(), "it was not answered");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is answered no more");
    }

    /// Everything was answered whenever it was asked for.
    pub(super) async fn leaves(self) {
        self.enough.store(true, Ordering::Relaxed);
        self.asking.await.unwrap();
    }
}

/// Asks on a connection of its own, opened now.
pub(super) async fn a_newcomer_is_answered(door: &Door) {
    let mut line = Line::open(door, 0).await;
    line.say(&super::line::get("/health/live")).await;
    let answer = line.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
