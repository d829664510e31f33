use std::{
    io::{Read, Write},
    net::{IpAddr, TcpListener},
    thread,
    time::Duration,
};

use futures_util::future::join_all;

use super::{FetchError, Fetched, Fetcher, is_public, max_age};
use crate::{
    config::{Destination, Fetch, duration::Milliseconds},
    outbound::{Errand, Purpose},
};

const KEYS: Errand = Errand { purpose: Purpose::Keys, is_vouched_for: true };

/// Answers every caller with these bytes until the test ends; the port.
fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().take(8) {
            let Ok(mut stream) = stream else { continue };
            let mut asked = [0; 4096];
            let _asked = stream.read(&mut asked);
            let _gone_already = stream.write_all(bytes);
        }
    });
    port
}

fn fetcher(allowed: &[&str]) -> Fetcher {
    let allow_private = allowed.iter().map(|text| Destination::parse(text).unwrap()).collect();
    Fetcher::new(&Fetch { allow_private, ca_file: None, timeout: Milliseconds(Duration::from_secs(20)) })
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Fetched, FetchError> {
    fetcher.get(KEYS, &url.parse().unwrap(), "application/json", 64).await
}

#[tokio::test]
async fn what_is_not_public_is_never_asked() {
    let port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let strict = fetcher(&[]);
    for host in
        ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "0.0.0.0", "2130706433", "0x7f.1"]
    {
        let refused = get(&strict, &format!("https://{host}:{port}/")).await;
        assert!(matches!(refused, Err(FetchError::Forbidden(_))), "{host}: {refused:?}");
    }
    let refused = get(&strict, &format!("https://localhost:{port}/")).await;
    assert_eq!(refused, Err(FetchError::Silent("it has an address of a private network".to_owned())));
    for url in ["http://example.com/", "https://user:word@example.com/", "ftp://example.com/", "file:///etc/passwd"] {
        let refused = get(&strict, url).await;
        assert!(matches!(refused, Err(FetchError::Forbidden(_))), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn what_the_configuration_lists_is_asked_within_bounds() {
    let port = answering(b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{}");
    for (allowed, host) in [("127.0.0.0/8", "127.0.0.1"), ("localhost", "localhost"), ("LOCALHOST", "localhost")] {
        let fetched = get(&fetcher(&[allowed]), &format!("http://{host}:{port}/")).await.unwrap();
        let whole = Fetched {
            status: 200,
            content_type: "application/json".to_owned(),
            max_age: Some(60),
            body: b"{}".to_vec(),
        };
        assert_eq!(fetched, whole, "{allowed}");
    }
    let here = fetcher(&["127.0.0.1"]);
    let port = answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(get(&here, &format!("http://127.0.0.1:{port}/")).await.unwrap().status, 302, "it is not followed");
    let port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    assert_eq!(get(&here, &format!("http://127.0.0.1:{port}/")).await, Err(FetchError::Large(64)));
    let port = answering(b"220 mail.example.com ESMTP\r\n");
    let refused = get(&here, &format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(refused, Err(FetchError::Silent(_))), "{refused:?}");
}

#[tokio::test]
async fn who_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let allow_private = vec![Destination::parse("127.0.0.1").unwrap()];
    let hasty =
        Fetcher::new(&Fetch { allow_private, ca_file: None, timeout: Milliseconds(Duration::from_millis(200)) });
    let refused = get(&hasty, &format!("http://{}/", silent.local_addr().unwrap())).await;
    assert_eq!(refused, Err(FetchError::Slow));
}

/// Listens and never answers.
fn silent(host: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn a_slow_server_keeps_only_those_waiting_who_ask_it_too() {
    let fetcher = &fetcher(&["127.0.0.0/8"]);
    let (_listener, slow) = silent("127.0.0.2");
    let slow: Vec<_> = (0..100).map(|_| get(fetcher, &slow)).collect();
    let port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(fetcher.turns.hosts(), 1);
        get(fetcher, &format!("http://127.0.0.1:{port}/")).await
    };
    tokio::select! {
        _ = join_all(slow) => panic!("it has answered"),
        other = other => assert_eq!(other.unwrap().status, 200),
    }
    assert_eq!(fetcher.turns.hosts(), 0, "who went away waits no more");
}

#[tokio::test]
async fn slow_servers_of_one_kind_or_of_strangers_keep_no_others_waiting() {
    let fetcher = &fetcher(&["127.0.0.0/8"]);
    let slow: Vec<_> = (2..42).map(|last| silent(&format!("127.0.0.{last}"))).collect();
    let port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let fast = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let strangers = Errand { purpose: Purpose::Keys, is_vouched_for: false };
    let asked = slow.iter().map(|(_, url)| async { fetcher.get(strangers, &url.parse().unwrap(), "", 64).await });
    let others = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for errand in [KEYS, Errand { purpose: Purpose::Logout, is_vouched_for: false }] {
            assert_eq!(fetcher.get(errand, &fast, "", 64).await.unwrap().status, 200, "{errand:?}");
        }
        // there is a line, and it is theirs
        let waits = tokio::time::timeout(Duration::from_millis(100), fetcher.get(strangers, &fast, "", 64)).await;
        assert!(waits.is_err(), "{waits:?}");
    };
    tokio::select! {
        _ = join_all(asked) => panic!("they have answered"),
        () = others => {}
    }
}

#[tokio::test]
async fn what_waited_for_others_has_all_its_time_for_its_own_server() {
    let allow_private = vec![Destination::parse("127.0.0.1").unwrap()];
    let hasty =
        Fetcher::new(&Fetch { allow_private, ca_file: None, timeout: Milliseconds(Duration::from_millis(200)) });
    let (_listener, url) = silent("127.0.0.1");
    let asked = join_all((0..8).map(|_| get(&hasty, &url))).await;
    let slow = asked.iter().filter(|refused| **refused == Err(FetchError::Slow)).count();
    assert!((2..8).contains(&slow), "{asked:?}");
    assert!(asked.iter().all(|refused| matches!(refused, Err(FetchError::Slow | FetchError::Waited))), "{asked:?}");
}

#[test]
fn special_addresses_are_not_public_in_any_clothing() {
    for (address, public) in [
        ("93.184.216.34", true),
        ("2606:2800:220:1:248:1893:25c8:1946", true),
        ("64:ff9b::93.184.216.34", true),
        ("::ffff:93.184.216.34", true),
        ("127.0.0.1", false),
        ("10.0.0.1", false),
        ("172.16.0.1", false),
        ("192.168.1.1", false),
        ("169.254.169.254", false),
        ("100.64.0.1", false),
        ("192.0.0.8", false),
        ("192.0.2.1", false),
        ("198.18.0.1", false),
        ("224.0.0.1", false),
        ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("0.0.0.0", false),
        ("::", false),
        ("::1", false),
        ("::ffff:10.0.0.1", false),
        ("::127.0.0.1", false),
        ("64:ff9b::10.0.0.1", false),
        ("64:ff9b:1::1", false),
        ("2001::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::", false),
        ("3fff::1", false),
        ("fc00::1", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
    ] {
        let ip: IpAddr = address.parse().unwrap();
        assert_eq!(is_public(ip), public, "{address}");
    }
}

#[test]
fn how_long_an_answer_may_be_kept_is_read_from_it() {
    for (header, seconds) in [
        ("max-age=300", Some(300)),
        ("public, Max-Age=\"5\"", Some(5)),
        ("no-store", Some(0)),
        ("max-age=300, no-cache", Some(0)),
        ("max-age=-1", None),
        ("", None),
    ] {
        assert_eq!(max_age(header), seconds, "{header}");
    }
}
