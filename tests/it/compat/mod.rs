//! Programs written for other servers, unchanged but for addresses and credentials.

mod read_write;
