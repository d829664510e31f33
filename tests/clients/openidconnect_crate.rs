//! The published crate `openidconnect`, used as its documentation says: an app that knows the issuer and nothing else.

use std::collections::HashMap;
use std::str::FromStr;

use anyhow::{Context, Result};
use openidconnect::core::{
    CoreAuthPrompt, CoreClient, CoreClientRegistrationRequest, CoreGrantType, CoreIdToken, CoreIdTokenClaims,
    CoreResponseType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::reqwest::{Client as Http, redirect};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthenticationFlow, AuthorizationCode, AuthorizationCodeHash, ClientId, ClientName,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, LocalizedClaim, LogoutRequest,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    ResponseTypes, Scope, TokenResponse,
};
use reqwest::Url;
use serde_json::Value;

use crate::support::app::{parameter, text};
use crate::support::person::Person;
use crate::support::server::Server;

#[tokio::test]
async fn an_app_that_knows_the_issuer_alone_signs_a_person_in_by_a_code() -> Result<()> {
    let Some(scene) = Scene::set(&[]).await? else { return Ok(()) };
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = scene
        .client
        .authorize_url(CODE, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let back = scene.ada.sign_in_and_allow(&url).await?;
    assert_eq!(parameter(&back, "state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(parameter(&back, "code").with_context(|| format!("no code in {back}"))?);
    let tokens = scene.client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&scene.http).await?;

    let claims = scene.believe(&tokens, &nonce)?;
    assert_eq!(claims.email().map(|email| email.as_str()), Some("ada@example.com"));
    assert!(claims.auth_time().is_some() && claims.auth_method_refs().is_some(), "{claims:?}");
    let person: CoreUserInfoClaims = scene.userinfo(tokens.access_token(), &claims).await?;
    assert_eq!(person.preferred_username().map(|name| name.as_str()), Some("ada"));
    let name = person.name().and_then(|names| names.get(None));
    assert_eq!(name.map(|name| name.as_str()), Some("Ada Lovelace"));

    let refresh_token = tokens.refresh_token().context("a refresh token")?;
    let fresh = scene.client.exchange_refresh_token(refresh_token)?.request_async(&scene.http).await?;
    // an ID token of a refresh has no nonce (OIDC Core §12.2)
    let id_token = fresh.id_token().context("an ID token of the refresh")?;
    let again = id_token.claims(&scene.client.id_token_verifier(), |nonce: Option<&Nonce>| match nonce {
        None => Ok(()),
        Some(nonce) => Err(format!("a nonce of an earlier request: {nonce:?}")),
    })?;
    assert_eq!(again.subject(), claims.subject());
    assert_eq!(again.auth_time(), claims.auth_time());
    Ok(())
}

#[tokio::test]
async fn an_id_token_comes_beside_the_code_and_vouches_for_it() -> Result<()> {
    let Some(scene) = Scene::set(&["--response-type", "code id_token"]).await? else { return Ok(()) };
    let flow = AuthenticationFlow::Hybrid(vec![CoreResponseType::Code, CoreResponseType::IdToken]);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = scene.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    let answer = in_fragment(&scene.ada.sign_in_and_allow(&url).await?);
    assert_eq!(answer.get("state"), Some(state.secret()));

    let code = AuthorizationCode::new(answer.get("code").context("a code")?.clone());
    let id_token = CoreIdToken::from_str(answer.get("id_token").context("an ID token")?)?;
    let verifier_of_tokens = scene.client.id_token_verifier();
    let claims = id_token.claims(&verifier_of_tokens, &nonce)?;
    let key = id_token.signing_key(&verifier_of_tokens)?;
    let hash = AuthorizationCodeHash::from_code(&code, id_token.signing_alg()?, key)?;
    assert_eq!(claims.code_hash(), Some(&hash));

    let tokens = scene.client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&scene.http).await?;
    assert_eq!(scene.believe(&tokens, &nonce)?.subject(), claims.subject());
    Ok(())
}

#[tokio::test]
async fn tokens_come_through_the_browser_to_an_app_that_is_registered_for_it() -> Result<()> {
    let Some(scene) = Scene::set(&["--response-type", "id_token token"]).await? else { return Ok(()) };
    let flow = AuthenticationFlow::<CoreResponseType>::Implicit(true);
    let (url, state, nonce) = scene.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).url();
    let answer = in_fragment(&scene.ada.sign_in_and_allow(&url).await?);
    assert_eq!(answer.get("state"), Some(state.secret()));
    let access_token = AccessToken::new(answer.get("access_token").context("an access token")?.clone());
    let id_token = CoreIdToken::from_str(answer.get("id_token").context("an ID token")?)?;
    let claims = scene.believe_both(&id_token, &access_token, &nonce)?;
    let person: CoreUserInfoClaims = scene.userinfo(&access_token, &claims).await?;
    assert_eq!(person.subject(), claims.subject());
    Ok(())
}

