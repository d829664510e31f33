//! Published libraries of other languages on the standard endpoints, each in a program as its documentation shows it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::person::Person;
use crate::support::program::{Program, Site, Terminal, free_port, origin};
use crate::support::server::Server;

#[tokio::test]
async fn requests_oauthlib_goes_through_every_grant_it_has() -> Result<()> {
    let Some(scene) = Scene::set("http://127.0.0.1:5000/callback")? else { return Ok(()) };
    let settings = [("REDIRECT_URI", "http://127.0.0.1:5000/callback"), ("PASSWORD", PASSWORD)];
    let program = Program::Python("tests/clients/python/requests_oauthlib_cli.py");
    let Some(mut terminal) = Terminal::start(program, &[&scene.app.settings()[..], &settings].concat())? else {
        return Ok(());
    };
    let back = scene.ada.sign_in_and_allow(&terminal.reads_url().await?.parse()?).await?;
    terminal.types(back.as_str()).await?;
    let seen = terminal.ends().await?;
    assert_eq!(seen["code"]["token"]["scope"], json!(["write", "read"]), "as it was asked for: {seen}");
    assert_eq!(seen["code"]["user"], "ada", "{seen}");
    assert_eq!(seen["code"]["refreshed"], true, "{seen}");
    assert_eq!(seen["code"]["user_after_refresh"], "ada", "{seen}");
    assert_eq!(seen["code"]["same_code_again"], "invalid_grant", "{seen}");
    assert_eq!(seen["code"]["status_afterwards"], 401, "a code that comes twice ends what came from it: {seen}");
    assert_eq!(seen["client_credentials"]["scope"], json!(["read"]), "{seen}");
    assert_eq!(seen["password"], json!({"user": "ada"}), "{seen}");
    Ok(())
}

