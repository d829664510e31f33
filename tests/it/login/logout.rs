//! Signing out at the server's own page: asked first, by its form alone, and leading nowhere else.

use crate::support::{Reply, TestServer};

const FOREIGN: [(&str, &str); 3] =
    [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")];

#[tokio::test(flavor = "multi_thread")]
async fn neither_opening_the_page_nor_a_post_from_elsewhere_signs_out() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let id_token = app.tokens(&mut browser, &[("scope", "openid")]).await.all["id_token"].as_str().unwrap().to_owned();
    let csrf = browser.get("/oauth2/logout").await.field("csrf");
    for query in [
        String::new(),
        "logout=yes".to_owned(),
        format!("logout=yes&csrf={csrf}"),
        format!("id_token_hint={id_token}"),
        "id_token_hint=eyJhbGciOiJub25lIn0.e30.&logout=yes".to_owned(),
    ] {
        browser.get(&format!("/oauth2/logout?{query}")).await.has_status(200).says("name=\"csrf\"");
    }
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS"] {
        browser.send(server.request(method, &format!("/oauth2/logout?logout=yes&csrf={csrf}"))).await.has_status(405);
    }
    for (name, value) in FOREIGN {
        browser.headers = vec![(name, value.to_owned())];
        browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &csrf)]).await.has_status(403);
    }
    browser.headers.clear();
    server.user("eve").await;
    let mut eve = server.browser();
    eve.sign_in("eve").await;
    let eves = eve.get("/oauth2/logout").await.field("csrf");
    for wrong in ["", "x", &eves, &csrf[1..]] {
        let reply = browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", wrong)]).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, "/oauth2/logout"), "it asks again");
    }
    browser.post("/oauth2/logout", &[("csrf", &csrf)]).await.has_status(303);
    let text = server.request("POST", "/oauth2/logout").header("content-type", "text/plain");
    browser.send(text.body(format!("logout=yes&csrf={csrf}"))).await.has_status(415);
    browser.get("/account").await.has_status(200).says("ada");
    browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &csrf)]).await.has_status(303);
    browser.get("/account").await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_request_leads_off_the_server_or_becomes_markup() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let markup = "\"><script>alert(1)</script>";
    for hint in [tokens.all["id_token"].as_str().unwrap(), &tokens.access_token, "nonsense", markup] {
        let more = [
            ("id_token_hint", hint),
            ("client_id", &app.client_id),
            ("post_logout_redirect_uri", "https://evil.example/"),
            ("state", markup),
            ("logout_hint", markup),
            ("ui_locales", markup),
        ];
        let stays = |reply: &Reply| {
            assert!(!reply.body.contains("evil.example") && !reply.body.contains("<script"), "{}", reply.body);
            assert!(reply.header("location").is_empty() || reply.header("location") == "/oauth2/logout");
        };
        let page = browser.get(&format!("/oauth2/logout?{}", crate::support::encode(&more))).await;
        stays(&page);
        let csrf = page.field("csrf");
        let reply = browser.post("/oauth2/logout", &[&more[..], &[("logout", "yes"), ("csrf", &csrf)]].concat()).await;
        reply.has_status(303);
        stays(&reply);
        let done = browser.get(&format!("/oauth2/logout?{}", crate::support::encode(&more))).await;
        done.says("signed out");
        stays(&done);
        browser.sign_in("ada").await.has_status(303);
    }
}
