//! `/debug_token`: an app learns of its own tokens, and nobody of anybody else's.

use countersign::flow::limits::LOOK_UPS_A_MINUTE;

use super::{Program, app, app_with, granted, refused, to};
use crate::support::{Reply, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_an_unknown_and_a_malformed_token_get_one_and_the_same_answer() {
    let server = TestServer::start().await;
    let (app, other) = (app(&server).await, app(&server).await);
    let mut browser = server.ada().await;
    let foreign = other.token_for(&mut browser, "email", &["email"]).await;
    let plain = server.app().await;
    let standard = plain.tokens(&mut browser, &[("scope", "openid")]).await;
    let mut answers = Vec::new();
    let unknown = countersign::secret::Secret::<countersign::secret::kind::FacebookToken>::generate();
    let others_own = granted(&other.by_get(&[("grant_type", "client_credentials")]).await).0;
    for input in [
        &foreign,
        unknown.expose(),
        "csfbo_x",
        "x",
        "é\u{1}",
        &standard.access_token,
        &standard.refresh_token,
        &others_own,
        &other.by_secret(),
        &app.by_secret(),
        &"x".repeat(20_000),
    ] {
        let pairs = [("input_token", input), ("access_token", &*app.by_secret())];
        let reply = server.get(&to("/debug_token", &pairs)).await;
        answers.push(reply.has_status(200).body.clone());
    }
    answers.dedup();
    assert_eq!(
        answers,
        [
            "{\"data\":{\"error\":{\"code\":190,\"message\":\"Invalid OAuth access token.\"},\"is_valid\":false,\"scopes\":[]}}"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_app_itself_may_ask() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let public = app_with(&server, |app| {
        app.token_endpoint_auth_method = countersign::protocol::client_metadata::AuthMethod::None;
        app.query_token = false;
    })
    .await;
    let plain = server.app().await;
    let mut browser = server.ada().await;
    let token = app.token_for(&mut browser, "email", &["email"]).await;
    let own = granted(&app.by_get(&[("grant_type", "client_credentials")]).await).0;
    let ask = async |credential: &str| {
        server.get(&to("/debug_token", &[("input_token", &token), ("access_token", credential)])).await
    };
    for right in [&own, &app.by_secret()] {
        assert_eq!(ask(right).await.has_status(200).json()["data"]["is_valid"], true);
        for scheme in ["Bearer", "OAuth"] {
            let header = format!("{scheme} {right}");
            let reply =
                server.get_with(&to("/debug_token", &[("input_token", &token)]), "authorization", &header).await;
            assert_eq!(reply.has_status(200).json()["data"]["is_valid"], true);
        }
    }
    // a person's token shows no token, not even itself
    refused(&ask(&token).await, 400, 100);
    refused(&ask("").await, 400, 100);
    for wrong in [
        "x",
        "|",
        &format!("{}|", app.client_id),
        &format!("|{}", app.secret.as_deref().unwrap()),
        &format!("{}|wrong", app.client_id),
        &format!("{}|{}", plain.client_id, plain.secret.as_deref().unwrap()),
        &format!("{}|", public.client_id),
        &format!("{}|x", public.client_id),
        &format!("nobody|{}", app.secret.as_deref().unwrap()),
        &format!("{}||", app.by_secret()),
        &format!("{own}x"),
    ] {
        refused(&ask(wrong).await, 400, 190);
    }
    let missing = server.get(&to("/debug_token", &[("access_token", &app.by_secret())])).await;
    refused(&missing, 400, 100);
    let own_told = app.debug(&own).await;
    assert_eq!((&own_told["type"], &own_told["is_valid"]), (&"APP".into(), &true.into()));
    assert!(own_told.get("user_id").is_none());
    server.clock.advance(7200);
    refused(&ask(&own).await, 400, 190);
    for method in ["POST", "HEAD", "DELETE"] {
        Reply::of(server.request(method, "/debug_token").send().await.unwrap()).await.has_status(405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_sends_no_token_in_the_query_asks_by_the_header_alone() {
    let server = TestServer::start().await;
    let strict = app_with(&server, |app| app.query_token = false).await;
    let own = granted(&strict.by_get(&[("grant_type", "client_credentials")]).await).0;
    for right in [&own, &strict.by_secret()] {
        let asked = to("/debug_token", &[("input_token", &own)]);
        let reply = server.get_with(&asked, "authorization", &format!("Bearer {right}")).await;
        assert_eq!(reply.has_status(200).json()["data"]["is_valid"], true);
        refused(&server.get(&to("/debug_token", &[("input_token", &own), ("access_token", right)])).await, 400, 190);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_taken_back_is_told_as_such_and_looking_is_limited() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let token = app.token_for(&mut browser, "email", &["email"]).await;
    let page = browser.get("/account/apps").await;
    let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
    browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
    let told = app.debug(&token).await;
    assert_eq!((&told["is_valid"], &told["error"]["subcode"]), (&false.into(), &458.into()));
    let own = granted(&app.by_get(&[("grant_type", "client_credentials")]).await).0;
    let way = to("/debug_token", &[("input_token", &token), ("access_token", &own)]);
    let looked = async || {
        let replies = futures_util::future::join_all((0..20).map(|_| server.get(&way))).await;
        let last = replies.iter().find(|reply| reply.status != 200).cloned();
        (replies.iter().filter(|reply| reply.status == 200).count(), last)
    };
    let mut all = 1;
    let last = loop {
        let (some, refused) = looked().await;
        all += some;
        if let Some(refused) = refused {
            break refused;
        }
    };
    assert_eq!(all, usize::try_from(LOOK_UPS_A_MINUTE).unwrap());
    refused(&last, 429, 4);
    assert_eq!(last.header("retry-after"), "30");
    server.clock.advance(60);
    app.debug(&token).await;
}
