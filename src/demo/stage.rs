//! Where a run takes place: it sends requests and keeps every one with its reply.

use std::{pin::Pin, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD as B64};

use super::{
    cast::{Cast, Registered, Role},
    step::{Actor, Step},
    wire::{Exchange, Received, Sent},
};

/// Why a run ended early. What happened until then is shown all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// No answer.
    #[error("{url} does not answer: {error}")]
    Silence {
        /// Who was asked.
        url: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// An answer that this run cannot go on from.
    #[error("{0}")]
    Unexpected(String),
}

/// What scripts answer.
pub(crate) type Outcome<T = ()> = Result<T, Halt>;
/// A script under way.
pub(crate) type Playing<'a, T = ()> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// One run.
pub(crate) struct Stage {
    /// Who plays.
    pub(crate) cast: Arc<Cast>,
    /// What happened so far.
    pub(crate) steps: Vec<Step>,
    point: bool,
}

/// What a request is for: a few words, and a sentence or two.
pub(crate) struct Why<'a>(pub &'a str, pub &'a str);

impl Stage {
    /// An empty one.
    pub(crate) const fn new(cast: Arc<Cast>) -> Self {
        Self { cast, steps: Vec::new(), point: false }
    }

    /// The client of a role.
    pub(crate) fn client(&self, role: &Role) -> Registered {
        self.cast.client(role)
    }

    /// What comes from here on is what this run is about.
    pub(crate) const fn come_to_the_point(&mut self) {
        self.point = true;
    }

    /// Sends a request and keeps it.
    ///
    /// # Errors
    /// [`Halt::Silence`].
    pub(crate) async fn send(&mut self, by: Actor, why: Why<'_>, request: Sent) -> Outcome<Received> {
        let reply =
            self.cast.wire.send(&request).await.map_err(|error| Halt::Silence { url: request.url.clone(), error })?;
        self.keep(by, why, request, reply.clone());
        Ok(reply)
    }

    /// Keeps what somebody else sent.
    pub(crate) fn keep(&mut self, by: Actor, Why(title, why): Why<'_>, request: Sent, reply: Received) {
        let exchange = Exchange { title: title.to_owned(), why: why.to_owned(), request, reply };
        self.steps.push(Step { by, exchange, point: self.point });
    }

    /// An address of the server.
    pub(crate) fn server(&self, path: &str) -> String {
        format!("{}{path}", self.cast.issuer)
    }

    /// A form that a client posts to the server, with its secret in the header.
    ///
    /// # Errors
    /// [`Halt::Silence`].
    pub(crate) async fn ask(
        &mut self,
        client: &Registered,
        path: &str,
        why: Why<'_>,
        pairs: &[(&str, &str)],
    ) -> Outcome<Received> {
        let request = Sent::post(self.server(path), pairs).with("Authorization", basic(client));
        self.send(Actor::App, why, request).await
    }

    /// A form to the token endpoint.
    ///
    /// # Errors
    /// [`Halt::Silence`].
    pub(crate) async fn token(
        &mut self,
        client: &Registered,
        why: Why<'_>,
        pairs: &[(&str, &str)],
    ) -> Outcome<Received> {
        self.ask(client, "/oauth2/access_token", why, pairs).await
    }

    /// The person's claims, by an access token.
    ///
    /// # Errors
    /// [`Halt::Silence`].
    pub(crate) async fn userinfo(&mut self, why: Why<'_>, token: &str) -> Outcome<Received> {
        self.bearer(Actor::App, "/oauth2/userinfo", why, token).await
    }

    /// An API asks whose token it was handed.
    ///
    /// # Errors
    /// [`Halt::Silence`].
    pub(crate) async fn verify(&mut self, why: Why<'_>, token: &str) -> Outcome<Received> {
        self.bearer(Actor::Api, "/api/verify", why, token).await
    }

    async fn bearer(&mut self, by: Actor, path: &str, why: Why<'_>, token: &str) -> Outcome<Received> {
        let request = Sent::get(self.server(path)).with("Authorization", format!("Bearer {token}"));
        self.send(by, why, request).await
    }
}

/// HTTP Basic. Ids and secrets of ours are letters and digits, so that nothing needs to be encoded before.
fn basic(client: &Registered) -> String {
    format!("Basic {}", B64.encode(format!("{}:{}", client.id, client.secret)))
}

/// A member that the run cannot go on without.
///
/// # Errors
/// [`Halt::Unexpected`].
pub(crate) fn need(reply: &Received, name: &str) -> Outcome<String> {
    reply
        .member(name)
        .ok_or_else(|| Halt::Unexpected(format!("the reply has no {name}: {} {}", reply.status, reply.body)))
}
