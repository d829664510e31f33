//! `/` for somebody who is not signed in.

use askama::Template;

use super::Frame;

/// The name of the server and a way in.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub(crate) struct Home<'a> {
    /// Around the page.
    pub page: Frame<'a>,
}
