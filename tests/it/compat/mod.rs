//! Programs written for other servers, unchanged but for addresses and credentials.

mod doors;
mod facebook;
mod github;
mod read_write;
