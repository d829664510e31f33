//! A person at a browser: cookies kept, forms filled in.

use std::borrow::BorrowMut;

use anyhow::{Context, Result, bail, ensure};

use super::{
    client::{Connection, form, get, post},
    process::Server,
};

/// Where the app is; nobody answers there, and nobody asks.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:5000/callback";

/// What an app asks to get back.
const STATE: &str = "xyz";
/// What an app asks to find in its ID token.
pub(crate) const NONCE: &str = "n-0S6_WzA2Mj";
/// RFC 7636 appendix B. One for all is enough here: each belongs to its own code.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A browser with its cookies.
pub(crate) struct Browser<C = Connection> {
    connection: C,
    cookies: Vec<(String, String)>,
}

/// A page, or where it sends to.
struct Page {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Browser {
    /// A new one, without cookies.
    pub(crate) async fn open(server: &Server) -> Result<Browser> {
        Ok(Browser { connection: Connection::open(server.address).await?, cookies: Vec::new() })
    }
}

impl<C: BorrowMut<Connection>> Browser<C> {
    /// A new one, without cookies, on a connection that is there.
    pub(crate) const fn on(connection: C) -> Self {
        Self { connection, cookies: Vec::new() }
    }

    /// Signs in at the sign-in page.
    pub(crate) async fn sign_in(&mut self, username: &str, password: &str) -> Result<()> {
        let page = self.get("/login").await?;
        let answer = self.fill_in_login(&page, username, password).await?;
        ensure!(answer.status == 303, "signing in was answered {}: {}", answer.status, words(&answer.body));
        self.session().context("signing in has begun no session").map(drop)
    }

    /// Asks for authorization as an app does, signs in and allows it; gives the code.
    pub(crate) async fn allow(&mut self, query: &str, username: &str, password: &str) -> Result<String> {
        let mut page = self.get(&format!("/oauth2/authorize?{query}")).await?;
        for _ in 0..8 {
            page = match page.location.as_deref() {
                Some(location) if location.starts_with(REDIRECT_URI) => return code_in(location),
                Some(location) => self.get(&path_of(location)).await?,
                None if page.body.contains("id=\"login\"") => self.fill_in_login(&page, username, password).await?,
                None if page.body.contains("id=\"consent\"") => {
                    let (csrf, interaction) = (hidden(&page, "csrf")?, hidden(&page, "interaction")?);
                    let fields = [("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "allow")];
                    self.post("/oauth2/authorize", &fields).await?
                }
                None => {
                    bail!("a page of status {} that is neither sign-in nor consent: {}", page.status, words(&page.body))
                }
            };
        }
        bail!("sent round and round")
    }

    /// What this browser is known by.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name.ends_with("countersign_session")).map(|(_, value)| value.as_str())
    }

    /// The cookies, as a header.
    pub(crate) fn cookie_header(&self) -> String {
        let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if all.is_empty() { String::new() } else { format!("Cookie: {}\r\n", all.join("; ")) }
    }

    async fn fill_in_login(&mut self, page: &Page, username: &str, password: &str) -> Result<Page> {
        let (csrf, interaction) = (hidden(page, "csrf")?, hidden(page, "interaction").ok());
        let mut fields = vec![("csrf", csrf.as_str()), ("username", username), ("password", password)];
        fields.extend(interaction.as_deref().map(|interaction| ("interaction", interaction)));
        self.post("/login", &fields).await
    }

    async fn get(&mut self, path: &str) -> Result<Page> {
        let request = get(path, &self.cookie_header());
        self.ask(&request).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let request = post(path, &self.cookie_header(), fields);
        self.ask(&request).await
    }

    async fn ask(&mut self, request: &[u8]) -> Result<Page> {
        let reply = BorrowMut::<Connection>::borrow_mut(&mut self.connection).ask(request).await?;
        for cookie in reply.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Page {
            status: reply.status,
            location: reply.header("location").map(str::to_owned),
            body: reply.body.to_owned(),
        })
    }
}

/// The query of an authorization request.
pub(crate) fn authorize_query(client_id: &str, scope: &str) -> String {
    form(&[
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", REDIRECT_URI),
        ("scope", scope),
        ("state", STATE),
        ("nonce", NONCE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// The code in a redirect to the app, which has to be an answer to its request.
pub(crate) fn code_in(location: &str) -> Result<String> {
    ensure!(parameter(location, "state")? == STATE, "of another request: {location}");
    parameter(location, "code").map(str::to_owned)
}

/// A parameter of a redirect, as it is written there.
pub(crate) fn parameter<'a>(location: &'a str, name: &str) -> Result<&'a str> {
    let query = location.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(own, _)| *own == name).map(|(_, value)| value);
    found.with_context(|| format!("no {name} in {location}"))
}

/// The value of a hidden field. Ours hold nothing that HTML would escape.
fn hidden(page: &Page, name: &str) -> Result<String> {
    let field = format!("name=\"{name}\" value=\"");
    let value = page.body.split_once(&field).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
    value
        .map(str::to_owned)
        .with_context(|| format!("no field {name} in a page of status {}: {}", page.status, words(&page.body)))
}

fn path_of(location: &str) -> String {
    match location.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, path)) => format!("/{path}"),
        None => location.to_owned(),
    }
}

/// A page without its tags, for an error.
fn words(body: &str) -> String {
    let text: String = body.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text)).collect();
    text.split_whitespace().take(80).collect::<Vec<_>>().join(" ")
}
