//! A standby that answers introspection and userinfo (PROTOCOL R-q5): only with a yes, late by no more than is stated,
//! and missed by nobody while it cannot.

use std::{cell::RefCell, sync::Arc, time::Duration};

use countersign::{
    clock::SystemClock,
    flow::{
        accept::{self, Dead},
        start::{self, StartError},
    },
    protocol::client_metadata::TokenFormat,
    store::Migrate,
};
use tokio_postgres::{Client, NoTls};

use crate::support::{App, Cluster, Database, Shell, TestServer, Tokens, config, eventually, is_postgres};

const PERSON: [(&str, &str); 1] = [("scope", "openid")];

/// A database of its own, because the test holds up all of what its standby does.
struct Stage {
    server: TestServer,
    primary: Client,
    standby: Client,
    standby_url: String,
    cluster: RefCell<Cluster>,
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn asked<T: for<'a> tokio_postgres::types::FromSql<'a>>(of: &Client, what: &str) -> T {
    of.query_one(&format!("SELECT {what}"), &[]).await.unwrap().get(0)
}

impl Stage {
    async fn set(lag: &str) -> Self {
        let mut cluster = Cluster::start();
        let standby_url = cluster.standby();
        // as it is shipped, and as it has to be
        let url = format!("{}?options=-c%20synchronous_commit%3Don", cluster.url);
        let database = Database { dir: tempfile::tempdir().unwrap(), url };
        let env = [("COUNTERSIGN_DATABASE_REPLICA_URL", &*standby_url), ("COUNTERSIGN_DATABASE_REPLICA_LAG", lag)];
        let server = Box::pin(TestServer::on(database, &env)).await;
        let (primary, standby) = (connect(&cluster.url).await, connect(&standby_url).await);
        Self { server, primary, standby, standby_url, cluster: RefCell::new(cluster) }
    }

    async fn comes_to_say(&self, word: &str) {
        assert!(in_time(async || self.says(word).await).await, "{word}");
    }

    /// How the server says it stands to its standby; it is ready whatever that is.
    async fn says(&self, word: &str) -> bool {
        let ready = self.server.get("/health/ready").await;
        ready.has_status(200);
        ready.json()["replica"] == word
    }

    /// From here on nothing new is seen there, and all that was before is.
    async fn hold_up(&self) {
        let end: i64 = asked(&self.primary, "(pg_current_wal_flush_lsn() - '0/0')::bigint").await;
        let seen = "(pg_last_wal_replay_lsn() - '0/0')::bigint";
        eventually(async || asked::<i64>(&self.standby, seen).await >= end).await;
        self.standby.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
        eventually(async || asked::<String>(&self.standby, "pg_get_wal_replay_pause_state()").await == "paused").await;
    }

    async fn let_go(&self) {
        self.standby.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    }

