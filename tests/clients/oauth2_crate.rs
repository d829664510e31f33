//! The published crate `oauth2`, used as its documentation says, with everything it offers that we serve.

use anyhow::{Context, Result};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenType};
use oauth2::reqwest::{Client as Http, redirect};
use oauth2::{
    AccessToken, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, RevocationUrl, Scope, StandardRevocableToken, TokenIntrospectionResponse, TokenResponse,
    TokenUrl,
};
use reqwest::Url;
use serde_json::Value;

use crate::support::app::{parameter, text};
use crate::support::person::Person;
use crate::support::server::Server;

#[tokio::test]
async fn a_code_with_pkce_becomes_tokens_and_they_refresh() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let (client, http) = set_up(&server).await?;
    let tokens = sign_in(&client, &http).await?;
    assert_eq!(*tokens.token_type(), BasicTokenType::Bearer);
    assert!(tokens.expires_in().is_some());
    let refresh_token = tokens.refresh_token().context("a refresh token")?;

    let fresh = client.exchange_refresh_token(refresh_token).request_async(&http).await?;
    assert_ne!(fresh.access_token().secret(), tokens.access_token().secret());
    // A refresh narrows on request, and never widens.
    let narrow = client.exchange_refresh_token(fresh.refresh_token().unwrap_or(refresh_token));
    let narrow = narrow.add_scope(Scope::new("read".to_owned())).request_async(&http).await?;
    assert_eq!(narrow.scopes().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_wrong_verifier_is_an_error_the_crate_knows() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let (client, http) = set_up(&server).await?;
    let (challenge, _) = PkceCodeChallenge::new_random_sha256();
    let (_, other) = PkceCodeChallenge::new_random_sha256();
    let code = code(&client, challenge).await?;
    let answer = client.exchange_code(code).set_pkce_verifier(other).request_async(&http).await;
    let Err(RequestTokenError::ServerResponse(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(*error.error(), BasicErrorResponseType::InvalidGrant);
    assert!(error.error_description().is_some());
    Ok(())
}

#[tokio::test]
async fn a_client_gets_a_token_for_itself() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let (client, http) = set_up(&server).await?;
    let scope = Scope::new("read".to_owned());
    let tokens = client.exchange_client_credentials().add_scope(scope).request_async(&http).await?;
    assert!(tokens.refresh_token().is_none());

    // The crate sends the secret in the header, or in the body when told to.
    let client = client.set_auth_type(oauth2::AuthType::RequestBody);
    client.exchange_client_credentials().request_async(&http).await?;
    let client = client.set_client_secret(ClientSecret::new("wrong".to_owned()));
    let answer = client.exchange_client_credentials().request_async(&http).await;
    let Err(RequestTokenError::ServerResponse(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(*error.error(), BasicErrorResponseType::InvalidClient);
    Ok(())
}

#[tokio::test]
async fn a_password_becomes_tokens_for_a_client_that_may() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let (client, http) = set_up(&server).await?;
    let (username, password) = (ResourceOwnerUsername::new("ada".into()), ResourceOwnerPassword::new(PASSWORD.into()));
    let tokens = client.exchange_password(&username, &password).request_async(&http).await?;
    assert_eq!(user_of(&server, tokens.access_token()).await?, "ada");

    let wrong = ResourceOwnerPassword::new("analytical engine".into());
    let answer = client.exchange_password(&username, &wrong).request_async(&http).await;
    let Err(RequestTokenError::ServerResponse(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(*error.error(), BasicErrorResponseType::InvalidGrant);
    Ok(())
}

#[tokio::test]
async fn a_token_is_active_until_it_is_revoked() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let (client, http) = set_up(&server).await?;
    let tokens = sign_in(&client, &http).await?;
    let seen = client.introspect(tokens.access_token()).request_async(&http).await?;
    assert!(seen.active());
    assert_eq!(seen.client_id().map(|id| id.as_str()), Some(client.client_id().as_str()));
    assert_eq!(seen.iss(), Some(server.issuer.as_str()));
    assert!(seen.exp().is_some() && seen.iat().is_some() && seen.sub().is_some());

    // The crate revokes at https addresses only. A proxy that ends TLS would stand here.
    let proxy = |mut request: HttpRequest| async {
        let plain = request.uri().to_string().replacen("https://", "http://", 1);
        *request.uri_mut() = plain.parse().expect("still an address");
        oauth2::AsyncHttpClient::call(&http, request).await
    };
    let refresh_token = tokens.refresh_token().context("a refresh token")?.clone();
    client.revoke_token(StandardRevocableToken::RefreshToken(refresh_token.clone()))?.request_async(&proxy).await?;
    let seen = client.introspect(tokens.access_token()).request_async(&http).await?;
    assert!(!seen.active());
    let answer = client.exchange_refresh_token(&refresh_token).request_async(&http).await;
    assert!(matches!(answer, Err(RequestTokenError::ServerResponse(_))), "{answer:?}");
    Ok(())
}

/// A client that knows every endpoint but the one for devices.
type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

/// Registers Ada and an app, and sets the crate up from the server's metadata.
async fn set_up(server: &Server) -> Result<(Client, Http)> {
    server.add_person("ada", "Ada Lovelace", PASSWORD)?;
    server.add_scope("read", "Read your notes", &[])?;
    server.add_scope("write", "Change your notes", &["--implies", "read"])?;
    let grants = ["authorization_code", "refresh_token", "client_credentials", "password"];
    let mut more = vec!["--scope", "read write"];
    more.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    let app = server.add_app("Photo printer", "http://127.0.0.1:5000/callback", &more)?;

    let metadata: Value = reqwest::get(server.url("/.well-known/oauth-authorization-server")).await?.json().await?;
    assert_eq!(text(&metadata, "issuer")?, server.issuer);
    let endpoint = |name: &str| text(&metadata, &format!("{name}_endpoint")).map(str::to_owned);
    let client = BasicClient::new(ClientId::new(app.client_id))
        .set_client_secret(ClientSecret::new(app.secret.context("a confidential client")?))
        .set_auth_uri(AuthUrl::new(endpoint("authorization")?)?)
        .set_token_uri(TokenUrl::new(endpoint("token")?)?)
        .set_introspection_url(IntrospectionUrl::new(endpoint("introspection")?)?)
        .set_revocation_url(RevocationUrl::new(endpoint("revocation")?.replacen("http://", "https://", 1))?)
        .set_redirect_uri(RedirectUrl::new(app.redirect_uri)?);
    Ok((client, Http::builder().redirect(redirect::Policy::none()).build()?))
}

/// Ada goes through all of it.
async fn sign_in(client: &Client, http: &Http) -> Result<oauth2::basic::BasicTokenResponse> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let code = code(client, challenge).await?;
    Ok(client.exchange_code(code).set_pkce_verifier(verifier).request_async(http).await?)
}

async fn code(client: &Client, challenge: PkceCodeChallenge) -> Result<AuthorizationCode> {
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(["read", "write"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let back = Person::new("ada", PASSWORD)?.sign_in_and_allow(&url).await?;
    assert!(back.as_str().starts_with("http://127.0.0.1:5000/callback?"), "{back}");
    assert_eq!(parameter(&back, "state").as_ref(), Some(state.secret()));
    Ok(AuthorizationCode::new(parameter(&back, "code").with_context(|| format!("no code in {back}"))?))
}

/// Whom the protected resource sees behind a token in the header.
async fn user_of(server: &Server, token: &AccessToken) -> Result<String> {
    let url = Url::parse(&server.url("/api/verify"))?;
    let answer = reqwest::Client::new().get(url).bearer_auth(token.secret()).send().await?;
    Ok(text(&answer.json().await?, "user")?.to_owned())
}

const PASSWORD: &str = "difference engine no. 2";
