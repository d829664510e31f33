//! Signing in.

mod guessing;
mod page;
mod setup;
