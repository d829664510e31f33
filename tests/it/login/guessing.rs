//! Guessing is slowed at all doors together and never locks the owner out (PROTOCOL R-g).

use countersign::protocol::grant::GrantType;
use futures_util::future::join_all;

use crate::support::{PASSWORD, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_wrong_ones_the_next_is_not_looked_at_right_or_wrong_and_known_names_show_no_other_way() {
    let server = TestServer::start().await;
    server.user("ada").await;
    for name in ["ada", "nobody"] {
        let mut browser = server.browser();
        for spelling in [name.to_owned(), name.to_uppercase(), format!(" {name} ")].iter().cycle().take(10) {
            browser.try_to_sign_in(spelling, "wrong").await.has_status(200).says("match");
        }
        let slowed = browser.try_to_sign_in(name, PASSWORD).await;
        slowed.has_status(429).says("Too many attempts");
        server.clock.advance(1);
        browser.try_to_sign_in(name, "wrong").await.has_status(200).says("match");
        server.clock.advance(1);
        browser.try_to_sign_in(name, PASSWORD).await.has_status(429);
    }
    server.clock.advance(2);
    server.browser().sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slowed_at_one_door_is_slowed_at_the_others() {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.user("bob").await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    for name in ["ada", "ada@example.com"].iter().cycle().take(10) {
        server.browser().try_to_sign_in(name, "wrong").await;
    }
    let grant = |name| [("grant_type", "password"), ("username", name), ("password", PASSWORD)];
    let slowed = app.token(&grant("ada")).await;
    slowed.has_status(429).refused("slow_down");
    assert_eq!(slowed.header("retry-after"), "30");
    app.token(&grant("bob")).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_signed_in_before_is_not_kept_out_by_strangers() {
    let server = TestServer::start().await;
    let mut known = server.ada().await;
    known.cookies.retain(|(name, _)| name != "countersign_session");
    for _ in 0..15 {
        server.browser().try_to_sign_in("ada", "wrong").await;
    }
    server.browser().try_to_sign_in("ada", PASSWORD).await.has_status(429);
    known.sign_in("ada").await.has_status(303);
    // but its own failures count
    known.cookies.retain(|(name, _)| name != "countersign_session");
    for _ in 0..10 {
        known.try_to_sign_in("ada", "wrong").await.has_status(200);
    }
    known.sign_in("ada").await.has_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_are_counted_one_by_one() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let wrong = [("grant_type", "password"), ("username", "ada"), ("password", "wrong")];
    let replies = join_all((0..48).map(|_| app.token(&wrong))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 400).count(), 10);
    assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 38);
    server.clock.advance(1);
    let right = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    app.token(&right).await.has_status(200);
    let replies = join_all((0..48).map(|_| app.token(&right))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "many right ones at once all pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_slowed_too_and_forwarded_headers_of_strangers_buy_nothing() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    for n in 0..100 {
        let name = format!("name{n}");
        browser.headers = vec![("x-forwarded-for", format!("10.1.2.{n}")), ("forwarded", format!("for=10.1.2.{n}"))];
        let fields = [("username", name.as_str()), ("password", "wrong"), ("csrf", &page.field("csrf"))];
        browser.post("/login", &fields).await.has_status(200);
    }
    browser.sign_in("ada").await.has_status(429);
    let off = TestServer::with(&[("COUNTERSIGN_LIMITS__PER_ADDRESS", "false")]).await;
    off.user("ada").await;
    for n in 0..110 {
        off.browser().try_to_sign_in(&format!("name{n}"), "wrong").await.has_status(200);
    }
    off.browser().sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_tells_the_address_and_what_a_stranger_wrote_before_it_counts_for_nothing() {
    let server = TestServer::with(&[("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]).await;
    server.user("ada").await;
    for (headers, address) in [
        (vec![("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        (vec![("x-forwarded-for", "198.51.100.1, 203.0.113.8, 10.1.1.1")], "203.0.113.8"),
        (vec![("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=198.51.100.1")], "203.0.113.7"),
        (vec![("forwarded", "for=198.51.100.1, for=\"203.0.113.6:4711\";proto=https")], "203.0.113.6"),
        (vec![("x-forwarded-for", "nonsense")], "127.0.0.1"),
    ] {
        let mut browser = server.browser();
        browser.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        browser.sign_in("ada").await;
        browser.get("/account/sessions").await.says(address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_shared_by_servers_on_one_database() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let second = server.second().await;
    for server in [&server, &second].iter().cycle().take(10) {
        server.browser().try_to_sign_in("ada", "wrong").await.has_status(200);
    }
    server.browser().sign_in("ada").await.has_status(429);
    second.browser().sign_in("ada").await.has_status(429);
}
