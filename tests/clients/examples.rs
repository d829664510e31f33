//! The programs in `examples/`, started as their `README.md` says and used in a real browser.

use anyhow::{Context, Result};
use reqwest::StatusCode;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use crate::support::app::{App, parameter, text};
use crate::support::browser::{Browser, Script};
use crate::support::eventually;
use crate::support::person::Person;
use crate::support::program::{Program, Site, Terminal, free_port, origin};
use crate::support::server::Server;

#[tokio::test]
async fn the_node_web_app_signs_ada_in_and_out() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let port = free_port()?;
    let app = server.add_app("Web app", &format!("{}/callback", origin(port)), &[])?;
    let program = Program::Node("examples/node-openid-client/app.mjs");
    let Some(site) = Site::start(program, port, &app.settings()).await? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };

    browser.go(&site.url("/")).await?;
    browser.click("a#login").await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.reads(&["Allow Web app to access your account?"]).await?;
    browser.decide("allow").await?;
    browser.reads(&["Hello Ada Lovelace, ada@example.com."]).await?;
    assert_eq!(browser.url().await?, site.url("/"));
    let consents = server.cli(&["grant", "list", "--json"], "")?;
    assert!(consents.contains(&app.client_id), "{consents}");

    // Its own session is over, and the server's is not: the way back asks nothing.
    browser.click("button#logout").await?;
    browser.reads(&["Sign in"]).await?;
    browser.click("a#login").await?;
    browser.reads(&["Hello Ada Lovelace"]).await?;
    browser.close_quietly().await
}

#[tokio::test]
async fn the_node_web_app_says_so_when_ada_refuses() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let port = free_port()?;
    let app = server.add_app("Web app", &format!("{}/callback", origin(port)), &[])?;
    let program = Program::Node("examples/node-openid-client/app.mjs");
    let Some(site) = Site::start(program, port, &app.settings()).await? else { return Ok(()) };
    let refused = Person::new("ada", PASSWORD)?.visit_and_refuse(&site.url("/login")).await?;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    assert!(refused.text.contains("You did not allow it."), "{refused:?}");

    // Somebody else's answer is not taken.
    let stray = Person::new("ada", PASSWORD)?.visit(&site.url("/callback?code=csac_x&state=x")).await?;
    assert!(stray.text.contains("Signing in did not work."), "{stray:?}");
    Ok(())
}

#[tokio::test]
async fn the_rust_terminal_program_signs_ada_in() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let app = server.add_app("Terminal", "http://127.0.0.1/callback", &["--public"])?;
    let program = Program::Rust("countersign-example-terminal", None);
    let Some(mut terminal) = Terminal::start(program, &app.settings())? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };
    browser.go(&terminal.reads_url().await?).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.reads(&["on this computer"]).await?;
    browser.decide("allow").await?;
    browser.reads(&["go back to the terminal"]).await?;
    terminal.reads("You are Ada Lovelace.").await?;
    assert_eq!(terminal.ends().await?["preferred_username"], "ada");
    browser.close_quietly().await
}

