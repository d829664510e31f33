//! Persons with far more grants or sessions than anybody has by hand: a program that signs in every minute. They are locked
//! and removed like anybody else, and nobody waits for it.

use countersign::{
    flow::{
        Origin,
        admin::{grants, users},
    },
    protocol::client_metadata::{ClientMetadata, TokenFormat},
    store::Progress,
};

use super::deleted::grow;
use crate::support::{App, PASSWORD, TestServer, Tokens, is_postgres, rows, sql};

/// Ada, and an app of hers with many grants.
struct Robot<'a> {
    app: App<'a>,
    id: i64,
    tokens: Tokens,
    grants: i64,
}

impl<'a> Robot<'a> {
    async fn of(server: &'a TestServer) -> Self {
        let mut ada = server.ada().await;
        let app = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
        let tokens = app.tokens(&mut ada, &[]).await;
        grow(server, &app).await;
        let id = users::find(&server.admin, "ada").await.unwrap().id;
        Self { app, id, tokens, grants: rows(&server.database).await["grants"] }
    }

    async fn is_shut_out(&self, server: &TestServer) {
        assert!(!server.opens(&self.tokens.access_token).await);
        self.app.refresh(&self.tokens.refresh_token).await.refused("invalid_grant");
    }
}

async fn live(server: &TestServer) -> usize {
    grants::list(&server.admin, Some("ada"), None, 1000).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_locked_is_shut_out_by_the_first_step_and_their_grants_end_by_many() {
    let server = TestServer::start().await;
    let robot = Robot::of(&server).await;
    let (admin, owner) = (&server.admin, Origin::default());
    assert_eq!(admin.store.set_locked(robot.id, true, admin.now()).await.unwrap(), Progress::Part);
    robot.is_shut_out(&server).await;
    assert_eq!(live(&server).await, 0, "what is good for nothing is not listed, though it has not ended yet");
    let mut browser = server.browser();
    browser.try_to_sign_in("ada", PASSWORD).await.has_status(200);

    users::set_locked(admin, &owner, "ada", true).await.unwrap();
    assert_eq!(live(&server).await, 0);
    let kept = rows(&server.database).await["grants"];
    assert!(kept > 0 && kept < robot.grants, "of {} are {kept} left, which are told about for a day", robot.grants);
    users::set_locked(admin, &owner, "ada", false).await.unwrap();
    robot.is_shut_out(&server).await;
    browser.sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deleted_is_shut_out_by_the_first_step_and_nothing_of_theirs_is_left_in_the_end() {
    let server = TestServer::start().await;
    let robot = Robot::of(&server).await;
    let (admin, owner) = (&server.admin, Origin::default());
    assert_eq!(admin.store.delete_user(robot.id, admin.now()).await.unwrap(), Progress::Part);
    robot.is_shut_out(&server).await;
    server.browser().try_to_sign_in("ada", PASSWORD).await.has_status(200);

    users::delete(admin, &owner, "ada").await.unwrap();
    let rows = rows(&server.database).await;
    for table in ["users", "sessions", "consents", "grants", "refresh_chains", "access_tokens"] {
        assert_eq!(rows[table], 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_very_many_grants_is_shown_until_all_of_them_are_removed() {
    let server = TestServer::start().await;
    let robot = Robot::of(&server).await;
    let mut ada = server.browser();
    ada.sign_in("ada").await.has_status(303);
    let others = server.app().await.tokens(&mut ada, &[]).await;
    let (store, now) = (&server.admin.store, server.admin.now());
    let step = store.remove_app(robot.id, robot.app.client_id.clone(), now).await.unwrap();
    assert_eq!(step, Progress::Part);
    let path = format!("/account/apps/{}", robot.app.client_id);
    let page = ada.get("/account/apps").await;
    page.has_status(200).says(&path);

    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    ada.post(&path, &fields).await.has_status(303);
    robot.is_shut_out(&server).await;
    assert!(!ada.get("/account/apps").await.body.contains(&path));
    assert_eq!(live(&server).await, 1, "that of the other app");
    assert!(server.opens(&others.access_token).await);
}

/// As many sessions more, like the only one, last seen a moment later or earlier.
async fn copy_session(server: &TestServer, times: u32, later_micros: i64) {
    let bytes = |width: u8| {
        if is_postgres() {
            format!("convert_to(lpad(CAST(i AS TEXT), {width}, '0'), 'UTF8')")
        } else {
            format!("CAST(printf('%0{width}d', i) AS BLOB)")
        }
    };
    let copied = "user_id, auth_time, amr, remembered, created_at, ends_at, user_agent, address, selected_at";
    let statement = format!(
        "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {times}) \
         INSERT INTO sessions (id, digest, last_seen_at, {copied}) \
         SELECT {}, {}, last_seen_at + ({later_micros}), {copied} FROM sessions, numbers WHERE i > 0",
        bytes(16),
        bytes(32)
    );
    sql(&server.database, &statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_sessions_than_a_person_may_have_the_one_that_was_not_used_for_longest_ends() {
    let server = TestServer::start().await;
    let mut first = server.ada().await;
    copy_session(&server, 999, 1_000_000).await;
    first.get("/account").await.has_status(200);

    let mut last = server.browser();
    last.sign_in("ada").await.has_status(303);
    last.get("/account").await.has_status(200);
    first.get("/account").await.has_status(303);
    assert_eq!(rows(&server.database).await["sessions"], 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_had_tens_of_thousands_of_sessions_before_there_was_a_limit_signs_in_and_is_locked_like_anybody() {
    let server = TestServer::start().await;
    let mut first = server.ada().await;
    let tokens = server.app().await.tokens(&mut first, &[]).await;
    copy_session(&server, 40_000, -1_000_000).await;

    let mut last = server.browser();
    last.sign_in("ada").await.has_status(303);
    let sessions = rows(&server.database).await["sessions"];
    assert!((39_000..40_000).contains(&sessions), "a few of {sessions} go each time");
    for browser in [&mut first, &mut last] {
        browser.get("/account").await.has_status(200);
    }
    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    assert_eq!(rows(&server.database).await["sessions"], 0);
    assert!(!server.opens(&tokens.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_app_of_a_thousand_sessions_is_to_be_told_of_every_end() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    for _ in 0..3 {
        let told = |app: &mut ClientMetadata| {
            app.backchannel_logout_uri = Some("https://app.example/bc".to_owned());
        };
        server.app_with(told).await.tokens(&mut ada, &[("scope", "openid")]).await;
    }
    copy_session(&server, 999, 1_000_000).await;
    let join = "INSERT INTO session_clients (session_id, client_id) \
                SELECT s.id, c.client_id FROM sessions s, (SELECT DISTINCT client_id FROM session_clients) c \
                WHERE NOT EXISTS (SELECT 1 FROM session_clients j WHERE j.session_id = s.id)";
    sql(&server.database, join).await;

    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    let rows = rows(&server.database).await;
    assert_eq!((rows["sessions"], rows["logout_notices"]), (0, 3000));
}
