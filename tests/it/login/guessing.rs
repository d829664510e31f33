//! Guessing is slowed at all doors together and never locks the owner out (PROTOCOL R-g).

use countersign::protocol::grant::GrantType;
use futures_util::future::join_all;

use crate::support::{PASSWORD, TestServer, eventually};

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

#[tokio::test(flavor = "multi_thread")]
async fn invented_addresses_buy_no_guess_of_an_account() {
    let server = TestServer::start().await;
    server.user("ada").await;
    for (n, invented) in [
        "10.1.2.3",
        "::1",
        "127.0.0.1",
        "unknown",
        "_hidden",
        "999.1.1.1",
        "nonsense",
        "",
        ",,,",
        "for=1.2.3.4",
        "\"[2001:db8::1]:80\"",
        "' OR 1=1",
        "203.0.113.9, 127.0.0.1",
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = server.browser();
        for name in ["x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "via"] {
            browser.headers.push((name, invented.to_owned()));
        }
        browser.headers.push(("forwarded", format!("for={invented}")));
        let status = if n < 10 { 200 } else { 429 };
        browser.try_to_sign_in("ada", "wrong").await.has_status(status);
    }
    server.browser().sign_in("ada").await.has_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_guesses_are_counted_by_the_address_it_saw() {
    let server = TestServer::with(&[("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    server.user("ada").await;
    let from = |address: String| {
        let mut browser = server.browser();
        browser.headers = vec![("x-forwarded-for", address), ("forwarded", "for=198.51.100.77".to_owned())];
        browser
    };
    for n in 0..100 {
        let mut browser = from(format!("10.9.8.{n}, nonsense{n}, 203.0.113.9"));
        browser.try_to_sign_in(&format!("name{n}"), "wrong").await.has_status(200);
    }
    from("203.0.113.10, 203.0.113.9".to_owned()).sign_in("ada").await.has_status(429);
    from("203.0.113.9, 203.0.113.10".to_owned()).sign_in("ada").await.has_status(303);
    // what the proxy itself sends without naming anybody is its own
    server.browser().sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_that_goes_on_touches_no_session_no_token_and_no_known_browser() {
    let server = TestServer::start().await;
    let mut here = server.ada().await;
    server.user("bob").await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let tokens = app.tokens(&mut here, &[("scope", "openid")]).await;
    let mut known = server.browser();
    known.sign_in("ada").await;
    known.cookies.retain(|(name, _)| name != "countersign_session");
    let guess = [("grant_type", "password"), ("username", "ada"), ("password", "wrong")];
    for n in 0..40 {
        server.browser().try_to_sign_in("ada", &format!("wrong{n}")).await;
        app.token(&guess).await;
        server.clock.advance(7);
    }
    server.browser().sign_in("ada").await.has_status(429);
    here.get("/account").await.has_status(200).says("ada");
    assert!(here.authorize(&app, &[("scope", "openid")]).await.redirected().contains_key("code"));
    assert!(server.opens(&tokens.access_token).await);
    crate::support::Tokens::of(&app.refresh(&tokens.refresh_token).await);
    known.sign_in("ada").await.has_status(303);
    // nor anybody else, from the very browser that guesses
    server.browser().sign_in("bob").await.has_status(303);
    // and ada from a new browser once the delay is over
    server.clock.advance(countersign::protocol::throttle::LONGEST_DELAY_SECONDS);
    server.browser().sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_days_tries_a_hundred_are_looked_at_and_then_still_one_at_a_time() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    for name in ["ada", "nobody"] {
        let wrong = [("grant_type", "password"), ("username", name), ("password", "wrong")];
        let (mut passed, mut looked_at, mut delay) = (0, 0, 1);
        while passed < 24 * 3600 {
            match app.token(&wrong).await.status.as_u16() {
                400 => looked_at += 1,
                429 => {
                    server.clock.advance(delay);
                    passed += delay;
                    delay = (delay * 2).min(countersign::protocol::throttle::LONGEST_DELAY_SECONDS);
                }
                status => panic!("{status}"),
            }
        }
        assert!((90..=100).contains(&looked_at), "{name}: {looked_at}");
    }
    let right = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    app.token(&right).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_token_endpoint_count_at_the_page() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    for name in ["ada", "ADA", " ada", "ada@example.com", "Ada@EXAMPLE.com"].iter().cycle().take(10) {
        app.token(&[("grant_type", "password"), ("username", name), ("password", "wrong")])
            .await
            .refused("invalid_grant");
    }
    server.browser().sign_in("ada").await.has_status(429);
    server.browser().sign_in("ada@example.com").await.has_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_on_two_servers_are_counted_together() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let second = server.second().await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let elsewhere = crate::support::App { server: &second, ..app.clone() };
    let wrong = [("grant_type", "password"), ("username", "ada"), ("password", "wrong")];
    let replies = join_all((0..48).map(|n| if n % 2 == 0 { app.token(&wrong) } else { elsewhere.token(&wrong) })).await;
    let looked_at = replies.iter().filter(|reply| reply.status == 400).count();
    // each server looks at one at a time: the tenth may be under way on both
    assert!((10..=11).contains(&looked_at), "{looked_at}");
    assert!(replies.iter().all(|reply| matches!(reply.status.as_u16(), 400 | 429)));
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_free_tries_two_servers_look_at_one_guess_between_them_and_let_the_right_one_in() {
    // a hash that takes its time, so that both would be at it at once
    let slow = ("COUNTERSIGN_PASSWORD__MEMORY", "16384");
    let server = TestServer::with(&[slow]).await;
    server.user("ada").await;
    let second = server.second().await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let elsewhere = crate::support::App { server: &second, ..app.clone() };
    for name in ["ada", "nobody"] {
        let wrong = [("grant_type", "password"), ("username", name), ("password", "wrong")];
        let guess = async |times: usize| {
            let one = |n| if n % 2 == 0 { app.token(&wrong) } else { elsewhere.token(&wrong) };
            let replies = join_all((0..times).map(one)).await;
            replies.iter().filter(|reply| reply.status == 400).count()
        };
        while guess(1).await == 1 {}
        for round in 1..8 {
            server.clock.advance(1 << round);
            second.clock.advance(1 << round);
            assert_eq!(guess(12).await, 1, "{name}, round {round}");
        }
    }
    server.clock.advance(1 << 9);
    let right = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    let replies = join_all((0..8).map(|_| app.token(&right))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "many right ones at once all pass");
    app.token(&[("grant_type", "password"), ("username", "ada"), ("password", "wrong")]).await.has_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_from_one_address_at_many_names_are_counted_one_by_one() {
    // a hash that takes its time, so that many tries are under way at once
    let server = TestServer::with(&[("COUNTERSIGN_PASSWORD__MEMORY", "16384")]).await;
    let mut browser = server.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let guess = async |n: usize| {
        let (mut browser, name) = (browser.clone(), format!("name{n}"));
        let fields = [("username", name.as_str()), ("password", "wrong"), ("csrf", &csrf)];
        browser.post("/login", &fields).await.status.as_u16()
    };
    for n in 0..95 {
        assert_eq!(guess(n).await, 200);
    }
    let statuses = join_all((100..150).map(guess)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 45, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_at_a_clients_chosen_secret_are_counted_and_do_not_keep_the_client_out() {
    use countersign::flow::{Origin, admin::clients};
    let server = TestServer::start().await;
    let new = clients::NewClient {
        name: "imported".to_owned(),
        metadata: countersign::protocol::client_metadata::ClientMetadata {
            grant_types: vec![GrantType::ClientCredentials],
            ..Default::default()
        },
        secret: Some("chosen by somebody".to_owned()),
        ..clients::NewClient::default()
    };
    let made = clients::create(&server.admin, &Origin::default(), new).await.unwrap();
    let app = |client_id: String, secret: &str| crate::support::App {
        server: &server,
        client_id,
        secret: Some(secret.to_owned()),
        redirect_uri: String::new(),
    };
    let right = app(made.client.client_id.clone(), "chosen by somebody");
    let grant = [("grant_type", "client_credentials")];
    right.token(&grant).await.has_status(200);
    for client_id in [made.client.client_id, "nobody".to_owned(), "n".repeat(2000)] {
        let wrong = app(client_id.clone(), "wrong");
        let replies = join_all((0..48).map(|_| wrong.token(&grant))).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 401).count(), 10, "{client_id}");
        assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 38, "{client_id}");
    }
    right.token(&grant).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_invents_clients_is_slowed_by_address_and_fills_no_queue() {
    use countersign::flow::{Origin, admin::clients};
    // a hash that takes its time, so that a hundred at once would be more than the queue takes
    let env = [("COUNTERSIGN_PASSWORD__MEMORY", "16384"), ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = TestServer::with(&env).await;
    server.user("ada").await;
    let metadata = countersign::protocol::client_metadata::ClientMetadata {
        grant_types: vec![GrantType::ClientCredentials],
        ..Default::default()
    };
    let secret = "chosen by somebody";
    let name = "imported".to_owned();
    let new = clients::NewClient { name, metadata, secret: Some(secret.to_owned()), ..Default::default() };
    let client_id = clients::create(&server.admin, &Origin::default(), new).await.unwrap().client.client_id;
    let ask = async |address: &str, client_id: &str, secret: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
        let request = server.request("POST", "/oauth2/access_token").header("x-forwarded-for", address);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = crate::support::Reply::of(request.body(crate::support::encode(&fields)).send().await.unwrap());
        reply.await.status.as_u16()
    };
    assert_eq!(ask("203.0.113.9", &client_id, secret).await, 200);
    let invented = async |n: usize| ask("203.0.113.9", &format!("invented{n}"), "wrong").await;
    let statuses = join_all((0..100).map(invented)).await;
    assert!(statuses.iter().all(|status| *status == 401), "{statuses:?}");
    assert_eq!(invented(100).await, 429);
    assert_eq!(ask("203.0.113.9", &client_id, "wrong").await, 429);
    // whoever was right a moment ago is let in, other networks are another thing, and so are people
    assert_eq!(ask("203.0.113.9", &client_id, secret).await, 200);
    assert_eq!(ask("203.0.113.10", "invented", "wrong").await, 401);
    let mut browser = server.browser();
    browser.headers = vec![("x-forwarded-for", "203.0.113.9".to_owned())];
    browser.sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_where_somebody_mistypes_every_day_is_not_slow_for_ever() {
    let server = TestServer::start().await;
    server.user("ada").await;
    for day in 0..5 {
        for n in 0..40 {
            server.browser().try_to_sign_in(&format!("name{day}x{n}"), "wrong").await.has_status(200);
        }
        server.clock.advance(12 * 3600);
        server.browser().sign_in("ada").await.has_status(303);
        server.clock.advance(12 * 3600 - 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_many_addresses_does_not_fill_the_audit_log_with_tries() {
    let server = TestServer::with(&[("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    for name in ["ada", "bob"] {
        server.user(name).await;
    }
    for n in 0..60 {
        let mut browser = server.browser();
        browser.headers = vec![("x-forwarded-for", format!("2001:db8:7:{n:x}::{n:x}"))];
        browser.try_to_sign_in("ada", "wrong").await;
    }
    let events = async |name: &str| {
        let events = server.admin.store.list_events(200).await.unwrap();
        events.iter().filter(|event| event.event == name).count()
    };
    eventually(async || events("login.failed").await >= 10).await;
    // what is to be written has been when what came after all of it is there
    server.browser().sign_in("bob").await.has_status(303);
    eventually(async || events("login.succeeded").await == 1).await;
    let count = events("login.failed").await;
    assert!(count <= 30, "ten a minute of one account from one site: {count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_rightly_begins_no_wait_for_others_behind_the_same_address() {
    let server = TestServer::start().await;
    for name in ["ada", "bob"] {
        server.user(name).await;
    }
    for n in 0..105_i64 {
        if n >= 100 {
            server.clock.advance(1 << (n - 100));
        }
        server.browser().try_to_sign_in(&format!("name{n}"), "wrong").await.has_status(200).says("match");
    }
    server.browser().sign_in("ada").await.has_status(429);
    server.clock.advance(16);
    server.browser().sign_in("ada").await.has_status(303);
    server.browser().sign_in("bob").await.has_status(303);
    server.browser().try_to_sign_in("nobody", "wrong").await.has_status(200).says("match");
    server.browser().sign_in("bob").await.has_status(429);
}
