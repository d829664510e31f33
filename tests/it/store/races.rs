//! What the store promises when many come at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign::{
    flow::{
        Origin,
        admin::{AdminError, clients, grants, resources, scopes, users},
    },
    protocol::client_metadata::TokenFormat,
    store::Pace,
};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::sync::Barrier;

use crate::support::{Database, Reply, TestServer, Tokens, deadlocks, eventually, has_sessions};

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_made_at_once_all_exist() {
    let server = TestServer::start().await;
    let apps = join_all((0..40).map(|_| server.app())).await;
    let listed = countersign::flow::admin::clients::list(&server.admin).await.unwrap();
    assert!(apps.iter().all(|app| listed.iter().any(|client| client.client_id == app.client_id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_signing_in_at_once_each_get_a_code_of_their_own() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let codes = join_all((0..24).map(|n| {
        let (server, app) = (&server, &app);
        async move {
            let name = format!("person{n}");
            server.user(&name).await;
            let mut browser = server.browser();
            browser.sign_in(&name).await.has_status(303);
            let tokens = app.tokens(&mut browser, &[]).await;
            assert_eq!(server.resource(&tokens.access_token).await.json()["user"], name.as_str());
            tokens.access_token
        }
    }))
    .await;
    assert_eq!(codes.len(), 24);
}

/// Rows are locked in one order, and should there be a deadlock all the same, its victim is tried again: nobody hears of
/// either.
#[tokio::test(flavor = "multi_thread")]
async fn one_grant_used_and_ended_in_every_way_at_once_never_fails() {
    let server = TestServer::start().await;
    for round in 0..12 {
        let person = format!("person{round}");
        server.user(&person).await;
        let mut browser = server.browser();
        browser.sign_in(&person).await.has_status(303);
        let app = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
        let code = browser.allow(&app, &[]).await;
        let tokens = Tokens::of(&app.redeem(&code).await);
        let (app, server, tokens, code) = (&app, &server, &tokens, code.as_str());
        let mut all: Vec<BoxFuture<'_, Reply>> = Vec::new();
        for _ in 0..6 {
            all.push(app.refresh(&tokens.refresh_token).boxed());
            all.push(app.introspect(&tokens.access_token).boxed());
            all.push(app.revoke(&tokens.access_token).boxed());
            all.push(server.resource(&tokens.access_token).boxed());
        }
        let owner = Origin::default();
        let end = async {
            match round % 4 {
                0 => clients::delete(&server.admin, &owner, &app.client_id).await.unwrap(),
                1 => _ = grants::remove_app(&server.admin, &owner, &person, &app.client_id).await,
                2 => _ = users::delete(&server.admin, &owner, &person).await.unwrap(),
                _ => {
                    users::set_locked(&server.admin, &owner, &person, true).await.unwrap();
                    users::set_locked(&server.admin, &owner, &person, false).await.unwrap();
                }
            }
        };
        if round > 3 {
            all.extend((0..4).map(|_| app.redeem(code).boxed()));
            all.extend((0..4).map(|_| app.revoke(&tokens.refresh_token).boxed()));
        }
        let (replies, ()) = tokio::join!(join_all(all), end);
        for reply in replies {
            assert!(!reply.status.is_server_error(), "{} {}", reply.status, reply.body);
        }
    }
    assert_eq!(deadlocks(&server.database).await, 0);
}

/// No key of the table spans both, so whoever takes one waits for whoever may be taking the other. On `SQLite` changes come
/// one after the other anyway.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_an_address_that_are_the_same_are_not_taken_by_two_at_once() {
    if !has_sessions() {
        return;
    }
    let server = TestServer::start().await;
    let owner = Origin::default();
    for name in ["ada", "bob", "carl"] {
        server.user(name).await;
    }
    let (other, connection) = tokio_postgres::connect(&server.database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let address = |email: &str| users::Changes { email: Some(email.to_owned()), ..users::Changes::default() };
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // as another instance has it that makes a person, and has not come to its end
    let turn = "SELECT one FROM instance FOR NO KEY UPDATE";
    let named = "UPDATE users SET username = 'd@x.example', username_key = 'd@x.example' WHERE username = 'bob'";
    // as one of the release before, which takes no turn
    let addressed = "UPDATE users SET email = 'e@x.example', email_key = 'e@x.example' WHERE username = 'carl'";
    for (taken, taking) in [("d@x.example", format!("{turn}; {named}")), ("e@x.example", addressed.to_owned())] {
        other.batch_execute(&format!("BEGIN; {taking}")).await.unwrap();
        let change = address(taken);
        let taken = users::update(&server.admin, &owner, "ada", &change);
        let end = async {
            eventually(async || !other.query(waits, &[]).await.unwrap().is_empty()).await;
            other.batch_execute("COMMIT").await.unwrap();
        };
        let (taken, ()) = tokio::join!(taken, end);
        assert!(matches!(taken, Err(AdminError::Exists { .. })), "{taken:?}");
    }
    users::update(&server.admin, &owner, "ada", &address("f@x.example")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_a_name_and_an_address_that_are_the_same_one_has_it() {
    let server = TestServer::start().await;
    server.user("ada").await;
    for round in 0..8 {
        let text = format!("person{round}@x.example");
        let change = users::Changes { email: Some(text.clone()), ..users::Changes::default() };
        let new = || users::NewUser { username: text.clone(), ..users::NewUser::default() };
        let owner = Origin::default();
        let (made, changed) = tokio::join!(
            join_all((0..3).map(|_| users::create(&server.admin, &owner, new()))),
            users::update(&server.admin, &owner, "ada", &change)
        );
        let first = made.iter().filter(|made| made.is_ok()).count() + usize::from(changed.is_ok());
        assert_eq!(first, 1, "round {round}");
    }
}

/// The first two who are to begin this operation do so together: both have read what was there before.
struct Together {
    operation: &'static str,
    come: AtomicUsize,
    both: Barrier,
}

impl Together {
    fn at(operation: &'static str) -> Arc<Self> {
        Arc::new(Self { operation, come: AtomicUsize::new(0), both: Barrier::new(2) })
    }
}

impl Pace for Together {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        let waits = operation == self.operation && self.come.fetch_add(1, Ordering::Relaxed) < 2;
        Box::pin(async move {
            if waits {
                self.both.wait().await;
            }
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_scope_at_once_nobody_undoes_what_the_other_did() {
    let server = TestServer::paced(Database::fresh().await, &[], Together::at("update_scope")).await;
    server.scope("race", "Race", &[]).await;
    let (admin, owner) = (&server.admin, Origin::default());
    let dangerous = scopes::Changes { danger: Some(true), ..scopes::Changes::default() };
    let described = scopes::Changes { description: Some("Run".to_owned()), ..scopes::Changes::default() };
    let (first, second) = tokio::join!(
        scopes::update(admin, &owner, "race", dangerous),
        scopes::update(admin, &owner, "race", described)
    );
    first.and(second).unwrap();
    let kept = scopes::list(admin).await.unwrap().into_iter().find(|scope| scope.name == "race").unwrap();
    assert_eq!((kept.danger, kept.description.as_str()), (true, "Run"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_resource_at_once_nobody_undoes_what_the_other_did() {
    let server = TestServer::paced(Database::fresh().await, &[], Together::at("update_resource")).await;
    let api = "https://api.example/";
    server.api(api).await;
    let (admin, owner) = (&server.admin, Origin::default());
    let brief = resources::Changes { access_ttl: Some(Some(60)), ..resources::Changes::default() };
    let named = resources::Changes { name: Some("Notes".to_owned()), ..resources::Changes::default() };
    let (first, second) =
        tokio::join!(resources::update(admin, &owner, api, brief), resources::update(admin, &owner, api, named));
    first.and(second).unwrap();
    let kept = resources::list(admin).await.unwrap().into_iter().find(|one| one.identifier == api).unwrap();
    assert_eq!((kept.access_ttl, kept.name.as_str()), (Some(60), "Notes"));
}
