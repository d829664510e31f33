//! SIGKILL at any moment: what was acknowledged is there, what was ended stays ended, and the server is back at once.
//!
//! Dozens of people, apps and commands work with the built server until it is killed under them. Each remembers what it
//! was told and holds the next server to it; what it asked without hearing an answer may have been done or not, but
//! must be one of the two. Nobody looks inside, but for whether the database is sound.
//!
//! `COUNTERSIGN_TEST_EFFORT=25 cargo test --test siege crash -- --nocapture` is the long form: hundreds of rounds.
//! What was drawn is drawn again with the `COUNTERSIGN_TEST_SEED` that a run prints; what a machine does in between is
//! not.

mod administrator;
mod beginnings;
mod chance;
mod ledger;
mod machine;
mod member;
mod rounds;
mod sound;
