//! Filling a database with grants while no server has it open.

use std::path::Path;

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use countersign::{
    protocol::grant::refresh_token::ChainToken,
    secret::{Id, Keyring},
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::super::{
    browser::REDIRECT_URI,
    cases::READER,
    cluster,
    subject::{App, SECRET_KEY},
};

/// Rows of one transaction.
const AT_ONCE: u64 = 250_000;
/// How long ago the first was made, and how long each lives, in microseconds.
const AGE: i64 = 60 * DAY;
const LIFE: i64 = 90 * DAY;
const DAY: i64 = 24 * 3600 * 1_000_000;
const SQL: &str = include_str!("fill.sql");

diesel::define_sql_function! { fn sha256(bytes: diesel::sql_types::Binary) -> diesel::sql_types::Binary; }
diesel::define_sql_function! { fn hex12(number: diesel::sql_types::BigInt) -> diesel::sql_types::Text; }

/// What an installation is filled with: the same grants, whatever the database.
pub(super) struct Filling {
    apps: Vec<App>,
    began: i64,
    step: i64,
    keyring: Keyring,
}

impl Filling {
    /// Of grants to these apps, of which there will be so many in the end.
    pub(super) fn new(apps: Vec<App>, now_micros: i64, most: u64) -> Result<Self> {
        let began = now_micros - AGE;
        let step = (AGE / i64::try_from(most)?).max(1);
        Ok(Self { apps, began, step, keyring: Keyring::new([SECRET_KEY])? })
    }

    /// The instant by which so many of them had been made.
    pub(super) fn instant(&self, number: u64) -> Result<i64> {
        Ok(self.began + i64::try_from(number)? * self.step)
    }

    /// The first refresh token of a grant, and the app that has it.
    pub(super) fn refresh_token(&self, number: u64) -> Result<(&App, String)> {
        let app = usize::try_from(number)? % self.apps.len();
        let token = ChainToken::first(self.id(number)?, hash(&format!("secret {number}")));
        Ok((self.apps.get(app).context("no such app")?, token.to_secret(&self.keyring).expose().to_owned()))
    }

    /// As the SQL makes it: a UUID of version 7, by the millisecond.
    fn id(&self, number: u64) -> Result<Id> {
        let millis = u64::try_from(self.instant(number)? / 1000)?;
        let hash = hash(&format!("grant {number}"));
        let half = hash.first_chunk::<16>().context("a hash is longer")?;
        let hash = format!("{:032x}", u128::from_be_bytes(*half));
        let (first, rest) = hash.split_at(3);
        let rest = rest.get(..15).context("a hash is longer")?;
        let text = format!("{millis:012x}7{first}8{rest}");
        Ok(Id::from_bytes(u128::from_str_radix(&text, 16)?.to_be_bytes()))
    }

    /// Adds the grants from `first` to `end` to a `SQLite` file.
    pub(super) fn sqlite(&self, path: &Path, first: u64, end: u64) -> Result<()> {
        let mut connection = SqliteConnection::establish(path.to_str().context("a folder without a name")?)?;
        sha256_utils::register_impl(&mut connection, |bytes: Vec<u8>| digest(&SHA256, &bytes).as_ref().to_vec())?;
        hex12_utils::register_impl(&mut connection, |number: i64| format!("{number:012x}"))?;
        // nobody else looks, and what a failure leaves is thrown away
        connection.batch_execute(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
             PRAGMA cache_size = -1048576; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;",
        )?;
        connection.batch_execute(&self.clients())?;
        for (first, end) in parts(first, end) {
            let sql = self.sql(first, end).replace("BYTES", "BLOB");
            connection.transaction(|connection| connection.batch_execute(&sql))?;
            eprint!(" {end}");
        }
        Ok(connection.batch_execute("PRAGMA journal_mode = WAL;")?)
    }

    /// The same to a `PostgreSQL` database.
    pub(super) async fn postgres(&self, url: &str, first: u64, end: u64) -> Result<()> {
        let client = cluster::connect(&url.parse()?).await?;
        client
            .batch_execute(
                "CREATE OR REPLACE FUNCTION hex(bytea) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT encode($1, 'hex') $$; \
                 CREATE OR REPLACE FUNCTION unhex(text) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT decode($1, 'hex') $$; \
                 CREATE OR REPLACE FUNCTION hex12(bigint) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT lpad(to_hex($1), 12, '0') $$; \
                 SET session_replication_role = replica; SET synchronous_commit = off;",
            )
            .await?;
        client.batch_execute(&self.clients()).await?;
        for (first, end) in parts(first, end) {
            client.batch_execute(&self.sql(first, end).replace("BYTES", "bytea")).await?;
            eprint!(" {end}");
        }
        // what its own housekeeping does in time
        for table in ["users", "grants", "refresh_chains", "consents"] {
            client.batch_execute(&format!("VACUUM ANALYZE {table}")).await?;
        }
        Ok(client.batch_execute("CHECKPOINT").await?)
    }

    fn clients(&self) -> String {
        let rows: Vec<String> = self.apps.iter().enumerate().map(|(n, app)| format!("({n}, '{}')", app.id)).collect();
        let rows = rows.join(", ");
        format!(
            "CREATE TEMPORARY TABLE filler_clients (n BIGINT PRIMARY KEY, client_id TEXT NOT NULL); \
             INSERT INTO filler_clients VALUES {rows};"
        )
    }

    fn sql(&self, first: u64, end: u64) -> String {
        let numbers = [
            ("{first}", first.to_string()),
            ("{end}", end.to_string()),
            ("{first_person}", (first / 4).to_string()),
            ("{end_person}", end.div_ceil(4).to_string()),
            ("{began}", self.began.to_string()),
            ("{step}", self.step.to_string()),
            ("{life}", LIFE.to_string()),
            ("{clients}", self.apps.len().to_string()),
            ("{scope}", READER.to_owned()),
            ("{redirect_uri}", REDIRECT_URI.to_owned()),
        ];
        numbers.iter().fold(SQL.to_owned(), |sql, (name, value)| sql.replace(name, value))
    }
}

fn parts(first: u64, end: u64) -> impl Iterator<Item = (u64, u64)> {
    let step = usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
    (first..end).step_by(step).map(move |first| (first, (first + AT_ONCE).min(end)))
}

fn hash(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}
