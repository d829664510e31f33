use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Wake,
    time::Duration,
};

use actix_web::{dev::RequestHead, http::header};
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::{LocalSet, yield_now},
    time::timeout,
};

use super::*;

/// What passes of these bytes when they come in pieces of `size`, until it is somebody else's turn.
fn passed(turn: &Turn, bytes: &[u8], size: usize) -> Vec<u8> {
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        let length = piece.len();
        let passed = turn.pass(&mut piece);
        all.extend_from_slice(&piece[..passed]);
        if passed < length || matches!(turn.0.borrow().state, State::Parsing(_) | State::Answering) {
            break;
        }
    }
    all
}

fn begun(name: header::HeaderName, value: &'static str) -> (Turn, Taken) {
    let turn = Turn::default();
    let mut head = RequestHead::default();
    head.headers_mut().insert(name, header::HeaderValue::from_static(value));
    let taken = turn.begin(&head);
    (turn, taken)
}

fn asked(turn: &Turn) -> Reading {
    turn.ask()
}

proptest! {
    #[test]
    fn a_head_passes_to_its_end_however_it_comes(size in 1..90_usize, empty_lines in 0..3_usize) {
        let head = format!("{}GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", "\r\n".repeat(empty_lines));
        let behind = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
        let turn = Turn::default();
        prop_assert_eq!(passed(&turn, format!("{head}{behind}").as_bytes(), size), head.as_bytes());
        prop_assert_eq!(asked(&turn), Reading::Ahead);
    }

    #[test]
    fn a_chunked_body_passes_to_its_end_however_it_comes(
        size in 1..90_usize,
        chunks in proptest::collection::vec(1..40_usize, 0..5),
        trailer in "(X: [a-z]{0,5}\r\n)?",
        extension in "(;[a-z=\"]{0,8})?",
    ) {
        let chunk = |bytes: &usize| format!("{bytes:x}{extension}\r\n{}\r\n", "\n".repeat(*bytes));
        let body = [chunks.iter().map(chunk).collect::<Vec<_>>().concat(), format!("0\r\n{trailer}\r\n")].concat();
        let (turn, _taken) = begun(header::TRANSFER_ENCODING, "chunked");
        prop_assert_eq!(passed(&turn, format!("{body}GET / HTTP/1.1\r\n").as_bytes(), size), body.as_bytes());
        prop_assert_eq!(asked(&turn), Reading::Ahead);
    }

    #[test]
    fn a_body_passes_as_long_as_it_is(size in 1..90_usize, length in 1..200_usize) {
        let turn = Turn::default();
        let mut head = RequestHead::default();
        head.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        let _taken = turn.begin(&head);
        prop_assert_eq!(passed(&turn, &[b'x'; 300], size).len(), length);
    }

    #[test]
    fn at_least_one_byte_of_any_passes(bytes in proptest::collection::vec(any::<u8>(), 1..100), chunked: bool) {
        let (turn, _taken) = if chunked {
            let (turn, taken) = begun(header::TRANSFER_ENCODING, "chunked");
            (turn, Some(taken))
        } else {
            (Turn::default(), None)
        };
        let passed = turn.pass(&mut bytes.clone());
        prop_assert!((1..=bytes.len()).contains(&passed));
    }
}

#[test]
fn a_line_feed_alone_ends_no_line_and_is_made_unreadable() {
    for head in
        ["GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"]
    {
        let passed = passed(&Turn::default(), head.as_bytes(), 1000);
        assert_eq!(passed.split(|byte| *byte == 0).count(), 2, "{head:?}");
    }
    let turn = Turn::default();
    let passed = passed(&turn, b"GET / HTTP/1.1\n\n", 1000);
    assert_eq!((passed.len(), asked(&turn)), (16, Reading::Now), "it is no head's end");
}

#[test]
fn what_is_no_chunked_body_is_left_to_the_parser() {
    for body in ["\r\n", "x\r\n", "-1\r\n", "3\na", "1ffffffff\r\n", "1\r\nab", "0\r\nX: y\n\n", "1 \r\na"] {
        let (turn, _taken) = begun(header::TRANSFER_ENCODING, "chunked");
        assert_eq!(passed(&turn, body.as_bytes(), 1000), body.as_bytes());
        assert!(matches!(turn.0.borrow().state, State::Everything), "{body:?}");
    }
}

