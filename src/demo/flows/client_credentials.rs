//! Client credentials (RFC 6749 §4.4): a program asks for itself.

use super::{Flow, Play};
use crate::demo::{
    breaks,
    cast::{MACHINE, REPORTS},
    stage::{Outcome, Stage, Why, need},
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "client-credentials",
    title: "Client credentials",
    about: "A program asks for itself: a nightly job, a service that calls another. There is no person, no browser and \
            no refresh token; the secret is all there is.",
    scopes: None,
    roles: &[&MACHINE],
    play: Play::Direct(|stage| Box::pin(run(stage))),
    breaks: &[breaks::MACHINE_SECRET, breaks::MACHINE_SCOPE, breaks::MACHINE_PERSON],
};

/// Why a machine asks.
pub(crate) const ASK: Why<'static> =
    Why("Token request", "The program shows its id and secret, and says what it wants to do.");

async fn run(stage: &mut Stage) -> Outcome {
    let machine = stage.client(&MACHINE);
    let tokens = stage.token(&machine, ASK, &[("grant_type", "client_credentials"), ("scope", REPORTS)]).await?;
    let access = need(&tokens, "access_token")?;
    let why =
        Why("Introspection", "The server says what it knows of the token. There is no username: nobody is behind it.");
    stage.ask(&machine, "/oauth2/introspect", why, &[("token", &access)]).await?;
    let why = Why("Revocation", "The job is done, and the token is given back.");
    stage.ask(&machine, "/oauth2/revoke", why, &[("token", &access)]).await?;
    let why = Why("Afterwards", "Of a token that ended, the server says exactly this.");
    stage.ask(&machine, "/oauth2/introspect", why, &[("token", &access)]).await?;
    Ok(())
}
