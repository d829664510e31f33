//! A person who is locked or deleted is out at once, everywhere (ASVS 7.4.2).

use countersign::{
    flow::{
        Origin,
        admin::{grants, users},
    },
    protocol::grant::GrantType,
    secret::Id,
    store::models::Grant,
};

use crate::support::{PASSWORD, TestServer, Tokens};

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_persons_sessions_tokens_and_codes_end_at_once_and_unlocking_brings_none_back() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let code = browser.allow(&app, &[("scope", "openid")]).await;
    let waiting = browser.authorize(&app, &[("prompt", "consent")]).await;
    waiting.has_status(200);
    server.clock.advance(1);
    users::set_locked(&server.admin, &Origin::default(), "ada", true).await.unwrap();
    let userinfo = ("authorization", format!("Bearer {}", tokens.access_token));
    let by_password = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    for locked in [true, false] {
        assert!(!server.opens(&tokens.access_token).await);
        server.get_with("/oauth2/userinfo", userinfo.0, &userinfo.1).await.has_status(401);
        for token in [&tokens.access_token, &tokens.refresh_token] {
            assert_eq!(app.introspect(token).await.body, "{\"active\":false}");
        }
        app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
        app.redeem(&code).await.refused("invalid_grant");
        browser.get("/account").await.has_status(303);
        let reply = browser.decide(&waiting, "allow", &[]).await;
        assert!(!reply.header("location").contains("code="), "{}", reply.header("location"));
        if locked {
            app.token(&by_password).await.refused("invalid_grant");
            server.browser().sign_in("ada").await.has_status(200).says("match");
            users::set_locked(&server.admin, &Origin::default(), "ada", false).await.unwrap();
        }
    }
    server.clock.advance(1);
    Tokens::of(&app.token(&by_password).await);
    server.browser().sign_in("ada").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_a_person_was_locked_is_on_no_list_when_it_is_written_later() {
    let server = TestServer::start().await;
    let app = server.app().await;
    app.tokens(&mut server.ada().await, &[]).await;
    let (admin, store) = (&server.admin, &server.admin.store);
    let before = grants::list(admin, Some("ada"), None, 10).await.unwrap().remove(0).grant;
    let consent = store.find_consent(before.user_id, app.client_id.clone(), admin.now()).await.unwrap().unwrap();
    server.clock.advance(1);
    for locked in [true, false] {
        users::set_locked(admin, &Origin::default(), "ada", locked).await.unwrap();
    }
    let late = Grant { id: Id::new(admin.now()), interaction: None, code_digest: None, ..before };
    store.record_password_grant(late, None, None, consent, None).await.unwrap();
    assert!(grants::list(admin, Some("ada"), None, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_person_is_gone_with_everything_and_who_takes_the_name_inherits_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.grant_types.push(GrantType::Password)).await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let sub = tokens.claims("id_token")["sub"].clone();
    let code = browser.allow(&app, &[("scope", "openid")]).await;
    let waiting = browser.authorize(&app, &[("prompt", "consent")]).await;
    users::delete(&server.admin, &Origin::default(), "ada").await.unwrap();
    for _again in 0..2 {
        assert!(!server.opens(&tokens.access_token).await);
        for token in [&tokens.access_token, &tokens.refresh_token] {
            assert_eq!(app.introspect(token).await.body, "{\"active\":false}");
        }
        app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
        app.redeem(&code).await.refused("invalid_grant");
        browser.get("/account").await.has_status(303);
        let reply = browser.decide(&waiting, "allow", &[]).await;
        assert!(!reply.header("location").contains("code="), "{}", reply.header("location"));
        // somebody else takes the name
        if server.browser().sign_in("ada").await.status == 200 {
            server.user("ada").await;
        }
    }
    let mut successor = server.browser();
    successor.sign_in("ada").await.has_status(303);
    successor.authorize(&app, &[("scope", "openid")]).await.has_status(200).says("photo printer");
    assert_ne!(app.tokens(&mut successor, &[("scope", "openid")]).await.claims("id_token")["sub"], sub);
}
