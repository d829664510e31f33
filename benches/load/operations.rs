//! One operation each, as a program or browser does it, with a look at the answer. What takes longer to look at is kept
//! as evidence.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet, VecDeque},
    rc::Rc,
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::{jose, protocol::token::access_token};

use super::{
    browser::{Browser, REDIRECT_URI, VERIFIER, authorize_query, code_in, parameter},
    client::{Reply, get, post},
    evidence::Evidence,
    reference::SECRET,
    rounds::Operation,
    subject::{App, PERSON, Sessions},
};

const TOKEN_ENDPOINT: &str = "/oauth2/access_token";

/// Tokens to be used in turn.
pub(crate) type Tokens = Rc<RefCell<VecDeque<String>>>;

/// The same token request each time.
pub(crate) fn asks(request: Vec<u8>, evidence: &Evidence) -> Operation {
    let evidence = evidence.clone();
    Operation::new(async move |connection| {
        let reply = connection.ask(&request).await?.expect(200)?;
        evidence.access(reply.need_member("access_token")?);
        Ok(())
    })
}

/// The reference's least of it.
pub(crate) fn reference_asks(path: &str, more: &[(&str, &str)]) -> Operation {
    let request = reference_form(path, more);
    Operation::new(async move |connection| {
        connection.ask(&request).await?.expect(200)?.need_member("access_token").map(drop)
    })
}

/// The same page each time, with the same body.
pub(crate) fn gets(path: &str) -> Operation {
    let (request, first) = (get(path, ""), RefCell::new(String::new()));
    Operation::new(async move |connection| {
        let reply = connection.ask(&request).await?.expect(200)?;
        is_the_same(&mut first.borrow_mut(), &reply)
    })
}

/// A page that is another each time and has this in it.
pub(crate) fn shows(path: &str, has: &'static str) -> Operation {
    let request = get(path, "");
    Operation::new(async move |connection| {
        let reply = connection.ask(&request).await?.expect(200)?;
        ensure!(reply.body.contains(has), "no {has} in {}", reply.body);
        Ok(())
    })
}

/// The reference's least of an introspection.
pub(crate) fn reference_checks() -> Operation {
    let request = reference_form("/check", &[]);
    Operation::new(async move |connection| {
        let reply = connection.ask(&request).await?.expect(200)?;
        ensure!(reply.body.contains("\"active\":true"), "not active: {}", reply.body);
        Ok(())
    })
}

/// One token after the other is presented. The first answer about each must have all of this in it and be about the
/// token's person, and every later one must be the same.
pub(crate) fn presents(tokens: &Tokens, request: impl Fn(&str) -> Vec<u8> + 'static, has: Vec<String>) -> Operation {
    let (tokens, answers) = (Rc::clone(tokens), RefCell::new(HashMap::<String, Option<String>>::new()));
    Operation::new(async move |connection| {
        tokens.borrow_mut().rotate_left(1);
        let token = tokens.borrow().front().cloned().context("there is no token")?;
        let reply = connection.ask(&request(&token)).await?.expect(200)?;
        let missing = has.iter().find(|has| !reply.body.contains(has.as_str()));
        ensure!(missing.is_none(), "no {} in {}", missing.map_or("", String::as_str), reply.body);
        let mut answers = answers.borrow_mut();
        let first = answers.entry(token).or_insert_with_key(|token| {
            let claims: Option<access_token::Claims> = jose::peek_claims(token);
            claims.filter(|claims| reply.member("sub") == Some(&claims.sub)).map(|_| String::new())
        });
        is_the_same(first.as_mut().with_context(|| format!("of somebody else: {}", reply.body))?, &reply)
    })
}

/// Introspection by the app that has the tokens.
pub(crate) fn introspects(app: &App, tokens: &Tokens) -> Operation {
    let basic = basic(app);
    let has = vec!["\"active\":true".to_owned(), format!("\"client_id\":\"{}\"", app.id)];
    presents(tokens, move |token| post("/oauth2/introspect", &basic, &[("token", token)]), has)
}

/// Userinfo with a token of somebody's.
pub(crate) fn asks_userinfo(tokens: &Tokens) -> Operation {
    let ask = |token: &str| get("/oauth2/userinfo", &format!("Authorization: Bearer {token}\r\n"));
    presents(tokens, ask, vec!["\"sub\":\"".to_owned()])
}

