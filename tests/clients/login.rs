//! Signing in where no app asked for it.

use anyhow::Result;

use crate::support::browser::{Browser, Script};
use crate::support::receiver::Receiver;
use crate::support::server::Server;

#[tokio::test]
async fn signing_in_leads_to_the_account() -> Result<()> {
    for script in [Script::On, Script::Off] {
        let Some(server) = Server::start()? else { return Ok(()) };
        let Some(browser) = Browser::start(script).await? else { return Ok(()) };
        server.add_person("ada", "Ada Lovelace", "difference engine no. 2")?;
        browser.go(&server.url("/account")).await?;
        browser.reads(&["Sign in"]).await?;
        browser.sign_in("ada", "difference engine no. 2").await?;
        assert_eq!(browser.url().await?, server.url("/account"));
        browser.reads(&["Ada Lovelace", "No app has access to your account."]).await?;

        browser.go(&server.url("/account/sessions")).await?;
        browser.reads(&["this browser", "127.0.0.1"]).await?;
        browser.close_quietly().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_said_and_the_username_kept() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let Some(mut browser) = Browser::start(Script::Off).await? else { return Ok(()) };
    server.add_person("ada", "Ada Lovelace", "difference engine no. 2")?;
    browser.forgive(&server.url("/login"));
    let wrong = "That username and password don’t match. Check both and try again.";
    // The same words for somebody who is not there.
    for username in ["ada", "babbage"] {
        browser.go(&server.url("/login")).await?;
        browser.sign_in(username, "analytical engine").await?;
        browser.reads(&[wrong]).await?;
        assert_eq!(browser.value("form#login input[name=username]").await?, username);
        assert_eq!(browser.value("form#login input[name=password]").await?, "");
    }

    browser.sign_in("ada", "difference engine no. 2").await?;
    browser.reads(&["Ada Lovelace"]).await?;
    browser.close_quietly().await
}

#[tokio::test]
async fn somebody_makes_an_account_on_the_way_to_an_app_with_scripts_and_without() -> Result<()> {
    for script in [Script::On, Script::Off] {
        let Some(server) = Server::start_with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")])? else { return Ok(()) };
        let Some(browser) = Browser::start(script).await? else { return Ok(()) };
        let receiver = Receiver::start().await?;
        let app = server.add_app("Photo printer", &receiver.callback(), &["--scope", "openid profile"])?;
        // by the link of the sign-in page, after a mistake
        let asked = app.ask("openid profile", &[])?;
        browser.go(asked.url.as_str()).await?;
        browser.click("p.links a").await?;
        browser.reads(&["Create an account", "Photo printer"]).await?;
        browser.fill("form#signup input[name=password]", "difference engine no. 2").await?;
        browser.fill("form#signup input[name=email]", "ada@example.com").await?;
        browser.fill("form#signup input[name=username]", "ada lovelace").await?;
        browser.click("form#signup button").await?;
        browser.reads(&["A username may have only"]).await?;
        assert_eq!(browser.value("form#signup input[name=email]").await?, "ada@example.com");
        assert_eq!(browser.value("form#signup input[name=password]").await?, "");
        browser.fill("form#signup input[name=username]", "ada").await?;
        browser.fill("form#signup input[name=password]", "difference engine no. 2").await?;
        browser.click("form#signup button").await?;
        browser.reads(&["Allow", "ada"]).await?;
        browser.decide("allow").await?;
        app.redeem(&asked, &receiver.next().await?).await?;
        // because the app asks for it, beside the account that is there
        let asked = app.ask("openid profile", &[("prompt", "create")])?;
        browser.go(asked.url.as_str()).await?;
        browser.reads(&["Create an account", "Photo printer"]).await?;
        browser.fill("form#signup input[name=username]", "grace").await?;
        browser.fill("form#signup input[name=password]", "nanoseconds in a wire").await?;
        browser.click("form#signup button").await?;
        browser.decide("allow").await?;
        app.redeem(&asked, &receiver.next().await?).await?;
        browser.go(&server.url("/account")).await?;
        browser.reads(&["grace", "Switch account"]).await?;
        browser.close_quietly().await?;
    }
    Ok(())
}

#[tokio::test]
async fn somebody_with_two_accounts_chooses_one_with_scripts_and_without() -> Result<()> {
    for script in [Script::On, Script::Off] {
        let Some(server) = Server::start()? else { return Ok(()) };
        let Some(browser) = Browser::start(script).await? else { return Ok(()) };
        for (username, name) in [("ada", "Ada Lovelace"), ("grace", "Grace Hopper")] {
            server.add_person(username, name, "difference engine no. 2")?;
            browser.go(&server.url("/login?another=yes")).await?;
            browser.sign_in(username, "difference engine no. 2").await?;
        }
        browser.go(&server.url("/account")).await?;
        browser.reads(&["Grace Hopper", "Switch account"]).await?;
        browser.click("nav a[href$='/oauth2/authorize/account']").await?;
        browser.reads(&["Choose an account", "Grace Hopper", "In use", "Ada Lovelace"]).await?;
        browser.click("ul.accounts li:last-child button[name=account]").await?;
        assert_eq!(browser.url().await?, server.url("/account"));
        browser.reads(&["Ada Lovelace"]).await?;
        browser.close_quietly().await?;
    }
    Ok(())
}
