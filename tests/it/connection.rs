//! One connection, byte by byte: what is pipelined is answered in order and whole, what is ambiguous is refused, and
//! where the next request begins is never guessed (RFC 9112).

use crate::support::{Answer, NoAnswer, Raw, SMUGGLING, TestServer};

const CLOSE: &str = "Connection: close\r\n";

fn host(server: &TestServer) -> String {
    server.issuer.strip_prefix("http://").unwrap().to_owned()
}

/// A request without a body.
fn asks(server: &TestServer, method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", host(server))
}

/// A form that nobody understands.
fn form(server: &TestServer, path: &str, headers: &str, body: &str) -> String {
    let kind = "Content-Type: application/x-www-form-urlencoded";
    format!("POST {path} HTTP/1.1\r\nHost: {}\r\n{kind}\r\n{headers}\r\n{body}", host(server))
}

fn is_whole(answer: &Answer) -> bool {
    answer.header("content-length") == answer.body.len().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_the_same_whatever_was_sent_behind_its_request() {
    let server = TestServer::start().await;
    let token = form(&server, "/oauth2/access_token", "Content-Length: 7\r\n", "a=b&c=d");
    let chunked = form(&server, "/oauth2/access_token", "Transfer-Encoding: chunked\r\n", "7\r\na=b&c=d\r\n0\r\n\r\n");
    let old = format!("GET /oauth2/jwks HTTP/1.0\r\nHost: {}\r\n\r\n", host(&server));
    for first in [token, chunked, asks(&server, "GET", "/login", "")] {
        let mut raw = Raw::open(&server).await;
        raw.send(&first).await;
        let alone = raw.answer_to("GET").await.unwrap();
        for (method, behind) in [
            ("HEAD", asks(&server, "HEAD", "/oauth2/jwks", "")),
            ("GET", asks(&server, "GET", "/oauth2/jwks", CLOSE)),
            ("GET", old.clone()),
        ] {
            for pieces in [1, 7, 1000] {
                let mut raw = Raw::open(&server).await;
                let both = format!("{first}{behind}");
                for piece in both.as_bytes().chunks(both.len().div_ceil(pieces)) {
                    raw.send(piece).await;
                }
                let answer = raw.answer_to("GET").await.unwrap();
                assert!(is_whole(&answer), "{both}: {answer:?}");
                assert_eq!((answer.version, answer.status, answer.is_last()), (1, alone.status, false), "{both}");
                let second = raw.answer_to(method).await.unwrap();
                assert_eq!((second.status, second.is_last()), (200, method == "GET"), "{both}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_pipeline_is_answered_in_order_to_its_end() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    let slow = form(&server, "/oauth2/access_token", "Content-Length: 7\r\n", "a=b&c=d");
    let (jwks, live) = (asks(&server, "GET", "/oauth2/jwks", ""), asks(&server, "GET", "/health/live", ""));
    let all = format!("{slow}{}", format!("{jwks}{live}").repeat(200));
    // in two pieces: of what comes while much is waiting nothing may be forgotten
    raw.send(&all.as_bytes()[..5000]).await;
    raw.send(&all.as_bytes()[5000..]).await;
    assert_eq!(raw.answer_to("POST").await.unwrap().status, 400);
    for _ in 0..200 {
        assert!(raw.answer_to("GET").await.unwrap().body.starts_with(b"{\"keys\""));
        assert_eq!(raw.answer_to("GET").await.unwrap().body, b"{\"status\":\"ok\"}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_answer_that_says_close_nothing_is_answered() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.send(asks(&server, "GET", "/health/live", CLOSE) + &asks(&server, "GET", "/health/live", "")).await;
    assert!(raw.answer_to("GET").await.unwrap().is_last());
    assert!(raw.is_over().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_body_that_nobody_read_the_connection_ends() {
    let server = TestServer::start().await;
    let behind = asks(&server, "HEAD", "/oauth2/jwks", "");
    for (sent, status) in [
        (form(&server, "/nowhere", "Content-Length: 9\r\n", "a=b"), 404),
        (form(&server, "/nowhere", "Content-Length: 3\r\n", &format!("a=b{behind}")), 404),
        // these never end
        (form(&server, "/nowhere", "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n"), 404),
        (form(&server, "/oauth2/revoke", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", ""), 415),
        (
            form(
                &server,
                "/oauth2/revoke",
                "Transfer-Encoding: chunked\r\n",
                &format!("fffff\r\n{}", "a".repeat(70_000)),
            ),
            413,
        ),
        (asks(&server, "GET", "/health/live", "Content-Length: 9\r\n"), 200),
        (asks(&server, "GET", "/health/live", "Upgrade: websocket\r\nConnection: upgrade\r\n"), 200),
    ] {
        let mut raw = Raw::open(&server).await;
        raw.send(&sent).await;
        let answer = raw.answer_to("POST").await.unwrap();
        let sent = &sent[..sent.len().min(300)];
        assert!(is_whole(&answer), "{sent}: {answer:?}");
        assert_eq!((answer.status, answer.is_last()), (status, true), "{sent}");
        assert!(raw.is_over().await, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_programs_could_read_in_two_ways_is_refused() {
    let server = TestServer::start().await;
    let behind = asks(&server, "GET", "/health/live", "");
    for shape in SMUGGLING {
        let sent = shape.replace("{}", &host(&server));
        for in_front in ["", &behind] {
            let mut raw = Raw::open(&server).await;
            raw.send(format!("{in_front}{sent}{behind}")).await;
            if !in_front.is_empty() {
                assert_eq!(raw.answer_to("GET").await.unwrap().status, 200, "{sent:?}");
            }
            match raw.answer_to("POST").await {
                Ok(answer) => {
                    assert!((400..500).contains(&answer.status), "{sent:?}: {answer:?}");
                    assert!(raw.is_over().await, "one answer and the end: {sent:?}");
                }
                Err(NoAnswer::Closed) => {}
                Err(none) => panic!("{sent:?}: {none:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_without_bounds_are_refused() {
    let server = TestServer::start().await;
    let long = asks(&server, "GET", &format!("/{}", "a".repeat(200_000)), "");
    let many = (0..10_000).fold(String::new(), |all, n| all + &format!("X-{n}: y\r\n"));
    let many = asks(&server, "GET", "/health/live", &many);
    let large = asks(&server, "GET", "/health/live", &format!("X: {}\r\n", "y".repeat(1_000_000)));
    for sent in [long, many, large] {
        let mut raw = Raw::open(&server).await;
        raw.send(&sent).await;
        match raw.answer_to("GET").await {
            Ok(answer) => assert!(matches!(answer.status, 400 | 414 | 431), "{answer:?}"),
            // it may have hung up before all of it was sent
            Err(none) => assert_eq!(none, NoAnswer::Closed),
        }
        assert!(raw.is_over().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_protocol_and_the_absolute_form_are_understood() {
    let server = TestServer::start().await;
    let host = host(&server);
    for (sent, version, last) in [
        (format!("GET /health/live HTTP/1.0\r\nHost: {host}\r\n\r\n"), 0, true),
        (format!("GET /health/live HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n"), 0, false),
        (format!("GET http://{host}/health/live HTTP/1.1\r\nHost: {host}\r\n\r\n"), 1, false),
        (format!("\r\n\r\nGET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n"), 1, false),
    ] {
        let mut raw = Raw::open(&server).await;
        raw.send(&sent).await;
        let answer = raw.answer_to("GET").await.unwrap();
        assert_eq!((answer.status, answer.version, answer.is_last()), (200, version, last), "{sent}");
        assert!(!last || raw.is_over().await, "{sent}");
    }
}