#[tokio::test]
async fn an_app_registers_itself_and_is_an_app_like_any_other() -> Result<()> {
    let settings = [("COUNTERSIGN_CLIENTS__REGISTRATION", "token")];
    let Some(server) = Server::start_with(&settings)? else { return Ok(()) };
    server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
    let (metadata, http) = discover(&server).await?;
    let given = server.cli(&["client", "initial-access-token", "create", "--note", "clients", "--json"], "")?;
    let given: Value = serde_json::from_str(&given)?;
    let endpoint = metadata.registration_endpoint().context("a registration endpoint")?.clone();

    let names = LocalizedClaim::from(ClientName::new("Photo printer".to_owned()));
    let request = CoreClientRegistrationRequest::new(
        vec![RedirectUrl::new(CALLBACK.to_owned())?],
        EmptyAdditionalClientMetadata {},
    );
    let registered = request
        .set_initial_access_token(Some(AccessToken::new(text(&given, "initial_access_token")?.to_owned())))
        .set_client_name(Some(names))
        .set_response_types(Some(vec![ResponseTypes::new(vec![CoreResponseType::Code])]))
        .set_grant_types(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::RefreshToken]))
        .register_async(&endpoint, &http)
        .await?;
    assert_eq!(registered.redirect_uris().len(), 1);
    assert!(registered.registration_access_token().is_some() && registered.registration_client_uri().is_some());

    let secret = registered.client_secret().context("a secret")?.secret().clone();
    let client = client(metadata, registered.client_id().as_str(), &secret)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CODE, CsrfToken::new_random, Nonce::new_random);
    let (url, _, nonce) = request.set_pkce_challenge(challenge).url();
    let back = Person::new("ada", PASSWORD)?.sign_in_and_allow(&url).await?;
    let code = AuthorizationCode::new(parameter(&back, "code").with_context(|| format!("no code in {back}"))?);
    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&http).await?;
    tokens.id_token().context("an ID token")?.claims(&client.id_token_verifier(), &nonce)?;
    Ok(())
}

#[tokio::test]
async fn an_app_signs_its_person_out_and_gets_them_back() -> Result<()> {
    let Some(scene) = Scene::set(&["--post-logout-redirect-uri", BYE]).await? else { return Ok(()) };
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = scene.client.authorize_url(CODE, CsrfToken::new_random, Nonce::new_random);
    let (url, ..) = request.set_pkce_challenge(challenge).url();
    let back = scene.ada.sign_in_and_allow(&url).await?;
    let code = AuthorizationCode::new(parameter(&back, "code").with_context(|| format!("no code in {back}"))?);
    let tokens = scene.client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&scene.http).await?;

    let request = LogoutRequest::from(scene.end_session.clone())
        .set_id_token_hint(tokens.id_token().context("an ID token")?)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(BYE.to_owned())?)
        .set_state(CsrfToken::new("so-long".to_owned()));
    let back = scene.ada.sign_out(&request.http_get_url()).await?;
    assert_eq!(back.as_str(), format!("{BYE}?state=so-long"));

    let request = scene.client.authorize_url(CODE, CsrfToken::new_random, Nonce::new_random);
    let (challenge, _) = PkceCodeChallenge::new_random_sha256();
    let (url, ..) = request.add_prompt(CoreAuthPrompt::None).set_pkce_challenge(challenge).url();
    let back = scene.ada.ask_silently(&url).await?;
    assert_eq!(parameter(&back, "error").as_deref(), Some("login_required"), "the session is over: {back}");
    Ok(())
}

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Ada, an app, and the crate set up from the issuer alone.
struct Scene {
    /// Goes on until the scene ends.
    _server: Server,
    client: Client,
    http: Http,
    ada: Person,
    end_session: openidconnect::EndSessionUrl,
}

