//! The pages of the demo's app, as plain data; the markup is in `templates/demo/`.

use askama::Template;
use serde_json::{Map, Value};
use url::Url;

use super::{
    errors::{Explained, Part},
    flows::{self, Flow},
    jwt,
    runs::{Run, Runs},
    step::Step,
    words::meaning,
};

/// The stylesheet of the demo's pages, after the server's own.
pub(super) const STYLESHEET: &str =
    concat!(include_str!("../../static/css/style.css"), include_str!("../../static/css/demo.css"));
/// The mark beside a page's title.
pub(super) const ICON: &str = include_str!("../../static/img/icon.svg");

/// What every page has in common.
pub(super) struct Around<'a> {
    issuer: &'a str,
    username: &'a str,
    password: &'a str,
    person: &'a str,
    csrf: &'a str,
    flows: &'static [Flow],
    /// The flow that is looked at.
    current: Option<&'static str>,
}

impl<'a> Around<'a> {
    pub(super) fn new(runs: &'a Runs, current: Option<&'static str>) -> Self {
        let person = &runs.cast.person;
        Self {
            issuer: &runs.cast.issuer,
            username: &person.username,
            password: &person.password,
            person: person.name,
            csrf: &runs.csrf,
            flows: flows::ALL,
            current,
        }
    }
}

/// A flow, and the timeline of one run of it.
#[derive(Template)]
#[template(path = "demo/run.html")]
pub(super) struct Shown<'a> {
    pub(super) around: Around<'a>,
    pub(super) flow: &'static Flow,
    pub(super) run: Option<&'a Run>,
    pub(super) steps: Vec<Shot>,
    pub(super) explained: Option<Explained>,
}

/// A code that somebody is to enter elsewhere.
#[derive(Template)]
#[template(path = "demo/code.html")]
pub(super) struct Code<'a> {
    pub(super) around: Around<'a>,
    pub(super) flow: &'static Flow,
    pub(super) shown: &'a str,
    pub(super) address: String,
    /// What the device was last told.
    pub(super) answer: Option<String>,
}

/// Nothing to show, and why.
#[derive(Template)]
#[template(path = "demo/notice.html")]
pub(super) struct Notice<'a> {
    pub(super) around: Around<'a>,
    pub(super) title: &'static str,
    pub(super) words: &'static str,
}

/// `docs/errors.md`.
#[derive(Template)]
#[template(path = "demo/errors.html")]
pub(super) struct Errors<'a> {
    pub(super) around: Around<'a>,
    pub(super) parts: Vec<Part>,
}

/// A step as the timeline has it.
pub(super) struct Shot {
    number: usize,
    lane: String,
    method: &'static str,
    target: String,
    address: String,
    status: u16,
    mark: &'static str,
    error: String,
    title: String,
    why: String,
    open: bool,
    query: Vec<Named>,
    form: Vec<Named>,
    sent: Vec<(String, String)>,
    curl: String,
    came: Vec<(String, String)>,
    back: Vec<Named>,
    text: String,
    members: Vec<Named>,
    html: Option<Page>,
    tokens: Vec<Token>,
}

/// A name, its value and what it means.
pub(super) struct Named {
    name: String,
    value: String,
    meaning: &'static str,
}

/// A page that came back.
struct Page {
    title: String,
    text: String,
}

/// A token, looked into.
struct Token {
    name: String,
    header: String,
    claims: String,
    meanings: Vec<Named>,
}

/// The timeline of a run.
///
/// Open are, unless all are wanted, those that the run is about; of a whole flow where it begins, where the browser
/// comes back to the app, and where tokens come.
pub(super) fn shots(run: &Run, issuer: &str, all: bool) -> Vec<Shot> {
    let has_point = run.steps.iter().any(|step| step.point);
    let shown = |(at, step): (usize, &Step)| {
        let mut shot = shot(at + 1, step, issuer);
        let comes_back = shot.back.iter().any(|one| one.name == "state");
        shot.open = all || if has_point { step.point } else { at == 0 || comes_back || !shot.tokens.is_empty() };
        shot
    };
    run.steps.iter().enumerate().map(shown).collect()
}

fn shot(number: usize, step: &Step, issuer: &str) -> Shot {
    let (request, reply) = (&step.exchange.request, &step.exchange.reply);
    let url = Url::parse(&request.url).ok();
    let target = url.as_ref().map_or_else(|| request.url.clone(), |url| url.path().to_owned());
    let address = request.url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let query = url.as_ref().and_then(Url::query).map(named).unwrap_or_default();
    let form = request.body.as_deref().map(named).unwrap_or_default();
    let location = reply.header("location").and_then(|to| to.split_once(['?', '#']));
    let back = location.map(|(_, query)| named(query)).unwrap_or_default();
    let body = reply.json();
    let members = body.as_object().cloned().unwrap_or_default();
    let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let mark = match reply.status {
        200..300 if reply.json().get("active") == Some(&Value::Bool(false)) => "ended",
        200..300 => "ok",
        300..400 => "away",
        _ => "bad",
    };
    Shot {
        number,
        lane: step.lane(issuer),
        method: request.method,
        target,
        address,
        status: reply.status,
        mark: if step.error().is_some() { "bad" } else { mark },
        error: step.error().unwrap_or_default(),
        title: step.exchange.title.clone(),
        why: step.exchange.why.clone(),
        open: false,
        query,
        form,
        sent: request.headers.clone(),
        curl: request.as_curl(),
        came: reply.headers.clone(),
        back,
        text: match (&body, is_page) {
            (Value::Null, true) => String::new(),
            (Value::Null, false) => reply.body.clone(),
            _ => pretty(&body),
        },
        members: explained(&members),
        html: is_page.then(|| Page { title: title_of(&reply.body), text: reply.body.clone() }),
        tokens: members.iter().filter_map(|(name, value)| token(name, value.as_str()?)).collect(),
    }
}

fn named(query: &str) -> Vec<Named> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .map(|(name, value)| Named {
            meaning: meaning(&name).unwrap_or_default(),
            name: name.into_owned(),
            value: value.into_owned(),
        })
        .collect()
}

/// Those members that there is something to say about.
fn explained(members: &Map<String, Value>) -> Vec<Named> {
    let known = members.iter().filter_map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(Named { name: name.clone(), value, meaning: meaning(name)? })
    });
    known.collect()
}

fn token(name: &str, text: &str) -> Option<Token> {
    let (header, claims) = jwt::decode(text)?;
    let meanings = explained(&header).into_iter().chain(explained(&claims)).collect();
    let (header, claims) = (pretty(&Value::Object(header)), pretty(&Value::Object(claims)));
    Some(Token { name: name.to_owned(), header, claims, meanings })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn title_of(html: &str) -> String {
    let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.unwrap_or("a page").replace(['\u{2068}', '\u{2069}'], "")
}
