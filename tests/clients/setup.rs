//! One-time links: the first administrator, and a password for somebody who has none.

use anyhow::Result;

use crate::support::browser::{Browser, Script};
use crate::support::server::Server;

#[tokio::test]
async fn the_setup_link_makes_the_first_administrator_once() -> Result<()> {
    for script in [Script::On, Script::Off] {
        let Some(server) = Server::start()? else { return Ok(()) };
        let Some(mut browser) = Browser::start(script).await? else { return Ok(()) };
        let link = server.setup_link(None)?;
        browser.go(&link).await?;
        browser.reads(&["Create the first administrator."]).await?;
        assert_eq!(browser.url().await?, server.url("/setup"), "the secret leaves the address bar");

        // What is wrong is said, and what was typed stays.
        fill(&browser, "short").await?;
        browser.click("form#setup button").await?;
        browser.reads(&["The password needs at least 12 characters."]).await?;
        assert_eq!(browser.value("form#setup input[name=username]").await?, "ada");
        fill(&browser, PASSWORD).await?;
        browser.click("form#setup button").await?;
        browser.reads(&["You’re all set", "countersign client create"]).await?;

        // Whoever had the link is signed in.
        browser.go(&server.url("/account")).await?;
        browser.reads(&["Ada Lovelace", "ada@example.com"]).await?;
        assert!(server.cli(&["user", "show", "ada", "--json"], "")?.contains("\"admin\":true"));
        assert!(server.cli(&["user", "setup-link"], "").is_err(), "there has been a first administrator");
        browser.forgive(&server.url("/setup"));
        browser.go(&link).await?;
        browser.reads(&["This link no longer works"]).await?;
        browser.close_quietly().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_setup_link_lets_somebody_choose_their_password() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };
    server.cli(&["user", "create", "ada", "--name", "Ada Lovelace"], "")?;
    browser.go(&server.setup_link(Some("ada"))?).await?;
    browser.reads(&["Choose a password", "ada"]).await?;
    browser.fill("form#setup input[name=password]", PASSWORD).await?;
    browser.click("form#setup button").await?;
    browser.reads(&["Overview", "Ada Lovelace"]).await?;
    assert_eq!(browser.url().await?, server.url("/account"));

    let Some(elsewhere) = Browser::start(Script::Off).await? else { return Ok(()) };
    elsewhere.go(&server.url("/login")).await?;
    elsewhere.sign_in("ada", PASSWORD).await?;
    elsewhere.reads(&["Ada Lovelace"]).await?;
    elsewhere.close_quietly().await?;
    browser.close_quietly().await
}

async fn fill(browser: &Browser, password: &str) -> Result<()> {
    for (field, text) in
        [("name", "Ada Lovelace"), ("username", "ada"), ("email", "ada@example.com"), ("password", password)]
    {
        browser.fill(&format!("form#setup input[name={field}]"), text).await?;
    }
    Ok(())
}

const PASSWORD: &str = "difference engine no. 2";
