//! The authorization code with PKCE (RFC 6749 §4.1, RFC 7636), and `OpenID` Connect on top of it.

use url::form_urlencoded::Serializer;

use super::{Asked, Flow, Play, parameter};
use crate::{
    client::authorization,
    demo::{
        agent::Decision,
        breaks,
        cast::{BRIEF, Cast, NOTES, Registered},
        jwt,
        stage::{Halt, Outcome, Stage, Why, need},
    },
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "code",
    title: "Authorization code with PKCE",
    about: "An app with a web page signs somebody in and gets access to their data. The browser carries a short-lived \
            code; the tokens go from server to server, and the password stays on the server’s own page.",
    scopes: None,
    roles: &[&NOTES, &BRIEF],
    play: Play::Redirect { ask, finish: |stage, asked, callback| Box::pin(finish(stage, asked, callback)) },
    breaks: &[
        breaks::REPLAY_CODE,
        breaks::WRONG_VERIFIER,
        breaks::WRONG_REDIRECT,
        breaks::OTHER_REDIRECT,
        breaks::WRONG_SECRET,
        breaks::EXPIRED_TOKEN,
        breaks::TAMPERED_TOKEN,
        breaks::USED_REFRESH,
        breaks::SAY_NO,
    ],
};

/// The request of the demo's usual app.
pub(crate) fn ask(cast: &Cast) -> Asked {
    ask_for(cast, &cast.client(&NOTES))
}

/// The request of a client.
pub(crate) fn ask_for(cast: &Cast, client: &Registered) -> Asked {
    let (authorization::Asked { state, verifier, nonce, .. }, drawn) = authorization::draw();
    let query = Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", &client.redirect_uri)
        .append_pair("scope", "openid profile email offline_access")
        .extend_pairs(drawn)
        .append_pair("prompt", "consent")
        .finish();
    let url = format!("{}/oauth2/authorize?{query}", cast.issuer);
    Asked { url, state, verifier, nonce, decision: Decision::Allow }
}

/// Why a code is redeemed.
pub(crate) const REDEEM: Why<'static> = Why(
    "The code is redeemed",
    "From server to server: the app shows its secret and the verifier behind the challenge, and gets tokens.",
);

/// Redeems the code of an answer.
///
/// # Errors
/// [`Halt`] when there is no code in it, or no reply.
pub(crate) async fn redeem(
    stage: &mut Stage,
    client: &Registered,
    asked: &Asked,
    callback: &str,
    why: Why<'_>,
) -> Outcome<crate::demo::wire::Received> {
    let code = code_of(&stage.cast.issuer, asked, callback)?;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", &asked.verifier),
    ];
    stage.token(client, why, &pairs).await
}

/// The code of an answer, if it is one to this request.
///
/// # Errors
/// [`Halt`] when it is not.
pub(crate) fn code_of(issuer: &str, asked: &Asked, callback: &str) -> Outcome<String> {
    if parameter(callback, "state").as_ref() != Some(&asked.state) {
        return Err(Halt::Unexpected("the app refuses this answer: its state is not the one that was sent".to_owned()));
    }
    if parameter(callback, "iss").as_deref() != Some(issuer) {
        return Err(Halt::Unexpected("the app refuses this answer: it comes from another server".to_owned()));
    }
    parameter(callback, "code").ok_or_else(|| {
        let error = parameter(callback, "error").unwrap_or_default();
        let words = parameter(callback, "error_description").unwrap_or_default();
        Halt::Unexpected(format!("the app got no code but an error: {error}: {words}"))
    })
}

/// What an app checks of an ID token that came straight from the server (OIDC Core §3.1.3.7).
fn check_id_token(issuer: &str, client: &Registered, asked: &Asked, token: &str) -> Outcome {
    let (_, claims) = jwt::decode(token).unwrap_or_default();
    let is = |name: &str, value: &str| claims.get(name).and_then(serde_json::Value::as_str) == Some(value);
    if is("iss", issuer) && is("aud", &client.id) && is("nonce", &asked.nonce) {
        return Ok(());
    }
    Err(Halt::Unexpected("the app refuses the ID token: it is not for this app and this request".to_owned()))
}

async fn finish(stage: &mut Stage, asked: &Asked, callback: &str) -> Outcome {
    let notes = stage.client(&NOTES);
    let tokens = redeem(stage, &notes, asked, callback, REDEEM).await?;
    check_id_token(&stage.cast.issuer, &notes, asked, &need(&tokens, "id_token")?)?;
    let (access, refresh) = (need(&tokens, "access_token")?, need(&tokens, "refresh_token")?);
    let why = Why("Who is it?", "The app asks for the person’s claims. It gets what the person agreed to, no more.");
    stage.userinfo(why, &access).await?;
    let why = Why(
        "An API checks the token",
        "Some API was handed the access token and asks the server whose it is. It could check the signature itself, by \
         the keys at /oauth2/jwks.",
    );
    stage.verify(why, &access).await?;
    let why = Why(
        "Refresh",
        "Access tokens are short-lived. With the refresh token the app gets new ones while the person is away; each \
         refresh token works once.",
    );
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let tokens = stage.token(&notes, why, &pairs).await?;
    let (access, refresh) = (need(&tokens, "access_token")?, need(&tokens, "refresh_token")?);
    inspect_and_revoke(stage, &notes, &access, &refresh).await
}

/// Introspection, revocation, and what is left after it.
///
/// # Errors
/// [`Halt::Silence`].
pub(crate) async fn inspect_and_revoke(stage: &mut Stage, client: &Registered, access: &str, refresh: &str) -> Outcome {
    let why =
        Why("Introspection", "The server says what it knows of a token, to the client that the token belongs to.");
    stage.ask(client, "/oauth2/introspect", why, &[("token", access)]).await?;
    let why = Why("Revocation", "The person signs out of the app. The app gives its refresh token back.");
    stage.ask(client, "/oauth2/revoke", why, &[("token", refresh)]).await?;
    stage
        .verify(Why("Afterwards: the access token", "Its signature is still good, but the access has ended."), access)
        .await?;
    let why =
        Why("Afterwards: the refresh token", "There is nothing left to refresh. The app must send the person again.");
    stage.token(client, why, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await?;
    Ok(())
}
