//! What each page shows, as plain data; the words are in `locales/`, the markup in `templates/`.
//!
//! Handlers fill these structs and call `askama::Template::render`. Nothing here reads a request, a clock or a row.

pub(crate) mod account;
pub(crate) mod authorize;
pub(crate) mod choose_account;
pub(crate) mod device;
pub(crate) mod home;
mod input;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod notice;
pub(crate) mod profile;
pub(crate) mod setup;
pub(crate) mod sign_up;
pub(crate) mod user_agent;

use std::fmt;

use crate::clock::Ts;
use crate::http::text::{Arg, Html, Text, ToArg};

/// The one stylesheet, served at `/assets/{hash}/style.css`.
pub(crate) const STYLESHEET: &str = include_str!("../../../../static/css/style.css");

/// The mark, as browsers show it beside a page's title. Without one they ask for `/favicon.ico`, and find nothing.
pub(crate) const ICON: &str = include_str!("../../../../static/img/icon.svg");

/// What sends the form of a page that has nothing to ask, served at `/assets/{hash}/submit.js`.
pub(crate) const SUBMIT_SCRIPT: &str = include_str!("../../../../static/js/submit.js");

/// The script of the frame of Session Management.
pub(crate) const CHECK_SESSION: &str = include_str!("../../../../static/js/check_session.js");

/// What every page of this server has in common; made once at start.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The name in head and foot of each page.
    pub instance_name: String,
    /// The path of the issuer: empty, or `/auth` without a slash at its end.
    pub base_path: String,
    /// The content hash in the addresses of stylesheet and icon.
    pub assets_hash: String,
    /// "Help" in the foot.
    pub support_url: Option<String>,
    /// "Privacy" in the foot.
    pub privacy_url: Option<String>,
    /// "Terms" in the foot.
    pub terms_url: Option<String>,
}

/// What surrounds one page: the site, the language, the time and the person signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The server.
    pub site: &'a Site,
    /// The language.
    pub text: Text,
    /// The time this page is made.
    pub now: Ts,
    /// Who is signed in; account pages show it.
    pub person: Option<Person<'a>>,
}

impl Frame<'_> {
    /// A path of ours, below the issuer's own.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.site.base_path)
    }

    /// The address of the stylesheet.
    pub(crate) fn stylesheet(&self) -> String {
        format!("{}/assets/{}/style.css", self.site.base_path, self.site.assets_hash)
    }

    /// The address of the icon.
    pub(crate) fn icon(&self) -> String {
        format!("{}/assets/{}/icon.svg", self.site.base_path, self.site.assets_hash)
    }

    /// The address of the script that sends a form.
    pub(crate) fn script(&self) -> String {
        format!("{}/assets/{}/submit.js", self.site.base_path, self.site.assets_hash)
    }

    /// The address of an app's logo.
    pub(crate) fn logo(&self, logo: &Logo<'_>) -> String {
        format!("{}/assets/logo/{}/{}", self.site.base_path, logo.client_id, logo.hash)
    }

    /// A text without arguments.
    pub(crate) fn t(&self, key: &str) -> Html {
        self.text.t(key)
    }

    /// A text with one argument.
    pub(crate) fn t1(&self, key: &str, name: &str, value: impl ToArg) -> Html {
        self.text.t1(key, name, value)
    }

    /// A text with two arguments.
    pub(crate) fn t2(&self, key: &str, first: &str, value: impl ToArg, second: &str, other: impl ToArg) -> Html {
        self.text.with(key, &[(first, value.to_arg()), (second, other.to_arg())])
    }

    /// A text for a title or an attribute.
    pub(crate) fn plain(&self, key: &str) -> String {
        self.text.plain(key, &[])
    }

    /// A text with one argument, for a title or an attribute.
    pub(crate) fn plain1(&self, key: &str, name: &str, value: impl ToArg) -> String {
        self.text.plain(key, &[(name, value.to_arg())])
    }

    /// A text with the name of this server as `$instance`.
    pub(crate) fn here(&self, key: &str) -> Html {
        self.text.t1(key, "instance", Arg::Name(&self.site.instance_name))
    }

    /// A stranger's text, isolated.
    #[expect(clippy::unused_self, reason = "templates reach everything through the frame")]
    pub(crate) fn name(&self, text: &str) -> Html {
        Html::name(text)
    }

    /// `3 Nov 2026`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    pub(crate) fn date(&self, at: &Ts) -> String {
        self.text.date(*at)
    }

    /// `21 Nov 2026 10:02 UTC`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    pub(crate) fn instant(&self, at: &Ts) -> String {
        self.text.instant(*at)
    }

    /// `2 hours ago`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    pub(crate) fn ago(&self, at: &Ts) -> String {
        self.text.ago(*at, self.now)
    }
}

/// A person, as shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person<'a> {
    /// "Ada Lovelace"; the username when there is no other name.
    pub display_name: &'a str,
    /// "ada".
    pub username: &'a str,
}

impl Person<'_> {
    /// For the tile.
    pub(crate) fn letter(&self) -> String {
        letter(self.display_name)
    }
}

/// The picture of an app that somebody vouches for; of others there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logo<'a> {
    /// Whose.
    pub client_id: &'a str,
    /// Which.
    pub hash: &'a str,
}

/// The way to another page that goes on with what waits.
#[derive(Debug, Clone)]
pub(crate) enum Elsewhere {
    /// An address.
    Link(String),
    /// The page's own form, sent there as `begin`: what waits is too long for an address.
    Form(String),
}

/// Who vouches for an app (UX K2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Ours.
    FirstParty,
    /// An administrator looked at it.
    Verified,
    /// An administrator registered it.
    AddedByAdministrator,
    /// This person registered it.
    AddedBy(&'a str),
    /// It registered itself.
    NotVerified,
}

impl Standing<'_> {
    /// In words.
    pub(crate) fn words(&self, page: &Frame<'_>) -> Html {
        match *self {
            Self::FirstParty => page.here("standing-first-party"),
            Self::Verified => page.t("standing-verified"),
            Self::AddedByAdministrator => page.t("standing-administrator"),
            Self::AddedBy(owner) => page.t1("standing-owner", "owner", owner),
            Self::NotVerified => page.t("standing-not-verified"),
        }
    }

    /// The badge's colour and sign.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::FirstParty | Self::Verified => "ok",
            Self::AddedByAdministrator | Self::AddedBy(_) => "plain",
            Self::NotVerified => "warn",
        }
    }
}

/// An address that may become a link although a stranger chose it (UX P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HttpsUrl<'a>(&'a str);

impl<'a> HttpsUrl<'a> {
    /// `None` unless it is https.
    pub(crate) fn parse(url: &'a str) -> Option<Self> {
        let parsed = url::Url::parse(url).ok()?;
        (parsed.scheme() == "https" && parsed.has_host()).then_some(Self(url))
    }
}

impl fmt::Display for HttpsUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a form is not this browser's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Its token is too old, or another browser's.
    Expired,
    /// The browser sent no cookie of ours.
    NoCookie,
}

impl Stale {
    const fn key(self) -> &'static str {
        match self {
            Self::Expired => "form-expired",
            Self::NoCookie => "form-no-cookie",
        }
    }
}

/// The first letter or digit of a name, for its tile.
fn letter(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

pub(crate) mod samples;
#[cfg(test)]
mod tests;
