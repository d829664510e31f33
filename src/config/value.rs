//! From what was written to what is meant.

use std::{net::IpAddr, path::PathBuf};

use ipnet::IpNet;
use url::Url;

use super::table::{Key, Kind};

/// A type that a key can have.
pub(super) trait Setting: Sized {
    /// What the reference says about it.
    const KIND: Kind;

    /// The value, if it is one and within the key's bounds.
    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem>;

    /// The value of a key that has no default and was not given.
    fn unset() -> Option<Self> {
        None
    }
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    /// From outside the file, where everything is text: lists have commas.
    Loose(String),
    /// A text in the file.
    Text(String),
    /// A whole number in the file.
    Integer(i64),
    /// `true` or `false` in the file.
    Bool(bool),
    /// A list in the file.
    List(Vec<Self>),
    /// Something no key is made of, by its name.
    Other(&'static str),
}

/// Why a value cannot be meant.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    /// Said after the key's name: "must be …".
    pub(super) message: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
    /// Which item of a list it is about.
    pub(super) item: Option<usize>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: None, item: None }
    }

    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    pub(super) fn item(self, item: usize) -> Self {
        Self { item: Some(item), ..self }
    }
}

impl Plain {
    /// One text.
    pub(super) fn text(&self, key: &Key) -> Result<&str, Problem> {
        match self {
            Self::Loose(text) | Self::Text(text) => Ok(text),
            other => Err(Problem::new(format!("must be a text, not {}", other.what())).remedy(quoted(key))),
        }
    }

    /// Several texts. One alone need not be written as a list.
    pub(super) fn texts(&self, key: &Key) -> Result<Vec<&str>, Problem> {
        match self {
            Self::Loose(text) if text.trim().is_empty() => Ok(Vec::new()),
            Self::Loose(text) => Ok(text.split(',').map(str::trim).collect()),
            Self::Text(text) => Ok(vec![text]),
            Self::List(items) => {
                items.iter().enumerate().map(|(at, item)| item.text(key).map_err(|wrong| wrong.item(at))).collect()
            }
            other => Err(Problem::new(format!("must be a list of texts, not {}", other.what()))),
        }
    }

    /// As `config show` prints it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Loose(text) | Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
            Self::List(items) => items.iter().map(Self::shown).collect::<Vec<_>>().join(","),
            Self::Other(what) => (*what).to_owned(),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Loose(_) | Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(what) => what,
        }
    }
}

fn quoted(key: &Key) -> String {
    let sample = if key.default.is_empty() { key.example.unwrap_or_default() } else { key.default };
    format!("write it in quotes, as in \"{sample}\"")
}

impl Key {
    /// The value, if it is neither less nor more than is allowed.
    pub(super) fn within<T: PartialOrd>(&self, value: T, parse: fn(&str) -> Option<T>) -> Result<T, Problem> {
        let Some((least, greatest)) = self.bounds else { return Ok(value) };
        let too_small = parse(least).is_some_and(|least| value < least);
        let too_large = parse(greatest).is_some_and(|greatest| value > greatest);
        if too_small || too_large {
            let remedy = if too_small { format!("{least} is the least") } else { format!("{greatest} is the most") };
            return Err(Problem::new(format!("must be from {least} to {greatest}")).remedy(remedy));
        }
        Ok(value)
    }
}

impl Setting for bool {
    const KIND: Kind = Kind::Bool;

    fn parse(value: &Plain, _: &Key) -> Result<Self, Problem> {
        match value {
            Plain::Bool(truth) => Ok(*truth),
            Plain::Loose(text) if text == "true" => Ok(true),
            Plain::Loose(text) if text == "false" => Ok(false),
            _ => Err(Problem::new("must be true or false").remedy("write true or false, without quotes")),
        }
    }
}

impl Setting for u32 {
    const KIND: Kind = Kind::Integer;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let wrong =
            || Problem::new("must be a whole number").remedy(format!("write digits alone, as in {}", key.default));
        let number: Option<i64> = match value {
            Plain::Integer(number) => Some(*number),
            Plain::Loose(text) => text.parse().ok(),
            _ => None,
        };
        let number = key.within(number.ok_or_else(wrong)?, |text| text.parse().ok())?;
        Self::try_from(number).map_err(|_| wrong())
    }
}

impl Setting for String {
    const KIND: Kind = Kind::Text;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let text = value.text(key)?.trim();
        if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > LONGEST_TEXT {
            return Err(Problem::new(format!("must be one line of 1 to {LONGEST_TEXT} characters")));
        }
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    const KIND: Kind = Kind::Path;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        match value.text(key)? {
            "" => Err(Problem::new("must not be empty").remedy("leave it out for the default")),
            path if path.contains('\0') => Err(Problem::new("must be a path, without NUL")),
            path => Ok(Self::from(path)),
        }
    }
}

impl Setting for Option<Url> {
    const KIND: Kind = Kind::Url;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        match value.text(key)? {
            "" => Ok(None),
            text => match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
                Ok(_) => Err(Problem::new("must begin with https:// or http://")),
                Err(why) => Err(Problem::new(format!("must be a URL: {why}")).remedy("write it with https://")),
            },
        }
    }

    fn unset() -> Option<Self> {
        Some(None)
    }
}

impl Setting for Option<PathBuf> {
    const KIND: Kind = Kind::Path;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        if value.text(key)?.is_empty() { Ok(None) } else { PathBuf::parse(value, key).map(Some) }
    }

    fn unset() -> Option<Self> {
        Some(None)
    }
}

/// Somewhere that may be asked although it is private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Every address of this network.
    Network(IpNet),
    /// This name, whatever its addresses are; in lower case.
    Host(String),
}

impl Destination {
    /// An address, a network, or the name of a host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
        let name = || is_name.then(|| Self::Host(text.to_ascii_lowercase()));
        network.map(|network| Self::Network(network.trunc())).or_else(name)
    }

    /// Is this address one of it?
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        matches!(self, Self::Network(network) if network.contains(&ip))
    }

    /// Is it this host, by name?
    #[must_use]
    pub fn is_host(&self, name: &str) -> bool {
        matches!(self, Self::Host(known) if known.eq_ignore_ascii_case(name))
    }
}

impl Setting for Vec<Destination> {
    const KIND: Kind = Kind::Destinations;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let destination = |(at, text): (usize, &str)| {
            Destination::parse(text).ok_or_else(|| {
                Problem::new(format!("has `{text}`, which is neither a host nor an address nor a network"))
                    .item(at)
                    .remedy("write hooks.internal, 10.1.2.3 or 10.0.0.0/8, without scheme and port")
            })
        };
        value.texts(key)?.into_iter().enumerate().map(destination).collect()
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }
}

impl Setting for Vec<IpNet> {
    const KIND: Kind = Kind::Networks;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let network = |(at, text): (usize, &str)| {
            let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            let wrong = || Problem::new(format!("has `{text}`, which is neither an address nor a network")).item(at);
            network
                .map(|network| network.trunc())
                .ok_or_else(|| wrong().remedy("write 10.1.2.3, 10.0.0.0/8 or fd00::/8"))
        };
        value.texts(key)?.into_iter().enumerate().map(network).collect()
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }
}

/// So that a name still fits a page's heading.
const LONGEST_TEXT: usize = 100;
