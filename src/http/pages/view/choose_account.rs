//! `/oauth2/authorize/account`.

use askama::Template;

use super::{Frame, Person, login::Waiting};
use crate::http::text::Html;

/// "Choose an account". Posts `account` (the id of one, or `other`) or `remove` (the id of one), `csrf`, `interaction`.
#[derive(Debug, Template)]
#[template(path = "authorize/choose_account.html")]
pub(crate) struct ChooseAccount<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app that waits, if one does.
    pub app: Option<Waiting<'a>>,
    /// The accounts of this browser.
    pub accounts: Vec<AccountLine<'a>>,
    /// What went wrong with the last choice.
    pub error: Option<ChooseError>,
    /// The form's token.
    pub csrf: &'a str,
    /// The sealed authorize request, if one waits.
    pub interaction: Option<&'a str>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccountLine<'a> {
    /// Names it in the form.
    pub id: &'a str,
    /// Who.
    pub person: Person<'a>,
    /// Is it the one in use?
    pub in_use: bool,
}

/// Why a choice was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChooseError {
    /// It is signed in here no longer.
    Gone,
    /// The form's token is too old.
    FormExpired,
}

impl ChooseError {
    /// In words.
    pub(crate) fn words(self, page: &Frame<'_>) -> Html {
        page.t(match self {
            Self::Gone => "choose-gone",
            Self::FormExpired => "consent-expired",
        })
    }
}