impl Scene {
    async fn set(more: &[&str]) -> Result<Option<Self>> {
        let Some(server) = Server::start()? else { return Ok(None) };
        server.add_person_with_email("ada", "Ada Lovelace", "ada@example.com", PASSWORD)?;
        let app = server.add_app("Photo printer", CALLBACK, more)?;
        let (metadata, http) = discover(&server).await?;
        let end_session = metadata.additional_metadata().end_session_endpoint.clone();
        Ok(Some(Self {
            client: client(metadata, &app.client_id, &app.secret.context("a confidential client")?)?,
            http,
            ada: Person::new("ada", PASSWORD)?,
            end_session: end_session.context("an end session endpoint")?,
            _server: server,
        }))
    }

    /// What the ID token of an answer says, after all the checks that the crate's documentation asks for.
    fn believe(&self, tokens: &CoreTokenResponse, nonce: &Nonce) -> Result<CoreIdTokenClaims> {
        self.believe_both(tokens.id_token().context("an ID token")?, tokens.access_token(), nonce)
    }

    fn believe_both(&self, id_token: &CoreIdToken, access: &AccessToken, nonce: &Nonce) -> Result<CoreIdTokenClaims> {
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, nonce)?;
        let hash = AccessTokenHash::from_token(access, id_token.signing_alg()?, id_token.signing_key(&verifier)?)?;
        assert_eq!(claims.access_token_hash(), Some(&hash));
        Ok(claims.clone())
    }

    /// The crate compares the subject.
    async fn userinfo(&self, access: &AccessToken, claims: &CoreIdTokenClaims) -> Result<CoreUserInfoClaims> {
        let request = self.client.user_info(access.clone(), Some(claims.subject().clone()))?;
        Ok(request.request_async(&self.http).await?)
    }
}

async fn discover(server: &Server) -> Result<(ProviderMetadataWithLogout, Http)> {
    let http = Http::builder().redirect(redirect::Policy::none()).build()?;
    let metadata = ProviderMetadataWithLogout::discover_async(IssuerUrl::new(server.issuer.clone())?, &http).await?;
    Ok((metadata, http))
}

fn client(metadata: ProviderMetadataWithLogout, id: &str, secret: &str) -> Result<Client> {
    let (id, secret) = (ClientId::new(id.to_owned()), ClientSecret::new(secret.to_owned()));
    let client = CoreClient::from_provider_metadata(metadata, id, Some(secret));
    Ok(client.set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned())?))
}

fn in_fragment(back: &Url) -> HashMap<String, String> {
    assert_eq!(back.query(), None, "nothing of it reaches the app's server: {back}");
    let mut query = back.clone();
    query.set_query(back.fragment());
    query.query_pairs().into_owned().collect()
}

const CODE: AuthenticationFlow<CoreResponseType> = AuthenticationFlow::AuthorizationCode;
const CALLBACK: &str = "http://127.0.0.1:5000/callback";
const BYE: &str = "http://127.0.0.1:5000/bye";
const PASSWORD: &str = "difference engine no. 2";
