//! A program in a terminal that acts for a person, with the crate `oauth2`.
//!
//! It cannot keep a secret, so it has none: PKCE (RFC 7636) binds the answer to this very run, and the person comes
//! back to a port of this machine that the system chose (RFC 8252 §7.3). With `--device`, the browser may be anywhere.

use std::env;

use anyhow::{Context, Result, bail, ensure};
use oauth2::basic::BasicClient;
use oauth2::reqwest::{Client as Http, RequestBuilder, redirect};
use oauth2::url::Url;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl, PkceCodeChallenge, RedirectUrl, Scope,
    StandardDeviceAuthorizationResponse, TokenResponse, TokenUrl,
};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<()> {
    let issuer = env::var("ISSUER").unwrap_or_else(|_| "http://localhost:8080".to_owned());
    let client_id = env::var("CLIENT_ID").context("CLIENT_ID is not set: see examples/README.md")?;
    // An answer of the token endpoint is never a redirect.
    let http = Http::builder().redirect(redirect::Policy::none()).build()?;

    let metadata = json(http.get(format!("{issuer}/.well-known/openid-configuration"))).await?;
    let endpoint = |name: &str| metadata[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    let client = BasicClient::new(ClientId::new(client_id))
        .set_auth_uri(AuthUrl::new(endpoint("authorization_endpoint")?)?)
        .set_token_uri(TokenUrl::new(endpoint("token_endpoint")?)?);
    let scopes = ["openid", "profile"].map(|scope| Scope::new(scope.to_owned()));

    let tokens = if env::args().any(|argument| argument == "--device") {
        // The browser is on another machine: a code is shown here and entered there (RFC 8628).
        let client = client
            .set_device_authorization_url(DeviceAuthorizationUrl::new(endpoint("device_authorization_endpoint")?)?);
        let shown: StandardDeviceAuthorizationResponse =
            client.exchange_device_code().add_scopes(scopes).request_async(&http).await?;
        println!("Open {} and enter {}", shown.verification_uri().as_str(), shown.user_code().secret());
        client.exchange_device_access_token(&shown).request_async(&http, tokio::time::sleep, None).await?
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let callback = format!("http://{}/callback", listener.local_addr()?);
        let client = client.set_redirect_uri(RedirectUrl::new(callback.clone())?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state) =
            client.authorize_url(CsrfToken::new_random).add_scopes(scopes).set_pkce_challenge(challenge).url();
        println!("Open this address in your browser:\n\n  {address}\n");

        let back = person_comes_back(&listener, &callback).await?;
        let sent = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        ensure!(sent("state").as_ref() == Some(state.secret()), "this answer is not for this program");
        // RFC 9207: with several servers, a code of one must not be taken to another.
        ensure!(sent("iss").as_deref() == metadata["issuer"].as_str(), "another server answered");
        if let Some(error) = sent("error") {
            bail!("the server says no: {error} {}", sent("error_description").unwrap_or_default());
        }
        let code = AuthorizationCode::new(sent("code").context("an answer without a code")?);
        client.exchange_code(code).set_pkce_verifier(verifier).request_async(&http).await?
    };

    let userinfo = http.get(endpoint("userinfo_endpoint")?).bearer_auth(tokens.access_token().secret());
    let person = json(userinfo).await?;
    println!("You are {}.", person["name"].as_str().or(person["preferred_username"].as_str()).unwrap_or("somebody"));
    println!("{person}");
    Ok(())
}

async fn json(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await?.error_for_status()?;
    Ok(serde_json::from_str(&answer.text().await?)?)
}

/// Waits for the browser at the callback address, and sends the person back to the terminal.
async fn person_comes_back(listener: &TcpListener, callback: &str) -> Result<Url> {
    let callback = Url::parse(callback)?;
    let (tell, mut told) = mpsc::channel(1);
    loop {
        tokio::select! {
            Some(url) = told.recv() => return Ok(url),
            // Each for itself: browsers also open connections that they do not use.
            accepted = listener.accept() => tokio::spawn(answer(accepted?.0, callback.clone(), tell.clone())),
        };
    }
}

/// Answers one request, and tells of it when it is the one that is waited for.
async fn answer(mut stream: TcpStream, callback: Url, tell: mpsc::Sender<Url>) -> Result<()> {
    let target = request_target(&mut stream).await.context("no request")?;
    let url = callback.join(&target)?;
    let is_it = url.path() == callback.path();
    let (status, words) = if is_it {
        ("200 OK", "You can close this page and go back to the terminal.")
    } else {
        ("404 Not Found", "There is nothing here.")
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n\
         <!doctype html><html lang=en><link rel=icon href=data:,><title>Example</title><p>{words}"
    );
    let shown = stream.write_all(page.as_bytes()).await.and(stream.shutdown().await);
    if is_it {
        tell.send(url).await?;
    }
    Ok(shown?)
}

/// What is asked for in the first line of an HTTP request, read to the end of its head.
async fn request_target(stream: &mut TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next_line().await.ok()??;
    while lines.next_line().await.ok()?.is_some_and(|line| !line.is_empty()) {}
    first.split(' ').nth(1).map(str::to_owned)
}
