//! Whichever instance comes next goes on where another one stopped.

use countersign::flow::{Origin, admin::users};
use serde_json::json;

use super::{Fleet, INSTANCES, moved};
use crate::{
    authorize_public,
    registration::{self, ALL, OPEN, register, send},
    support::{Browser, CHALLENGE, Door, Tokens, VERIFIER},
    token::device_code::{begin, connect, poll, tv},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_a_sign_in_a_consent_and_a_code_are_each_anothers_work() {
    let fleet = Fleet::start().await;
    let confidential = fleet.first().app().await;
    let public = fleet.first().app_with(authorize_public).await;
    let apps = [fleet.shared(&confidential), fleet.shared(&public)];
    for instance in 0..INSTANCES {
        let name = format!("person{instance}");
        fleet.first().user(&name).await;
        let mut browser = fleet.door.browser();
        // so that each step has been at each instance
        fleet.door.begin_at(instance);
        for app in &apps {
            let asked = [("scope", "openid profile"), ("nonce", "n")];
            let mut page = browser.authorize(app, &asked).await;
            if page.body.contains("id=\"login\"") {
                page = browser.sign_in_here(&page, &name).await;
            }
            page.has_status(200).says("photo printer");
            let answered = browser.decide(&page, "allow", &[]).await.redirected();
            assert_eq!(answered["state"], "xyz");
            // sent once more, and to another instance: the same answer (PROTOCOL R-b4)
            assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["code"], answered["code"]);
            let tokens = Tokens::of(&app.redeem(&answered["code"]).await);
            assert_eq!(tokens.claims("id_token")["nonce"], "n");
            assert!(fleet.all_say(async |door| door.opens(&tokens.access_token).await).await);
            assert!(fleet.all_say(async |door| browser_is(&browser, door, &name).await).await);

            // a second time it ends what the first has brought, whoever was asked first (PROTOCOL P20)
            app.redeem(&answered["code"]).await.refused("invalid_grant");
            assert!(!fleet.door.opens(&tokens.access_token).await && !fleet.door.opens(&tokens.access_token).await);
            app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
        }
    }
}

