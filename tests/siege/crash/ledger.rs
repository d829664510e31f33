//! What somebody was told, and may hold the server to.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use super::chance::Chance;
use crate::support::{App, Door, Lost, Reply, Shell};

/// What is known of something that can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Its beginning was acknowledged.
    Alive,
    /// Its end was.
    Ended,
    /// Something was asked and no answer came: it may be either, until it is seen.
    Either,
}

impl Life {
    /// What is seen must not contradict what was acknowledged; from now on it is known.
    #[track_caller]
    pub(super) fn saw(&mut self, alive: bool, what: impl Display) {
        let seen = if alive { Self::Alive } else { Self::Ended };
        assert!(*self == Self::Either || *self == seen, "{what}: acknowledged as {self:?}, seen as {seen:?}");
        *self = seen;
    }
}

/// How much was acknowledged, and what was not.
#[derive(Default)]
pub(super) struct Tally {
    acknowledged: BTreeMap<&'static str, usize>,
    /// Requests that were on the way when the server was killed.
    lost: usize,
    /// Of everybody together, while they work.
    heard: Arc<AtomicUsize>,
}

impl Tally {
    pub(super) fn new(heard: &Arc<AtomicUsize>) -> Self {
        Self { heard: Arc::clone(heard), ..Self::default() }
    }

    pub(super) fn done(&mut self, what: &'static str) {
        *self.acknowledged.entry(what).or_default() += 1;
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&mut self, lost: &Lost) {
        self.lost += usize::from(lost.on_the_way);
    }

    pub(super) fn killed(&mut self) {
        self.lost += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (what, count) in &other.acknowledged {
            *self.acknowledged.entry(what).or_default() += count;
        }
        self.lost += other.lost;
    }

    pub(super) fn of(&self, what: &str) -> usize {
        self.acknowledged.get(what).copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> usize {
        self.acknowledged.values().sum()
    }

    pub(super) fn all_lost(&self) -> usize {
        self.lost
    }

    pub(super) fn report(&self) {
        println!("{} operations acknowledged: {:?}", self.all(), self.acknowledged);
        println!("{} asked for when the server was killed, and not answered", self.lost);
    }
}

/// A client as it knows itself, whichever server is up.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) client_id: String,
    pub(super) secret: Option<String>,
}

pub(super) const CALLBACK: &str = "https://app.example/cb";

impl Registered {
    /// Registers a client with these flags.
    pub(super) fn new(shell: &Shell, flags: &[&str]) -> Self {
        Self::printed(&shell.run(&[&["client", "create", "--name", "Printer", "--json"], flags].concat()).json())
    }

    /// As a command printed it.
    pub(super) fn printed(client: &Value) -> Self {
        let text = |name: &str| client[name].as_str().map(str::to_owned);
        Self { client_id: text("client_id").unwrap(), secret: text("client_secret") }
    }

    pub(super) fn at<'a>(&self, server: &'a Door) -> App<'a> {
        let (client_id, secret) = (self.client_id.clone(), self.secret.clone());
        App { server, client_id, secret, redirect_uri: CALLBACK.to_owned() }
    }
}

/// An access token.
pub(super) struct Access {
    pub(super) text: String,
    pub(super) life: Life,
}

impl Access {
    pub(super) fn new(text: String) -> Self {
        Self { text, life: Life::Alive }
    }

    /// It is what it was acknowledged to be.
    pub(super) async fn check(&mut self, app: &App<'_>, chance: &mut Chance) -> Result<(), Lost> {
        self.life.saw(is_alive(app, &self.text, chance).await?, "an access token");
        Ok(())
    }
}

/// As its own client sees a token by introspection; or, if it is a person's, the protected resource.
pub(super) async fn is_alive(app: &App<'_>, token: &str, chance: &mut Chance) -> Result<bool, Lost> {
    if app.secret.is_some() && chance.one_in(2) {
        let reply = app.try_post("/oauth2/introspect", &[("token", token)]).await?;
        return Ok(reply.has_status(200).json()["active"] == true);
    }
    let request = app.server.request("GET", "/api/verify").header("authorization", format!("Bearer {token}"));
    let reply = Reply::try_of(request).await?;
    if reply.status != 200 {
        reply.has_status(401);
    }
    Ok(reply.status == 200)
}
