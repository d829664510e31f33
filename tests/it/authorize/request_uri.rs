//! Request objects by reference (OIDC Core §6.2, RFC 9101 §5.2.2), and addresses that lead nowhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::jose::{self, Algorithm, Protection};
use serde_json::json;

use super::request_object::{by, claims, unsigned};
use crate::{
    client_auth::{Publisher, jwks, key},
    registration::{ALL, OPEN, app, register},
    support::{App, Browser, Reply, TestServer, Tokens},
};

const KIND: &str = "application/oauth-authz-req+jwt";
const REACHES: (&str, &str) = ("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1");

async fn ask(browser: &mut Browser<'_>, app: &App<'_>, uri: &str) -> Reply {
    browser.authorize(app, &[("scope", "openid"), ("request_uri", uri)]).await
}

#[track_caller]
fn is_refused(reply: &Reply, error: &str, why: &str) {
    let sent = reply.redirected();
    let told = (sent["error"].as_str(), sent["state"].as_str(), sent.get("code"));
    assert_eq!(told, (error, "xyz", None), "{why}: {sent:?}");
}

fn hash(body: &str) -> String {
    B64.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_registered_itself_asks_by_reference_and_it_is_fetched_once() {
    let server = TestServer::with(&[OPEN, ALL, REACHES]).await;
    server.user("ada").await;
    let own = key("k", Algorithm::Rs256);
    let publisher = Publisher::with(&json!({})).await;
    // as a certification asks: one says how it signs, the other says nothing
    for (number, members) in
        [json!({"request_object_signing_alg": "RS256", "jwks": jwks(&[&own])}), json!({})].into_iter().enumerate()
    {
        let mut all = members.clone();
        all["request_uris"] = json!([publisher.address]);
        let told = register(&server, None, &all).await.has_status(201).json();
        assert_eq!(told["request_uris"], all["request_uris"]);
        let app = app(&server, &told);
        let claims = claims(&app, &server, &json!({}));
        let object = if number == 0 { jose::sign(&own, "JWT", &claims).unwrap() } else { unsigned(&claims) };
        publisher.gives(200, "application/jose; charset=utf-8", &format!("{object}\n"));
        let mut browser = server.browser();
        let page = ask(&mut browser, &app, &publisher.address).await;
        let consent = browser.sign_in_here(&page, "ada").await;
        publisher.answers(404, "gone");
        let sent = browser.decide(&consent, "allow", &[]).await.redirected();
        assert_eq!(sent["state"], "inside");
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "n-inside");
        assert_eq!(publisher.asked(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_held_under_an_address_that_holds_its_hash_and_under_no_other() {
    let server = TestServer::with(&[REACHES]).await;
    let mut browser = server.ada().await;
    let publisher = Publisher::with(&json!({})).await;
    let uri = publisher.address.clone();
    let app = server
        .app_with(|app| {
            app.request_object_signing_alg = Some(Protection::Unsecured);
            app.request_uris = vec![format!("{uri}#registered")];
        })
        .await;
    let (first, second) = (unsigned(&json!({"state": "first"})), unsigned(&json!({"state": "second"})));
    browser.allow(&app, &[("scope", "openid")]).await;
    let mut asked = 0;
    for (publishes, fragment, state, is_asked) in [
        (&first, String::new(), "first", true),
        (&second, String::new(), "second", true),
        (&first, "#version-1".to_owned(), "first", true),
        (&second, "#version-1".to_owned(), "second", true),
        // the address says what it should be, and it is not: it is read each time
        (&first, format!("#{}", hash(&second)), "first", true),
        (&second, format!("#{}", hash(&second)), "second", true),
        (&first, format!("#{}", hash(&second)), "second", false),
        (&first, format!("#{}", hash(&first)), "first", true),
        (&second, format!("#{}", hash(&first)), "first", false),
    ] {
        publisher.gives(200, KIND, publishes);
        let sent = ask(&mut browser, &app, &format!("{uri}{fragment}")).await.redirected();
        asked += usize::from(is_asked);
        assert_eq!((sent["state"].as_str(), sent.contains_key("code")), (state, true), "{fragment}");
        assert_eq!(publisher.asked(), asked, "{fragment}");
    }
    for other in [format!("{uri}/"), format!("{uri}?x"), uri.to_uppercase(), uri.replace("127.0.0.1", "localhost")] {
        is_refused(&ask(&mut browser, &app, &other).await, "invalid_request_uri", &other);
    }
    let foreign = server.app_with(|app| app.request_object_signing_alg = Some(Protection::Unsecured)).await;
    is_refused(&ask(&mut browser, &foreign, &uri).await, "invalid_request_uri", "another app's");
    assert_eq!(publisher.asked(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_hangs_never_ends_leads_on_or_gives_something_else_is_refused_alike() {
    let server = TestServer::with(&[REACHES, ("COUNTERSIGN_FETCH__TIMEOUT", "1s")]).await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let publisher = Publisher::with(&json!({})).await;
    let uri = publisher.address.clone();
    let closed = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let closed = format!("http://{closed}/request.jwt");
    let app = server
        .app_with(|app| {
            by(&own)(app);
            app.request_uris = vec![uri.clone(), closed.clone()];
        })
        .await;
    let good = jose::sign(&own, "oauth-authz-req+jwt", &claims(&app, &server, &json!({}))).unwrap();
    let nobody = ask(&mut browser, &app, &closed).await.redirected();
    assert_eq!(nobody["error"], "invalid_request_uri");
    let answers: [(&str, &dyn Fn()); 8] = [
        ("hangs", &|| publisher.hangs()),
        ("never ends", &|| publisher.never_ends(KIND)),
        ("is large", &|| publisher.gives(200, KIND, &"x".repeat(1024 * 1024))),
        ("leads on", &|| publisher.gives(302, KIND, &good)),
        ("is gone", &|| publisher.gives(404, KIND, &good)),
        ("fails", &|| publisher.gives(503, KIND, &good)),
        ("is a page", &|| publisher.gives(200, "text/html", &good)),
        ("is JSON", &|| publisher.gives(200, "application/json", &good)),
    ];
    for (number, (why, answer)) in answers.into_iter().enumerate() {
        answer();
        assert_eq!(ask(&mut browser, &app, &uri).await.redirected(), nobody, "{why}");
        assert_eq!(publisher.asked(), number + 1, "{why}");
    }
    for body in ["", "nonsense", "{\"scope\": \"openid\"}", &good[1..], &good[..good.len() - 2]] {
        publisher.gives(200, KIND, body);
        is_refused(&ask(&mut browser, &app, &uri).await, "invalid_request_object", body);
    }
    for kind in [KIND, "application/jwt", "APPLICATION/JOSE", "application/octet-stream", "text/plain; charset=utf-8"] {
        publisher.gives(200, kind, &good);
        ask(&mut browser, &app, &uri).await.has_status(200).says("name=\"decision\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_a_private_network_is_never_asked_though_it_is_registered() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let publisher = Publisher::with(&json!({})).await;
    let uri = publisher.address.clone();
    let https = uri.replace("http:", "https:");
    let all = [uri.clone(), uri.replace("127.0.0.1", "localhost"), https.clone(), https.replace("127.0.0.1", "[::1]")];
    let app = server
        .app_with(|app| {
            app.request_object_signing_alg = Some(Protection::Unsecured);
            app.request_uris = all.to_vec();
        })
        .await;
    publisher.gives(200, KIND, &unsigned(&json!({})));
    for uri in &all {
        is_refused(&ask(&mut browser, &app, uri).await, "invalid_request_uri", uri);
    }
    assert_eq!(publisher.asked(), 0);
}
