//! Tokens without an expiry: they live as long as they are used, ten at a time, and end with what they hang on (R-f1).

use countersign::protocol::grant::GrantType;

use super::{Shown, allow, app, app_with, authorize_path, device, redeem, server, token, user};
use crate::support::Browser;

const DAY: i64 = 24 * 3600;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_while_it_is_used_and_ends_a_year_after_its_last_use() {
    let server = server().await;
    let app = app(&server).await;
    let (used, unused) = (token(&server, &app, "user").await, token(&server, &app, "gist").await);
    for _ in 0..5 {
        server.clock.advance(300 * DAY);
        countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
        user(&server, &used).await.has_status(200);
    }
    user(&server, &unused).await.has_status(401);
    // the consent answers no more, but by it the person sees what lives
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    browser.get(&authorize_path(&app, &[("scope", "user")])).await.has_status(200).says("name=\"decision\"");
    browser.get("/account/apps").await.has_status(200).says("photo printer");
    server.clock.advance(365 * DAY);
    user(&server, &used).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_token_is_in_use_after_years_is_listed_and_can_be_removed() {
    let server = server().await;
    let (web, tv) = (app(&server).await, app_with(&server, |app| app.grant_types.push(GrantType::DeviceCode)).await);
    let apps = [(&web, token(&server, &web, "user").await), (&tv, device::token(&server, &tv, "user").await)];
    for _ in 0..5 {
        server.clock.advance(300 * DAY);
        countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
        for (_, used) in &apps {
            user(&server, used).await.has_status(200);
        }
    }
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let page = browser.get("/account/apps").await;
    for (app, token) in &apps {
        let remove = format!("/account/apps/{}", app.client_id);
        page.has_status(200).says(&remove);
        browser.post(&remove, &[("remove", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
        user(&server, token).await.has_status(401);
        assert!(!browser.get("/account/apps").await.body.contains(&remove));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_registered_life_ends_with_it_however_it_is_used() {
    let server = server().await;
    let app = app_with(&server, |app| app.access_token_ttl = Some(3600)).await;
    let token = token(&server, &app, "user").await;
    server.clock.advance(3598);
    user(&server, &token).await.has_status(200);
    server.clock.advance(2);
    user(&server, &token).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_token_of_one_person_app_and_scope_ends_the_oldest() {
    let server = server().await;
    let app = app(&server).await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let make = async |browser: &mut Browser<'_>, scopes: &str| {
        let code = allow(browser, &app, &[("scope", scopes)]).await.remove("code").unwrap();
        server.clock.advance(1);
        redeem(&app, &[("code", &code)]).await.token()
    };
    let apart = make(&mut browser, "user").await;
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(make(&mut browser, "gist").await);
    }
    user(&server, &tokens[0]).await.has_status(401);
    for alive in tokens[1..].iter().chain([&apart]) {
        user(&server, alive).await.has_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_the_app_the_person_and_the_client() {
    let server = server().await;
    let app = app(&server).await;
    let ended = token(&server, &app, "user").await;
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    let page = browser.get("/account/apps").await;
    page.has_status(200).says("photo printer");
    let remove = format!("/account/apps/{}", app.client_id);
    browser.post(&remove, &[("remove", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
    user(&server, &ended).await.has_status(401);

    let again = token(&server, &app, "user").await;
    user(&server, &again).await.has_status(200);
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::users::set_locked(&server.admin, &origin, "ada", true).await.unwrap();
    user(&server, &again).await.has_status(401);
    countersign::flow::admin::users::set_locked(&server.admin, &origin, "ada", false).await.unwrap();
    user(&server, &again).await.has_status(401);

    let last = token(&server, &app, "user").await;
    user(&server, &last).await.has_status(200);
    countersign::flow::admin::clients::delete(&server.admin, &origin, &app.client_id).await.unwrap();
    user(&server, &last).await.has_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_what_a_token_is_and_ends_it() {
    let server = server().await;
    let app = app(&server).await;
    let (token, other) = (token(&server, &app, "user").await, token(&server, &app, "user").await);
    let inspect =
        async |text: &str| countersign::flow::admin::tokens::inspect(&server.admin, text, None).await.unwrap();
    let seen = inspect(&token).await;
    assert_eq!((seen.refused, seen.username.as_deref()), (None, Some("ada")));
    assert_eq!(seen.audience, ["urn:countersign:dialect:github"]);
    let origin = countersign::flow::Origin::default();
    countersign::flow::admin::tokens::revoke(&server.admin, &origin, &token).await.unwrap();
    user(&server, &token).await.has_status(401);
    assert!(inspect(&token).await.refused.is_some());
    assert!(countersign::flow::admin::tokens::revoke(&server.admin, &origin, &token).await.is_err());
    assert!(inspect(&token[..token.len() - 1]).await.refused.unwrap().contains("checksum"));
    user(&server, &other).await.has_status(200);
}
