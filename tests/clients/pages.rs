//! Every page in a real browser: on a phone and on a desk, light and dark. Nothing may stick out sideways.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::Result;

use crate::support::browser::{Browser, Scheme, Script};
use crate::support::receiver::Receiver;
use crate::support::server::Server;

#[tokio::test]
async fn every_page_fits_phone_and_desk_in_light_and_dark() -> Result<()> {
    let Some(server) = Server::start_with(&[("COUNTERSIGN_LOGIN__SIGNUP", "open")])? else { return Ok(()) };
    let Some(mut browser) = Browser::start(Script::On).await? else { return Ok(()) };
    let receiver = Receiver::start().await?;

    browser.go(&server.setup_link(None)?).await?;
    look(&browser, "setup").await?;
    let typed =
        [("name", "Ada"), ("username", "no spaces please"), ("email", "ada@example.com"), ("password", "short")];
    for (field, text) in typed {
        browser.fill(&format!("form#setup input[name={field}]"), text).await?;
    }
    browser.click("form#setup button").await?;
    look(&browser, "setup-errors").await?;
    for (field, text) in [("username", "ada"), ("password", PASSWORD)] {
        browser.fill(&format!("form#setup input[name={field}]"), text).await?;
    }
    browser.click("form#setup button").await?;
    look(&browser, "setup-done").await?;
    sign_out(&server, &browser).await?;
    look(&browser, "logout-done").await?;

    server.cli(&["user", "create", "grace", "--name", LONG_NAME], "")?;
    let link = server.setup_link(Some("grace"))?;
    browser.go(&link).await?;
    look(&browser, "setup-choose-password").await?;
    browser.fill("form#setup input[name=password]", PASSWORD).await?;
    browser.click("form#setup button").await?;
    look(&browser, "setup-password-saved").await?;
    browser.forgive(&server.url("/setup"));
    browser.go(&link).await?;
    look(&browser, "setup-expired").await?;
    sign_out(&server, &browser).await?;

    browser.go(&server.url("/")).await?;
    look(&browser, "home").await?;
    browser.go(&server.url("/login")).await?;
    look(&browser, "login").await?;
    browser.sign_in("grace", "not her password").await?;
    look(&browser, "login-wrong").await?;
    browser.click("p.links a[href$='/signup']").await?;
    look(&browser, "signup").await?;
    for (field, text) in
        [("name", LONG_NAME), ("username", "ada"), ("email", "a.d.a@example.com"), ("password", "short")]
    {
        browser.fill(&format!("form#signup input[name={field}]"), text).await?;
    }
    browser.click("form#signup button").await?;
    look(&browser, "signup-errors").await?;
    browser.go_to_refusal(&server.url("/nowhere")).await?;
    look(&browser, "notice-not-found").await?;

    server.add_scope("read", "Read your notes", &[])?;
    server.add_scope("write", "Change your notes, and add a few of its own", &["--implies", "read"])?;
    server.add_scope("erase", "Delete your notes. This cannot be undone.", &["--danger"])?;
    let plain = server.add_app("Notes", &receiver.callback(), &["--scope", "openid profile email read"])?;
    let long = server.add_app(LONG_APP, LONG_REDIRECT, &["--scope", "openid profile email read write erase"])?;

    let mut stray = plain.ask("read", &[])?.url;
    stray.set_query(Some(&stray.query().unwrap_or_default().replace("callback", "elsewhere")));
    browser.go_to_refusal(stray.as_str()).await?;
    look(&browser, "refused").await?;
    browser.go(plain.ask("openid read", &[("prompt", "create")])?.url.as_str()).await?;
    look(&browser, "signup-for-app").await?;
    browser.go(plain.ask("openid profile email read", &[])?.url.as_str()).await?;
    look(&browser, "login-for-app").await?;
    browser.sign_in("grace", PASSWORD).await?;
    look(&browser, "consent").await?;
    browser.decide("allow").await?;
    receiver.next().await?;
    browser.go(long.ask("openid profile email read write erase", &[])?.url.as_str()).await?;
    look(&browser, "consent-long").await?;

    browser.go(&server.url("/account")).await?;
    look(&browser, "account").await?;
    browser.go(&server.url("/account/profile")).await?;
    look(&browser, "profile").await?;
    browser.fill("form#details input[name=phone_number]", "not a number").await?;
    browser.click("form#details button").await?;
    look(&browser, "profile-errors").await?;
    browser.go(&server.url("/account/apps")).await?;
    look(&browser, "apps").await?;
    browser.click("button[name=remove]").await?;
    look(&browser, "apps-removed").await?;
    browser.go(&server.url("/account/sessions")).await?;
    look(&browser, "sessions").await?;
    browser.go(&server.url("/oauth2/logout")).await?;
    look(&browser, "logout").await?;
    browser.go(&server.url("/login?another=yes")).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.go(plain.ask("openid read", &[("prompt", "select_account")])?.url.as_str()).await?;
    look(&browser, "choose-account").await?;
    browser.click("button[name=remove]").await?;
    look(&browser, "choose-account-one").await?;
    browser.go(&server.url("/login?another=yes")).await?;
    browser.sign_in("grace", PASSWORD).await?;
    browser.go(&server.url("/oauth2/logout")).await?;
    look(&browser, "logout-one-of-several").await?;
    browser.click("form#logout button[value=yes]").await?;
    look(&browser, "logout-others-stay").await?;
    browser.close_quietly().await
}

/// Checks the page now shown, and keeps pictures of it where they are wanted.
async fn look(browser: &Browser, name: &str) -> Result<()> {
    let album = env::var_os("COUNTERSIGN_PAGES").map(PathBuf::from);
    // 320: WCAG's narrowest (UX P5).
    for (width, pictured) in [(320, false), (390, true), (1280, true)] {
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.show(width, scheme).await?;
            assert_eq!(browser.overflow().await?, 0, "{name} is too wide at {width} px");
            if let Some(album) = album.as_ref().filter(|_| pictured) {
                fs::create_dir_all(album)?;
                let file = format!("{name}-{width}-{}.png", format!("{scheme:?}").to_lowercase());
                fs::write(album.join(file), browser.picture().await?)?;
            }
        }
    }
    Ok(())
}

async fn sign_out(server: &Server, browser: &Browser) -> Result<()> {
    browser.go(&server.url("/oauth2/logout")).await?;
    browser.click("form#logout button[name=logout]").await
}

const PASSWORD: &str = "difference engine no. 2";
const LONG_NAME: &str = "Grace Brewster Murray-Hopper-Donaudampfschifffahrtsgesellschaft";
const LONG_APP: &str = "Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung für alle Häfen";
const LONG_REDIRECT: &str = "https://a-rather-long-label.another-rather-long-label.and-yet-another-one.example.com/cb";
