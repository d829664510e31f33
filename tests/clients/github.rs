//! Programs that were written for GitHub's OAuth: published libraries with their "Enterprise" base URL, and views in the
//! manner of old tutorials. Only addresses and credentials are ours.

use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::app::{App, parameter};
use crate::support::person::{Arrived, Person};
use crate::support::program::{Program, Site, Terminal, free_port, origin};
use crate::support::server::Server;

#[tokio::test]
async fn a_django_rest_view_sends_the_code_in_the_query_and_keeps_the_token_in_255_characters() -> Result<()> {
    let Some(scene) = Scene::set(DJANGO, "/rest/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/rest/login").await?.json();
    assert_eq!(seen, json!({"id": scene.number_of_ada()?, "email": "ada@example.com", "whole": true}));
    Ok(())
}

#[tokio::test]
async fn a_django_view_without_redirect_uri_goes_on_with_pygithub() -> Result<()> {
    let Some(scene) = Scene::set(DJANGO, "/pygithub/callback", &[]).await? else { return Ok(()) };
    let arrived = scene.sign_in("/pygithub/login").await?;
    let seen = arrived.json();
    assert_eq!(seen["type"], "application/x-www-form-urlencoded", "{seen}");
    assert_eq!(names(&seen["scope"]), ["repo", "user:email"], "{seen}");
    assert_eq!(seen["login"], "ada", "{seen}");
    assert_eq!(seen["id"], scene.number_of_ada()?, "{seen}");
    assert_eq!(seen["name"], "Ada Lovelace", "{seen}");
    assert_eq!(seen["emails"], json!([["ada@example.com", true, true]]), "{seen}");
    assert_eq!(seen["orgs"], json!([]), "{seen}");
    let back = arrived.passed("/pygithub/callback");
    assert_eq!(parameter(back, "iss"), None, "such programs take it for an error of theirs: {back}");
    assert_eq!(parameter(back, "state"), None, "none was sent: {back}");
    Ok(())
}

#[tokio::test]
async fn a_django_view_posts_a_form_and_reads_the_profile() -> Result<()> {
    let Some(scene) = Scene::set(DJANGO, "/form/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/form/login").await?.json();
    assert_eq!(seen["login"], "ada", "{seen}");
    assert_eq!(seen["id"], scene.number_of_ada()?, "{seen}");
    let page = seen["html_url"].as_str().context("an address")?;
    assert!(page.starts_with(&scene.server.issuer), "{seen}");
    Ok(())
}

#[tokio::test]
async fn a_flask_view_without_scope_or_state_puts_the_token_into_the_address() -> Result<()> {
    let program = Program::Python("tests/clients/python/flask_tutorial.py");
    let Some(scene) = Scene::set(program, "/callback", &["--query-token"]).await? else { return Ok(()) };
    let seen = scene.sign_in("/login").await?.json();
    assert_eq!(seen["scope"], "", "{seen}");
    assert_eq!(seen["scopes"], "", "{seen}");
    assert_eq!(seen["login"], "ada", "{seen}");
    assert_eq!(seen["email"], Value::Null, "an address takes a scope: {seen}");
    assert!(seen["cached"].as_str().is_some_and(|cached| cached.contains("no-store")), "{seen}");
    Ok(())
}

#[tokio::test]
async fn pygithub_gets_its_token_and_uses_it() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let callback = "http://127.0.0.1:5000/callback";
    let app = add_app(&server, callback, &[])?;
    let settings = [&app.settings()[..], &[("REDIRECT_URI", callback)]].concat();
    let program = Program::Python("tests/clients/python/pygithub_cli.py");
    let Some(mut terminal) = Terminal::start(program, &settings)? else { return Ok(()) };
    let url = terminal.reads_url().await?.parse()?;
    terminal.types(Person::new("ada", PASSWORD)?.sign_in_and_allow(&url).await?.as_str()).await?;
    let seen = terminal.ends().await?;
    assert_eq!(seen["state"], "of this run", "{seen}");
    assert_eq!(seen["type"], "bearer", "{seen}");
    assert_eq!(seen["scope"], "", "it asks for none: {seen}");
    assert_eq!(seen["login"], "ada", "{seen}");
    assert_eq!(seen["kind"], "User", "{seen}");
    assert_eq!(seen["same_code_again"], json!([200, "bad_verification_code"]), "{seen}");
    assert_eq!(seen["wrong_token"], 401, "{seen}");
    Ok(())
}

