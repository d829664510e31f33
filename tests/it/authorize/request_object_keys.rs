//! The server's keys that request objects are encrypted with (OIDC Core §10.2.1): told from those that sign, followed by
//! others, and there from every start on.

use countersign::{
    flow::{
        Origin,
        admin::encryption_keys,
        encryption_keys::{OPENS_FOR_SECONDS, succeed},
        keys,
    },
    jobs::sweep,
    jose::{
        self, Algorithm,
        jwe::{self, KeyAlgorithm, KeyFamily},
    },
};
use serde_json::json;

use super::{
    request_object::{ask, by, is_granted, is_refused},
    request_object_encryption::{encrypting, published, sealed},
};
use crate::{
    client_auth::key,
    support::{App, TestServer, eventually, sql},
};

const DAY: i64 = 24 * 3600;

#[tokio::test(flavor = "multi_thread")]
async fn keys_to_encrypt_with_are_told_from_those_that_sign_and_do_nothing_else() {
    let server = TestServer::start().await;
    let all = server.get("/oauth2/jwks").await.json();
    let all = all["keys"].as_array().unwrap();
    // a reader that takes the first key of a kind takes one that signs
    let uses: Vec<_> = all.iter().map(|key| key["use"].as_str().unwrap()).collect();
    assert_eq!(uses, ["sig", "sig", "enc", "enc"]);
    let mut names: Vec<_> = all.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len(), "each has a name of its own");
    let at = server.admin.catalog.fresh(&server.admin).await.unwrap();
    for key in &all[2..] {
        // the algorithms of a family go with one key; readers that do not know a name would give up the set
        assert_eq!(key.get("alg"), None);
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        match key["kty"].as_str().unwrap() {
            "RSA" => assert_eq!(members, ["e", "kid", "kty", "n", "use"]),
            _ => assert_eq!(members, ["crv", "kid", "kty", "use", "x", "y"]),
        }
        let kid = key["kid"].as_str().unwrap();
        assert!(at.keys.find(kid, server.admin.now()).is_none() && at.keys.find_ever(kid).is_none(), "{kid}");
        // nor does anybody who reads the set verify with one
        for algorithm in Algorithm::ALL {
            let header = jose::Header { alg: algorithm.name().to_owned(), ..jose::Header::default() };
            let header = jose::Header { kid: Some(kid.to_owned()), ..header };
            assert_eq!(jose::KeySet::parse(&json!({"keys": [key]})).unwrap().fitting(&header).count(), 0);
        }
    }
    // and what signs opens nothing
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    for mut signing in published(&server, "sig").await {
        let algorithm = if signing["kty"] == "RSA" { KeyAlgorithm::RsaOaep } else { KeyAlgorithm::EcdhEs };
        let real = encrypting(&server, algorithm).await["kid"].clone();
        for kid in [signing["kid"].clone(), real] {
            signing["kid"] = kid;
            let object = sealed(&signing, algorithm, &own, &app, &server);
            is_refused(&ask(&mut browser, &app, &object).await, "invalid_request_object", &object);
        }
    }
    // of what the database holds nothing is readable
    let rows = server.admin.store.list_encryption_keys().await.unwrap();
    for row in rows {
        let sealed = row.sealed.unwrap();
        let family = KeyFamily::parse(&row.family).unwrap();
        assert!(jwe::DecryptionKey::from_pkcs8(family, &sealed).is_err() && !row.public.contains("\"d\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_for_a_month_after_another_took_its_place_and_no_longer() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let families = [(KeyFamily::Rsa, KeyAlgorithm::RsaOaep), (KeyFamily::Agreement, KeyAlgorithm::EcdhEs)];
    let mut former = Vec::new();
    for (family, algorithm) in families {
        let before = encrypting(&server, algorithm).await;
        let kid = encryption_keys::rotate(&server.admin, &Origin::default(), family).await.unwrap();
        // whoever reads the keys from now on reads the new one alone
        eventually(async || encrypting(&server, algorithm).await["kid"] == kid.as_str()).await;
        let next = encrypting(&server, algorithm).await;
        let mut nameless = before.clone();
        nameless.as_object_mut().unwrap().remove("kid");
        for key in [&before, &next, &nameless] {
            is_granted(&mut browser, &app, &sealed(key, algorithm, &own, &app, &server)).await;
        }
        former.push((algorithm, before));
    }
    // on another server as well
    let other = server.second().await;
    let mut at_other = other.browser();
    at_other.sign_in("ada").await;
    for (algorithm, before) in &former {
        let there = App { server: &other, ..app.clone() };
        is_granted(&mut at_other, &there, &sealed(before, *algorithm, &own, &app, &server)).await;
    }
    server.clock.advance(OPENS_FOR_SECONDS - DAY);
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    for (algorithm, before) in &former {
        is_granted(&mut browser, &app, &sealed(before, *algorithm, &own, &app, &server)).await;
    }
    server.clock.advance(DAY + 1);
    browser.sign_in("ada").await;
    for (algorithm, before) in &former {
        let late = sealed(before, *algorithm, &own, &app, &server);
        is_refused(&ask(&mut browser, &app, &late).await, "invalid_request_object", "a month old");
        let present = encrypting(&server, *algorithm).await;
        is_granted(&mut browser, &app, &sealed(&present, *algorithm, &own, &app, &server)).await;
    }
    // the private half is erased, and a quarter of a year after the last one there is another of itself
    sweep::run_once(&server.admin).await.unwrap();
    let rows = server.admin.store.list_encryption_keys().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.sealed.is_some()).collect::<Vec<_>>(), [false, false, true, true]);
    server.clock.advance(59 * DAY);
    keys::rotate_due(&server.admin).await.unwrap();
    assert_eq!(server.admin.store.list_encryption_keys().await.unwrap().len(), 4);
    server.clock.advance(2 * DAY);
    keys::rotate_due(&server.admin).await.unwrap();
    keys::rotate_due(&server.admin).await.unwrap();
    let rows = server.admin.store.list_encryption_keys().await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.retired_at.is_none()).count(), 2);
    assert_eq!(rows.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_of_an_older_release_has_its_keys_from_its_next_start_on_under_every_secret_key() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let (client_id, secret) = (app.client_id.clone(), app.secret.clone());
    server.user("ada").await;
    let database = server.stopped().await;
    sql(&database, "DELETE FROM encryption_keys").await;
    let server = Box::pin(TestServer::on(database, &[])).await;
    assert_eq!(server.admin.store.list_encryption_keys().await.unwrap().len(), 2);
    let families = [KeyAlgorithm::RsaOaep256, KeyAlgorithm::EcdhEsA128Kw];
    let mut published = Vec::new();
    for algorithm in families {
        published.push((algorithm, encrypting(&server, algorithm).await));
    }
    // a new `secret_key`, and later it alone: the keys are the same
    let alone = "a new key which is long enough as well";
    let both = format!("{alone},{}", crate::support::SECRET_KEY);
    let server = Box::pin(TestServer::on(server.stopped().await, &[("COUNTERSIGN_SECRET_KEY", &both)])).await;
    let server = Box::pin(TestServer::on(server.stopped().await, &[("COUNTERSIGN_SECRET_KEY", alone)])).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let app = App { server: &server, client_id, secret, redirect_uri: "https://app.example/cb".to_owned() };
    for (algorithm, key) in published {
        assert_eq!(encrypting(&server, algorithm).await, key);
        is_granted(&mut browser, &app, &sealed(&key, algorithm, &own, &app, &server)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_see_a_rotation_due_one_makes_the_key_and_one_is_published() {
    let server = TestServer::start().await;
    let since = server.admin.now();
    server.clock.advance(1);
    let all = (0..8).map(|_| succeed(&server.admin, KeyFamily::Agreement, Some(since)));
    let made = futures_util::future::join_all(all).await;
    assert_eq!(made.iter().filter(|one| one.as_ref().unwrap().is_some()).count(), 1);
    let rows = server.admin.store.list_encryption_keys().await.unwrap();
    let published = rows.iter().filter(|row| row.family == "ECDH-ES" && row.retired_at.is_none());
    assert_eq!((rows.len(), published.count()), (3, 1));
}
