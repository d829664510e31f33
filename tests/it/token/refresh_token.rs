//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14; PROTOCOL R-a): rotation cannot log anyone out, theft ends the chain.

use countersign::{
    flow::admin::clients,
    protocol::client_metadata::{ClientMetadata, TokenFormat},
};
use futures_util::future::join_all;

use crate::{
    authorize_public,
    support::{App, Browser, TestServer, Tokens, eventually, scope, update_client},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_costs_nothing_the_retry_gets_the_same_successor() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let answered = Tokens::of(&app.refresh(&first.refresh_token).await);
    server.clock.advance(59);
    let retried = Tokens::of(&app.refresh(&first.refresh_token).await);
    assert_eq!(retried.refresh_token, answered.refresh_token);
    assert_ne!(retried.access_token, answered.access_token);
    assert!(server.opens(&retried.access_token).await);
    Tokens::of(&app.refresh(&answered.refresh_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_refreshes_at_once_all_but_the_cap_get_one_successor_and_nobody_is_logged_out() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let mut token = app.tokens(&mut browser, &[]).await.refresh_token;
    for _round in 0..3 {
        let replies = join_all((0..64).map(|_| app.refresh(&token))).await;
        let mut successors: Vec<String> =
            replies.iter().filter(|reply| reply.status == 200).map(|reply| Tokens::of(reply).refresh_token).collect();
        assert_eq!(successors.len(), 32, "as many answers as a window has");
        successors.dedup();
        assert_eq!(successors.len(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            reply.has_status(429);
        }
        // every other answer was lost on the way: whoever has one goes on
        token = successors.remove(0);
    }
    Tokens::of(&app.refresh(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_answers_dropped_at_random_the_client_always_comes_through() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let mut held = app.tokens(&mut browser, &[]).await.refresh_token;
    for round in 0..40_u32 {
        // a pattern without a pattern: about half of the answers are lost
        let lost = (round.wrapping_mul(2_654_435_761) >> 16) % 2 == 0;
        let tokens = Tokens::of(&app.refresh(&held).await);
        if !lost {
            held = tokens.refresh_token;
        }
        server.clock.advance(7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_token_after_the_window_ends_the_chain_and_everything_of_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let second = Tokens::of(&app.refresh(&first.refresh_token).await);
    server.clock.advance(60);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&second.access_token).await && !server.opens(&first.access_token).await);
    app.refresh(&second.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_successor_was_used_the_old_token_is_theft_also_inside_the_window() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let second = Tokens::of(&app.refresh(&first.refresh_token).await);
    let third = Tokens::of(&app.refresh(&second.refresh_token).await);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    app.refresh(&third.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&third.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_window_has_none() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.refresh_reuse_grace = Some(0)).await;
    let first = app.tokens(&mut browser, &[]).await;
    Tokens::of(&app.refresh(&first.refresh_token).await);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_token_ends_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, other) = (server.app().await, server.app().await);
    let tokens = app.tokens(&mut browser, &[]).await;
    let token = &tokens.refresh_token;
    for at in [6, 20, 40, 60, 80, 95] {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        app.refresh(std::str::from_utf8(&forged).unwrap()).await.refused("invalid_grant");
    }
    other.refresh(token).await.refused("invalid_grant");
    let bare = [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("client_id", &app.client_id)];
    server.post("/oauth2/access_token", &bare).await.refused("invalid_client");
    let mut wrong = app.clone();
    wrong.secret = Some("wrong".to_owned());
    wrong.refresh(token).await.refused("invalid_client");
    Tokens::of(&app.refresh(token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_refreshes_with_its_name_alone() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(authorize_public).await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
    assert_ne!(next.refresh_token, tokens.refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn less_scope_shapes_the_access_token_alone_and_more_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("read", "Read", &[]).await;
    server.scope("write", "Write", &[]).await;
    let app = server.app_with(|app| app.scope = scope("read write")).await;
    let tokens = app.tokens(&mut browser, &[]).await;
    let ask = async |token: &str, scope: &str| {
        app.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]).await
    };
    let narrow = Tokens::of(&ask(&tokens.refresh_token, "read").await);
    assert_eq!(narrow.all["scope"], "read");
    ask(&narrow.refresh_token, "read write openid").await.refused("invalid_scope");
    assert_eq!(
        Tokens::of(&ask(&narrow.refresh_token, "").await).all["scope"],
        "read write",
        "the chain keeps all (P19)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_app_has_lost_since_is_in_no_new_token_until_it_is_given_back() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("read", "Read", &[]).await;
    server.scope("write", "Write", &[]).await;
    let app = server.app_with(|app| app.scope = scope("read write")).await;
    let waiting = browser.allow(&app, &[]).await;
    let mut token = app.tokens(&mut browser, &[]).await.refresh_token;
    let register = async |names: &str| {
        let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
        client.metadata.scope = scope(names);
        update_client(&server.admin, &client).await.unwrap();
    };
    let ask = async |token: &str, scope: &str| {
        app.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]).await
    };
    let asked = app.authorize_path(&[("scope", "write")]);
    for (asks, back) in [("write", "write"), ("", "read write")] {
        register("read").await;
        eventually(async || server.get(&asked).await.header("location").contains("error=invalid_scope")).await;
        ask(&token, "write").await.refused("invalid_scope");
        let less = Tokens::of(&ask(&token, "").await);
        assert_eq!(less.all["scope"], "read");
        register("read write").await;
        let again = Tokens::of(&ask(&less.refresh_token, asks).await);
        assert_eq!(again.all["scope"], back, "at once, for the grant has kept it (P18)");
        token = again.refresh_token;
    }
    register("read").await;
    eventually(async || server.get(&asked).await.header("location").contains("error=invalid_scope")).await;
    assert_eq!(Tokens::of(&app.redeem(&waiting).await).all["scope"], "read", "also by a code of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_does_not_outlive_its_grant_where_tokens_live_longer_since() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for format in [TokenFormat::Jwt, TokenFormat::Opaque] {
        let short = |app: &mut ClientMetadata| {
            app.access_token_format = Some(format);
            (app.access_token_ttl, app.refresh_token_ttl) = (Some(60), Some(3600));
        };
        let app = server.app_with(short).await;
        let first = app.tokens(&mut browser, &[]).await;
        assert_eq!(first.all["expires_in"], 60);
        let mut longer = clients::find(&server.admin, &app.client_id).await.unwrap();
        longer.metadata.access_token_ttl = Some(30 * 86_400);
        update_client(&server.admin, &longer).await.unwrap();
        // a server of its own has not seen the client as it was
        let second = server.second().await;
        second.clock.advance(3400);
        let app = App { server: &second, ..app.clone() };
        let last = Tokens::of(&app.refresh(&first.refresh_token).await);
        // both lives of then, and an hour to spare
        let left = last.all["expires_in"].as_i64().unwrap();
        assert!((3600..=3860).contains(&left), "{left}");
        second.clock.advance(left - 1);
        assert!(second.opens(&last.access_token).await);
        second.clock.advance(1);
        assert!(!second.opens(&last.access_token).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_ends_when_idle_and_at_its_absolute_end_however_often_it_rotates() {
    const DAY: i64 = 86_400;
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let idle = app.tokens(&mut browser, &[]).await;
    let mut busy = app.tokens(&mut browser, &[]).await;
    for _ in 0..4 {
        server.clock.advance(20 * DAY);
        busy = Tokens::of(&app.refresh(&busy.refresh_token).await);
    }
    app.refresh(&idle.refresh_token).await.refused("invalid_grant");
    server.clock.advance(10 * DAY);
    app.refresh(&busy.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_grant_gets_none_and_a_token_tells_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let plain = server
        .app_with(|app| app.grant_types.retain(|grant| *grant != countersign::protocol::grant::GrantType::RefreshToken))
        .await;
    assert!(plain.tokens(&mut browser, &[]).await.all.get("refresh_token").is_none());
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[]).await;
    plain.refresh(&tokens.refresh_token).await.refused("unauthorized_client");
    assert!(!server.opens(&tokens.refresh_token).await);
    app.refresh(&tokens.access_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_successor_comes_from_another_server_on_the_same_database() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let second = server.second().await;
    let elsewhere = App { server: &second, ..app.clone() };
    let (one, other) = tokio::join!(app.refresh(&first.refresh_token), elsewhere.refresh(&first.refresh_token));
    assert_eq!(Tokens::of(&one).refresh_token, Tokens::of(&other).refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_an_answered_retry_from_theft() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let told = async |outcome: &str, reason: &str| {
        let events = server.admin.store.list_events(20).await.unwrap();
        let reused = |event: &countersign::store::models::AuditEvent| {
            event.event == "token.reused" && event.outcome == outcome && event.reason.as_deref() == Some(reason)
        };
        events.iter().filter(|event| reused(event)).count() == 1
    };
    Tokens::of(&app.refresh(&first.refresh_token).await);
    Tokens::of(&app.refresh(&first.refresh_token).await);
    eventually(async || told("ok", "within_grace").await).await;
    server.clock.advance(60);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    eventually(async || told("refused", "RefreshReused").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theft_is_told_however_many_retries_were_written_down_before_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let first = app.tokens(&mut browser, &[]).await;
    let mut current = first.refresh_token.clone();
    for _ in 0..12 {
        let next = Tokens::of(&app.refresh(&current).await);
        Tokens::of(&app.refresh(&current).await);
        current = next.refresh_token;
    }
    let written = async |outcome: &str| {
        let events = server.admin.store.list_events(100).await.unwrap();
        events.iter().filter(|event| event.event == "token.reused" && event.outcome == outcome).count()
    };
    eventually(async || written("ok").await == 10).await;
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    eventually(async || written("refused").await == 1).await;
    browser.get("/account").await.has_status(200).says("a key it had already used was used again");
    app.refresh(&current).await.refused("invalid_grant");
    assert_eq!(written("refused").await, 1, "it ends once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_refresh_token_or_code_was_used_twice_is_told_on_their_page_for_a_month_and_nobody_else_is() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    server.user("grace").await;
    let told = async |browser: &mut Browser<'_>| {
        browser.get("/account").await.has_status(200).body.contains("a key it had already used was used again")
    };
    let first = app.tokens(&mut browser, &[]).await;
    Tokens::of(&app.refresh(&first.refresh_token).await);
    Tokens::of(&app.refresh(&first.refresh_token).await);
    let written = async |name: &str, outcome: &str| {
        let events = server.admin.store.list_events(20).await.unwrap();
        events.iter().any(|event| (event.event.as_str(), event.outcome.as_str()) == (name, outcome))
    };
    eventually(async || written("token.reused", "ok").await).await;
    assert!(!told(&mut browser).await, "a retry is no theft");
    server.clock.advance(60);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    eventually(async || written("token.reused", "refused").await).await;
    assert!(told(&mut browser).await);
    let mut other = server.browser();
    other.sign_in("grace").await;
    assert!(!told(&mut other).await);
    let code = other.allow(&app, &[]).await;
    Tokens::of(&app.redeem(&code).await);
    app.redeem(&code).await.refused("invalid_grant");
    eventually(async || written("code.replayed", "refused").await).await;
    assert!(told(&mut other).await);
    for (days, still) in [(29, true), (2, false)] {
        server.clock.advance(days * 24 * 3600);
        let mut later = server.browser();
        later.sign_in("ada").await;
        assert_eq!(told(&mut later).await, still);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_browsers_may_repeat_itself_for_ten_seconds_and_one_on_a_machine_for_a_minute() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let in_browsers = server.app_with(authorize_public).await;
    let on_a_machine = server
        .app_with(|app| {
            authorize_public(app);
            app.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        })
        .await;
    let told_otherwise = server
        .app_with(|app| {
            authorize_public(app);
            app.refresh_reuse_grace = Some(30);
        })
        .await;
    for (app, seconds) in [(in_browsers, 10), (on_a_machine, 60), (told_otherwise, 30)] {
        let first = app.tokens(&mut browser, &[]).await.refresh_token;
        let second = Tokens::of(&app.refresh(&first).await).refresh_token;
        server.clock.advance(seconds - 1);
        assert_eq!(Tokens::of(&app.refresh(&first).await).refresh_token, second, "{seconds}");
        server.clock.advance(1);
        app.refresh(&first).await.refused("invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_nothing_of_its_person_its_client_or_its_scope() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid profile")]).await;
    let sub = tokens.claims("id_token")["sub"].as_str().unwrap().to_owned();
    let body = tokens.refresh_token.strip_prefix("csrt_").unwrap();
    assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric()), "no parts, no encoding of anything: {body}");
    // nothing as short as "ada": in letters at random that is found once in four hundred runs
    for told in [&sub, &app.client_id, "openid", "profile"] {
        assert!(!body.to_ascii_lowercase().contains(&told.to_ascii_lowercase()), "{told}");
    }
    // as long for every person, client and scope
    let other = server.app_with(|app| app.scope = scope("email")).await;
    let other = other.tokens(&mut browser, &[("scope", "email")]).await;
    assert_eq!(other.refresh_token.len(), tokens.refresh_token.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_clients_old_token_is_dead_and_takes_the_family_with_it() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(authorize_public).await;
    let first = app.tokens(&mut browser, &[]).await;
    let mut held = first.clone();
    for _ in 0..3 {
        let next = Tokens::of(&app.refresh(&held.refresh_token).await);
        assert_ne!(next.refresh_token, held.refresh_token);
        held = next;
    }
    assert!(server.opens(&held.access_token).await);
    app.refresh(&first.refresh_token).await.refused("invalid_grant");
    app.refresh(&held.refresh_token).await.refused("invalid_grant");
    assert!(!server.opens(&held.access_token).await && !server.opens(&first.access_token).await);
}