#[test]
fn the_next_head_passes_when_the_answer_is_sent_unless_it_was_the_last() {
    let (turn, taken) = begun(header::HOST, "a");
    assert_eq!(asked(&turn), Reading::Ahead);
    let response = taken.answer(HttpResponse::Ok().body("ok"));
    assert_eq!(asked(&turn), Reading::Ahead, "it is not sent yet");
    drop(response);
    assert_eq!(asked(&turn), Reading::Now);

    let (turn, taken) = begun(header::CONTENT_LENGTH, "3");
    let response = taken.answer(HttpResponse::Ok().body("ok"));
    assert!(response.head().upgrade() || response.head().connection_type() == ConnectionType::Close, "a body is open");
    drop(response);
    assert_eq!(turn.pass(&mut [b'x'; 9]), 3, "the rest of the body goes by");

    let (turn, taken) = begun(header::TRANSFER_ENCODING, "chunked");
    drop(taken);
    assert_eq!(asked(&turn), Reading::Never, "where the next one begins nobody knows");
}

#[test]
fn the_task_is_woken_for_what_is_held_and_not_for_what_the_stream_tells_it_of() {
    #[derive(Default)]
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    for held in [false, true] {
        let woken = Arc::new(Woken::default());
        let (waker, turn) = (Waker::from(Arc::clone(&woken)), Turn::default());
        let read_ahead = || {
            assert_eq!(asked(&turn), Reading::Ahead);
            turn.wait(&Context::from_waker(&waker), held);
            woken.0.load(Ordering::Relaxed)
        };
        passed(&turn, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1000);
        assert_eq!(read_ahead(), 0, "a head is with the parser");
        let taken = turn.begin(&RequestHead::default());
        assert_eq!(read_ahead(), usize::from(held), "its body may be among what is held");
        drop(taken);
        assert_eq!(woken.0.load(Ordering::Relaxed), if held { 2 } else { 0 }, "the next head may be");
        assert_eq!(asked(&turn), Reading::Now);
    }
}

/// What comes next on a connection, and when.
#[derive(Debug, Clone, Copy)]
struct Next {
    head: bool,
    when: When,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Parsing,
    Answering,
    Answered,
}

/// What the reader gets that has read one head and reads on, while that request is answered and the other side goes on.
async fn read_behind(next: Next) -> usize {
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let (client, server) = tokio::io::duplex(1024);
    let mut stream = OneAtATime::new(server);
    let (turn, mut client) = (stream.turn().clone(), Some(client));
    client.as_mut().unwrap().write_all(HEAD).await.unwrap();
    let mut space = [0; 1024];
    assert_eq!(stream.read(&mut space).await.unwrap(), HEAD.len());
    let reader = tokio::task::spawn_local(async move { stream.read(&mut space).await.unwrap() });
    let mut taken = None;
    for when in [When::Parsing, When::Answering, When::Answered] {
        // it reads on, as far as it may
        yield_now().await;
        match when {
            When::Parsing => {}
            When::Answering => taken = Some(turn.begin(&RequestHead::default())),
            When::Answered => drop(taken.take()),
        }
        yield_now().await;
        if when == next.when {
            match &mut client {
                Some(client) if next.head => client.write_all(HEAD).await.unwrap(),
                client => drop(client.take()),
            }
        }
    }
    let read = timeout(Duration::from_secs(10), reader).await.expect("it sleeps on").unwrap();
    if next.head { read / HEAD.len() } else { read }
}

#[tokio::test]
async fn a_reader_is_told_of_whatever_comes_whenever_it_comes() {
    for when in [When::Parsing, When::Answering, When::Answered] {
        for head in [true, false] {
            let next = Next { head, when };
            let read = LocalSet::new().run_until(read_behind(next)).await;
            assert_eq!(read, usize::from(head), "{next:?}");
        }
    }
}
