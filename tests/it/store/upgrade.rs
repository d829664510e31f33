//! Two releases side by side (migrations/README.md): a server that runs goes on when a newer one has expanded the schema.

use std::collections::BTreeSet;

use super::everything::{ENV, Town};
use crate::support::{TestServer, columns, sql};

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_goes_on_when_a_newer_release_has_expanded_every_table() {
    let server = TestServer::with(&ENV).await;
    let mut town = Town::of(&server).await;
    // every statement has been used and is prepared
    town.day().await;
    let tables: BTreeSet<String> = columns(&server.database).await.into_iter().map(|(table, ..)| table).collect();
    let text = if crate::support::is_postgres() { ("TEXT", "BIGINT") } else { ("TEXT", "INTEGER") };
    for table in tables {
        let (optional, number) = text;
        sql(&server.database, &format!("ALTER TABLE {table} ADD COLUMN newer {optional}")).await;
        sql(&server.database, &format!("ALTER TABLE {table} ADD COLUMN newest {number} NOT NULL DEFAULT 0")).await;
        sql(&server.database, &format!("CREATE INDEX {table}_by_newest ON {table} (newest)")).await;
    }
    sql(&server.database, "CREATE TABLE newer_table (id TEXT NOT NULL PRIMARY KEY)").await;
    sql(&server.database, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").await;
    server.get("/health/ready").await.has_status(200);
    town.day().await;
    town.night().await;
    server.get("/health/ready").await.has_status(200);
}
