//! The flows that can be shown, a file each, and the one table that lists them. Command line, page and tests read it.

pub(crate) mod client_credentials;
pub(crate) mod code;
pub(crate) mod device;
pub(crate) mod facebook;
pub(crate) mod github;
pub(crate) mod password;
pub(crate) mod refresh;

use super::{
    agent::{self, Decision},
    breaks::Break,
    cast::{Cast, Role},
    stage::{Halt, Outcome, Playing, Stage, Why},
    wire::Received,
};

use std::time::Duration;

use tokio::time::sleep;

use crate::protocol::scope::ScopeSet;

/// Every flow, the usual one first.
pub(crate) const ALL: &[Flow] =
    &[code::FLOW, refresh::FLOW, device::FLOW, client_credentials::FLOW, password::FLOW, github::FLOW, facebook::FLOW];

/// A flow: how it is named, who plays and what can be done to it.
pub(crate) struct Flow {
    /// On the command line: `code`.
    pub(crate) name: &'static str,
    /// A few words.
    pub(crate) title: &'static str,
    /// What it is for, in a sentence or two.
    pub(crate) about: &'static str,
    /// A ready set of scopes that they ask for.
    pub(crate) scopes: Option<ScopeSet>,
    /// The clients it needs.
    pub(crate) roles: &'static [&'static Role],
    /// How it goes.
    pub(crate) play: Play,
    /// What can be broken.
    pub(crate) breaks: &'static [Break],
}

/// A whole script.
pub(crate) type Script = for<'a> fn(&'a mut Stage) -> Playing<'a>;
/// The part of a script that begins when the browser is back at the app with an answer.
pub(crate) type Finish = for<'a> fn(&'a mut Stage, &'a Asked, &'a str) -> Playing<'a>;

/// How a flow goes.
pub(crate) enum Play {
    /// Nobody is asked.
    Direct(Script),
    /// The browser is sent to the server and comes back.
    Redirect {
        /// The authorization request.
        ask: fn(&Cast) -> Asked,
        /// What the app does with the answer.
        finish: Finish,
    },
    /// A code is shown; the person enters it in another browser while the app asks what came of it.
    Device {
        /// The app asks for codes.
        begin: for<'a> fn(&'a mut Stage) -> Playing<'a, Pending>,
        /// The app asks what came of them; nothing while nobody has decided.
        poll: for<'a> fn(&'a mut Stage, &'a Pending) -> Playing<'a, Option<Received>>,
        /// What the app does with the outcome.
        finish: for<'a> fn(&'a mut Stage, &'a Pending, &'a Received) -> Playing<'a>,
    },
}

/// Codes that were given out, and what the app keeps of them until somebody has decided.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    /// For the app alone.
    pub(crate) device_code: String,
    /// For the person.
    pub(crate) user_code: String,
    /// Where the person enters it.
    pub(crate) page: String,
    /// The pause between two questions.
    pub(crate) interval: Duration,
}

/// An authorization request, and what the app keeps of it until the answer comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Where the browser is sent.
    pub(crate) url: String,
    /// Recognises the answer.
    pub(crate) state: String,
    /// What the challenge was made of; empty without PKCE.
    pub(crate) verifier: String,
    /// Expected back in the ID token.
    pub(crate) nonce: String,
    /// What the agent says, in the person's place.
    pub(crate) decision: Decision,
}

/// Finds a flow by its name.
pub(crate) fn find(name: &str) -> Option<&'static Flow> {
    ALL.iter().find(|flow| flow.name == name)
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Flow").field(&self.name).finish()
    }
}

impl Flow {
    /// Plays the whole flow with the agent in the person's place.
    ///
    /// # Errors
    /// [`Halt`].
    pub(crate) async fn run(&self, stage: &mut Stage) -> Outcome {
        match self.play {
            Play::Direct(script) => script(stage).await,
            Play::Redirect { ask, finish } => {
                let asked = ask(&stage.cast);
                let callback = back_at_the_app(stage, &asked).await?;
                finish(stage, &asked, &callback).await
            }
            Play::Device { begin, poll, finish } => {
                let pending = begin(stage).await?;
                poll(stage, &pending).await?;
                agent::enter_code(stage, &pending.page, &pending.user_code, Decision::Allow).await?;
                sleep(pending.interval + MARGIN).await;
                let outcome = poll(stage, &pending).await?;
                let outcome = outcome.ok_or_else(|| Halt::Unexpected("nobody has decided".to_owned()))?;
                finish(stage, &pending, &outcome).await
            }
        }
    }

    /// Does the person's own browser have a part in it?
    pub(crate) const fn can_be_walked(&self) -> bool {
        matches!(self.play, Play::Redirect { .. } | Play::Device { .. })
    }
}

/// So that a pause is over when the server looks at its clock.
pub(crate) const MARGIN: Duration = Duration::from_millis(250);

/// What an authorization request is for.
pub(crate) const ASKING: Why<'static> = Why(
    "Authorization request",
    "The app sends the browser to the server, with everything it wants in the address. Nothing in it is secret.",
);

/// Through the server's pages with a yes, and back.
///
/// # Errors
/// [`Halt`], also when the server refuses.
pub(crate) async fn back_at_the_app(stage: &mut Stage, asked: &Asked) -> Outcome<String> {
    let end = agent::walk(stage, &asked.url, ASKING, asked.decision).await?;
    end.ok_or_else(|| Halt::Unexpected("the server refused the request on a page of its own".to_owned()))
}

/// A parameter of the address the browser came back with.
pub(crate) fn parameter(callback: &str, name: &str) -> Option<String> {
    let (_, query) = callback.split_once(['?', '#'])?;
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// The code of an answer to this request, of a server whose answers do not say whose they are.
///
/// # Errors
/// [`Halt`] when it is not one.
pub(crate) fn code_of(asked: &Asked, callback: &str) -> Outcome<String> {
    if parameter(callback, "state").as_ref() != Some(&asked.state) {
        return Err(Halt::Unexpected("the app refuses this answer: its state is not the one that was sent".to_owned()));
    }
    parameter(callback, "code").ok_or_else(|| Halt::Unexpected("the app got no code".to_owned()))
}

#[cfg(test)]
mod tests;
