//! Signing out.

use askama::Template;

use super::{Elsewhere, Frame, Logo, Person};
use crate::http::text::Html;

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

/// "You're signed out", with the pages of apps that sign out there as well.
#[derive(Debug, Template)]
#[template(path = "logout/done.html")]
pub(crate) struct Done<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Who was signed out, where others were not.
    pub left: Option<Person<'a>>,
    /// Are other accounts still signed in in this browser?
    pub others: bool,
    /// Each app's name and its page.
    pub frames: Vec<(&'a str, &'a str)>,
    /// The way back to the app.
    pub back: Option<Back<'a>>,
    /// Where the button leads otherwise: to the accounts that are there, or to the sign-in page.
    pub onward: Elsewhere,
    /// The sealed request that waits there.
    pub interaction: Option<&'a str>,
    /// What is wrong with what the app asked.
    pub mistake: Option<Mistake<'a>>,
}

impl Done<'_> {
    fn onward_words(&self) -> Html {
        self.page.t(if self.others { "choose-title" } else { "logout-again" })
    }
}

/// An app that asked, and its address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Back<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where the address is, where nobody vouches for the name.
    pub host: Option<&'a str>,
    /// https, unless the browser goes there by itself.
    pub address: &'a str,
    /// The browser goes there once the pages of the apps are all loaded, because a refresh waits for that.
    pub by_itself: bool,
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
