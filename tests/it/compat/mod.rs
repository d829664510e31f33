//! Programs written for other servers, unchanged but for addresses and credentials.

mod doors;
pub(crate) mod facebook;
pub(crate) mod github;
mod read_write;
