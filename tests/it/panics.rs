//! A mistake of ours that panics: it ends the request it happens in, and nothing else. The clock is handed in, so a clock
//! that panics on demand is how it comes about.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex, OnceLock},
};

use countersign::{
    clock::{Clock, TestClock, Ts},
    protocol::grant::GrantType::ClientCredentials,
};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Database, TestServer, encode, eventually};

/// Panics once when somebody on such a thread asks for the time.
struct Trap {
    clock: Arc<TestClock>,
    set_for: Mutex<Option<Who>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// The threads that answer requests.
    Workers,
    /// All others: what happens by itself.
    Jobs,
}

impl Trap {
    fn set(&self, who: Who) {
        *self.set_for.lock().unwrap() = Some(who);
    }

    fn is_set(&self) -> bool {
        self.set_for.lock().unwrap().is_some()
    }
}

impl Clock for Trap {
    fn now(&self) -> Ts {
        let thread = std::thread::current();
        let who = if thread.name().is_some_and(|name| name.starts_with("actix")) { Who::Workers } else { Who::Jobs };
        let sprung = self.set_for.lock().unwrap().take_if(|set_for| *set_for == who).is_some();
        assert!(!sprung, "the clock fell off the wall");
        self.clock.now()
    }
}

async fn server() -> (TestServer, Arc<Trap>) {
    let mut trap = None;
    let make = |clock| {
        let made = Arc::new(Trap { clock, set_for: Mutex::new(None) });
        trap = Some(Arc::clone(&made));
        made as Arc<dyn Clock>
    };
    let server = Box::pin(TestServer::by(Database::fresh().await, &[], make)).await;
    (server, trap.unwrap())
}

/// What the log has had at the level of errors, in this process.
fn log() -> String {
    static LINES: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl MakeWriter<'_> for Lines {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            Self(Arc::clone(&self.0))
        }
    }
    let lines = LINES.get_or_init(|| {
        let lines = Arc::default();
        let to = Lines(Arc::clone(&lines));
        tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false).with_writer(to).init();
        lines
    });
    String::from_utf8(lines.lock().unwrap().clone()).unwrap()
}

/// An answer read off a connection that stays open: its status, its headers in small letters, its body.
fn answer(connection: &mut BufReader<TcpStream>) -> (u16, String, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(connection.read_line(&mut head).unwrap() > 0, "the connection was closed after {head:?}");
    }
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head, String::from_utf8(body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_its_own_request_with_500_and_the_connection_goes_on() {
    log();
    let (server, trap) = server().await;
    let app = server.app_with(|client| client.grant_types = vec![ClientCredentials]).await;
    let body = encode(&[("grant_type", "client_credentials")]);
    let post = |id: &str| {
        format!(
            "POST /oauth2/access_token HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\nAuthorization: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            app.basic(app.secret.as_deref().unwrap()),
            body.len()
        )
    };
    let get = |id: &str| format!("GET /login HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\n\r\n");
    let address = server.address.strip_prefix("http://").unwrap();
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    let mut ask = |request: String| {
        connection.get_mut().write_all(request.as_bytes()).unwrap();
        answer(&mut connection)
    };
    assert_eq!(ask(post("before-the-trap")).0, 200);

    trap.set(Who::Workers);
    let (status, head, said) = ask(post("falls-into-it"));
    assert_eq!(status, 500, "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"], "server_error");
    for header in ["x-request-id: falls-into-it", "cache-control: no-store", "x-content-type-options: nosniff"] {
        assert!(head.contains(header), "{header} is not in {head}");
    }

    trap.set(Who::Workers);
    let (status, head, said) = ask(get("falls-in-as-well"));
    assert_eq!(status, 500, "{said}");
    assert!(said.contains("<h1") && said.contains("falls-in-as-well"), "{said}");
    for header in ["content-type: text/html", "x-request-id: falls-in-as-well", "frame-ancestors 'none'"] {
        assert!(head.contains(header), "{header} is not in {head}");
    }

    assert_eq!(ask(post("after-the-trap")).0, 200, "the same connection");
    assert_eq!(ask(get("a-page-after")).0, 200);
    server.get("/health/ready").await.has_status(200);
    let log = log();
    for id in ["falls-into-it", "falls-in-as-well"] {
        assert!(log.lines().any(|line| line.contains(id) && line.contains("a handler panicked")), "{id}: {log}");
    }
    assert!(!log.contains("the-trap"), "nothing else failed: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_comes_again() {
    let (server, trap) = server().await;
    for name in ["one", "two", "three"] {
        trap.set(Who::Jobs);
        // which makes the next look at the counter ask for the time
        server.scope(name, "Something new", &[]).await;
        eventually(async || !trap.is_set()).await;
    }
    server.get("/health/ready").await.has_status(200);
}
