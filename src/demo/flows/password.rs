//! The resource owner password grant (RFC 6749 §4.3): kept for old programs.

use super::{Flow, Play, code};
use crate::demo::{
    breaks,
    cast::LEGACY,
    stage::{Outcome, Stage, Why, need},
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "password",
    title: "Password grant",
    about: "A program from before there were consent pages takes the password itself. It is off unless a client is \
            registered for it: whoever gets the password can do everything, and no second factor can be asked for.",
    scopes: None,
    roles: &[&LEGACY],
    play: Play::Direct(|stage| Box::pin(run(stage))),
    breaks: &[breaks::WRONG_PASSWORD, breaks::LEGACY_SECRET],
};

/// Why an old program asks.
pub(crate) const ASK: Why<'static> =
    Why("Token request", "The program sends the person’s name and password along. It has seen both.");

async fn run(stage: &mut Stage) -> Outcome {
    let legacy = stage.client(&LEGACY);
    let person = stage.cast.person.clone();
    let pairs = [("grant_type", "password"), ("username", &person.username), ("password", &person.password)];
    let tokens = stage.token(&legacy, ASK, &pairs).await?;
    let (access, refresh) = (need(&tokens, "access_token")?, need(&tokens, "refresh_token")?);
    let why = Why("An API checks the token", "Some API was handed the access token and asks the server whose it is.");
    stage.verify(why, &access).await?;
    let why = Why("Refresh", "At least the password need not be kept: the refresh token takes its place.");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let tokens = stage.token(&legacy, why, &pairs).await?;
    let (access, refresh) = (need(&tokens, "access_token")?, need(&tokens, "refresh_token")?);
    code::inspect_and_revoke(stage, &legacy, &access, &refresh).await
}
