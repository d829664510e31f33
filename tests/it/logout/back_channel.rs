//! `OpenID` Connect Back-Channel Logout 1.0, by section, and its outbox (PROTOCOL R-n1).

use std::collections::BTreeSet;

use countersign::{
    flow::{
        Origin,
        admin::{clients, sessions, users},
    },
    jose::jwe::{self, ContentAlgorithm, KeyAlgorithm},
    store::models::LogoutNotice,
};
use serde_json::{Value, json};

use super::{OUT, id_token, path, press, receiver::Receiver};
use crate::{
    client_auth::Publisher,
    oidc, registration,
    support::{App, Browser, Database, TestServer, claims, eventually, has_sessions, is_postgres, rows, sql},
};

/// Lets the server ask this machine.
const HERE: (&str, &str) = ("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1");

async fn app<'a>(server: &'a TestServer, receiver: &Receiver) -> App<'a> {
    app_with(server, receiver, |_| {}).await
}

async fn app_with<'a>(
    server: &'a TestServer,
    receiver: &Receiver,
    change: impl FnOnce(&mut countersign::protocol::client_metadata::ClientMetadata),
) -> App<'a> {
    let address = receiver.address.clone();
    server
        .app_with(|metadata| {
            metadata.backchannel_logout_uri = Some(address);
            metadata.post_logout_redirect_uris = vec![OUT.to_owned()];
            change(metadata);
        })
        .await
}

async fn sign_out(browser: &mut Browser<'_>) {
    let page = browser.get(&path(&[])).await;
    press(browser, &page, "yes").await.has_status(303);
}

async fn notices(server: &TestServer, app: &App<'_>) -> Vec<LogoutNotice> {
    clients::list_logout_notices(&server.admin, &app.client_id).await.unwrap()
}

/// The receiver was told, and nothing is left to be sent.
async fn is_done(server: &TestServer, app: &App<'_>, receiver: &Receiver, times: usize) {
    eventually(async || receiver.requests().len() >= times && notices(server, app).await.is_empty()).await;
    assert_eq!(receiver.requests().len(), times);
}

/// Writes `each` notices for all of these clients, as if so many sessions had ended. Those with `failed_at` were given up.
async fn fill(server: &TestServer, clients: &str, each: usize, next_try_at: i64, failed_at: &str) {
    let id = if is_postgres() { "decode(md5(client_id || n), 'hex')" } else { "randomblob(16)" };
    let statement = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {each}) \
         INSERT INTO logout_notices \
         (id, client_id, sub, sid, tries, next_try_at, reason, failed_at, created_at, ends_at) \
         SELECT {id}, client_id, 'nobody', 'x', 0, {next_try_at}, NULL, {failed_at}, 0, {NEVER} \
         FROM clients, numbers WHERE {clients}"
    );
    sql(&server.database, &statement).await;
}

/// In microseconds.
const NEVER: i64 = 9_000_000_000_000_000;