#[tokio::test]
async fn django_allauth_signs_people_in_as_at_github() -> Result<()> {
    let program = Program::Python("tests/clients/python/allauth_site.py");
    let callback = "/accounts/github/login/callback/";
    let Some(scene) = Scene::set_with(program, callback, &[], &[("PROVIDER", "github")]).await? else { return Ok(()) };
    let seen = scene.sign_in("/accounts/github/login/").await?.json();
    assert_eq!(seen["username"], "ada", "{seen}");
    assert_eq!(seen["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["uid"], scene.number_of_ada()?.to_string(), "{seen}");
    assert_eq!(seen["expires_at"], Value::Null, "such a token has no end: {seen}");
    Ok(())
}

#[tokio::test]
async fn flask_dance_signs_people_in_as_at_github() -> Result<()> {
    let program = Program::Python("tests/clients/python/flask_dance_site.py");
    let Some(scene) = Scene::set(program, "/github/authorized", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/github").await?.json();
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    assert_eq!(names(&seen["scopes"]), ["read:user", "user:email"], "{seen}");
    Ok(())
}

#[tokio::test]
async fn authlib_signs_people_in_as_at_github() -> Result<()> {
    let program = Program::Python("tests/clients/python/authlib_site.py");
    let Some(scene) = Scene::set(program, "/github/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/github/login").await?.json();
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    let email = json!({"email": "ada@example.com", "primary": true, "verified": true, "visibility": "private"});
    assert_eq!(seen["emails"], json!([email]), "{seen}");
    Ok(())
}

#[tokio::test]
async fn passport_github2_signs_people_in() -> Result<()> {
    let program = Program::Node("tests/clients/node/passport_site.mjs");
    let Some(scene) = Scene::set(program, "/auth/github/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/auth/github").await?.json();
    let profile = &seen["profile"];
    assert_eq!(profile["username"], "ada", "{seen}");
    assert_eq!(profile["displayName"], "Ada Lovelace", "{seen}");
    assert_eq!(profile["id"], scene.number_of_ada()?.to_string(), "{seen}");
    assert_eq!(profile["provider"], "github", "{seen}");
    assert_eq!(profile["emails"][0]["value"], "ada@example.com", "{seen}");
    Ok(())
}

#[tokio::test]
async fn passport_github2_hears_that_the_person_refused() -> Result<()> {
    let program = Program::Node("tests/clients/node/passport_site.mjs");
    let Some(scene) = Scene::set(program, "/auth/github/callback", &[]).await? else { return Ok(()) };
    let refused = scene.ada.visit_and_refuse(&scene.site.url("/auth/github")).await?;
    let back = refused.passed("/auth/github/callback");
    assert_eq!(parameter(back, "error").as_deref(), Some("access_denied"), "{back}");
    assert_eq!(parameter(back, "code"), None, "{back}");
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR, "this site shows errors so: {refused:?}");
    Ok(())
}

#[tokio::test]
async fn octokit_gets_its_token_and_uses_it() -> Result<()> {
    let program = Program::Node("tests/clients/node/octokit_site.mjs");
    let Some(scene) = Scene::set(program, "/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/login").await?.json();
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    assert_eq!(seen["user"]["id"], scene.number_of_ada()?, "{seen}");
    assert_eq!(seen["emails"][0]["email"], "ada@example.com", "{seen}");
    // It separates names by spaces alone, with the real service as well: there they are one name.
    assert_eq!(names(&seen["scopes"][0]), ["public_repo", "user:email"], "{seen}");
    assert_eq!(names(&seen["granted"]), ["public_repo", "user:email"], "{seen}");
    assert_eq!(seen["sameCodeAgain"], "bad_verification_code", "{seen}");
    Ok(())
}

#[tokio::test]
async fn go_oauth2_finds_the_endpoints_of_its_package_for_github() -> Result<()> {
    let Some(scene) = Scene::set(Program::Go("oauth2-site"), "/github/callback", &[]).await? else { return Ok(()) };
    let seen = scene.sign_in("/github/login").await?.json();
    assert_eq!(seen["user"]["login"], "ada", "{seen}");
    assert_eq!(seen["expires"], false, "{seen}");
    assert_eq!(names(&seen["scope"]), ["repo", "user:email"], "{seen}");
    assert_eq!(seen["same_code_again"], "bad_verification_code", "{seen}");
    Ok(())
}

/// A site registered for this dialect, and Ada, who uses it.
struct Scene {
    server: Server,
    site: Site,
    ada: Person,
}

impl Scene {
    async fn set(program: Program, callback: &str, flags: &[&str]) -> Result<Option<Self>> {
        Self::set_with(program, callback, flags, &[]).await
    }

    async fn set_with(program: Program, callback: &str, flags: &[&str], more: &[(&str, &str)]) -> Result<Option<Self>> {
        let Some(server) = with_ada()? else { return Ok(None) };
        let port = free_port()?;
        let app = add_app(&server, &format!("{}{callback}", origin(port)), flags)?;
        let settings = [&app.settings()[..], more].concat();
        let Some(site) = Site::start(program, port, &settings).await? else { return Ok(None) };
        Ok(Some(Self { server, site, ada: Person::new("ada", PASSWORD)? }))
    }

    async fn sign_in(&self, link: &str) -> Result<Arrived> {
        self.ada.visit(&self.site.url(link)).await
    }

    /// The number that this dialect calls an `id`.
    fn number_of_ada(&self) -> Result<i64> {
        let shown: Value = serde_json::from_str(&self.server.cli(&["user", "show", "ada", "--json"], "")?)?;
        shown["id"].as_i64().with_context(|| format!("no number in {shown}"))
    }
}

fn with_ada() -> Result<Option<Server>> {
    let Some(server) = Server::start()? else { return Ok(None) };
    server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
    server.cli(&["scope", "load", "github"], "")?;
    Ok(Some(server))
}

fn add_app(server: &Server, callback: &str, flags: &[&str]) -> Result<App> {
    let words = ["--dialect", "github", "--scope", "repo public_repo user read:user user:email"];
    server.add_app("Old app", callback, &[&words[..], flags].concat())
}

/// Names with commas and maybe spaces between, in order.
fn names(list: &Value) -> Vec<&str> {
    let list = list.as_str().unwrap_or_default().split(',').map(str::trim);
    let mut names: Vec<_> = list.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names
}

const DJANGO: Program = Program::Python("tests/clients/python/django_tutorials.py");
const PASSWORD: &str = "difference engine no. 2";
