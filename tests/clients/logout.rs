//! Signing out: asked first, then done; and how an app's page learns of it.

use anyhow::Result;

use crate::support::app::parameter;
use crate::support::browser::{Browser, Script};
use crate::support::receiver::Receiver;
use crate::support::server::Server;

#[tokio::test]
async fn signing_out_is_asked_first_and_then_ends_the_session() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };
    server.add_person("ada", "Ada Lovelace", "difference engine no. 2")?;
    browser.go(&server.url("/login")).await?;
    browser.sign_in("ada", "difference engine no. 2").await?;

    browser.go(&server.url("/oauth2/logout")).await?;
    browser.reads(&["Sign out of", "What you allowed other apps stays."]).await?;
    browser.click("form#logout a.button").await?;
    browser.reads(&["Ada Lovelace"]).await?;

    browser.go(&server.url("/oauth2/logout")).await?;
    browser.click("form#logout button[name=logout][value=yes]").await?;
    browser.reads(&["You’re signed out"]).await?;
    browser.go(&server.url("/account")).await?;
    browser.reads(&["Username or email"]).await?;
    browser.close_quietly().await
}

/// OIDC Session Management §3: the app's page asks the server's frame, which answers from its own cookie.
#[tokio::test]
async fn an_apps_page_learns_in_the_browser_that_the_session_is_over() -> Result<()> {
    let Some(server) = Server::start_with(&[("COUNTERSIGN_LOGIN__SESSION_MANAGEMENT", "true")])? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::On).await? else { return Ok(()) };
    server.add_person("ada", "Ada Lovelace", "difference engine no. 2")?;
    let receiver = Receiver::answering(&page_with_frame(&server.issuer)).await?;
    // a browser gives a frame its cookies where the page around it is of the same site
    let callback = receiver.callback().replace("127.0.0.1", "localhost");
    let app = server.add_app("Photo printer", &callback, &["--id", "photo-printer"])?;

    browser.go(app.ask("openid", &[])?.url.as_str()).await?;
    browser.sign_in("ada", "difference engine no. 2").await?;
    browser.decide("allow").await?;
    browser.comes_to_read("the state is unchanged").await?;
    let back: reqwest::Url = browser.url().await?.parse()?;
    assert!(parameter(&back, "session_state").is_some(), "{back}");
    let mut nonsense = back.clone();
    nonsense.query_pairs_mut().clear().append_pair("session_state", "nonsense");
    browser.go(nonsense.as_str()).await?;
    browser.comes_to_read("the state is error").await?;

    browser.go(&server.url("/oauth2/logout")).await?;
    browser.click("form#logout button[name=logout][value=yes]").await?;
    browser.go(back.as_str()).await?;
    browser.comes_to_read("the state is changed").await?;
    browser.close_quietly().await
}

/// What the documentation of an app that takes part would show: a frame of the server, and a question to it now and then.
fn page_with_frame(issuer: &str) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    let page = "<!doctype html><title>Photo printer</title><link rel=icon href=data:,><p id=said></p>\
        <iframe id=op src=ISSUER/oauth2/check_session></iframe><script>\
        const state = new URLSearchParams(location.search).get('session_state');\
        addEventListener('message', event => {\
          if (event.origin === 'ISSUER') { document.getElementById('said').textContent = 'the state is ' + event.data; }\
        });\
        addEventListener('load', () => setInterval(() => {\
          document.getElementById('op').contentWindow.postMessage('photo-printer ' + state, 'ISSUER');\
        }, 100));\
        </script>";
    format!("{head}{}", page.replace("ISSUER", issuer))
}