    /// Is it written that this token is dead?
    async fn is_revoked(&self, token: &str) -> bool {
        let seen = accept::inspect(&self.server.admin, token).await.unwrap();
        seen.is_some_and(|(_, verdict)| verdict.is_err_and(|dead| dead == Dead::Revoked))
    }
}

async fn is_active(app: &App<'_>, tokens: &Tokens) -> bool {
    let reply = app.introspect(&tokens.access_token).await;
    reply.has_status(200);
    reply.json()["active"].as_bool().unwrap()
}

async fn opens_userinfo(app: &App<'_>, tokens: &Tokens) -> bool {
    let bearer = format!("Bearer {}", tokens.access_token);
    let reply = app.server.get_with("/oauth2/userinfo", "authorization", &bearer).await;
    assert!([200, 401].contains(&reply.status.as_u16()), "{} {}", reply.status, reply.body);
    reply.status == 200
}

async fn all_are_alive(ended: &[(&App<'_>, Tokens, &str)]) -> bool {
    for (app, tokens, _) in ended {
        if !is_active(app, tokens).await || !opens_userinfo(app, tokens).await {
            return false;
        }
    }
    true
}

/// Does it come to be so? A standby that was slow is left alone for a while.
async fn in_time(what: impl AsyncFn() -> bool) -> bool {
    let waiting = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), waiting).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_says_yes_and_what_it_does_not_know_is_asked_of_the_database() {
    if !is_postgres() {
        return; // a file has no standby
    }
    let stage = Stage::set("5m").await;
    let server = &stage.server;
    let mut browser = server.ada().await;
    let signed = server.app().await;
    let opaque = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    let both = [&signed, &opaque];

    // what was ended is ended, and late there alone. A machine that is too busy for it asks the database: then again
    let mut ended = Vec::new();
    for _ in 0..5 {
        stage.let_go().await;
        stage.comes_to_say("in use").await;
        ended.clear();
        for app in both {
            ended.push((app, app.tokens(&mut browser, &PERSON).await, "access_token"));
            ended.push((app, app.tokens(&mut browser, &PERSON).await, "refresh_token"));
        }
        stage.hold_up().await;
        for (app, tokens, by) in &ended {
            app.revoke(tokens.all[by].as_str().unwrap()).await.has_status(200);
            assert!(stage.is_revoked(&tokens.access_token).await);
        }
        if in_time(async || all_are_alive(&ended).await).await {
            break;
        }
    }
    assert!(in_time(async || all_are_alive(&ended).await).await);
    let (app, tokens, _) = &ended[3];
    app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    assert_eq!(app.introspect(&tokens.refresh_token).await.json()["active"], false);

    // what is new is there at once, although nothing of it is in the standby
    for app in both {
        let new = app.tokens(&mut browser, &PERSON).await;
        assert!(is_active(app, &new).await && opens_userinfo(app, &new).await && server.opens(&new.access_token).await);
        let renewed = Tokens::of(&app.refresh(&new.refresh_token).await);
        assert!(is_active(app, &renewed).await);
    }

    stage.let_go().await;
    for (app, tokens, _) in &ended {
        assert!(in_time(async || !is_active(app, tokens).await && !opens_userinfo(app, tokens).await).await);
    }
    what_is_no_standby_of_the_database_is_refused_at_the_start(&stage).await;
}

async fn what_is_no_standby_of_the_database_is_refused_at_the_start(stage: &Stage) {
    let start = async |database: &Database, replica: &str| {
        let env = [("COUNTERSIGN_DATABASE_URL", &*database.url), ("COUNTERSIGN_DATABASE_REPLICA_URL", replica)];
        let config = config(database.dir.path(), &env);
        Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await.map(drop)
    };
    let (own, other) = (&stage.server.database, Database::fresh().await);
    let renamed = stage.standby_url.replace("/postgres", "/template1");
    let twofold = stage.standby_url.replace("127.0.0.1:", "127.0.0.1,127.0.0.1:");
    for (database, replica, words) in [
        (own, &own.url, "it takes changes itself"),
        (&other, &stage.standby_url, "a standby of another PostgreSQL"),
        (own, &renamed, "another database"),
        (own, &twofold, "one standby"),
    ] {
        let error = start(database, replica).await.unwrap_err();
        assert!(matches!(&error, StartError::Replica(_)) && error.to_string().contains(words), "{error}");
    }
    // one that is away may come back
    start(own, "postgres://countersign@127.0.0.1:1/postgres").await.unwrap();

    let shell = Shell::at(Database { dir: tempfile::tempdir().unwrap(), url: own.url.clone() });
    let with = |shell: Shell, replica: &str| shell.with("COUNTERSIGN_DATABASE_REPLICA_URL", replica);
    let shell = with(shell, &stage.standby_url);
    eventually(async || shell.run(&["db", "status", "--json"]).json()["replica"]["state"] == "has everything").await;
    let shell = with(shell, &own.url);
    let said = shell.run(&["db", "status"]).done();
    assert!(said.out.contains("cannot be used: it is no standby"), "{}", said.out);
    let password = stage.standby_url.split([':', '@']).nth(2).unwrap();
    assert!(!said.out.contains(password), "{}", said.out);
    shell.run(&["serve", "--listen", "127.0.0.1:0"]).failed(3, "database_replica_url cannot be used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_late_or_gone_costs_nobody_anything_and_is_taken_again() {
    if !is_postgres() {
        return; // a file has no standby
    }
    let stage = Stage::set("2s").await;
    let mut browser = stage.server.ada().await;
    let app = stage.server.app().await;
    let (tokens, lasting) = (app.tokens(&mut browser, &[]).await, app.tokens(&mut browser, &[]).await);
    stage.comes_to_say("in use").await;
    stage.hold_up().await;
    app.revoke(&tokens.access_token).await.has_status(200);
    eventually(async || !is_active(&app, &tokens).await).await;
    stage.comes_to_say("left alone").await;
    assert_eq!(asked::<String>(&stage.standby, "pg_get_wal_replay_pause_state()").await, "paused");
    for _ in 0..5 {
        assert!(!is_active(&app, &tokens).await && is_active(&app, &lasting).await);
    }
    stage.let_go().await;
    stage.comes_to_say("in use").await;

    // whoever asks while it goes is answered, and so is everybody until it is back
    stage.cluster.borrow_mut().told("standby stop", "standby stopped");
    let asking = async || {
        while !stage.says("left alone").await {
            assert!(is_active(&app, &lasting).await && !is_active(&app, &tokens).await);
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asking()).await.unwrap();
    assert!(is_active(&app, &lasting).await && !is_active(&app, &tokens).await);
    assert_eq!(stage.cluster.borrow_mut().standby(), stage.standby_url);
    stage.comes_to_say("in use").await;
    assert!(is_active(&app, &lasting).await && !is_active(&app, &tokens).await);
}
