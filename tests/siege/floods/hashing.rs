//! Argon2 saturated, at the cost it has by default.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::{join_all, select_all};
use tokio::time::timeout;

use super::{
    MIB, all_is_as_before,
    bystander::Bystander,
    is_told_to_come_again,
    line::{Line, form_head},
    memory_stayed_below, serve, shell_with,
};
use crate::{
    effort::{alone, effort},
    support::{App, PASSWORD, Reply, Served, encode, eventually},
};

/// What the program has when nobody says otherwise; addresses do not count, for all of the flood comes from one.
const DEFAULT_COST: [(&str, &str); 4] = [
    ("COUNTERSIGN_PASSWORD__MEMORY", "19456"),
    ("COUNTERSIGN_PASSWORD__ITERATIONS", "2"),
    ("COUNTERSIGN_PASSWORD__PARALLELISM", "1"),
    ("COUNTERSIGN_LIMITS__PER_ADDRESS", "false"),
];
const MOST_MEMORY: u64 = 512 * MIB;

/// More than the queue takes, on any machine.
fn flood() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    96.max(64 + 32 * cores) * effort()
}

/// Sends all at once. Some must be answered, some told to come again, nothing else; and others must be answered while
/// there is still somebody waiting.
async fn at_once(server: &Served, requests: Vec<reqwest::RequestBuilder>, refused: u16) {
    let bystander = Bystander::of(server);
    bystander.is_answered(1).await;
    let (all, before, done) = (requests.len(), bystander.rounds(), AtomicUsize::new(0));
    let seen = AtomicUsize::new(0);
    let replies = join_all(requests.into_iter().map(async |request| {
        let reply = Reply::of(request.send().await.unwrap()).await;
        if done.fetch_add(1, Ordering::Relaxed) + 1 < all {
            seen.store(bystander.rounds() - before, Ordering::Relaxed);
        }
        reply
    }))
    .await;
    let told = replies.iter().filter(|reply| is_told_to_come_again(reply)).count();
    let looked_at = replies.iter().filter(|reply| reply.status.as_u16() == refused).count();
    let seen = seen.into_inner();
    eprintln!(
        "{all} at once: {looked_at} looked at, {told} told 503; health and metadata answered {seen} times meanwhile"
    );
    assert_eq!(told + looked_at, all, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert!(told > 0 && looked_at >= 32, "{told} {looked_at}");
    assert!(seen >= 3, "{seen}");
    bystander.leaves().await;
    memory_stayed_below(server, MOST_MEMORY);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_beyond_the_queue_are_told_503_while_health_and_metadata_are_answered() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &DEFAULT_COST).await;
    let server = serve(&shell);
    let mut forms = Vec::new();
    for n in 0..flood() {
        let mut browser = server.browser();
        let csrf = browser.get("/login").await.field("csrf");
        let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let fields = [("username", &*format!("person{n}")), ("password", "a guess like another"), ("csrf", &*csrf)];
        let request = server.request("POST", "/login").header("cookie", cookies.join("; "));
        forms.push(request.header("content-type", "application/x-www-form-urlencoded").body(encode(&fields)));
    }
    at_once(&server, forms, 200).await;
    all_is_as_before(&server, "ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_grant_beyond_the_queue_is_told_503_while_health_and_metadata_are_answered() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &DEFAULT_COST).await;
    let made = ["client", "create", "--name", "Old", "--grant", "password", "--scope", "openid", "--json"];
    let made = shell.run(&made).json();
    let server = serve(&shell);
    let app = App {
        server: &server,
        client_id: made["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().map(str::to_owned),
        redirect_uri: String::new(),
    };
    let ask = |username: &str, password: &str| {
        let pairs = [("grant_type", "password"), ("username", username), ("password", password), ("scope", "openid")];
        let request = server.request("POST", "/oauth2/access_token");
        let request = request.header("authorization", app.basic(app.secret.as_deref().unwrap()));
        request.header("content-type", "application/x-www-form-urlencoded").body(encode(&pairs))
    };
    let guesses = (0..flood()).map(|n| ask(&format!("person{n}"), "a guess like another")).collect();
    at_once(&server, guesses, 400).await;
    Reply::of(ask("ada", PASSWORD).send().await.unwrap()).await.has_status(200);
    all_is_as_before(&server, "ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_client_secrets_beyond_the_queue_are_told_503_and_people_sign_in_meanwhile() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &DEFAULT_COST).await;
    let made = ["client", "create", "--name", "Import", "--id", "import", "--secret-stdin"];
    shell.run_with(CHOSEN, &[&made[..], &["--grant", "client_credentials"]].concat()).done();
    let server = serve(&shell);
    let ask = |client_id: &str, secret: &str| {
        let request = server.request("POST", "/oauth2/access_token");
        request.header("content-type", "application/x-www-form-urlencoded").body(encode(&guess(client_id, secret)))
    };
    let guesses = (0..flood()).map(|n| ask(&format!("client{n}"), "a guess like another")).collect();
    let mut browser = server.browser();
    // people have permits of their own: none of them is told 503 for what clients do (PROTOCOL R-c3)
    let ((), signed_in) = tokio::join!(at_once(&server, guesses, 401), browser.sign_in("ada"));
    signed_in.has_status(303);
    Reply::of(ask("import", CHOSEN).send().await.unwrap()).await.has_status(200);
    all_is_as_before(&server, "ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_leaves_the_queue() {
    let _alone = alone().await;
    // so slow that the queue would keep everybody waiting for a minute, were it not left
    let mut costs = DEFAULT_COST;
    costs[1].1 = "100";
    let shell = shell_with(&[], &costs).await;
    let made = ["client", "create", "--name", "Import", "--id", "import", "--secret-stdin"];
    shell.run_with(CHOSEN, &[&made[..], &["--grant", "password"]].concat()).done();
    let server = serve(&shell);
    let mut lines = Vec::new();
    for n in 0..flood() {
        let body = encode(&guess(&format!("client{n}"), "a guess like another"));
        let mut line = Line::open(&server, n).await;
        line.say(&format!("{}{body}", form_head("/oauth2/access_token", body.len()))).await;
        lines.push(line);
    }
    loop {
        let (answer, answered, _) = select_all(lines.iter_mut().map(|line| Box::pin(line.answer()))).await;
        lines.swap_remove(answered);
        if answer.starts_with("HTTP/1.1 503") {
            break;
        }
    }
    drop(lines);
    // the right secret of a client that may not use this grant: it was looked at
    let ask = async || server.post("/oauth2/access_token", &guess("import", CHOSEN)).await;
    let looked_at = eventually(async || ask().await.status == 400);
    timeout(Duration::from_secs(25), looked_at).await.expect("those who have gone are still worked for");
}

const CHOSEN: &str = "a secret that somebody chose";

const fn guess<'a>(client_id: &'a str, secret: &'a str) -> [(&'static str, &'a str); 3] {
    [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)]
}
