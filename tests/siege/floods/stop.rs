//! SIGTERM in the middle of it all.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{
    line::{Line, form_head, get},
    serve, shell_with,
};
use crate::{
    effort::alone,
    support::{PASSWORD, Reply, encode},
};

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_requests_under_way_are_finished_and_the_process_ends_with_code_0() {
    let _alone = alone().await;
    let env = [
        ("COUNTERSIGN_PASSWORD__MEMORY", "19456"),
        ("COUNTERSIGN_PASSWORD__ITERATIONS", "6"),
        ("COUNTERSIGN_LIMITS__PER_ADDRESS", "false"),
    ];
    let people = ["ada", "grace", "joan", "edith"];
    let shell = shell_with(&people, &env).await;
    let mut server = serve(&shell);
    // idle ones, ones that never get on, and one that goes on asking
    let mut others = Vec::new();
    for n in 0..100 {
        let mut line = Line::open(&server, n).await;
        match n % 3 {
            0 => line.say(&get("/health/live")).await,
            1 => line.say("GET /lo").await,
            _ => line.say(&form_head("/login", 1_000)).await,
        }
        others.push(line);
    }
    let mut forms = Vec::new();
    for n in 0..24 {
        let mut browser = server.browser();
        let csrf = browser.get("/login").await.field("csrf");
        let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let fields = [("username", people[n % people.len()]), ("password", PASSWORD), ("csrf", &csrf)];
        let request = server.request("POST", "/login").header("cookie", cookies.join("; "));
        forms.push(request.header("content-type", "application/x-www-form-urlencoded").body(encode(&fields)));
    }
    let (began, signing_in) = tokio::sync::oneshot::channel();
    let under_way = tokio::spawn(async move {
        let mut began = Some(began);
        join_all(forms.into_iter().map(|request| {
            let began = began.take();
            async move {
                let reply = Reply::of(request.send().await.unwrap()).await;
                if let Some(began) = began {
                    began.send(()).unwrap();
                }
                reply
            }
        }))
        .await
    });
    // the first of them is in: the others wait for their turn
    signing_in.await.unwrap();
    server.signal("TERM");
    let told = Instant::now();
    for reply in under_way.await.unwrap() {
        reply.has_status(303);
    }
    let ended = loop {
        if let Some(ended) = server.has_ended() {
            break ended;
        }
        assert!(told.elapsed() < Duration::from_mins(1), "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    eprintln!("ended {:?} after SIGTERM", told.elapsed());
    assert_eq!(ended.code(), Some(0));
}
