//! The signed-in person's pages. `page.person` is set on all of them.

use askama::Template;

use super::user_agent::Device;
use super::{Frame, HttpsUrl, Logo, Standing, letter};
use crate::clock::Ts;
use crate::http::text::{Arg, Html};

/// `/account`.
#[derive(Debug, Template)]
#[template(path = "account/overview.html")]
pub(crate) struct Overview<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Their name, if they gave one.
    pub name: Option<&'a str>,
    /// Their username.
    pub username: &'a str,
    /// Their address.
    pub email: Option<&'a str>,
    /// When this session signed in.
    pub last_sign_in: Option<Ts>,
    /// How many apps have access.
    pub apps: u32,
    /// Apps whose access ended because a key was presented a second time.
    pub thefts: Vec<TheftLine<'a>>,
}

/// An app whose access ended because a key was presented a second time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TheftLine<'a> {
    /// The app's name.
    pub app: &'a str,
    /// When.
    pub at: Ts,
}

impl Overview<'_> {
    #[expect(clippy::unused_self, reason = "the layout asks each page")]
    const fn place(&self) -> &'static str {
        "overview"
    }
}

/// `/account/apps`.
#[derive(Debug, Template)]
#[template(path = "account/apps.html")]
pub(crate) struct ConnectedApps<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Those that have access.
    pub apps: Vec<ConnectedApp<'a>>,
    /// The name of the app that has just lost access.
    pub removed: Option<&'a str>,
    /// The token of each form.
    pub csrf: &'a str,
}

impl ConnectedApps<'_> {
    #[expect(clippy::unused_self, reason = "the layout asks each page")]
    const fn place(&self) -> &'static str {
        "apps"
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn used_words(&self, at: &Ts) -> Html {
        self.page.t1("apps-last-used", "ago", Arg::Text(&self.page.ago(at)))
    }
}

/// An app with access. Its form posts `remove` (`yes`) and `csrf` to `/account/apps/{client_id}`.
#[derive(Debug, Clone)]
pub(crate) struct ConnectedApp<'a> {
    /// Percent-encoded where it needs to be.
    pub client_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its picture; its letter stands there without one.
    pub logo: Option<Logo<'a>>,
    /// Its host, if it has one that may be shown.
    pub host: Option<&'a str>,
    /// Is it a program on the person's computer or device?
    pub is_local: bool,
    /// Where signing in to it starts, with our name (OIDC Core §4).
    pub start: Option<HttpsUrl<'a>>,
    /// Who vouches for it.
    pub standing: Standing<'a>,
    /// What it may do, in words.
    pub scopes: Vec<String>,
    /// Did the person allow it? An app of the house may not have asked.
    pub is_allowed: bool,
    /// Since when.
    pub since: Ts,
    /// When it last used its access.
    pub last_used: Option<Ts>,
}

impl ConnectedApp<'_> {
    fn letter(&self) -> String {
        letter(self.name)
    }

    fn first_scopes(&self) -> &[String] {
        self.scopes.split_at_checked(FOLDED_AFTER).map_or(&self.scopes, |(first, _)| first)
    }

    fn more_scopes(&self) -> &[String] {
        self.scopes.get(FOLDED_AFTER..).unwrap_or_default()
    }

    fn more_count(&self) -> u32 {
        u32::try_from(self.more_scopes().len()).unwrap_or(u32::MAX)
    }

    fn since_words(&self, page: &Frame<'_>) -> Html {
        let key = if self.is_allowed { "apps-allowed" } else { "apps-since" };
        page.t1(key, "date", Arg::Text(&page.date(&self.since)))
    }
}

/// `/account/sessions`. Each form posts `end` (`one`, `others`), `session` (for `one`) and `csrf` back here.
#[derive(Debug, Template)]
#[template(path = "account/sessions.html")]
pub(crate) struct SessionList<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// This browser first.
    pub sessions: Vec<SessionLine<'a>>,
    /// What has just been done.
    pub done: Option<SessionsDone>,
    /// The token of each form.
    pub csrf: &'a str,
}

impl SessionList<'_> {
    #[expect(clippy::unused_self, reason = "the layout asks each page")]
    const fn place(&self) -> &'static str {
        "sessions"
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.this_browser)
    }
}

/// What has just been done to the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionsDone {
    /// One was ended.
    One,
    /// All others were.
    Others,
}

/// A browser somebody is signed in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionLine<'a> {
    /// Names the session in the form; not its cookie.
    pub id: &'a str,
    /// As the browser sent it.
    pub user_agent: Option<&'a str>,
    /// The address it was last seen at.
    pub address: &'a str,
    /// When it signed in.
    pub signed_in: Ts,
    /// When it was last seen.
    pub last_seen: Ts,
    /// The one that reads this page.
    pub this_browser: bool,
}

impl SessionLine<'_> {
    fn device(&self, page: &Frame<'_>) -> String {
        let device = Device::from_user_agent(self.user_agent.unwrap_or_default());
        match (device.browser, device.system) {
            (Some(browser), Some(system)) => {
                page.text.plain("device-both", &[("browser", Arg::Text(browser)), ("system", Arg::Text(system))])
            }
            (Some(what), None) | (None, Some(what)) => page.plain1("device-one", "what", Arg::Text(what)),
            (None, None) => page.plain("device-unknown"),
        }
    }

    fn end_label(&self, page: &Frame<'_>) -> String {
        let device = self.device(page);
        page.text.plain("sessions-end-label", &[("device", Arg::Text(&device)), ("address", Arg::Name(self.address))])
    }

    fn signed_in_words(&self, page: &Frame<'_>) -> Html {
        page.t1("sessions-signed-in", "date", Arg::Text(&page.date(&self.signed_in)))
    }

    fn seen_words(&self, page: &Frame<'_>) -> Html {
        page.t1("sessions-last-seen", "ago", Arg::Text(&page.ago(&self.last_seen)))
    }
}

/// How many permissions of an app are shown before the rest folds away.
const FOLDED_AFTER: usize = 5;
