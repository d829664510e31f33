//! Which database.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// The database to open.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file, by its whole path.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, with the password that may be in it.
    Postgres(String),
}

impl fmt::Debug for Database {
    /// Without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(url) => f.debug_tuple("Postgres").field(&without_secrets(url)).finish(),
        }
    }
}

impl fmt::Display for Database {
    /// Without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_secrets(url)),
        }
    }
}

/// A standby of the database that answers what may be a little late.
#[derive(Clone, PartialEq, Eq)]
pub struct Replica {
    /// A PostgreSQL URL, with the password that may be in it.
    pub url: String,
    /// How late it may be at most.
    pub lag: Duration,
}

impl fmt::Debug for Replica {
    /// Without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replica").field(&without_secrets(&self.url)).field(&self.lag).finish()
    }
}

impl fmt::Display for Replica {
    /// Without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(&self.url))
    }
}

/// `database_replica_url` as it was written.
#[derive(Clone)]
pub(super) struct ReplicaUrl(pub(super) String);

impl fmt::Debug for ReplicaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(&self.0))
    }
}

impl Setting for Option<ReplicaUrl> {
    const KIND: Kind = Kind::Database;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        match parse(value.text(key)?.trim()) {
            Ok(Database::Postgres(url)) => Ok(Some(ReplicaUrl(url))),
            _ => Err(Problem::new("must be a postgres:// URL").remedy(
                "write postgres://user:password@host:5432/name, or leave it out: then every read goes to database_url",
            )),
        }
    }

    fn unset() -> Option<Self> {
        Some(None)
    }
}

/// `database_url` as it was written.
#[derive(Clone)]
pub(super) struct DatabaseUrl(Database);

impl DatabaseUrl {
    /// With a relative path put below the working directory.
    pub(super) fn below(self, working_dir: &Path) -> Database {
        match self.0 {
            Database::Sqlite(path) => Database::Sqlite(super::below(working_dir, &path)),
            postgres @ Database::Postgres(_) => postgres,
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Setting for Option<DatabaseUrl> {
    const KIND: Kind = Kind::Database;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        parse(value.text(key)?.trim()).map(DatabaseUrl).map(Some)
    }

    fn unset() -> Option<Self> {
        Some(None)
    }
}

/// No message repeats the text: a password may be in it.
fn parse(text: &str) -> Result<Database, Problem> {
    let accepted = || Problem::new("must be a postgres:// URL or sqlite:PATH");
    if text.is_empty() {
        return Err(Problem::new("must not be empty").remedy("leave it out for the SQLite file in data_dir"));
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        // Several hosts with commas are PostgreSQL's own invention; the driver will judge them.
        return match Url::parse(text) {
            Err(why) if !text.contains(',') => Err(Problem::new(format!("must be a URL: {why}")).remedy(
                "write postgres://user:password@host:5432/name, and / ? # @ in the password as %2F %3F %23 %40",
            )),
            _ => Ok(Database::Postgres(text.to_owned())),
        };
    }
    let Some(path) = text.strip_prefix("sqlite:") else {
        return Err(accepted().remedy("write postgres://user@host/name, or sqlite:/var/lib/countersign/countersign.db"));
    };
    if path.starts_with("//") {
        return Err(accepted().remedy("write one path after sqlite:, as in sqlite:/var/lib/countersign/countersign.db"));
    }
    if path.is_empty() || path.contains([':', '?', '\0']) {
        return Err(accepted().remedy("after sqlite: comes the path of a file; it cannot be in memory or have options"));
    }
    Ok(Database::Sqlite(PathBuf::from(path)))
}

/// Scheme, host, port and name. When the text could be read in two ways, only the scheme.
fn without_secrets(text: &str) -> String {
    const HIDDEN: &str = "postgres://<hidden>";
    let Ok(url) = Url::parse(text) else { return HIDDEN.to_owned() };
    let twofold = url.path().contains('@') || url.query().is_some_and(|q| q.contains('@')) || url.fragment().is_some();
    let Some(host) = url.host_str().filter(|_| !twofold) else { return HIDDEN.to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}{}", url.path())
}

#[cfg(test)]
mod tests;
