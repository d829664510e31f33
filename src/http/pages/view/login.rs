//! `/login`.

use askama::Template;

use super::{Elsewhere, Frame, HttpsUrl, Logo, Stale};
use crate::http::text::Html;

/// Username and password. Posts `username`, `password`, `remember` (`on`), `csrf`, `interaction`, `user_code`.
#[derive(Debug, Template)]
#[template(path = "login/password.html")]
pub(crate) struct Password<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app that waits, if one does.
    pub app: Option<Waiting<'a>>,
    /// Typed before, or a `login_hint`.
    pub username: &'a str,
    /// Ticked before.
    pub remember: bool,
    /// What went wrong with the last try.
    pub error: Option<LoginError>,
    /// The form's token.
    pub csrf: &'a str,
    /// The sealed authorize request, if one waits.
    pub interaction: Option<&'a str>,
    /// The code of a device, if one waits.
    pub user_code: Option<&'a str>,
    /// Where people make an account, if they may.
    pub sign_up: Option<Elsewhere>,
}

impl Password<'_> {
    /// Ties the fields to what is said about them.
    fn problem(&self) -> &'static str {
        match self.error {
            Some(LoginError::WrongPassword) => " aria-invalid=\"true\" aria-describedby=\"problem\"",
            Some(_) => " aria-describedby=\"problem\"",
            None => "",
        }
    }
}

/// The app somebody signs in for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its host, in ASCII.
    pub host: Option<&'a str>,
    /// Its picture.
    pub logo: Option<Logo<'a>>,
    /// Its privacy policy.
    pub policy: Option<HttpsUrl<'a>>,
    /// Its terms.
    pub terms: Option<HttpsUrl<'a>>,
}

/// Why signing in did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginError {
    /// Unknown name or wrong password: the same words for both.
    WrongPassword,
    /// Too many tries; also for names that nobody has.
    SlowDown,
    /// The form is not this browser's own.
    Stale(Stale),
    /// The app speaks of somebody else than the one who is signed in.
    AnotherAccount,
}

impl LoginError {
    /// In words.
    pub(crate) fn words(self, page: &Frame<'_>) -> Html {
        page.t(match self {
            Self::WrongPassword => "login-wrong",
            Self::SlowDown => "login-slow-down",
            Self::Stale(stale) => stale.key(),
            Self::AnotherAccount => "login-another",
        })
    }
}
