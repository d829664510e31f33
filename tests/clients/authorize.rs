//! The road every app sends people down: sign in, allow, come back with a code. With script and without.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::app::{App, parameter, text};
use crate::support::browser::{Browser, Script};
use crate::support::receiver::Receiver;
use crate::support::server::Server;

#[tokio::test]
async fn a_person_allows_an_app_and_takes_it_back_with_script() -> Result<()> {
    allow_and_take_back(Script::On).await
}

#[tokio::test]
async fn a_person_allows_an_app_and_takes_it_back_without_script() -> Result<()> {
    allow_and_take_back(Script::Off).await
}

async fn allow_and_take_back(script: Script) -> Result<()> {
    let Some(Scene { server, browser, receiver, app }) = Scene::set(script).await? else { return Ok(()) };

    // Sign in, then read who asks for what.
    let asked = app.ask("read write", &[])?;
    browser.go(asked.url.as_str()).await?;
    browser.reads(&["Sign in", "Photo printer"]).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser
        .reads(&[
            "Allow Photo printer to access your account?",
            "Ada Lovelace",
            "Read your notes",
            "Change your notes",
            "on this computer",
            "Connected apps",
        ])
        .await?;

    // Back at the app, which gets a token that works.
    browser.decide("allow").await?;
    let tokens = app.redeem(&asked, &receiver.next().await?).await?;
    let access_token = text(&tokens, "access_token")?;
    assert_eq!(app.verify(access_token).await?, (StatusCode::OK, json!({"user": "ada"})));

    // Asked again for no more than that, the person is not asked again.
    let again = app.ask("read", &[])?;
    browser.go(again.url.as_str()).await?;
    app.redeem(&again, &receiver.next().await?).await?;

    // Taken back on the account's page, the token is dead at once.
    browser.go(&server.url("/account/apps")).await?;
    browser.reads(&["Photo printer", "Read your notes", "Change your notes"]).await?;
    browser.click(&format!("form[action$='/account/apps/{}'] button[name=remove][value=yes]", app.client_id)).await?;
    browser.reads(&["has lost access", "No app has access to your account."]).await?;
    assert_eq!(app.verify(access_token).await?, (StatusCode::FORBIDDEN, json!({"error": "invalid_request"})));

    // And the next time, the question is back.
    browser.go(app.ask("read", &[])?.url.as_str()).await?;
    browser.reads(&["to access your account?"]).await?;
    browser.close_quietly().await
}

#[tokio::test]
async fn more_than_was_allowed_before_is_asked_and_marked_new() -> Result<()> {
    let Some(Scene { server: _server, browser, receiver, app }) = Scene::set(Script::Off).await? else { return Ok(()) };
    browser.go(app.ask("read", &[])?.url.as_str()).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.decide("allow").await?;
    receiver.next().await?;

    browser.go(app.ask("read write", &[])?.url.as_str()).await?;
    browser.reads(&["You allowed", "Change your notes", "New"]).await?;
    browser.close_quietly().await
}

#[tokio::test]
async fn going_back_after_the_answer_gives_no_second_code_and_ends_nothing() -> Result<()> {
    let Some(Scene { server: _server, browser, receiver, app }) = Scene::set(Script::Off).await? else { return Ok(()) };
    let asked = app.ask("read", &[])?;
    browser.go(asked.url.as_str()).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.decide("allow").await?;
    let tokens = app.redeem(&asked, &receiver.next().await?).await?;

    // The browser may still hold the page as it was; then the person can press Allow once more.
    browser.back().await?;
    if browser.shows("form#consent").await? {
        browser.decide("allow").await?;
    }
    browser.reads(&["Already done"]).await?;
    let (status, _) = app.verify(text(&tokens, "access_token")?).await?;
    assert_eq!(status, StatusCode::OK);
    browser.close_quietly().await
}

#[tokio::test]
async fn cancel_tells_the_app_that_access_was_denied() -> Result<()> {
    for script in [Script::On, Script::Off] {
        let Some(Scene { server, browser, receiver, app }) = Scene::set(script).await? else { return Ok(()) };
        let asked = app.ask("read", &[])?;
        browser.go(asked.url.as_str()).await?;
        browser.sign_in("ada", PASSWORD).await?;
        browser.decide("deny").await?;
        let back = receiver.next().await?;
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"), "{back}");
        assert_eq!(parameter(&back, "state").as_deref(), Some(asked.state.as_str()), "{back}");
        assert_eq!(parameter(&back, "iss").as_deref(), Some(server.issuer.as_str()), "{back}");
        assert_eq!(parameter(&back, "code"), None, "{back}");

        browser.go(&server.url("/account/apps")).await?;
        browser.reads(&["No app has access to your account."]).await?;
        browser.close_quietly().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_consent_page_names_the_host_the_person_goes_to() -> Result<()> {
    let Some(Scene { server, browser, receiver: _, app: _ }) = Scene::set(Script::Off).await? else { return Ok(()) };
    let notes = server.add_app("Notes", "https://notes.example.com/callback", &["--scope", "read write"])?;
    browser.go(notes.ask("read", &[])?.url.as_str()).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.reads(&["Notes", "After you allow, you go to notes.example.com."]).await?;
    browser.close_quietly().await
}

/// What each test here begins with: Ada, two permissions, and an app that waits on loopback.
struct Scene {
    server: Server,
    browser: Browser,
    receiver: Receiver,
    app: App,
}

impl Scene {
    async fn set(script: Script) -> Result<Option<Self>> {
        let Some(server) = Server::start()? else { return Ok(None) };
        let Some(browser) = Browser::start(script).await? else { return Ok(None) };
        let receiver = Receiver::start().await?;
        server.add_person("ada", "Ada Lovelace", PASSWORD)?;
        server.add_scope("read", "Read your notes", &[])?;
        server.add_scope("write", "Change your notes", &[])?;
        let app = server.add_app("Photo printer", &receiver.callback(), &["--scope", "read write"])?;
        Ok(Some(Self { server, browser, receiver, app }))
    }
}

const PASSWORD: &str = "difference engine no. 2";
