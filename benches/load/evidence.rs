//! What was answered, kept until a round is over and then looked at closely: verifying costs more than asking.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use anyhow::{Context, Result, ensure};
use countersign::{
    jose::{self, PublicKey},
    protocol::token::{access_token, id_token},
    secret::{Digest, Secret, kind},
};
use serde_json::Value;

use super::{
    browser::NONCE,
    client::{Connection, get},
    process::Server,
    subject::App,
};

/// A token, and what it has to be.
enum Answer {
    /// A JWT that this app may use for this scope.
    Access(String),
    /// An opaque access token.
    Opaque(String),
    /// An ID token for this app.
    Id(String),
    /// A refresh token.
    Refresh(String),
}

/// Everything that an app was given.
#[derive(Clone)]
pub(crate) struct Evidence(Rc<Kept>);

struct Kept {
    app: App,
    scope: String,
    answers: RefCell<Vec<Answer>>,
    /// No token comes twice, ever.
    seen: RefCell<HashSet<[u8; 32]>>,
    checked: Cell<usize>,
}

impl Evidence {
    /// Of what this app is given for this scope.
    pub(crate) fn of(app: &App, scope: &str) -> Self {
        Self(Rc::new(Kept {
            app: app.clone(),
            scope: scope.to_owned(),
            answers: RefCell::default(),
            seen: RefCell::default(),
            checked: Cell::default(),
        }))
    }

    /// An access token of either form.
    pub(crate) fn access(&self, token: &str) {
        let opaque = Secret::<kind::AccessToken>::presented(token).looks_generated();
        self.keep(if opaque { Answer::Opaque(token.to_owned()) } else { Answer::Access(token.to_owned()) });
    }

    /// An ID token.
    pub(crate) fn id(&self, token: &str) {
        self.keep(Answer::Id(token.to_owned()));
    }

    /// A refresh token.
    pub(crate) fn refresh(&self, token: &str) {
        self.keep(Answer::Refresh(token.to_owned()));
    }

    fn keep(&self, answer: Answer) {
        self.0.answers.borrow_mut().push(answer);
    }

    /// Looks at all that was kept: signature, kind, claims; and that no token came twice.
    pub(crate) async fn check(&self, server: &Server) -> Result<()> {
        let answers = self.0.answers.take();
        if answers.is_empty() {
            return Ok(());
        }
        let judge = Judge::ask(server, &self.0.app, &self.0.scope).await?;
        for answer in &answers {
            let text = judge.check(answer)?;
            let is_new = self.0.seen.borrow_mut().insert(*Digest::<kind::AccessToken>::of(text.as_bytes()).as_bytes());
            ensure!(is_new, "a token was given out twice");
        }
        self.0.checked.set(self.0.checked.get() + answers.len());
        Ok(())
    }

    /// How many tokens were found good.
    pub(crate) fn checked(&self) -> usize {
        self.0.checked.get()
    }
}

/// Knows the server's keys and who it says it is.
struct Judge<'a> {
    keys: Vec<PublicKey>,
    issuer: String,
    app: &'a App,
    scope: &'a str,
}

impl<'a> Judge<'a> {
    async fn ask(server: &Server, app: &'a App, scope: &'a str) -> Result<Self> {
        let mut connection = Connection::open(server.address).await?;
        let metadata = connection.ask(&get("/.well-known/openid-configuration", "")).await?.expect(200)?.json()?;
        let issuer = metadata.get("issuer").and_then(Value::as_str).context("no issuer")?.to_owned();
        let jwks = connection.ask(&get("/oauth2/jwks", "")).await?.expect(200)?.json()?;
        let keys = jwks.get("keys").and_then(Value::as_array).context("no keys")?;
        let signing = keys.iter().filter(|key| key.get("use").is_none_or(|of| of == "sig")).cloned();
        let keys = signing.map(PublicKey::from_json).collect::<Result<_, _>>()?;
        Ok(Self { keys, issuer, app, scope })
    }

    fn check<'t>(&self, answer: &'t Answer) -> Result<&'t str> {
        match answer {
            Answer::Access(text) => {
                let claims: access_token::Claims = jose::verify(self.key_of(text)?, access_token::TYP, text)?;
                ensure!(claims.iss == self.issuer && claims.client_id == self.app.id, "of another: {claims:?}");
                ensure!(claims.scope == self.scope && !claims.sub.is_empty(), "for something else: {claims:?}");
                ensure!(claims.exp > claims.iat && !claims.aud.as_slice().is_empty(), "good for nothing: {claims:?}");
                Ok(text)
            }
            Answer::Id(text) => {
                let claims: Value = jose::verify(self.key_of(text)?, id_token::TYP, text)?;
                let says = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
                ensure!(says("iss", &self.issuer) && says("aud", &self.app.id), "of another: {claims}");
                ensure!(says("nonce", NONCE) && claims.get("at_hash").is_some(), "of another request: {claims}");
                Ok(text)
            }
            Answer::Opaque(text) => {
                ensure!(Secret::<kind::AccessToken>::presented(text).body().is_some(), "no token of ours: {text}");
                Ok(text)
            }
            Answer::Refresh(text) => {
                ensure!(Secret::<kind::RefreshToken>::presented(text).body().is_some(), "no token of ours: {text}");
                Ok(text)
            }
        }
    }

    fn key_of(&self, text: &str) -> Result<&PublicKey> {
        let kid = jose::peek_header(text).and_then(|header| header.kid).context("a token that names no key")?;
        self.keys.iter().find(|key| key.kid() == kid).context("a token of an unpublished key")
    }
}
