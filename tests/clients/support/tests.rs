//! The tools themselves: a listener that hears nothing would make every page look quiet.

use anyhow::Result;

use super::browser::{Browser, Script};
use super::receiver::Receiver;

#[tokio::test]
async fn a_browser_hears_what_a_page_does_wrong() -> Result<()> {
    let Some(browser) = Browser::start(Script::On).await? else { return Ok(()) };
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
        content-security-policy: default-src 'none'; script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='\r\n\r\n\
        <!doctype html><title>x</title><link rel=icon href=data:,><p style='color: red'>x<img src=/missing.png>";
    let receiver = Receiver::answering(page).await?;
    browser.go(&receiver.callback()).await?;
    let heard = browser.complaints().await?.join("\n");
    assert!(heard.contains("Content Security Policy") && heard.contains("style"), "{heard}");
    browser.go("data:text/html,<script>console.error('aloud'); throw new Error('thrown')</script>").await?;
    let heard = browser.complaints().await?.join("\n");
    assert!(heard.contains("aloud") && heard.contains("Uncaught"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn script_runs_only_where_it_is_on() -> Result<()> {
    for (script, runs) in [(Script::On, true), (Script::Off, false)] {
        let Some(browser) = Browser::start(script).await? else { return Ok(()) };
        assert_eq!(browser.runs_script().await?, runs, "{script:?}");
        browser.close_quietly().await?;
    }
    Ok(())
}
