//! `/device`: a code is entered, a question answered (UX §4.3).

use askama::Template;

use super::{
    Frame, Person, Stale, Standing,
    authorize::{AskingApp, Permissions},
};
use crate::{clock::Ts, http::text::Html};

/// "Connect a device". Posts `user_code`, `csrf`.
#[derive(Debug, Template)]
#[template(path = "device/enter_code.html")]
pub(crate) struct EnterCode<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Typed before, or brought along by the address.
    pub user_code: &'a str,
    /// What went wrong with the last try.
    pub error: Option<EnterError>,
    /// The form's token.
    pub csrf: &'a str,
}

/// Why a code was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnterError {
    /// No device waits with it.
    Wrong,
    /// Too many wrong ones.
    SlowDown,
    /// The form is not this browser's own.
    Stale(Stale),
}

impl EnterError {
    fn words(self, page: &Frame<'_>) -> Html {
        page.t(match self {
            Self::Wrong => "device-wrong",
            Self::SlowDown => "device-slow-down",
            Self::Stale(stale) => stale.key(),
        })
    }
}

/// "Another device wants to use Notes with your account." Posts `decision` (`allow`, `deny`, `switch`), `scope` (each
/// optional scope that was ticked), `user_code`, `csrf`.
#[derive(Debug, Template)]
#[template(path = "device/confirm.html")]
pub(crate) struct Confirm<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Whose program runs on the device.
    pub app: AskingApp<'a>,
    /// Who is asked.
    pub person: Person<'a>,
    /// What for.
    pub scopes: Permissions<'a>,
    /// At which APIs: resource identifiers.
    pub resources: Vec<&'a str>,
    /// As it was entered.
    pub user_code: &'a str,
    /// When the device asked.
    pub asked: Ts,
    /// What runs on the device, as far as it says.
    pub browser: Option<&'a str>,
    /// What kind of device, as far as it says.
    pub system: Option<&'a str>,
    /// Where it is; empty when that is not known.
    pub address: &'a str,
    /// The form was too old and has been made again.
    pub form_expired: bool,
    /// The form's token.
    pub csrf: &'a str,
}

/// "Connected." or "Not connected."
#[derive(Debug, Template)]
#[template(path = "device/done.html")]
pub(crate) struct Done<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The answer was yes.
    pub connected: bool,
}
