//! What was answered, kept until a round is over and then looked at closely: verifying costs more than asking.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use anyhow::{Context, Result, ensure};
use countersign::{
    jose::{self, PublicKey, half_hash},
    protocol::token::{access_token, id_token},
    secret::{Digest, Secret, kind},
};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    browser::NONCE,
    client::{Connection, get, post},
    operations::basic,
    process::Server,
    subject::App,
};

/// A token, and what it has to be.
enum Answer {
    /// A JWT that this app may use for this scope.
    Access(String),
    /// An opaque access token.
    Opaque(String),
    /// An ID token for this app, and the access token that came with it.
    Id(String, String),
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
    /// Who is said to have answered (RFC 9207), as it was written.
    issuers: RefCell<HashSet<String>>,
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
            issuers: RefCell::default(),
            seen: RefCell::default(),
            checked: Cell::default(),
        }))
    }

    /// An access token of either form.
    pub(crate) fn access(&self, token: &str) {
        let opaque = Secret::<kind::AccessToken>::presented(token).looks_generated();
        self.keep(if opaque { Answer::Opaque(token.to_owned()) } else { Answer::Access(token.to_owned()) });
    }

    /// An ID token, and the access token that came with it.
    pub(crate) fn id(&self, token: &str, access_token: &str) {
        self.keep(Answer::Id(token.to_owned(), access_token.to_owned()));
    }

    /// Who answered, by the redirect.
    pub(crate) fn issuer(&self, written: &str) {
        let mut issuers = self.0.issuers.borrow_mut();
        if !issuers.contains(written) {
            issuers.insert(written.to_owned());
        }
    }

    /// A refresh token.
    pub(crate) fn refresh(&self, token: &str) {
        self.keep(Answer::Refresh(token.to_owned()));
    }

    fn keep(&self, answer: Answer) {
        self.0.answers.borrow_mut().push(answer);
    }

    /// Looks at all that was kept: signature, kind, claims; that no token came twice; and whether some that say nothing
    /// themselves are known.
    pub(crate) async fn check(&self, server: &Server) -> Result<()> {
        let answers = self.0.answers.take();
        if answers.is_empty() {
            return Ok(());
        }
        let mut judge = Judge::ask(server, &self.0.app, &self.0.scope).await?;
        for answer in &answers {
            let text = judge.check(answer)?;
            let is_new = self.0.seen.borrow_mut().insert(*Digest::<kind::AccessToken>::of(text.as_bytes()).as_bytes());
            ensure!(is_new, "a token was given out twice");
        }
        let is_us = |written: &String| {
            form_urlencoded::parse(format!("iss={written}").as_bytes()).all(|(_, own)| own == judge.issuer)
        };
        ensure!(self.0.issuers.borrow().iter().all(is_us), "another has answered");
        judge.ask_about_opaque(&answers).await?;
        self.0.checked.set(self.0.checked.get() + answers.len());
        Ok(())
    }

    /// How many tokens were found good.
    pub(crate) fn checked(&self) -> usize {
        self.0.checked.get()
    }
}

/// Of a round's opaque tokens so many are asked about.
const ASKED_ABOUT: usize = 4;

/// Knows the server's keys and who it says it is.
struct Judge<'a> {
    connection: Connection,
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
        Ok(Self { connection, keys, issuer, app, scope })
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
            Answer::Id(text, access_token) => {
                let key = self.key_of(text)?;
                let claims: Value = jose::verify(key, id_token::TYP, text)?;
                let says = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
                ensure!(says("iss", &self.issuer) && says("aud", &self.app.id), "of another: {claims}");
                ensure!(says("nonce", NONCE), "of another request: {claims}");
                let hash = half_hash(key.algorithm(), access_token);
                ensure!(says("at_hash", &hash), "beside another access token: {claims}");
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

    /// The first, the last and some between are asked about by their app: they are good for what was asked for.
    async fn ask_about_opaque(&mut self, answers: &[Answer]) -> Result<()> {
        let opaque =
            answers.iter().filter_map(|answer| if let Answer::Opaque(text) = answer { Some(text) } else { None });
        let opaque: Vec<&String> = opaque.collect();
        let step = (opaque.len() / ASKED_ABOUT).max(1);
        for token in opaque.iter().step_by(step).chain(opaque.last()) {
            let request = post("/oauth2/introspect", &basic(self.app), &[("token", token)]);
            let told = self.connection.ask(&request).await?.expect(200)?.json()?;
            let says = |name: &str, value: &str| told.get(name).and_then(Value::as_str) == Some(value);
            ensure!(told.get("active") == Some(&Value::Bool(true)), "a token that is good for nothing: {told}");
            ensure!(says("client_id", &self.app.id) && says("scope", self.scope), "for something else: {told}");
        }
        Ok(())
    }

    fn key_of(&self, text: &str) -> Result<&PublicKey> {
        let kid = jose::peek_header(text).and_then(|header| header.kid).context("a token that names no key")?;
        self.keys.iter().find(|key| key.kid() == kid).context("a token of an unpublished key")
    }
}
