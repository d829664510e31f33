//! Programs on devices without a keyboard, by published libraries: a code is shown there and entered elsewhere.

use anyhow::{Result, bail};
use serde_json::json;

use crate::support::person::Person;
use crate::support::program::{Program, Terminal};
use crate::support::server::Server;

#[tokio::test]
async fn go_oauth2_connects_a_device() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    server.add_scope("read", "Read your notes", &[])?;
    let app = server.add_client("Television", &["--public", "--grant", "device_code", "--scope", "read"])?;
    let Some(mut terminal) = Terminal::start(Program::Go("oauth2-device"), &app.settings())? else { return Ok(()) };
    let (page, code) = shown(&terminal.reads("http://").await?)?;
    assert_eq!(page, server.url("/device"));
    let done = Person::new("ada", PASSWORD)?.connect(&page, &code).await?;
    assert!(done.text.contains("Connected"), "{done:?}");
    let seen = terminal.ends().await?;
    assert_eq!(seen["user"], json!({"user": "ada"}), "{seen}");
    assert_eq!(seen["scope"], "read", "{seen}");
    assert_eq!(seen["complete"], format!("{page}?user_code={code}"), "{seen}");
    Ok(())
}

#[tokio::test]
async fn openid_client_connects_a_device_and_believes_the_id_token() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let app = server.add_client("Television", &["--public", "--grant", "device_code"])?;
    let program = Program::Node("tests/clients/node/openid_client_device.mjs");
    let Some(mut terminal) = Terminal::start(program, &app.settings())? else { return Ok(()) };
    // The address has the code in it, and it is still sent by a person.
    let (page, code) = shown(&terminal.reads("http://").await?)?;
    assert!(page.ends_with(&format!("?user_code={code}")), "{page}");
    Person::new("ada", PASSWORD)?.connect(&page, &code).await?;
    assert_eq!(terminal.ends().await?["preferred_username"], "ada");
    Ok(())
}

#[tokio::test]
async fn the_rust_example_connects_a_device() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let app = server.add_client("Terminal", &["--public", "--grant", "device_code"])?;
    let program = Program::Rust("countersign-example-terminal", Some("--device"));
    let Some(mut terminal) = Terminal::start(program, &app.settings())? else { return Ok(()) };
    let (page, code) = shown(&terminal.reads("http://").await?)?;
    Person::new("ada", PASSWORD)?.connect(&page, &code).await?;
    terminal.reads("You are Ada Lovelace.").await?;
    assert_eq!(terminal.ends().await?["preferred_username"], "ada");
    Ok(())
}

#[tokio::test]
async fn go_oauth2_connects_a_device_as_at_github() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    server.cli(&["scope", "load", "github"], "")?;
    let app = server.add_client("Television", &GITHUB)?;
    // The secret stays at home.
    let settings = [&app.settings()[..2], &[("GITHUB", "yes")]].concat();
    let Some(mut terminal) = Terminal::start(Program::Go("oauth2-device"), &settings)? else { return Ok(()) };
    let (page, code) = shown(&terminal.reads("http://").await?)?;
    assert_eq!(page, server.url("/login/device"));
    Person::new("ada", PASSWORD)?.connect(&page, &code).await?;
    let seen = terminal.ends().await?;
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    assert_eq!(seen["scope"], "read:user", "{seen}");
    Ok(())
}

#[tokio::test]
async fn octokit_connects_a_device() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    server.cli(&["scope", "load", "github"], "")?;
    let app = server.add_client("Television", &GITHUB)?;
    let program = Program::Node("tests/clients/node/octokit_device.mjs");
    let Some(mut terminal) = Terminal::start(program, &app.settings()[..2])? else { return Ok(()) };
    let (page, code) = shown(&terminal.reads("http://").await?)?;
    Person::new("ada", PASSWORD)?.connect(&page, &code).await?;
    let seen = terminal.ends().await?;
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    assert_eq!(seen["scopes"], json!(["read:user"]), "{seen}");
    Ok(())
}

/// The address and the code in what a device shows: `Open ADDRESS and enter CODE`.
fn shown(line: &str) -> Result<(String, String)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [_, page, .., code] = words[..] else { bail!("no address and code in {line}") };
    Ok((page.to_owned(), code.to_owned()))
}

fn with_ada() -> Result<Option<Server>> {
    // A device asks every five seconds; these need not wait so long.
    let Some(server) = Server::start_with(&[("COUNTERSIGN_DEVICE__INTERVAL", "1s")])? else { return Ok(None) };
    server.add_person("ada", "Ada Lovelace", PASSWORD)?;
    Ok(Some(server))
}

const GITHUB: [&str; 8] = [
    "--dialect",
    "github",
    "--grant",
    "authorization_code device_code",
    "--device-without-secret",
    "--redirect-uri",
    "http://127.0.0.1:5000/callback",
    "--scope=read:user",
];
const PASSWORD: &str = "difference engine no. 2";