#[tokio::test]
async fn authlib_signs_people_in_from_the_metadata_alone() -> Result<()> {
    let program = Program::Python("tests/clients/python/authlib_site.py");
    let Some(seen) = sign_in_at(program, "/countersign/callback", &[], "/countersign/login").await? else {
        return Ok(());
    };
    assert_eq!(seen["userinfo"]["preferred_username"], "ada", "{seen}");
    assert_eq!(seen["userinfo"]["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["userinfo"]["sub"], seen["asked"]["sub"], "{seen}");
    assert_eq!(seen["asked"]["name"], "Ada Lovelace", "{seen}");
    Ok(())
}

#[tokio::test]
async fn django_allauth_signs_people_in_by_openid_connect() -> Result<()> {
    let program = Program::Python("tests/clients/python/allauth_site.py");
    let settings = [("PROVIDER", "openid_connect")];
    let callback = "/accounts/oidc/countersign/login/callback/";
    let Some(seen) = sign_in_at(program, callback, &settings, "/accounts/oidc/countersign/login/").await? else {
        return Ok(());
    };
    assert_eq!(seen["username"], "ada", "{seen}");
    assert_eq!(seen["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["data"]["userinfo"]["sub"], seen["uid"], "{seen}");
    Ok(())
}

#[tokio::test]
async fn flask_dance_signs_people_in_with_pkce() -> Result<()> {
    let program = Program::Python("tests/clients/python/flask_dance_site.py");
    let Some(seen) = sign_in_at(program, "/countersign/authorized", &[], "/countersign").await? else {
        return Ok(());
    };
    assert_eq!(seen["user"], "ada", "{seen}");
    assert_eq!(seen["token"]["scope"], json!(["read", "write"]), "{seen}");
    Ok(())
}

#[tokio::test]
async fn oauth4webapi_finds_nothing_to_refuse() -> Result<()> {
    let program = Program::Node("tests/clients/node/oauth4webapi_site.mjs");
    let Some(seen) = sign_in_at(program, "/callback", &[], "/login").await? else { return Ok(()) };
    assert_eq!(seen["claims"]["sub"], seen["userinfo"]["sub"], "{seen}");
    assert_eq!(seen["userinfo"]["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["scope"], "openid email read", "{seen}");
    assert_eq!(seen["before"]["active"], true, "{seen}");
    assert_eq!(seen["after"], json!({"active": false}), "{seen}");
    assert_eq!(seen["own"], "read", "{seen}");
    Ok(())
}

#[tokio::test]
async fn jose_encrypts_what_openid_client_asks_for() -> Result<()> {
    let port = free_port()?;
    let callback = format!("{}/callback", origin(port));
    let Some(scene) = Scene::with(&callback, &["--sealed-secret"])? else { return Ok(()) };
    let program = Program::Node("tests/clients/node/jose_request_site.mjs");
    let Some(site) = Site::start(program, port, &scene.app.settings()).await? else { return Ok(()) };
    let listed = scene.ada.visit(&site.url("/algorithms")).await?.json();
    let listed: Vec<_> = listed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(listed.len(), 5, "{listed:?}");
    for alg in listed {
        let seen = scene.ada.visit(&site.url(&format!("/login?alg={}", alg.replace('+', "%2B")))).await?.json();
        assert_eq!((&seen["alg"], &seen["scope"]), (&json!(alg), &json!("openid email")), "{seen}");
    }
    Ok(())
}

#[tokio::test]
async fn go_oauth2_signs_people_in_with_pkce_and_refreshes_by_itself() -> Result<()> {
    let Some(seen) = sign_in_at(Program::Go("oauth2-site"), "/callback", &[], "/login").await? else {
        return Ok(());
    };
    assert_eq!(seen["user"], json!({"user": "ada"}), "{seen}");
    assert_eq!(seen["user_after_refresh"], json!({"user": "ada"}), "{seen}");
    assert_eq!(seen["expires"], true, "{seen}");
    assert_eq!(seen["scope"], "read write", "{seen}");
    assert_eq!(seen["same_code_again"], "invalid_grant", "{seen}");
    Ok(())
}

#[tokio::test]
async fn go_oauth2_gets_a_token_for_the_program_itself() -> Result<()> {
    let Some(seen) = sign_in_at(Program::Go("oauth2-site"), "/callback", &[], "/own").await? else { return Ok(()) };
    assert_eq!(seen["token"]["token_type"], "Bearer", "{seen}");
    Ok(())
}

#[tokio::test]
async fn go_oidc_believes_the_id_token_and_the_userinfo() -> Result<()> {
    let Some(seen) = sign_in_at(Program::Go("oidc-site"), "/callback", &[], "/login").await? else { return Ok(()) };
    assert_eq!(seen["claims"]["preferred_username"], "ada", "{seen}");
    assert_eq!(seen["email"], "ada@example.com", "{seen}");
    assert_eq!(seen["verified"], true, "{seen}");
    assert_eq!(seen["same_person"], true, "{seen}");
    assert_eq!(seen["same_nonce"], true, "{seen}");
    Ok(())
}

/// Starts the site, registered with this callback; Ada follows its link, and this is what it says in the end.
async fn sign_in_at(program: Program, callback: &str, more: &[(&str, &str)], link: &str) -> Result<Option<Value>> {
    let port = free_port()?;
    let Some(scene) = Scene::set(&format!("{}{callback}", origin(port)))? else { return Ok(None) };
    let settings = [&scene.app.settings()[..], more].concat();
    let Some(site) = Site::start(program, port, &settings).await? else { return Ok(None) };
    Ok(Some(scene.ada.visit(&site.url(link)).await?.json()))
}

/// Ada, two permissions, and a client that may use every grant.
struct Scene {
    _server: Server,
    app: App,
    ada: Person,
}

impl Scene {
    fn set(redirect_uri: &str) -> Result<Option<Self>> {
        Self::with(redirect_uri, &[])
    }

    fn with(redirect_uri: &str, flags: &[&str]) -> Result<Option<Self>> {
        let Some(server) = Server::start()? else { return Ok(None) };
        server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
        server.add_scope("read", "Read your notes", &[])?;
        server.add_scope("write", "Change your notes", &[])?;
        let grants = ["authorization_code", "refresh_token", "client_credentials", "password"];
        let mut more = vec!["--scope", "openid profile email read write"];
        more.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
        more.extend(flags);
        let app = server.add_app("Notes", redirect_uri, &more)?;
        let ada = Person::new("ada", PASSWORD)?;
        Ok(Some(Self { _server: server, app, ada }))
    }
}

const PASSWORD: &str = "difference engine no. 2";