async fn kept(server: &TestServer) -> i64 {
    rows(&server.database).await["logout_notices"]
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_s25_the_apps_of_the_session_are_told_by_a_token_that_is_no_other_and_names_the_session() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
    let (one, two, elsewhere) =
        (Receiver::answering(200).await, Receiver::answering(204).await, Receiver::answering(200).await);
    let plain = app(&server, &one).await;
    let es256 = app_with(&server, &two, |metadata| {
        metadata.id_token_signed_response_alg = Some(countersign::jose::Algorithm::Es256.into());
    })
    .await;
    let untouched = app(&server, &elsewhere).await;
    let mut other_browser = server.browser();
    other_browser.sign_in("ada").await;
    id_token(&untouched, &mut other_browser).await;
    let hints = [id_token(&plain, &mut browser).await, id_token(&es256, &mut browser).await];
    sign_out(&mut browser).await;
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(server.get("/oauth2/jwks").await.json()).unwrap();
    for (app, receiver, hint, algorithm) in [
        (&plain, &one, &hints[0], jsonwebtoken::Algorithm::RS256),
        (&es256, &two, &hints[1], jsonwebtoken::Algorithm::ES256),
    ] {
        is_done(&server, app, receiver, 1).await;
        let request = &receiver.requests()[0];
        assert!(request.starts_with("POST /bc?from=op HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
        let token = receiver.tokens().remove(0);
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (algorithm, Some("logout+jwt")));
        let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(algorithm);
        validation.set_audience(&[&app.client_id]);
        validation.set_issuer(&[&server.issuer]);
        let told = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
        let known = claims(hint);
        assert_eq!((&told["sub"], &told["sid"]), (&known["sub"], &known["sid"]));
        assert_eq!(told["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
        let life = told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap();
        assert!((1..=120).contains(&life));
        assert!(told["jti"].is_string() && told.get("nonce").is_none());
        // it is no ID token, neither as a hint nor anywhere else
        let page = server.get(&path(&[("id_token_hint", &token), ("post_logout_redirect_uri", OUT)])).await;
        page.has_status(200).says("id_token_hint is not an ID token");
        server.resource(&token).await.has_status(401);
    }
    assert!(notices(&server, &untouched).await.is_empty() && elsewhere.requests().is_empty(), "of another session");
}

/// Of what `SQLite` does nothing happens meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_deleted_at_this_moment_is_not_told_and_keeps_nobody_from_signing_out() {
    if !has_sessions() {
        return;
    }
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let receiver = Receiver::answering(200).await;
    let app = app(&server, &receiver).await;
    id_token(&app, &mut browser).await;
    let page = browser.get(&path(&[])).await;
    let (other, connection) = tokio_postgres::connect(&server.database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let delete = format!("BEGIN; DELETE FROM clients WHERE client_id = '{}'", app.client_id);
    other.batch_execute(&delete).await.unwrap();
    let deleted = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually(async || !other.query(waits, &[]).await.unwrap().is_empty()).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (left, ()) = tokio::join!(press(&mut browser, &page, "yes"), deleted);
    left.has_status(303);
    browser.get("/account").await.has_status(303);
    assert!(notices(&server, &app).await.is_empty() && receiver.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_id_tokens_nothing_protects_is_told_by_a_signed_token() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let receiver = Receiver::answering(200).await;
    let app = app_with(&server, &receiver, |metadata| {
        metadata.id_token_signed_response_alg = Some(countersign::jose::Protection::Unsecured);
    })
    .await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    is_done(&server, &app, &receiver, 1).await;
    let token = receiver.tokens().remove(0);
    assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, jsonwebtoken::Algorithm::RS256);
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_whatever_ends_a_session_apps_are_told() {
    let server = TestServer::with(&[HERE]).await;
    let receiver = Receiver::answering(200).await;
    let app = app(&server, &receiver).await;
    let (origin, mut told) = (Origin::default(), 0);
    for (person, ending) in
        ["the person", "everywhere else", "an administrator", "a new password", "a lock", "removal"].iter().enumerate()
    {
        let name = format!("person{person}");
        server.user(&name).await;
        let mut browser = server.browser();
        browser.sign_in(&name).await;
        let page = browser.authorize(&app, &[("scope", "openid")]).await;
        let code = browser.decide(&page, "allow", &[]).await.redirected()["code"].clone();
        let hint = app.redeem(&code).await.json()["id_token"].as_str().unwrap().to_owned();
        match *ending {
            "the person" => {
                let mut elsewhere = server.browser();
                elsewhere.sign_in(&name).await;
                let page = elsewhere.get("/account/sessions").await;
                let (csrf, session) = (page.field("csrf"), page.field("session"));
                let fields = [("csrf", csrf.as_str()), ("end", "one"), ("session", &session)];
                elsewhere.post("/account/sessions", &fields).await.has_status(303);
            }
            "everywhere else" => {
                let mut elsewhere = server.browser();
                elsewhere.sign_in(&name).await;
                let csrf = elsewhere.get("/account/sessions").await.field("csrf");
                elsewhere.post("/account/sessions", &[("csrf", &csrf), ("end", "others")]).await.has_status(303);
            }
            "an administrator" => {
                let listed = sessions::list(&server.admin, Some(&name), 10).await.unwrap();
                assert_eq!(listed.len(), 1);
                sessions::revoke(&server.admin, &origin, &listed[0].session.id.to_text()).await.unwrap();
            }
            "a new password" => {
                let new = "another password that is long";
                users::set_password(&server.admin, &origin, &name, new).await.map(drop).unwrap();
            }
            "a lock" => users::set_locked(&server.admin, &origin, &name, true).await.map(drop).unwrap(),
            _ => users::delete(&server.admin, &origin, &name).await.map(drop).unwrap(),
        }
        told += 1;
        eventually(async || receiver.requests().len() >= told).await;
        let token = receiver.tokens().pop().unwrap();
        assert_eq!(claims(&token)["sid"], claims(&hint)["sid"], "{ending}");
    }
    is_done(&server, &app, &receiver, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_holds_nobody_up() {
    let server = TestServer::with(&[HERE]).await;
    let (silent, good) = (Receiver::answering(0).await, Receiver::answering(200).await);
    let (never, at_once) = (app(&server, &silent).await, app(&server, &good).await);
    server.user("ada").await;
    for round in 1..=3 {
        let mut browser = server.browser();
        browser.sign_in("ada").await;
        id_token(&never, &mut browser).await;
        id_token(&at_once, &mut browser).await;
        sign_out(&mut browser).await;
        is_done(&server, &at_once, &good, round).await;
    }
    assert!(silent.requests().len() <= 2, "and it is not flooded");
    assert_eq!(notices(&server, &never).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn s28_who_fails_is_tried_again_by_a_new_token_who_refuses_is_not_and_an_administrator_reads_it() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let receiver = Receiver::answering(500).await;
    let app = app(&server, &receiver).await;
    let tried = async |times: usize| {
        let found = notices(&server, &app).await;
        receiver.requests().len() == times && found.len() == 1 && found[0].reason.is_some()
    };
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    eventually(async || tried(1).await).await;
    let notice = notices(&server, &app).await.remove(0);
    assert_eq!((notice.tries, notice.reason.as_deref(), notice.failed_at), (1, Some("it answered 500"), None));
    assert_eq!(notice.next_try_at.seconds_since(server.admin.now()), 10);
    receiver.answer(200);
    server.clock.advance(10);
    is_done(&server, &app, &receiver, 2).await;
    let tokens = receiver.tokens();
    let (first, second) = (claims(&tokens[0]), claims(&tokens[1]));
    assert_ne!(first["jti"], second["jti"]);
    assert!(second["iat"].as_i64() > first["iat"].as_i64());
    assert_eq!(first["sid"], second["sid"]);
    // it will not have it
    receiver.answer(400);
    browser.sign_in("ada").await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    let given_up =
        async |times: usize| notices(&server, &app).await.iter().filter(|n| n.failed_at.is_some()).count() == times;
    eventually(async || given_up(1).await).await;
    assert_eq!(receiver.requests().len(), 3);
    // and after the twelfth try in vain it is enough
    receiver.answer(503);
    server.clock.advance(1); // the latest is listed first
    browser.sign_in("ada").await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    eventually(async || receiver.requests().len() == 4 && notices(&server, &app).await[0].tries == 1).await;
    eventually(async || notices(&server, &app).await[0].reason.is_some()).await;
    sql(&server.database, "UPDATE logout_notices SET tries = 11 WHERE failed_at IS NULL").await;
    server.clock.advance(24 * 3600);
    eventually(async || given_up(2).await).await;
    assert_eq!(receiver.requests().len(), 5);
    let dir = tempfile::tempdir().unwrap();
    let shell = crate::support::Shell::at(Database { dir, url: server.database.url.clone() });
    let shown = shell.run(&["client", "show", &app.client_id, "--json"]).json();
    assert_eq!(shown["logout_notices"].as_array().unwrap().len(), 2);
    assert_eq!(shown["logout_notices"][0]["reason"], "it answered 503");
    assert_eq!(shown["logout_notices"][0]["state"], "given up");
    let said = shell.run(&["client", "show", &app.client_id]).done();
    assert!(said.out.contains("given up") && said.out.contains("it answered 400"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_one_sends_each_notice() {
    let server = TestServer::with(&[HERE]).await;
    let database = Database { dir: tempfile::tempdir().unwrap(), url: server.database.url.clone() };
    let issuer = ("COUNTERSIGN_ISSUER", server.issuer.as_str());
    let second = Box::pin(TestServer::on(database, &[HERE, issuer])).await;
    let receiver = Receiver::answering(200).await;
    let app = app(&server, &receiver).await;
    server.user("ada").await;
    let mut sids = BTreeSet::new();
    let sid = |token: &str| claims(token)["sid"].as_str().unwrap().to_owned();
    for _ in 0..12 {
        let mut browser = server.browser();
        browser.sign_in("ada").await;
        sids.insert(sid(&id_token(&app, &mut browser).await));
    }
    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    is_done(&server, &app, &receiver, 12).await;
    let told: BTreeSet<String> = receiver.tokens().iter().map(|token| sid(token)).collect();
    assert_eq!(told, sids);
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_not_asked_and_it_shows_at_registration_and_in_the_list() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let receiver = Receiver::answering(200).await;
    let app = app(&server, &receiver).await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    let reason = async || notices(&server, &app).await.first().and_then(|notice| notice.reason.clone());
    eventually(async || reason().await.is_some()).await;
    let reason = reason().await.unwrap();
    assert!(
        reason.contains("not an address that this server asks") && reason.contains("fetch.allow_private"),
        "{reason}"
    );
    assert!(receiver.requests().is_empty());
    let shell = crate::support::Shell::new().await;
    let create = |uri: &str, more: &[&str]| {
        let args = ["client", "create", "--name", "Notes", "--redirect-uri", "https://app.example/cb"];
        shell.run(&[&args[..], &["--backchannel-logout-uri", uri], more].concat())
    };
    assert!(create("https://10.0.0.1/bc", &[]).done().err.contains("fetch.allow_private"));
    assert!(!create("https://app.example/bc", &[]).done().err.contains("fetch.allow_private"));
    for (uri, more, words) in [
        ("https://app.example/bc#x", &[][..], "fragment"),
        ("https://me@app.example/bc", &[], "user name"),
        ("ftp://app.example/bc", &[], "no web address"),
        ("/bc", &[], "no web address"),
        ("http://app.example/bc", &["--public"], "must be https"),
    ] {
        create(uri, more).failed(1, words);
    }
}

/// Back-Channel Logout §2.4, §2.6: whoever negotiated encryption rejects what is only signed.
#[tokio::test(flavor = "multi_thread")]
async fn s24_s26_an_app_whose_id_tokens_are_encrypted_is_told_by_a_token_that_only_it_can_read() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let (keys, own) = oidc::pair();
    let publisher = Publisher::with(&keys).await;
    let (receiver, never) = (Receiver::answering(200).await, Receiver::answering(200).await);
    let with = async |receiver: &Receiver, uri: String| {
        app_with(&server, receiver, |metadata| {
            metadata.jwks_uri = Some(uri);
            metadata.id_token_encrypted_response_alg = Some(KeyAlgorithm::EcdhEs);
        })
        .await
    };
    let app = with(&receiver, publisher.address.clone()).await;
    id_token(&app, &mut browser).await;
    publisher.answers(404, "{}");
    let without = with(&never, publisher.address.replace("jwks", "other")).await;
    browser.allow(&without, &[("scope", "openid")]).await;
    sign_out(&mut browser).await;
    is_done(&server, &app, &receiver, 1).await;
    let token = receiver.tokens().remove(0);
    let inside = jwe::decrypt(&own, KeyAlgorithm::EcdhEs, ContentAlgorithm::A128CbcHs256, &token).unwrap();
    let inside = String::from_utf8(inside).unwrap();
    assert_eq!(jsonwebtoken::decode_header(&inside).unwrap().typ.as_deref(), Some("logout+jwt"));
    assert_eq!(claims(&inside)["aud"], app.client_id.as_str());
    // without its key nothing is sent, and it is tried again
    let reason = async || notices(&server, &without).await.first().and_then(|notice| notice.reason.clone());
    eventually(async || reason().await.is_some()).await;
    let notice = notices(&server, &without).await.remove(0);
    assert_eq!((notice.tries, notice.failed_at), (1, None));
    assert!(never.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s28_an_answer_counts_by_its_status_whatever_else_is_in_it() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let receiver = Receiver::endless(200).await;
    let app = app(&server, &receiver).await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    is_done(&server, &app, &receiver, 1).await;
}

/// PROTOCOL R-n1: at most ten thousand of one app.
#[tokio::test(flavor = "multi_thread")]
async fn notices_that_failed_make_room_for_new_ones_and_those_that_wait_do_not() {
    let server = TestServer::with(&[HERE]).await;
    let mut browser = server.ada().await;
    let receiver = Receiver::answering(200).await;
    let app = app(&server, &receiver).await;
    let own = format!("client_id = '{}'", app.client_id);
    fill(&server, &own, 10_000, 0, "1").await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    eventually(async || receiver.requests().len() == 1 && kept(&server).await == 9_999).await;
    // as many as there may be, and all of them wait
    sql(&server.database, "DELETE FROM logout_notices").await;
    fill(&server, &own, 10_000, NEVER, "NULL").await;
    browser.sign_in("ada").await;
    id_token(&app, &mut browser).await;
    sign_out(&mut browser).await;
    assert_eq!((kept(&server).await, receiver.requests().len()), (10_000, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_receivers_that_nobody_vouches_for_and_never_answer_keep_no_others_waiting() {
    let limits = ("COUNTERSIGN_CLIENTS__REGISTRATION_LIMITS", "1000");
    let patience = ("COUNTERSIGN_FETCH__TIMEOUT", "60s");
    let server = TestServer::with(&[HERE, registration::OPEN, limits, patience]).await;
    let mut browser = server.ada().await;
    let (silent, good) = (Receiver::answering(0).await, Receiver::answering(200).await);
    let app = app(&server, &good).await;
    id_token(&app, &mut browser).await;
    for _ in 0..70 {
        let members = json!({"backchannel_logout_uri": silent.address});
        registration::register(&server, None, &members).await.has_status(201);
    }
    // more than are told at once, and more than one look goes over, all of them due for longer
    fill(&server, "registered = 'open'", 10, 0, "NULL").await;
    eventually(async || silent.requests().len() == 2).await;
    sign_out(&mut browser).await;
    is_done(&server, &app, &good, 1).await;
}
