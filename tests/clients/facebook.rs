//! Programs that were written for Facebook's OAuth: published libraries, and a Django program in the manner of old
//! tutorials. Only addresses and credentials are ours.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::app::{App, parameter, text};
use crate::support::person::Person;
use crate::support::program::{Program, Site, Terminal, free_port, origin};
use crate::support::server::Server;

#[tokio::test]
async fn a_django_program_reads_the_answer_by_a_regular_expression() -> Result<()> {
    let program = Program::Python("tests/clients/python/facebook_tutorial.py");
    let Some(scene) = Scene::set(program, "/callback", &[]).await? else { return Ok(()) };
    let seen = scene.ada.visit_and_allow_only(&scene.site.url("/login"), &["email"]).await?.json();
    assert_eq!(seen["name"], "Ada Lovelace", "{seen}");
    assert_eq!(seen["is_valid"], true, "{seen}");
    assert_eq!(seen["mine"], true, "{seen}");
    assert_eq!(seen["scopes"], json!(["email", "public_profile"]), "{seen}");
    let within = |name: &str, from: f64, to: f64| {
        let number = seen[name].as_f64().unwrap_or_default();
        assert!(from < number && number <= to, "{name}: {seen}");
    };
    within("short", 6000.0, 7200.0);
    within("long", 59.0 * 86_400.0, 60.0 * 86_400.0);
    // the end may be a whole second, rounded up
    within("days_left", 59.0, 60.001);
    Ok(())
}

#[tokio::test]
async fn a_django_program_shows_the_description_of_a_refusal() -> Result<()> {
    let program = Program::Python("tests/clients/python/facebook_tutorial.py");
    let Some(scene) = Scene::set(program, "/callback", &[]).await? else { return Ok(()) };
    let refused = scene.ada.visit_and_refuse(&scene.site.url("/login")).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    assert!(refused.text.strip_prefix("You said: ").is_some_and(|words| !words.is_empty()), "{refused:?}");
    let back = refused.passed("/callback");
    assert_eq!(parameter(back, "error").as_deref(), Some("access_denied"), "{back}");
    assert_eq!(parameter(back, "error_reason").as_deref(), Some("user_denied"), "{back}");
    Ok(())
}

#[tokio::test]
async fn facebook_sdk_makes_every_call_it_has_for_signing_in() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let callback = "http://127.0.0.1:5000/callback";
    let app = add_app(&server, callback)?;
    let settings = [&app.settings()[..], &[("REDIRECT_URI", callback)]].concat();
    let program = Program::Python("tests/clients/python/facebook_sdk_cli.py");
    let Some(mut terminal) = Terminal::start(program, &settings)? else { return Ok(()) };
    let url = terminal.reads_url().await?.parse()?;
    // She ticks nothing.
    let back = Person::new("ada", PASSWORD)?.sign_in_and_allow(&url).await?;
    terminal.types(back.as_str()).await?;
    let seen = terminal.ends().await?;
    assert_eq!(seen["me"]["name"], "Ada Lovelace", "{seen}");
    assert_eq!(seen["me"].get("email"), None, "it was skipped: {seen}");
    assert_eq!(seen["permissions"], json!(["public_profile"]), "{seen}");
    assert_eq!(seen["about"]["app_id"], Value::from(app.client_id.as_str()), "{seen}");
    assert_eq!(seen["about"]["is_valid"], true, "{seen}");
    assert_eq!(seen["app_token"], true, "{seen}");
    assert_eq!(seen["same_code_again"], json!(["OAuthException", 100]), "{seen}");
    assert_eq!(seen["wrong_token"], json!(["OAuthException", 190]), "{seen}");
    Ok(())
}

#[tokio::test]
async fn django_allauth_signs_people_in_as_at_facebook() -> Result<()> {
    let program = Program::Python("tests/clients/python/allauth_site.py");
    let callback = "/accounts/facebook/login/callback/";
    let Some(scene) = Scene::set(program, callback, &[("PROVIDER", "facebook")]).await? else { return Ok(()) };
    let link = scene.site.url("/accounts/facebook/login/");
    let seen = scene.ada.visit_and_allow_only(&link, &["email"]).await?.json();
    assert_eq!(seen["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["data"]["name"], "Ada Lovelace", "{seen}");
    assert_eq!(seen["data"]["id"], seen["uid"], "{seen}");
    assert!(seen["expires_at"].is_string(), "{seen}");

    // As its script in a page does: another browser brings a token, which the library has looked at and exchanged.
    let browser = reqwest::Client::builder().cookie_store(true).build()?;
    let brought = browser
        .post(scene.site.url("/accounts/facebook/login/token/"))
        .form(&[("access_token", text(&seen, "token")?)]);
    let again: Value = brought.send().await?.error_for_status()?.json().await?;
    assert_eq!(again["uid"], seen["uid"], "{again}");
    let stray = [("access_token", "nonsense")];
    let refused = browser.post(scene.site.url("/accounts/facebook/login/token/")).form(&stray).send().await?;
    assert!(!refused.url().path().starts_with("/me"), "{}", refused.url());
    Ok(())
}

#[tokio::test]
async fn passport_facebook_signs_people_in() -> Result<()> {
    let program = Program::Node("tests/clients/node/passport_site.mjs");
    let Some(scene) = Scene::set(program, "/auth/facebook/callback", &[]).await? else { return Ok(()) };
    let link = scene.site.url("/auth/facebook");
    let seen = scene.ada.visit_and_allow_only(&link, &["email"]).await?.json();
    let profile = &seen["profile"];
    assert_eq!(profile["displayName"], "Ada Lovelace", "{seen}");
    assert_eq!(profile["provider"], "facebook", "{seen}");
    assert_eq!(profile["emails"][0]["value"], "ada@example.com", "{seen}");
    assert!(profile["photos"][0]["value"].as_str().is_some_and(|photo| photo.starts_with("http")), "{seen}");
    Ok(())
}

#[tokio::test]
async fn passport_facebook_hears_that_the_person_refused() -> Result<()> {
    let program = Program::Node("tests/clients/node/passport_site.mjs");
    let Some(scene) = Scene::set(program, "/auth/facebook/callback", &[]).await? else { return Ok(()) };
    let refused = scene.ada.visit_and_refuse(&scene.site.url("/auth/facebook")).await?;
    let back = refused.passed("/auth/facebook/callback");
    assert_eq!(parameter(back, "error").as_deref(), Some("access_denied"), "{back}");
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR, "this site shows errors so: {refused:?}");
    Ok(())
}

/// A site registered for this dialect, and Ada, who uses it.
struct Scene {
    _server: Server,
    site: Site,
    ada: Person,
}

impl Scene {
    async fn set(program: Program, callback: &str, more: &[(&str, &str)]) -> Result<Option<Self>> {
        let Some(server) = with_ada()? else { return Ok(None) };
        let port = free_port()?;
        let app = add_app(&server, &format!("{}{callback}", origin(port)))?;
        let settings = [&app.settings()[..], more].concat();
        let Some(site) = Site::start(program, port, &settings).await? else { return Ok(None) };
        Ok(Some(Self { _server: server, site, ada: Person::new("ada", PASSWORD)? }))
    }
}

fn with_ada() -> Result<Option<Server>> {
    let Some(server) = Server::start()? else { return Ok(None) };
    server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
    Ok(Some(server))
}

fn add_app(server: &Server, callback: &str) -> Result<App> {
    server.add_app("Old app", callback, &["--dialect", "facebook", "--scope", "email"])
}

const PASSWORD: &str = "difference engine no. 2";
