//! Clients whose keys are read from an address of theirs (OIDC Registration §2 `jwks_uri`; PROTOCOL R-j6).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use countersign::{jose::Algorithm, protocol::client_metadata::AuthMethod};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    assertions::{ask, changed, claims, jwks, key, refused},
    machine,
};
use crate::support::{App, TestServer, Tokens};

/// What an endless answer consists of.
const ENDLESS: &str = "never.ending.";

/// A client's web server, with one document.
pub(crate) struct Publisher {
    pub(crate) address: String,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    pub(crate) async fn with(document: &serde_json::Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/jwks", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (shown, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = shown.lock().unwrap().clone();
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let _read = stream.read(&mut request).await;
                    let _gone_already = stream.write_all(&answer).await;
                    // it goes on until the other side has had enough
                    while answer.ends_with(ENDLESS.as_bytes()) && stream.write_all(ENDLESS.as_bytes()).await.is_ok() {}
                    // nothing to say: it hangs until the other side gives up
                    if answer.is_empty() {
                        let _ended = stream.read(&mut request).await;
                    }
                });
            }
        });
        let publisher = Self { address, answer, asked };
        publisher.publishes(document);
        publisher
    }

    pub(crate) fn publishes(&self, document: &serde_json::Value) {
        self.answers(200, &document.to_string());
    }

    pub(crate) fn answers(&self, status: u16, body: &str) {
        self.gives(status, "application/json", body);
    }

    pub(crate) fn gives<B: AsRef<[u8]> + ?Sized>(&self, status: u16, kind: &str, body: &B) {
        let (body, connection) = (body.as_ref(), "connection: close\r\n\r\n");
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
        *self.answer.lock().unwrap() = [head.as_bytes(), connection.as_bytes(), body].concat();
    }

    /// To somewhere else.
    pub(crate) fn leads_to(&self, address: &str) {
        let head = format!("HTTP/1.1 302 X\r\nlocation: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        *self.answer.lock().unwrap() = head.into_bytes();
    }

    pub(crate) fn hangs(&self) {
        self.answer.lock().unwrap().clear();
    }

    pub(crate) fn never_ends(&self, kind: &str) {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n{ENDLESS}");
        *self.answer.lock().unwrap() = head.into_bytes();
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A server that may ask this machine.
async fn server() -> TestServer {
    TestServer::with(&[("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1")]).await
}

async fn client_at<'a>(server: &'a TestServer, uri: &str) -> App<'a> {
    server
        .app_with(|app| {
            machine(app);
            app.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            app.jwks_uri = Some(uri.to_owned());
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_from_the_clients_address_once_for_many_assertions() {
    let server = server().await;
    let own = key("one", Algorithm::Es256);
    let publisher = Publisher::with(&jwks(&[&own])).await;
    let app = client_at(&server, &publisher.address).await;
    let all: Vec<_> = (0..8).map(|_| claims(&app, &server)).collect();
    for reply in futures_util::future::join_all(all.iter().map(|claims| ask(&server, &own, claims))).await {
        Tokens::of(&reply);
    }
    assert_eq!(publisher.asked(), 1, "one question, for all who waited for it as well");
    server.clock.advance(3601);
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
    assert_eq!(publisher.asked(), 2, "held for an hour");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_asked_for_but_not_more_often_than_once_a_minute() {
    let server = server().await;
    let (old, new) = (key("old", Algorithm::Es256), key("new", Algorithm::EdDsa));
    let publisher = Publisher::with(&jwks(&[&old])).await;
    let app = client_at(&server, &publisher.address).await;
    Tokens::of(&ask(&server, &old, &claims(&app, &server)).await);
    publisher.publishes(&jwks(&[&old, &new]));
    for number in 0..5 {
        let stranger = key(&format!("stranger {number}"), Algorithm::Es256);
        refused(&ask(&server, &stranger, &claims(&app, &server)).await);
    }
    assert_eq!(publisher.asked(), 1);
    server.clock.advance(61);
    // what is not for us, or not for now, asks nobody
    for (name, value) in [("aud", json!("https://other.example")), ("exp", json!(1)), ("iss", json!("other"))] {
        refused(&ask(&server, &new, &changed(claims(&app, &server), name, value)).await);
    }
    assert_eq!(publisher.asked(), 1);
    Tokens::of(&ask(&server, &new, &claims(&app, &server)).await);
    Tokens::of(&ask(&server, &old, &claims(&app, &server)).await);
    assert_eq!(publisher.asked(), 2);
    // a key that is withdrawn is none any more once the set is read again
    publisher.publishes(&jwks(&[&new]));
    server.clock.advance(3601);
    refused(&ask(&server, &old, &claims(&app, &server)).await);
    Tokens::of(&ask(&server, &new, &claims(&app, &server)).await);
    assert_eq!(publisher.asked(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_address_does_not_answer_known_keys_go_on_for_a_day_and_no_longer() {
    let server = server().await;
    let own = key("one", Algorithm::Es256);
    let publisher = Publisher::with(&jwks(&[&own])).await;
    let app = client_at(&server, &publisher.address).await;
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
    for (status, body) in [(500, "no"), (200, "<html>"), (404, "{}"), (200, "{\"keys\": []}")] {
        publisher.answers(status, body);
        server.clock.advance(3601);
        Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
    }
    assert_eq!(publisher.asked(), 5);
    server.clock.advance(24 * 3600);
    refused(&ask(&server, &own, &claims(&app, &server)).await);
    publisher.publishes(&jwks(&[&own]));
    refused(&ask(&server, &own, &claims(&app, &server)).await);
    server.clock.advance(61);
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_hangs_floods_or_gives_secrets_away_is_refused_like_an_unknown_client() {
    let server =
        TestServer::with(&[("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1"), ("COUNTERSIGN_FETCH__TIMEOUT", "1s")])
            .await;
    let own = key("one", Algorithm::Es256);
    let publisher = Publisher::with(&json!({})).await;
    let app = client_at(&server, &publisher.address).await;
    let nobody = App { client_id: "nobody".to_owned(), ..app.clone() };
    let unknown = ask(&server, &own, &claims(&nobody, &server)).await;
    let mut private = jwks(&[&own]);
    private["keys"][0]["d"] = "AAAA".into();
    let mut huge = jwks(&[&own]);
    huge["pad"] = "x".repeat(100_000).into();
    let answers: [&dyn Fn(); 4] =
        [&|| publisher.hangs(), &|| publisher.publishes(&private), &|| publisher.publishes(&huge), &|| {
            publisher.answers(302, "");
        }];
    for (number, answer) in answers.into_iter().enumerate() {
        answer();
        server.clock.advance(61);
        let reply = ask(&server, &own, &claims(&app, &server)).await;
        assert_eq!((reply.status, &reply.body), (unknown.status, &unknown.body), "{number}");
        assert_eq!(publisher.asked(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_a_private_network_is_never_asked() {
    let server = TestServer::start().await;
    let own = key("one", Algorithm::Es256);
    let publisher = Publisher::with(&jwks(&[&own])).await;
    for uri in [publisher.address.clone(), publisher.address.replace("127.0.0.1", "localhost")] {
        let app = client_at(&server, &uri).await;
        refused(&ask(&server, &own, &claims(&app, &server)).await);
    }
    assert_eq!(publisher.asked(), 0);
}
