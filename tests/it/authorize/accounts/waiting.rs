//! What an app asked for waits while accounts come and go, however long it is.

use super::{PATH, SELECT, browser_of, fields, names, send, sign_in_too};
use crate::support::{Browser, Reply, TestServer};

/// Goes on to where an answer leads, by an address or by a form.
async fn follow(browser: &mut Browser<'_>, answer: &Reply) -> Reply {
    if answer.status == 303 {
        return browser.get(answer.location()).await;
    }
    let (action, fields) = answer.posts();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn use_another_account_shows_the_others_also_for_a_request_too_long_for_an_address() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let mut browser = browser_of(&server, &["ada", "bob", "eve"]).await;
    let state = "s".repeat(4000);
    let page = browser.authorize(&app, &[("scope", "openid"), ("state", &state)]).await;
    page.says("id=\"consent\"").says("eve");
    let chooser = browser.decide(&page, "switch", &[]).await;
    assert_eq!(names(&chooser), ["eve", "bob", "ada"]);
    // and so does signing one of them out
    let chooser = send(&mut browser, &fields(&chooser, "remove", "bob")).await;
    assert_eq!(names(&chooser), ["eve", "ada"]);
    chooser.says("photo printer");
    let chosen = send(&mut browser, &fields(&chooser, "account", "ada")).await;
    let page = follow(&mut browser, &chosen).await;
    page.says("id=\"consent\"").says("ada");
    assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["state"], state);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_another_account_out_says_who_has_left_and_leads_back_to_what_waits() {
    let server = TestServer::start().await;
    let page = "https://app.example/fc";
    let told = server.app_with(|metadata| metadata.frontchannel_logout_uri = Some(page.to_owned())).await;
    server.user("ada").await;
    server.user("bob").await;
    let long = "s".repeat(4000);
    for state in ["short", &long] {
        let app = server.app().await;
        let mut browser = server.browser();
        sign_in_too(&mut browser, "ada").await.has_status(303);
        told.tokens(&mut browser, &[("scope", "openid")]).await;
        sign_in_too(&mut browser, "bob").await.has_status(303);
        server.clock.advance(1);
        let chooser = browser.authorize(&app, &[&SELECT[..], &[("state", state)]].concat()).await;
        let left = send(&mut browser, &fields(&chooser, "remove", "ada")).await;
        left.has_status(200).says("<bdi>ada</bdi> is signed out").says("still signed in");
        assert!(!left.body.contains("You’re signed out") && left.body.contains("<iframe "), "{}", left.body);
        let chooser = if state == "short" {
            let link = left.body.split("class=\"button\" href=\"").nth(1).unwrap();
            browser.get(link.split('"').next().unwrap()).await
        } else {
            let (action, mut fields) = left.posts();
            assert_eq!(action, PATH);
            fields.push(("begin".to_owned(), "yes".to_owned()));
            send(&mut browser, &fields).await
        };
        assert_eq!(names(&chooser), ["bob"]);
        chooser.says("photo printer");
        let chosen = send(&mut browser, &fields(&chooser, "account", "bob")).await;
        let page = follow(&mut browser, &chosen).await;
        page.says("id=\"consent\"").says("bob");
        assert_eq!(browser.decide(&page, "allow", &[]).await.redirected()["state"], state);
    }
}
