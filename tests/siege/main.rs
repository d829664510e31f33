//! The built program under attack: killed, starved, flooded, lied to. One siege at a time, so that each has the
//! machine for itself; `cargo test --test siege` runs them all.
//!
//! `COUNTERSIGN_TEST_EFFORT=10` makes each ten times as long: more rounds, more requests. 1 is what the gate runs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may")]

mod crash;
mod effort;
mod faults;
mod floods;
mod hostile;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
