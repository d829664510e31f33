//! Something has written over a page of `SQLite`'s file.

use std::{
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt,
};

use super::{app, furnish, is_busy, is_calm, is_ready, until, within};
use crate::{
    effort::alone,
    support::{Served, Shell, Tokens, is_postgres},
};

fn file(shell: &Shell) -> PathBuf {
    shell.database.dir.path().join("countersign.db")
}

/// Writes garbage over the first page of a table; page 1 is the file's own.
fn damage(shell: &Shell, table: &str) {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut conn = SqliteConnection::establish(file(shell).to_str().unwrap()).unwrap();
    // nothing may be left in the WAL that would hide it
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut number = |sql: &str| diesel::sql_query(sql).get_result::<Number>(&mut conn).unwrap().n;
    let size = number("SELECT page_size AS n FROM pragma_page_size");
    let page = match table {
        "" => 1,
        table => number(&format!("SELECT rootpage AS n FROM sqlite_master WHERE name = '{table}'")),
    };
    drop(conn);
    let mut file = std::fs::File::options().write(true).open(file(shell)).unwrap();
    file.seek(SeekFrom::Start(u64::try_from((page - 1) * size).unwrap())).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(size).unwrap()]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_costs_what_needs_it_and_health_tells() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 0);
    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let issuer = server.issuer.clone();
    let (tokens, cookies, code) = {
        let (app, mut ada) = (app(&server, &client), server.browser());
        ada.sign_in("ada").await.has_status(303);
        let tokens = app.tokens(&mut ada, &[]).await;
        let code = ada.allow(&app, &[]).await;
        (tokens, ada.cookies, code)
    };
    server.stop();
    let whole = shell.run(&["db", "status", "--json"]).json();
    assert_eq!(whole["damage"], serde_json::Value::Null);
    shell.run(&["db", "backup", "copy.db"]).done();
    damage(&shell, "refresh_chains");

    let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0", "--issuer", &issuer]);
    {
        let app = app(&server, &client);
        assert!(is_busy(&within(app.refresh(&tokens.refresh_token)).await), "nothing can be known of it");
        assert!(is_busy(&within(app.redeem(&code)).await), "nothing is issued that is not written");
        // what does not need that table goes on
        assert_eq!(within(app.introspect(&tokens.access_token)).await.json()["active"], true);
        let mut ada = server.browser();
        ada.cookies = cookies;
        within(ada.authorize(&app, &[])).await.redirected().remove("code").unwrap();
        let page = within(ada.get("/account")).await;
        assert!(is_busy(&page) || page.status == 200, "{}", page.body);
        until(async || !is_ready(&server).await).await;
    }
    let said = shell.run(&["db", "status"]).done();
    assert!(said.out.contains("damage"), "{}", said.out);
    shell.run(&["db", "backup", "second.db"]).failed(1, "the database is damaged");
    assert!(!shell.database.dir.path().join("second.db").exists());
    is_calm(&server, &shell);
    server.stop();

    for left in ["-wal", "-shm"] {
        let _is_gone = std::fs::remove_file(format!("{}{left}", file(&shell).display()));
    }
    std::fs::copy(shell.database.dir.path().join("copy.db"), file(&shell)).unwrap();
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0", "--issuer", &issuer]);
    assert!(is_ready(&server).await);
    let app = app(&server, &client);
    Tokens::of(&app.refresh(&tokens.refresh_token).await);
    let redeemed = app.redeem(&code).await;
    assert!(redeemed.status == 200 || redeemed.json()["error"] == "invalid_grant", "{}", redeemed.body);
    is_calm(&server, &shell);
}

#[tokio::test]
async fn a_server_that_cannot_read_what_it_needs_does_not_start_and_says_why() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let damaged = (1, "the database is damaged");
    for (table, (code, words)) in
        [("", (3, "the database cannot be read")), ("signing_keys", damaged), ("instance", damaged)]
    {
        let shell = Shell::new().await;
        shell.run(&["user", "create", "ada"]).done();
        damage(&shell, table);
        shell.run(&["serve", "--listen", "127.0.0.1:0"]).failed(code, words);
        shell.run(&["db", "backup", "copy.db"]).failed(code, words);
        assert!(!shell.database.dir.path().join("copy.db").exists());
    }
}
