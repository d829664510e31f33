//! More comes than can be done: who comes to their turn too late is told 503, and what is asked about the server itself
//! is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use countersign::{
    clock::Ts,
    secret::Id,
    store::{Error, Pace},
};
use futures_util::future::{BoxFuture, join, join_all};
use tokio::time::timeout;

use crate::support::{Database, Door, Reply, TestServer, eventually, is_postgres};

/// After which something counts as hanging. No bound to be reached: the machine may be slow and busy.
const HANGS: Duration = Duration::from_mins(2);

/// Whoever presents a token keeps a thread that answers requests busy, however fast the machine is.
struct Slow;

impl Pace for Slow {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        if operation == "find_token_state" {
            thread::sleep(Duration::from_millis(10));
        }
        Box::pin(std::future::ready(()))
    }
}

/// Asks until it is told to come again, which takes a while: whoever tries again at once is not to fill the line.
/// Whatever else is answered is no failure.
async fn until_busy(ask: impl AsyncFn() -> Reply) -> Reply {
    loop {
        let asked = Instant::now();
        let reply = ask().await;
        if reply.status == 503 {
            assert!(asked.elapsed() >= Duration::from_millis(500), "{:?}", asked.elapsed());
            assert!(reply.header("retry-after").parse::<u32>().is_ok(), "{:?} {}", reply.headers, reply.body);
            return reply;
        }
        assert!(!reply.status.is_server_error(), "{} {}", reply.status, reply.body);
    }
}

/// Everybody is told in the manner of the place they came to.
async fn is_told_everywhere(door: &Door) {
    let token = until_busy(async || door.post("/oauth2/access_token", &[("grant_type", "password")]).await).await;
    token.refused("temporarily_unavailable");
    assert_eq!((token.header("cache-control"), token.header("access-control-allow-origin")), ("no-store", "*"));
    until_busy(async || door.post("/oauth2/introspect", &[]).await).await.refused("temporarily_unavailable");
    let page = until_busy(async || door.get("/login").await).await;
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.body);
    page.says("</html>");
    // an app's request goes on by "Try again", also from a form, whose page the browser names if it is ours
    let asked = until_busy(async || door.get("/oauth2/authorize?client_id=app&state=x").await).await;
    let from = async |page: &str| {
        let request = || door.request("POST", "/login").header("referer", page);
        until_busy(async || Reply::of(request().send().await.unwrap()).await).await
    };
    let posted = from(&format!("{}/oauth2/authorize?client_id=app&state=x", door.issuer)).await;
    for reply in [asked, posted] {
        reply.says("</html>").says("href=\"/oauth2/authorize?client_id=app&#38;state=x\"").says("Try again");
    }
    for page in ["https://app.example/login", &format!("{}.example/", door.issuer), &format!("{}//e/", door.issuer)] {
        let posted = from(page).await;
        assert!(!posted.says("href=\"/\"").body.contains("Try again"), "{page}: {}", posted.body);
    }
    for method in ["POST", "GET"] {
        let github = async || {
            let request = door.request(method, "/login/oauth/access_token").header("accept", "application/json");
            Reply::of(request.send().await.unwrap()).await
        };
        until_busy(github).await.refused("temporarily_unavailable");
    }
    let api = until_busy(async || door.get("/api/v3/user").await).await;
    assert!(api.json()["message"].is_string(), "{}", api.body);
    let graph = until_busy(async || door.get("/me").await).await;
    assert!(graph.json()["error"]["message"].is_string(), "{}", graph.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_overload_the_excess_is_told_503_after_a_while_and_health_metadata_and_keys_are_answered() {
    let calm = TestServer::start().await;
    let tokens = calm.app().await.tokens(&mut calm.ada().await, &[("scope", "openid")]).await;
    let database = Database { dir: tempfile::tempdir().unwrap(), url: calm.database.url.clone() };
    let env = [
        ("COUNTERSIGN_ISSUER", calm.issuer.as_str()),
        ("COUNTERSIGN_LIMITS__WAIT", "5ms"),
        ("COUNTERSIGN_DIALECTS__GITHUB", "true"),
        ("COUNTERSIGN_DIALECTS__FACEBOOK", "true"),
    ];
    let server = TestServer::paced(database, &env, Arc::new(Slow)).await;
    let (enough, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let present =
        async || server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
    let people = 16 * thread::available_parallelism().unwrap().get();
    let everybody = join_all((0..people).map(async |_| {
        while !enough.load(Ordering::Relaxed) {
            let reply = present().await;
            if reply.status == 503 {
                reply.refused("temporarily_unavailable");
                refused.fetch_add(1, Ordering::Relaxed);
            } else {
                reply.has_status(200);
            }
        }
    }));
    let others = async {
        let more_are_refused = async || {
            let before = refused.load(Ordering::Relaxed);
            while refused.load(Ordering::Relaxed) < before + 20 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        more_are_refused().await;
        for _ in 0..5 {
            for path in [
                "/health/live",
                "/health/ready",
                "/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server",
                "/oauth2/jwks",
            ] {
                server.get(path).await.has_status(200);
            }
            more_are_refused().await;
        }
        is_told_everywhere(&server).await;
        enough.store(true, Ordering::Relaxed);
    };
    timeout(HANGS, join(everybody, others)).await.expect("nobody is refused");
    // nobody stands in line any more
    eventually(async || present().await.status == 200).await;
}

/// Where the database's connections are waited for. `SQLite` has a queue for those who write: see `store/sqlite/tests.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_waited_too_long_for_a_connection_is_refused_and_what_the_server_has_to_know_is_not() {
    if !is_postgres() {
        return;
    }
    let server = TestServer::start().await;
    let store = &server.admin.store;
    store.set_patience(Duration::from_millis(1));
    let (enough, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let everybody = join_all((0..200).map(async |_| {
        while !enough.load(Ordering::Relaxed) {
            if matches!(store.list_scopes().await, Err(Error::Full)) {
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }));
    let others = async {
        while refused.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in 0..20 {
            store.find_epoch().await.unwrap();
            store.current_schema().await.unwrap();
        }
        enough.store(true, Ordering::Relaxed);
    };
    timeout(HANGS, join(everybody, others)).await.expect("nobody is refused");
    eventually(async || store.touch_epoch().await.is_ok()).await;
}

/// Each thread that answers has a line of its own for its look-ups.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_look_up_on_one_thread_is_refused_though_nobody_waits_on_another() {
    if !is_postgres() {
        return;
    }
    let server = TestServer::start().await;
    let store = server.admin.store.clone();
    store.set_patience(Duration::from_millis(1));
    let is_refused = Arc::new(AtomicBool::new(false));
    let (busy, told) = (store.clone(), Arc::clone(&is_refused));
    let one_thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let began = Instant::now();
        let everybody = join_all((0..500).map(async |_| {
            while !told.load(Ordering::Relaxed) && began.elapsed() < HANGS {
                if matches!(busy.find_chain(Id::new(Ts::default())).await, Err(Error::Full)) {
                    told.store(true, Ordering::Relaxed);
                }
            }
        }));
        runtime.block_on(everybody);
    });
    while !one_thread.is_finished() {
        let _found = store.find_chain(Id::new(Ts::default())).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(is_refused.load(Ordering::Relaxed), "nobody is refused");
}
