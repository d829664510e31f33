//! Ten times the usual: many browsers doing whole flows at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;

use super::{
    MIB, all_is_as_before, bystander::Bystander, is_told_to_come_again, memory_stayed_below, serve, shell_with,
};
use crate::{
    effort::{alone, effort},
    support::{App, Browser, PASSWORD, Reply, Tokens},
};

const BROWSERS: usize = 200;
const PEOPLE: [&str; 8] = ["ada", "grace", "joan", "edith", "mary", "hedy", "annie", "karen"];

/// Does it again as long as it is told to; it may say nothing but yes or "come again".
async fn until_done(told: &AtomicUsize, mut attempt: impl AsyncFnMut() -> Reply) -> Reply {
    for _ in 0..600 {
        let reply = attempt().await;
        if !is_told_to_come_again(&reply) {
            return reply;
        }
        told.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("told to come again for ever");
}

/// From the app to its tokens, and a fresh pair for the old.
async fn whole_flow(app: &App<'_>, browser: &mut Browser<'_>, person: &str, told: &AtomicUsize) {
    let page = until_done(told, async || browser.authorize(app, &[]).await).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let fields = [("username", person), ("password", PASSWORD), ("csrf", &csrf), ("interaction", &interaction)];
    let next = until_done(told, async || browser.post("/login", &fields).await).await;
    let next = next.has_status(303).location().to_owned();
    let mut reply = until_done(told, async || browser.get(&next).await).await;
    if reply.status == 200 {
        let page = reply;
        reply = until_done(told, async || browser.decide(&page, "allow", &[]).await).await;
    }
    let code = reply.redirected()["code"].clone();
    let tokens = Tokens::of(&until_done(told, async || app.redeem(&code).await).await);
    let fresh = Tokens::of(&until_done(told, async || app.refresh(&tokens.refresh_token).await).await);
    until_done(told, async || app.server.resource(&fresh.access_token).await).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_browsers_doing_whole_flows_at_once_all_succeed_and_none_sees_a_failure() {
    let _alone = alone().await;
    // everybody comes from one address; a hash costs what it costs by default
    let env = [
        ("COUNTERSIGN_PASSWORD__MEMORY", "19456"),
        ("COUNTERSIGN_PASSWORD__ITERATIONS", "2"),
        ("COUNTERSIGN_LIMITS__PER_ADDRESS", "false"),
    ];
    let shell = shell_with(&PEOPLE, &env).await;
    let made = ["client", "create", "--name", "Notes", "--redirect-uri", "https://app.example/cb", "--json"];
    let made = shell.run(&made).json();
    let server = serve(&shell);
    let app = App {
        server: &server,
        client_id: made["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().map(str::to_owned),
        redirect_uri: "https://app.example/cb".to_owned(),
    };
    let bystander = Bystander::of(&server);
    let told = AtomicUsize::new(0);
    join_all((0..BROWSERS * effort()).map(async |n| {
        whole_flow(&app, &mut server.browser(), PEOPLE[n % PEOPLE.len()], &told).await;
    }))
    .await;
    eprintln!("{} whole flows at once: {} times told 503", BROWSERS * effort(), told.into_inner());
    bystander.leaves().await;
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 512 * MIB);
}