/// This browser is signed in at this door.
async fn browser_is(browser: &Browser<'_>, door: &Door, name: &str) -> bool {
    let mut elsewhere = door.browser();
    elsewhere.cookies.clone_from(&browser.cookies);
    elsewhere.is_signed_in().await && elsewhere.get("/account").await.body.contains(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_chain_goes_round_and_an_old_token_ends_it_everywhere_at_once() {
    let fleet = Fleet::start().await;
    let app = fleet.first().app().await;
    let app = fleet.shared(&app);
    fleet.first().user("ada").await;
    let mut browser = fleet.door.browser();
    browser.sign_in("ada").await;
    let mut chain = vec![app.tokens(&mut browser, &[]).await];
    for _ in 0..2 * INSTANCES {
        let tokens = chain.last().unwrap();
        let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        // its answer was lost, and another instance is asked: the same successor (PROTOCOL R-a2)
        let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        assert_eq!(next.refresh_token, again.refresh_token);
        assert!(fleet.all_say(async |door| door.opens(&next.access_token).await).await);
        chain.push(next);
    }
    app.refresh(&chain[0].refresh_token).await.refused("invalid_grant");
    for tokens in &chain {
        assert!(fleet.all_say(async |door| !door.opens(&tokens.access_token).await).await, "a thief's chain is alive");
    }
    app.refresh(&chain.last().unwrap().refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_asks_everywhere_and_gets_its_tokens_once() {
    let fleet = Fleet::start().await;
    let app = fleet.first().app_with(tv).await;
    let app = fleet.shared(&app);
    fleet.first().user("ada").await;
    let mut browser = fleet.door.browser();
    browser.sign_in("ada").await;
    for instance in 0..INSTANCES {
        fleet.door.begin_at(instance);
        let device = begin(&app, &[("scope", "openid profile")]).await;
        for _ in 0..INSTANCES {
            poll(&app, &device).await.refused("authorization_pending");
            fleet.first().clock.advance(6);
        }
        poll(&app, &device).await.refused("authorization_pending");
        fleet.first().clock.advance(1);
        poll(&app, &device).await.refused("slow_down");
        connect(&mut browser, &device).await;
        let tokens = Tokens::of(&poll(&app, &device).await);
        assert!(fleet.all_say(async |door| door.opens(&tokens.access_token).await).await);
        assert!(fleet.all_say(async |door| poll(&moved(&app, door), &device).await.status == 400).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_ended_is_ended_at_all_of_them_in_the_same_moment() {
    let fleet = Fleet::start().await;
    let app = fleet.first().app().await;
    let app = fleet.shared(&app);
    fleet.first().user("ada").await;
    let (admin, owner) = (&fleet.first().admin, Origin::default());
    for instance in 0..INSTANCES {
        let mut browser = fleet.door.browser();
        browser.sign_in("ada").await.has_status(303);
        let tokens = app.tokens(&mut browser, &[]).await;
        assert!(fleet.all_say(async |door| door.opens(&tokens.access_token).await).await);

        fleet.door.begin_at(instance);
        app.revoke(&tokens.access_token).await.has_status(200);
        assert!(fleet.all_say(async |door| !door.opens(&tokens.access_token).await).await, "one token");
        let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        let page = browser.get("/account/apps").await;
        let path = format!("/account/apps/{}", app.client_id);
        browser.post(&path, &[("remove", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
        assert!(fleet.all_say(async |door| !door.opens(&next.access_token).await).await, "the app");
        app.refresh(&next.refresh_token).await.refused("invalid_grant");

        let page = browser.get("/oauth2/logout").await;
        let before = browser.clone();
        browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
        assert!(fleet.all_say(async |door| !browser_is(&before, door, "ada").await).await, "the session");

        let mut browser = fleet.door.browser();
        browser.sign_in("ada").await.has_status(303);
        let tokens = app.tokens(&mut browser, &[]).await;
        users::set_locked(admin, &owner, "ada", true).await.unwrap();
        assert!(fleet.all_say(async |door| !door.opens(&tokens.access_token).await).await, "the person");
        assert!(fleet.all_say(async |door| !browser_is(&browser, door, "ada").await).await);
        assert!(fleet.all_say(async |door| door.browser().sign_in("ada").await.status != 303).await);
        users::set_locked(admin, &owner, "ada", false).await.unwrap();
        fleet.first().clock.advance(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_counted_for_all_instances_together() {
    let fleet = Fleet::start().await;
    fleet.first().user("ada").await;
    let mut free = 0;
    while fleet.door.browser().try_to_sign_in("ada", "wrong").await.status == 200 {
        free += 1;
        assert!(free <= 10, "as if each instance counted for itself");
    }
    assert!(fleet.all_say(async |door| door.browser().sign_in("ada").await.status == 429).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_registers_here_signs_people_in_there_and_changes_its_registration_elsewhere() {
    let fleet = Fleet::with(&[OPEN, ALL]).await;
    fleet.first().user("ada").await;
    for instance in 0..INSTANCES {
        fleet.door.begin_at(instance);
        let told = register(&fleet.door, None, &json!({"grant_types": ["authorization_code"]})).await;
        let told = told.has_status(201).json();
        let app = registration::app(&fleet.door, &told);
        let mut browser = fleet.door.browser();
        browser.sign_in("ada").await;
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256"), ("scope", "openid")];
        let code = browser.allow(&app, &pkce).await;
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let tokens = Tokens::of(&app.token(&redeem).await);

        let place = told["registration_client_uri"].as_str().unwrap();
        let own = told["registration_access_token"].as_str();
        let change = json!({
            "client_id": app.client_id, "client_name": "another name", "redirect_uris": ["https://app.example/new"],
        });
        let changed = send(&fleet.door, "PUT", place, own, Some(&change)).await;
        let changed = changed.has_status(200).json();
        let own = changed["registration_access_token"].as_str().or(own);
        let new = [("redirect_uri", "https://app.example/new"), pkce[0], pkce[1], pkce[2]];
        // a stranger is asked to sign in, or told that the address is none of this app's
        let takes = async |door: &Door, more: &[(&str, &str)]| {
            let page = door.get(&moved(&app, door).authorize_path(more)).await;
            assert!([200, 400].contains(&page.status.as_u16()), "{} {}", page.status, page.body);
            page.status == 200
        };
        // what is new works at once: a refusal never comes from a cache
        assert!(fleet.all_say(async |door| takes(door, &new).await).await);
        fleet.all_come_to_say(async |door| !takes(door, &pkce).await).await;

        send(&fleet.door, "DELETE", place, own, None).await.has_status(204);
        assert!(fleet.all_say(async |door| !door.opens(&tokens.access_token).await).await);
        assert!(fleet.all_say(async |door| send(door, "GET", place, own, None).await.status == 401).await);
        fleet.all_come_to_say(async |door| moved(&app, door).redeem("x").await.status == 401).await;
    }
}