/// authorize → code → token. The tokens named here are kept, to be used.
pub(crate) fn flow(
    app: &App,
    scope: &str,
    sessions: &Sessions,
    evidence: &Evidence,
    kept: Option<(&'static str, Tokens)>,
) -> Operation {
    let path = format!("/oauth2/authorize?{}", authorize_query(&app.id, scope));
    let (basic, sessions, evidence) = (basic(app), sessions.clone(), evidence.clone());
    let with_id_token = scope.contains("openid");
    Operation::new(async move |connection| {
        let reply = connection.ask(&get(&path, &sessions.next()?)).await?.expect(302)?;
        let location = reply.header("location").context("a redirect to nowhere")?;
        let code = code_in(location)?;
        evidence.issuer(parameter(location, "iss")?);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let reply = connection.ask(&post(TOKEN_ENDPOINT, &basic, &form)).await?.expect(200)?;
        let access_token = reply.need_member("access_token")?;
        evidence.access(access_token);
        if with_id_token {
            evidence.id(reply.need_member("id_token")?, access_token);
        }
        if let Some((member, tokens)) = &kept {
            tokens.borrow_mut().push_back(reply.need_member(member)?.to_owned());
        }
        Ok(())
    })
}

/// The reference's two requests.
pub(crate) fn reference_flow(more: &[(&str, &str)]) -> Operation {
    let (code, request) = (get("/code", ""), reference_form("/token-and-row", more));
    Operation::new(async move |connection| {
        let reply = connection.ask(&code).await?.expect(302)?;
        code_in(reply.header("location").context("a redirect to nowhere")?)?;
        connection.ask(&request).await?.expect(200)?.need_member("access_token").map(drop)
    })
}

/// The chains move on, one after the other.
pub(crate) fn rotation(app: &App, chains: &Tokens, evidence: &Evidence) -> Operation {
    let (basic, chains, evidence) = (basic(app), Rc::clone(chains), evidence.clone());
    Operation::new(async move |connection| {
        let token = chains.borrow_mut().pop_front().context("all chains are in use")?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let reply = connection.ask(&post(TOKEN_ENDPOINT, &basic, &form)).await?.expect(200);
        if reply.is_err() {
            // what was refused has not happened: the token is as good as before
            chains.borrow_mut().push_back(token);
        }
        let reply = reply?;
        let next = reply.need_member("refresh_token")?;
        evidence.access(reply.need_member("access_token")?);
        evidence.refresh(next);
        chains.borrow_mut().push_back(next.to_owned());
        Ok(())
    })
}

/// Somebody signs in at the page, in a browser that was never here: the page, then the form.
pub(crate) fn signs_in() -> Operation {
    let seen = RefCell::new(HashSet::new());
    Operation::new(async move |connection| {
        let ((name, password), mut browser) = (PERSON, Browser::on(connection));
        browser.sign_in(name, password).await?;
        let session = browser.session().unwrap_or_default().to_owned();
        ensure!(seen.borrow_mut().insert(session), "two browsers were given one session");
        Ok(())
    })
}

/// One after the other by share: so many of each in a hundred, always in the same order.
pub(crate) fn mixed(shares: Vec<(usize, Operation)>) -> Operation {
    let total: usize = shares.iter().map(|(share, _)| share).sum();
    let turn = Cell::new(0);
    Operation::new(async move |connection| {
        // a step that has no factor in common with a hundred: everything comes, and nothing in a row
        turn.set((turn.get() + 37) % total);
        let mut left = turn.get();
        for (share, operation) in &shares {
            if left < *share {
                return operation.once(connection).await;
            }
            left -= share;
        }
        Ok(())
    })
}

pub(crate) fn client_credentials(app: &App) -> Vec<u8> {
    let form = [("grant_type", "client_credentials"), ("client_id", &app.id), ("client_secret", &app.secret)];
    post(TOKEN_ENDPOINT, "", &[&form[..], &[("scope", "read")]].concat())
}

pub(crate) fn password_grant(app: &App, (name, password): (&str, &str)) -> Vec<u8> {
    let person = [("grant_type", "password"), ("username", name), ("password", password)];
    let client = [("client_id", app.id.as_str()), ("client_secret", &app.secret), ("scope", "read")];
    post(TOKEN_ENDPOINT, "", &[&person[..], &client[..]].concat())
}

/// What the reference reads: as many fields, about as long.
fn reference_form(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
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

/// As the first of its kind, which is kept.
fn is_the_same(first: &mut String, reply: &Reply<'_>) -> Result<()> {
    if first.is_empty() {
        reply.json()?;
        reply.body.clone_into(first);
    }
    ensure!(first == reply.body, "another answer than before: {}", reply.body);
    Ok(())
}
