//! Signing out.

use askama::Template;

use super::{Frame, HttpsUrl, Logo, Person};

/// The question. Posts `logout` (`yes`, `all`), `csrf` and what else `hidden` holds to `/oauth2/logout`; "Stay signed in" is a
/// link to `/account`.
#[derive(Debug, Template)]
#[template(path = "logout/confirm.html")]
pub(crate) struct Confirm<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app that asked, if one did.
    pub app_name: Option<&'a str>,
    /// Its picture.
    pub app_logo: Option<Logo<'a>>,
    /// Who is to be signed out, where there are others in this browser.
    pub one_of_several: Option<Person<'a>>,
    /// The form's token.
    pub csrf: &'a str,
    /// Parameters of the request to keep: `post_logout_redirect_uri`, `state`, …
    pub hidden: Vec<(&'a str, &'a str)>,
    /// What is wrong with what the app asked.
    pub mistake: Option<Mistake<'a>>,
}

/// An app's request by POST that does not fit into an address. Posts `logout` (`ask`) and all of it to `/oauth2/logout`,
/// this time from here.
#[derive(Debug, Template)]
#[template(path = "logout/continue.html")]
pub(crate) struct Continue<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Parameters of the request.
    pub hidden: Vec<(&'a str, &'a str)>,
}

/// "You're signed out."
#[derive(Debug, Template)]
#[template(path = "logout/done.html")]
pub(crate) struct Done<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The way back: the app's name and its address.
    pub back: Option<(&'a str, HttpsUrl<'a>)>,
    /// Are other accounts still signed in in this browser?
    pub others: bool,
    /// What is wrong with what the app asked.
    pub mistake: Option<Mistake<'a>>,
}

/// "You're signed out", with the pages of apps that sign out there as well. The browser goes on by itself once they are
/// all loaded, because a refresh waits for that.
#[derive(Debug, Template)]
#[template(path = "logout/leaving.html")]
pub(crate) struct Leaving<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Each app's name and its page.
    pub frames: Vec<(&'a str, &'a str)>,
    /// Where the browser goes: the name of the app that asked, and one of its registered addresses.
    pub next: Option<(&'a str, &'a str)>,
}

/// The frame of Session Management: nothing to see, one script.
#[derive(Debug, Template)]
#[template(path = "logout/check_session.html")]
pub(crate) struct CheckSession<'a> {
    /// Around the page.
    pub page: Frame<'a>,
}

/// Why nothing leads back to the app, for its developer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mistake<'a> {
    /// `invalid_request`.
    pub error: &'a str,
    /// One sentence.
    pub sentence: &'a str,
    /// Finds the log line.
    pub reference: &'a str,
}
