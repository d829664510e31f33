//! One operation each, as a program or browser does it, with a look at the answer.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD as B64};

use super::{
    browser::{REDIRECT_URI, authorize_query, code_in},
    client::{Connection, get, post},
    process::Server,
    reference::SECRET,
    subject::{App, PERSON, Sessions},
};

const TOKEN_ENDPOINT: &str = "/oauth2/access_token";

/// Tokens to be used in turn.
pub(crate) type Tokens = Rc<RefCell<VecDeque<String>>>;

/// What of each answer is kept: nothing if the member has no name.
#[derive(Default)]
pub(crate) struct Issued {
    /// Its name.
    pub(crate) member: &'static str,
    /// Where it is kept.
    pub(crate) tokens: Tokens,
}

/// Nothing has to be made ready.
pub(crate) async fn nothing(_: &Server, _: usize) -> Result<()> {
    Ok(())
}

/// The same request each time; a token must be in the answer.
pub(crate) fn asks(request: Vec<u8>) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    Rc::new(async move |connection: &mut Connection| {
        connection.ask(&request).await?.expect(200)?.need_member("access_token").map(drop)
    })
}

/// The same page each time.
pub(crate) fn gets(path: &str) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let request = get(path, "");
    Rc::new(async move |connection: &mut Connection| connection.ask(&request).await?.expect(200).map(drop))
}

/// The reference's least of an introspection.
pub(crate) fn checks() -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let request = reference_form("/check", &[]);
    Rc::new(async move |connection: &mut Connection| {
        let reply = connection.ask(&request).await?.expect(200)?;
        ensure!(reply.body.contains("\"active\":true"), "not active: {}", reply.body);
        Ok(())
    })
}

/// One token after the other is presented; the answer must have this in it.
pub(crate) fn presents(
    tokens: &Tokens,
    request: impl Fn(&str) -> Vec<u8>,
    has: &'static str,
) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let requests: VecDeque<Rc<[u8]>> = tokens.borrow().iter().map(|token| request(token).into()).collect();
    let requests = RefCell::new(requests);
    Rc::new(async move |connection: &mut Connection| {
        requests.borrow_mut().rotate_left(1);
        let request = requests.borrow().front().map(Rc::clone).context("there is no token")?;
        let reply = connection.ask(&request).await?.expect(200)?;
        ensure!(reply.body.contains(has), "no {has} in {}", reply.body);
        Ok(())
    })
}

/// authorize → code → token.
pub(crate) fn flow(
    app: &App,
    scope: &str,
    sessions: &Sessions,
    issued: &Rc<Issued>,
) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let path = format!("/oauth2/authorize?{}", authorize_query(&app.id, scope));
    let (basic, sessions, issued) = (basic(app), sessions.clone(), Rc::clone(issued));
    let with_id_token = scope.contains("openid");
    Rc::new(async move |connection: &mut Connection| {
        let reply = connection.ask(&get(&path, &sessions.next()?)).await?.expect(302)?;
        let code = code_in(reply.header("location").context("a redirect to nowhere")?)?;
        let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
        let reply = connection.ask(&post(TOKEN_ENDPOINT, &basic, &form)).await?.expect(200)?;
        reply.need_member("access_token")?;
        ensure!(!with_id_token || reply.member("id_token").is_some(), "no ID token in {}", reply.body);
        if !issued.member.is_empty() {
            issued.tokens.borrow_mut().push_back(reply.need_member(issued.member)?.to_owned());
        }
        Ok(())
    })
}

/// The reference's two requests.
pub(crate) fn reference_flow(request: Vec<u8>) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let code = get("/code", "");
    Rc::new(async move |connection: &mut Connection| {
        let reply = connection.ask(&code).await?.expect(302)?;
        code_in(reply.header("location").context("a redirect to nowhere")?)?;
        connection.ask(&request).await?.expect(200)?.need_member("access_token").map(drop)
    })
}

/// The chains move on, one after the other.
pub(crate) fn rotation(app: &App, chains: &Tokens) -> Rc<impl AsyncFn(&mut Connection) -> Result<()> + 'static> {
    let (basic, chains) = (basic(app), Rc::clone(chains));
    Rc::new(async move |connection: &mut Connection| {
        let token = chains.borrow_mut().pop_front().context("all chains are in use")?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let reply = connection.ask(&post(TOKEN_ENDPOINT, &basic, &form)).await?.expect(200)?;
        reply.need_member("access_token")?;
        chains.borrow_mut().push_back(reply.need_member("refresh_token")?.to_owned());
        Ok(())
    })
}

pub(crate) fn client_credentials(app: &App) -> Vec<u8> {
    let form = [("grant_type", "client_credentials"), ("client_id", &app.id), ("client_secret", &app.secret)];
    post(TOKEN_ENDPOINT, "", &[&form[..], &[("scope", "read")]].concat())
}

pub(crate) fn password_grant(app: &App) -> Vec<u8> {
    let (name, password) = PERSON;
    let person = [("grant_type", "password"), ("username", name), ("password", password)];
    let client = [("client_id", app.id.as_str()), ("client_secret", &app.secret), ("scope", "read")];
    post(TOKEN_ENDPOINT, "", &[&person[..], &client[..]].concat())
}

/// What the reference reads: as many fields, about as long.
pub(crate) fn reference_form(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "k7Qm2vXb9TzR4nLs"),
        ("client_secret", SECRET),
        ("scope", "read"),
    ];
    post(path, "", &[&form[..], more].concat())
}

pub(crate) fn basic(app: &App) -> String {
    format!("Authorization: Basic {}\r\n", B64.encode(format!("{}:{}", app.id, app.secret)))
}
