//! How often a logo is tried, by which of several servers, and what was there before this release.

use countersign::flow::admin::clients;
use image::ImageFormat;

use super::{REACHES, failed, fetched, hash, logo, picture, publisher, with_logo};
use crate::support::{App, Database, Shell, TestServer, eventually, is_postgres, sql, update_client};

/// The command line at the same database.
fn shell(server: &TestServer) -> Shell {
    Shell::at(Database { dir: tempfile::tempdir().unwrap(), url: server.database.url.clone() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_tried_five_times_within_a_day_and_again_when_somebody_says_so() {
    let server = TestServer::with(&[REACHES]).await;
    let publisher = publisher(b"").await;
    publisher.answers(500, "broken");
    let app = server.app_with(with_logo(&publisher)).await;
    let shell = shell(&server);
    let show = |more: &[&str]| shell.run(&[&["client", "show", &app.client_id], more].concat()).done();
    for (tries, pause) in [(1, 60), (2, 600), (3, 3600), (4, 12 * 3600)] {
        let logo = failed(&server, &app, tries).await;
        assert_eq!(logo.next_try_at.unwrap().seconds_since(server.admin.now()), pause);
        server.clock.advance(pause);
    }
    let last = failed(&server, &app, 5).await;
    assert_eq!((last.next_try_at, last.reason.as_deref()), (None, Some("it answered 500")));
    server.clock.advance(30 * 24 * 3600);
    let said = show(&[]).out;
    assert!(said.contains("could not be fetched: it answered 500; given up"), "{said}");
    let told = show(&["--json"]).json();
    assert_eq!((&told["logo"]["state"], &told["logo"]["tries"]), (&"given up".into(), &5.into()));
    let events = server.admin.store.list_events(50).await.unwrap();
    let event = events.iter().find(|event| event.event == "client.logo_missing").unwrap();
    assert_eq!((event.client_id.as_deref(), event.reason.as_deref()), (Some(&*app.client_id), Some("it answered 500")));

    publisher.gives(200, "image/png", &picture(300, 300, ImageFormat::Png));
    let again: [&str; 5] = ["client", "update", &app.client_id, "--logo-uri", &publisher.address];
    assert!(shell.run(&again).done().out.contains("fetched anew"));
    let first = fetched(&server, &app).await;
    assert_eq!(publisher.asked(), 6);
    let said = show(&[]).out;
    assert!(said.contains("logo shown") && said.contains("fetched ") && said.contains(" KiB"), "{said}");
    let told = show(&["--json"]).json();
    assert_eq!((&told["logo"]["state"], &told["logo_uri"]), (&"fetched".into(), &publisher.address.clone().into()));
    // there is another picture by now
    publisher.gives(200, "image/png", &picture(40, 40, ImageFormat::Png));
    shell.run(&again).done();
    server.get(&first).await.has_status(404);
    let second = fetched(&server, &app).await;
    server.get(&second).await.has_status(200);
    assert_ne!(first, second);

    shell.run(&["client", "update", &app.client_id, "--verified=false"]).done();
    assert!(show(&[]).out.contains("its letter: a logo is fetched and shown of clients that are verified"));
    assert!(shell.run(&again).done().out.contains("nothing was to be changed"));
    shell.run(&["client", "update", &app.client_id, "--logo-uri", ""]).done();
    assert!(!show(&[]).out.contains("logo"));
    assert_eq!(publisher.asked(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_one_fetches_each_logo() {
    let server = TestServer::with(&[REACHES]).await;
    let database = Database { dir: tempfile::tempdir().unwrap(), url: server.database.url.clone() };
    let second = Box::pin(TestServer::on(database, &[REACHES, ("COUNTERSIGN_ISSUER", &server.issuer)])).await;
    let publisher = publisher(&picture(20, 20, ImageFormat::Png)).await;
    let mut apps: Vec<App<'_>> = Vec::new();
    for _ in 0..8 {
        apps.push(server.app_with(with_logo(&publisher)).await);
    }
    for app in &apps {
        let address = fetched(&server, app).await;
        for server in [&server, &second] {
            server.get(&address).await.has_status(200);
        }
    }
    assert_eq!(publisher.asked(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_that_were_verified_before_this_release_get_their_logo_and_others_do_not() {
    let server = TestServer::with(&[REACHES]).await;
    let publisher = publisher(b"").await;
    publisher.answers(500, "later");
    let mut apps = Vec::new();
    for (verified, first_party) in [(true, false), (false, true), (false, false)] {
        let uri = publisher.address.clone();
        let app = server.app_with(|app| {
            (app.verified, app.first_party, app.logo_uri) = (verified, first_party, Some(uri));
        });
        apps.push(app.await);
    }
    server.app_with(|app| app.verified = true).await;
    for app in &apps[..2] {
        failed(&server, app, 1).await;
    }
    sql(&server.database, "DELETE FROM client_logos").await;
    publisher.gives(200, "image/png", &picture(20, 20, ImageFormat::Png));
    let folder = if is_postgres() { "postgres" } else { "sqlite" };
    let path = format!("{}/migrations/{folder}/2026-11-28-000020_client_logos/up.sql", env!("CARGO_MANIFEST_DIR"));
    let migration = std::fs::read_to_string(path).unwrap();
    let seeding = &migration[migration.find("INSERT INTO").unwrap()..];
    sql(&server.database, seeding).await;
    for app in &apps[..2] {
        fetched(&server, app).await;
    }
    assert!(logo(&server, &apps[2]).await.is_none());
    assert_eq!(publisher.asked(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_a_release_of_before_withdraws_counts_at_once() {
    let server = TestServer::with(&[REACHES]).await;
    let (good, bad) = (publisher(&picture(20, 20, ImageFormat::Png)).await, publisher(b"").await);
    let (shown, waiting) = (server.app_with(with_logo(&good)).await, server.app_with(with_logo(&bad)).await);
    let address = fetched(&server, &shown).await;
    failed(&server, &waiting, 1).await;
    // it knows nothing of logos, and leaves them as they are
    let withdraw = "UPDATE clients SET metadata = replace(metadata, '\"verified\":true', '\"verified\":false')";
    sql(&server.database, withdraw).await;
    server.get(&address).await.has_status(404);
    bad.gives(200, "image/png", &picture(20, 20, ImageFormat::Png));
    server.clock.advance(61);
    eventually(async || logo(&server, &waiting).await.is_none()).await;
    assert_eq!(bad.asked(), 1);
    let same = clients::find(&server.admin, &shown.client_id).await.unwrap();
    update_client(&server.admin, &same).await.unwrap();
    assert!(hash(&server, &shown).await.is_none());
}
