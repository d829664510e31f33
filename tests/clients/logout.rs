//! Signing out: asked first, then done.

use anyhow::Result;

use crate::support::browser::{Browser, Script};
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
