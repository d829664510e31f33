//! The configuration: flag, environment, file, default, in that rank; every key typed and checked at the start.
//!
//! A file per section holds its keys with their defaults, units and words; `table` lists the sections, and everything
//! reads that list. What needs more than one section to be judged is in `resolve`. Nothing here reads the process's
//! environment, and nothing but files is touched.
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "names of products stand in sentences that the reference prints")]

mod branding;
mod choice;
mod clients;
mod consent;
mod database;
mod device;
mod dialects;
pub mod duration;
mod error;
mod fetch;
mod file;
mod gather;
mod issuer;
mod limits;
mod listen;
mod log;
mod login;
mod password;
mod place;
mod read;
mod reference;
mod resolve;
mod root;
mod secret;
mod server;
mod size;
mod suggest;
pub mod table;
mod tokens;
mod value;

use std::path::{Path, PathBuf};

pub use self::{
    branding::Branding,
    clients::{Clients, ErrorRedirects, Registration, RegistrationAllows},
    consent::Consent,
    database::{Database, Replica},
    device::Device,
    dialects::Dialects,
    error::{ConfigError, ConfigErrors},
    fetch::Fetch,
    gather::PREFIX,
    issuer::Issuer,
    limits::Limits,
    listen::Listen,
    log::{ClientIp, Log, LogFormat, LogLevel},
    login::{Login, Signup},
    password::Password,
    place::Origin,
    reference::{default_toml, explain, reference_markdown, show},
    secret::SecretText,
    server::Server,
    size::Size,
    tokens::{AccessFormat, IdClaims, Tokens},
    value::Destination,
};

/// Everything that can be configured, resolved: paths are whole, defaults are filled in, no value contradicts another.
#[derive(Debug, Clone)]
pub struct Config {
    /// The URL this server is known by. Default `http://localhost:8080`.
    pub issuer: Issuer,
    /// Where it listens: at least one address. Default: port 8080 of both loopback addresses.
    pub listen: Vec<Listen>,
    /// The folder for what is made here, as a whole path. Default `./countersign-data`.
    pub data_dir: PathBuf,
    /// The database. Default: `countersign.db` in `data_dir`.
    pub database: Database,
    /// What answers instead of it where an answer may be late. With PostgreSQL only. Default: nothing.
    pub database_replica: Option<Replica>,
    /// One or two, the first seals and both open. Empty: one is kept in `data_dir` (with SQLite only).
    pub secret_key: Vec<SecretText>,
    /// `[server]`
    pub server: Server,
    /// `[tokens]`
    pub tokens: Tokens,
    /// `[login]`
    pub login: Login,
    /// `[password]`
    pub password: Password,
    /// `[consent]`
    pub consent: Consent,
    /// `[clients]`
    pub clients: Clients,
    /// `[device]`
    pub device: Device,
    /// `[fetch]`
    pub fetch: Fetch,
    /// `[dialects]`
    pub dialects: Dialects,
    /// `[limits]`
    pub limits: Limits,
    /// `[branding]`
    pub branding: Branding,
    /// `[log]`
    pub log: Log,
}

/// Where values come from. Handed in, so that a test needs no process of its own.
#[derive(Clone, Default)]
pub struct Sources {
    /// `--config`, repeated: a later file wins. Empty: `COUNTERSIGN_CONFIG`, else the usual places.
    pub files: Vec<PathBuf>,
    /// The environment.
    pub env: Vec<(String, String)>,
    /// What flags said, by the path of the key: `issuer`, `tokens.access_ttl`. A list may be given in several.
    pub flags: Vec<(&'static str, String)>,
    /// Where relative paths start.
    pub working_dir: PathBuf,
}

impl Sources {
    /// The value of a variable; the last one wins.
    fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A configuration, and how it came to be.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// Every key in the order of the table.
    pub origins: Vec<Entry>,
    /// What is odd but no reason not to start, one sentence each.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// What is known of one key, by its path.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.origins.iter().find(|entry| entry.key.path() == path)
    }
}

/// The value of one key and where it came from.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: &'static table::Key,
    /// Its value as text: lists with commas, secrets as `<set>`, empty when there is none.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Finds, reads, merges and checks the configuration.
///
/// # Errors
/// Everything that is wrong, at once, each with its place and what to do about it.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigErrors> {
    let mut gathered = gather::gather(sources);
    let errors = std::mem::take(&mut gathered.errors);
    resolve::resolve(&gathered, errors, &sources.working_dir)
}

/// A path as seen from a folder, without needless `.`.
fn below(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path).components().collect()
}

#[cfg(test)]
mod tests;
