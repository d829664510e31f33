//! `[server]`: behind a proxy, and how to stop.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;

use super::duration::Milliseconds;

super::table::section! {
    /// Behind a proxy, and how to stop.
    pub struct Server: "server" {
        /// Proxies that are believed about where a request came from (`X-Forwarded-For`, else `Forwarded`): addresses and
        /// networks.
        trusted_proxies: Vec<IpNet> = "" like "10.0.0.0/8,::1";
        /// A file with the certificate and those above it (PEM): TLS without a proxy in front. Read again when it changes.
        tls_cert: Option<PathBuf> = "" like "/etc/countersign/cert.pem";
        /// The file with its private key (PEM).
        tls_key: Option<PathBuf> = "" like "/etc/countersign/key.pem";
        /// How long a connection without a request is kept; longer than a proxy in front keeps its own.
        keep_alive: Milliseconds = "75s" in "1s" to "1h";
        /// When told to stop: how long to say "not ready" and go on serving, so that load balancers can look away.
        shutdown_delay: Milliseconds = "0s" in "0s" to "10m";
        /// After that delay: how long requests under way may take to finish.
        shutdown_grace: Duration = "8s" in "1s" to "10m";
    }
}
