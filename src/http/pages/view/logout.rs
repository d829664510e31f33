//! Signing out.

use askama::Template;

use super::{Frame, HttpsUrl};

/// The question. Posts `logout` (`yes`), `csrf` and what else `hidden` holds to `/oauth2/logout`; "Stay signed in" is a
/// link to `/account`.
#[derive(Debug, Template)]
#[template(path = "logout/confirm.html")]
pub(crate) struct Confirm<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app that asked, if one did.
    pub app_name: Option<&'a str>,
    /// The form's token.
    pub csrf: &'a str,
    /// Parameters of the request to keep: `post_logout_redirect_uri`, `state`, …
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
}