#[tokio::test]
async fn the_resource_server_takes_good_tokens_for_itself_alone() -> Result<()> {
    let Some(api) = Api::start().await? else { return Ok(()) };
    let app = api.add_app("Notes", &["--scope", "read write"])?;

    assert_eq!(api.get(None).await?, (401, r#"Bearer realm="notes""#.to_owned()), "nothing is wrong yet");
    let reading = api.token(&app, "read").await?;
    assert_eq!(api.get(Some(&reading)).await?, (200, String::new()));
    let (status, why) = api.post(&reading).await?;
    assert_eq!((status, why.as_str()), (403, r#"Bearer realm="notes", error="insufficient_scope", scope="write""#));
    assert_eq!(api.post(&api.token(&app, "read write").await?).await?.0, 201);

    let invalid = (401, r#"Bearer realm="notes", error="invalid_token""#.to_owned());
    let (rest, signature) = reading.rsplit_once('.').context("a JWT")?;
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{rest}.{other}{}", &signature[1..]);
    let other = own_client(&api.server, "Other", &["--resource", "https://other.example.com", "--scope", "other"])?;
    let elsewhere = own_token(&api.server, &other, "other", "https://other.example.com").await?;
    for bad in [forged.as_str(), &elsewhere, "nonsense", "a.b.c"] {
        assert_eq!(api.get(Some(bad)).await?, invalid, "{bad}");
    }
    // A token of another server with the same names is signed by other keys.
    let Some(stranger) = Server::start()? else { return Ok(()) };
    stranger.cli(&["resource", "create", &api.resource], "")?;
    stranger.add_scope("read", "Read", &["--resource", &api.resource])?;
    let double = own_client(&stranger, "Notes", &["--resource", &api.resource, "--scope", "read"])?;
    let token = own_token(&stranger, &double, "read", &api.resource).await?;
    assert_eq!(api.get(Some(&token)).await?, invalid);
    Ok(())
}

#[tokio::test]
async fn the_resource_server_refuses_an_id_token_and_one_past_its_time() -> Result<()> {
    let Some(api) = Api::start().await? else { return Ok(()) };
    let brief = api.add_app("Brief", &["--scope", "read", "--access-ttl", "1s"])?;
    let token = api.token(&brief, "read").await?;
    eventually("the token is too old", async || Ok(api.get(Some(&token)).await?.0 == 401)).await?;
    assert!(api.site.words().contains("refused: Signature has expired"), "{}", api.site.words());

    let web = api.server.add_app("Web", "http://127.0.0.1:5000/callback", &["--resource", &api.resource])?;
    let asked = web.ask("openid", &[])?;
    let back = Person::new("ada", PASSWORD)?.sign_in_and_allow(&asked.url).await?;
    let tokens = web.redeem(&asked, &back).await?;
    assert_eq!(api.get(Some(text(&tokens, "id_token")?)).await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn the_resource_server_follows_the_keys() -> Result<()> {
    let Some(api) = Api::start().await? else { return Ok(()) };
    let app = api.add_app("Notes", &["--scope", "read"])?;
    let before = api.token(&app, "read").await?;
    assert_eq!(api.get(Some(&before)).await?.0, 200);
    api.server.cli(&["keys", "rotate", "--now"], "")?;
    let key = |token: &str| token.split('.').next().map(str::to_owned);
    let mut after = before.clone();
    eventually("the new key signs", async || {
        after = api.token(&app, "read").await?;
        Ok(key(&after) != key(&before))
    })
    .await?;
    // It looks for a key it does not know, though not twice within seconds.
    eventually("the new key is known", async || Ok(api.get(Some(&after)).await?.0 == 200)).await?;
    assert_eq!(api.get(Some(&before)).await?.0, 200, "the former key is still published");
    Ok(())
}

#[tokio::test]
async fn the_app_that_was_written_for_github_signs_ada_in() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    server.cli(&["scope", "load", "github"], "")?;
    let port = free_port()?;
    let flags = ["--dialect", "github", "--scope", "read:user user:email"];
    let app = server.add_app("Old app", &format!("{}/callback", origin(port)), &flags)?;
    let program = Program::Python("examples/flask-github/app.py");
    let Some(site) = Site::start(program, port, &app.settings()).await? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };

    // once she has allowed it, signing in is all that is asked of her
    let refused = Person::new("ada", PASSWORD)?.visit_and_refuse(&site.url("/login")).await?;
    assert!(refused.text.contains("You did not allow it."), "{refused:?}");
    browser.go(&site.url("/login")).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser
        .reads(&["Allow Old app to access your account?", "Personal user data", "Email addresses (read-only)"])
        .await?;
    browser.decide("allow").await?;
    browser.reads(&["Hello Ada Lovelace", "known as ada", "ada@example.com"]).await?;
    assert_eq!(browser.url().await?, site.url("/"));
    browser.click("button#logout").await?;
    browser.reads(&["Sign in"]).await?;
    browser.close_quietly().await?;

    let stray = Person::new("ada", PASSWORD)?.visit(&site.url("/callback?code=x&state=x")).await?;
    assert!(stray.text.contains("This answer is not for this browser."), "{stray:?}");
    Ok(())
}

#[tokio::test]
async fn the_app_that_was_written_for_facebook_bears_a_skipped_permission() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    let port = free_port()?;
    let flags = ["--dialect", "facebook", "--scope", "email"];
    let app = server.add_app("Old app", &format!("{}/callback", origin(port)), &flags)?;
    let program = Program::Python("examples/django-facebook/app.py");
    let Some(site) = Site::start(program, port, &app.settings()).await? else { return Ok(()) };
    let Some(browser) = Browser::start(Script::Off).await? else { return Ok(()) };

    browser.go(&site.url("/login")).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.reads(&["Allow Old app to access your account?", "See your email address"]).await?;
    browser.decide("allow").await?;
    browser.reads(&["Hello Ada Lovelace, without an address. This holds for 60 days.", "You skipped: email."]).await?;
    browser.click("button#logout").await?;
    browser.close_quietly().await?;

    // Somebody who refuses at first, and then ticks the box.
    server.add_person_with_email("grace", "Grace Hopper", "grace@example.com", PASSWORD)?;
    let grace = Person::new("grace", PASSWORD)?;
    let refused = grace.visit_and_refuse(&site.url("/login")).await?;
    assert!(refused.status.is_client_error() && refused.text.contains("alert"), "{refused:?}");
    let grace = grace.visit_and_allow_only(&site.url("/login"), &["email"]).await?;
    assert!(grace.text.contains("grace@example.com") && !grace.text.contains("You skipped"), "{grace:?}");
    Ok(())
}

#[tokio::test]
async fn the_scripts_for_curl_do_by_hand_what_libraries_do() -> Result<()> {
    let Some(server) = with_ada()? else { return Ok(()) };
    server.add_scope("read", "Read your notes", &[])?;
    let grants = ["authorization_code", "refresh_token", "client_credentials", "password"];
    let mut more = vec!["--scope", "openid profile read"];
    more.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    let app = server.add_app("By hand", "http://127.0.0.1:5000/callback", &more)?;
    let settings = app.settings();
    let run = |script: &'static str, more: &[(&str, &str)]| {
        Terminal::start(Program::Shell(script), &[&settings[..], more].concat())
    };

    let Some(mut code) = run("examples/curl/code.sh", &[])? else { return Ok(()) };
    let back = Person::new("ada", PASSWORD)?.sign_in_and_allow(&code.reads_url().await?.parse()?).await?;
    assert!(parameter(&back, "code").is_some(), "{back}");
    code.types(back.as_str()).await?;
    let tokens = code.ends().await?;
    assert_eq!(app.verify(text(&tokens, "access_token")?).await?.1, json!({"user": "ada"}));

    let Some(mut password) = run("examples/curl/password.sh", &[("USERNAME", "ada")])? else { return Ok(()) };
    password.types(PASSWORD).await?;
    assert_eq!(password.ends().await?["scope"], "read");
    let Some(own) = run("examples/curl/client-credentials.sh", &[])? else { return Ok(()) };
    assert_eq!(own.ends().await?["scope"], "read");

    for (script, token, active) in [
        ("examples/curl/introspect.sh", "access_token", Some(true)),
        ("examples/curl/revoke.sh", "refresh_token", None),
        ("examples/curl/introspect.sh", "access_token", Some(false)),
    ] {
        let Some(mut terminal) = run(script, &[])? else { return Ok(()) };
        terminal.types(text(&tokens, token)?).await?;
        let seen = terminal.ends().await?;
        assert_eq!(seen.get("active").and_then(Value::as_bool), active, "{script}: {seen}");
    }
    Ok(())
}

/// The example API, registered with a server.
struct Api {
    server: Server,
    resource: String,
    site: Site,
}

impl Api {
    async fn start() -> Result<Option<Self>> {
        let Some(server) = with_ada()? else { return Ok(None) };
        let port = free_port()?;
        let resource = origin(port);
        server.cli(&["resource", "create", &resource, "--name", "Notes API"], "")?;
        server.cli(&["resource", "create", "https://other.example.com"], "")?;
        server.add_scope("read", "Read your notes", &["--resource", &resource])?;
        server.add_scope("write", "Change your notes", &["--resource", &resource])?;
        server.add_scope("other", "Something else", &["--resource", "https://other.example.com"])?;
        let program = Program::Python("examples/python-resource-server/app.py");
        let settings = [("ISSUER", server.issuer.as_str())];
        let Some(site) = Site::start(program, port, &settings).await? else { return Ok(None) };
        Ok(Some(Self { server, resource, site }))
    }

    /// A client that acts for itself and may name this API.
    fn add_app(&self, name: &str, more: &[&str]) -> Result<App> {
        own_client(&self.server, name, &[&["--resource", &self.resource], more].concat())
    }

    /// A token of such a client, for this API.
    async fn token(&self, app: &App, scope: &str) -> Result<String> {
        own_token(&self.server, app, scope, &self.resource).await
    }

    /// The status, and what the reply says about the token.
    async fn get(&self, token: Option<&str>) -> Result<(u16, String)> {
        let request = reqwest::Client::new().get(format!("{}/notes", self.resource));
        answered(if let Some(token) = token { request.bearer_auth(token) } else { request }).await
    }

    async fn post(&self, token: &str) -> Result<(u16, String)> {
        answered(reqwest::Client::new().post(format!("{}/notes", self.resource)).bearer_auth(token).body("Tea")).await
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<(u16, String)> {
    let answer = request.send().await?;
    let why = answer.headers().get(WWW_AUTHENTICATE).map(|why| why.to_str().map(str::to_owned));
    Ok((answer.status().as_u16(), why.transpose()?.unwrap_or_default()))
}

/// A client that acts for itself.
fn own_client(server: &Server, name: &str, more: &[&str]) -> Result<App> {
    let words = ["--grant", "client_credentials"];
    server.add_app(name, "http://127.0.0.1:5000/callback", &[&words[..], more].concat())
}

async fn own_token(server: &Server, app: &App, scope: &str, resource: &str) -> Result<String> {
    let form = [("grant_type", "client_credentials"), ("scope", scope), ("resource", resource)];
    let request = reqwest::Client::new().post(server.url("/oauth2/access_token"));
    let answer = request.basic_auth(&app.client_id, app.secret.as_deref()).form(&form).send().await?;
    Ok(text(&answer.json().await?, "access_token")?.to_owned())
}

fn with_ada() -> Result<Option<Server>> {
    let Some(server) = Server::start()? else { return Ok(None) };
    server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
    Ok(Some(server))
}

const PASSWORD: &str = "difference engine no. 2";
