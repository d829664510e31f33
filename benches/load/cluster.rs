//! A `PostgreSQL` cluster, and what the kernel knows of its processes.

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

use super::process;

/// Names it, as `tests/support/postgres.sh` sets it.
const ADDRESS: &str = "COUNTERSIGN_TEST_DATABASE";

/// A running cluster, to throw away: databases are made in it and left there.
pub(crate) struct Cluster {
    url: url::Url,
    /// The process all others are children of; `None` where it runs elsewhere.
    postmaster: Option<u32>,
    /// What it says of itself.
    pub(crate) words: String,
}

impl Cluster {
    /// The one that the environment names.
    pub(crate) async fn find() -> Result<Self> {
        let url = std::env::var(ADDRESS).with_context(|| {
            format!("{ADDRESS} names no cluster; tests/support/postgres.sh cargo bench … makes one")
        })?;
        let url: url::Url = url.parse()?;
        let client = connect(&url).await?;
        let row = client
            .query_one(
                "SELECT pg_backend_pid(), current_setting('server_version'), current_setting('fsync'), \
                 current_setting('synchronous_commit')",
                &[],
            )
            .await?;
        let backend: i32 = row.get(0);
        let parent = process::stat(u32::try_from(backend)?).ok().and_then(|stat| stat.get(1)?.parse().ok());
        let (version, fsync, commit): (String, String, String) = (row.get(1), row.get(2), row.get(3));
        let words = format!("PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}");
        Ok(Self { url, postmaster: parent.filter(|parent| is_postgres(*parent)), words })
    }

    /// A new database's URL.
    pub(crate) async fn make_database(&self) -> Result<String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{number}", std::process::id());
        connect(&self.url).await?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        let mut url = self.url.clone();
        url.set_path(&name);
        Ok(url.into())
    }

    /// Processor time of all its processes, and bytes they have sent to the disk; `None` where it runs elsewhere.
    pub(crate) fn usage(&self) -> Option<(Duration, u64)> {
        let postmaster = self.postmaster?;
        let own = process::stat(postmaster).ok()?;
        // connections that were closed meanwhile count as ended children
        let mut all = (process::ticks(&own, 4), process::written(postmaster).unwrap_or_default());
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(stat) = process::stat(id) else { continue };
            if stat.get(1).is_some_and(|parent| *parent == postmaster.to_string()) {
                all.0 += process::ticks(&stat, 2);
                all.1 += process::written(id).unwrap_or_default();
            }
        }
        Some(all)
    }
}

/// A connection of our own.
pub(crate) async fn connect(url: &url::Url) -> Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url.as_str(), NoTls).await.context("no connection to PostgreSQL")?;
    // it ends with the client
    tokio::spawn(connection);
    Ok(client)
}

fn is_postgres(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "postgres")
}
