//! `[fetch]`: what the server itself asks of others, because a client's registration says so.

use std::path::PathBuf;

use super::{duration::Milliseconds, value::Destination};

super::table::section! {
    /// What the server itself asks of others because a client's registration says so: keys, documents, logos, logout
    /// notices.
    pub struct Fetch: "fetch" {
        /// Hosts and networks that may be asked although they are private; a host named here also by plain http. Anything
        /// else that is not a public address is never asked.
        allow_private: Vec<Destination> = "" like "hooks.internal,10.1.0.0/16";
        /// A file of certificates (PEM) that are trusted besides the system's.
        ca_file: Option<PathBuf> = "" like "/etc/countersign/internal-ca.pem";
        /// How long one request may take, all of it.
        timeout: Milliseconds = "8s" in "1s" to "1m";
    }
}
