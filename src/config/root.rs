//! The root of the file: who we are, where we listen, where things are kept.

use std::path::PathBuf;

use super::{
    database::{DatabaseUrl, ReplicaUrl},
    duration::Milliseconds,
    issuer::Issuer,
    listen::Addresses,
    secret::SecretTexts,
};

super::table::section! {
    /// Who this server is, where it listens and where it keeps things.
    pub(super) struct Root: "" {
        /// The URL this server is known by, and the only source of absolute URLs. Compared as text by clients, so it
        /// has no trailing slash; a path is allowed. Plain http is for loopback hosts only. Left out, it has the port
        /// of the first address in `listen`.
        issuer: Issuer = "http://localhost:8080";
        /// Addresses to listen on: an IP address or `localhost` (both loopback addresses), a colon, and a port. Port 0
        /// lets the system choose one.
        listen: Addresses = "127.0.0.1:8080,[::1]:8080";
        /// The folder for the SQLite database and for the keys made at the first start.
        data_dir: PathBuf = "./countersign-data";
        /// `postgres://…`, or `sqlite:PATH`. Left out, it is the SQLite file `countersign.db` in `data_dir`.
        database_url: Option<DatabaseUrl> = "" like "postgres://countersign@localhost/countersign";
        /// One physical standby of the PostgreSQL database, for introspection and userinfo. What was revoked may be
        /// answered as alive there, for `database_replica_lag` at most. Left out, a revocation holds at once everywhere.
        database_replica_url: Option<ReplicaUrl> = "" like "postgres://countersign@standby/countersign";
        /// How late the standby's answers may be; while it is later than that, or away, the database is asked.
        database_replica_lag: Milliseconds = "1s" in "200ms" to "5m";
        /// Seals signing keys and cookies: a text of at least 32 characters. During a change of it give two: the first
        /// seals, both open. Left out, one is made in `data_dir`; with PostgreSQL it must be given.
        secret_key: SecretTexts = "" like "openssl rand -base64 32";
    }
}
