//! What leaves this machine: requests to addresses that somebody else wrote down.

mod address;
mod fetch;
mod turns;

pub use fetch::{FetchError, Fetched, Fetcher};
pub(crate) use fetch::{body, innermost};
pub use turns::{Errand, Purpose};
