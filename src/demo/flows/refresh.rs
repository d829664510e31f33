//! Refreshing (RFC 6749 §6, RFC 9700 §4.14): one chain, a new token each time.

use super::{Asked, Flow, Play, code};
use crate::demo::{
    breaks,
    cast::NOTES,
    stage::{Outcome, Stage, Why, need},
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "refresh",
    title: "Refresh tokens",
    about: "How an app stays connected when the person is away: access tokens live for minutes, and each refresh token \
            is exchanged for the next. A token that comes twice was copied, and ends the chain.",
    scopes: None,
    roles: &[&NOTES],
    play: Play::Redirect { ask: code::ask, finish: |stage, asked, callback| Box::pin(finish(stage, asked, callback)) },
    breaks: &[breaks::USED_REFRESH, breaks::WIDER_SCOPE, breaks::WRONG_SECRET],
};

async fn finish(stage: &mut Stage, asked: &Asked, callback: &str) -> Outcome {
    let notes = stage.client(&NOTES);
    let mut tokens = code::redeem(stage, &notes, asked, callback, code::REDEEM).await?;
    stage.come_to_the_point();
    for title in ["First refresh", "Second refresh"] {
        let refresh = need(&tokens, "refresh_token")?;
        let why = Why(title, "The refresh token is spent by this. The reply has the next one, and a new access token.");
        tokens = stage.token(&notes, why, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await?;
    }
    let refresh = need(&tokens, "refresh_token")?;
    let why = Why(
        "A narrower refresh",
        "An app may ask for less than it was granted. This holds for this access token only.",
    );
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("scope", "openid")];
    let tokens = stage.token(&notes, why, &pairs).await?;
    let (access, refresh) = (need(&tokens, "access_token")?, need(&tokens, "refresh_token")?);
    code::inspect_and_revoke(stage, &notes, &access, &refresh).await
}
