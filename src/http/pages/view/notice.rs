//! One card for everything that needs a title, a sentence and one button that works (UX E7, E8).

use askama::Template;

use super::{Frame, HttpsUrl};
use crate::http::text::Html;

/// The page.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub(crate) struct Notice<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// What happened.
    pub kind: NoticeKind,
    /// The app it happened for: the button goes back to it when its home is known.
    pub app: Option<NoticeApp<'a>>,
    /// A path of ours worth another try, below the issuer. Without it and without an app the button leads to `/`.
    pub retry: Option<&'a str>,
    /// To find it in the log.
    pub reference: Option<&'a str>,
}

impl Notice<'_> {
    fn app_home(&self) -> Option<HttpsUrl<'_>> {
        self.app.and_then(|app| app.home)
    }

    fn back_words(&self) -> Html {
        self.page.t1("notice-back", "app", self.app.map_or("", |app| app.name))
    }
}

/// An app on a notice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoticeApp<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its registered home page.
    pub home: Option<HttpsUrl<'a>>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// The decision was sent before.
    AlreadyDone,
    /// The request is older than an hour.
    Stale,
    /// The browser did not give back our cookie.
    CookiesBlocked,
    /// The request was begun in another browser.
    WrongBrowser,
    /// 404.
    NotFound,
    /// 405, and whatever else a page of ours cannot read.
    MethodNotAllowed,
    /// 429.
    TooManyRequests,
    /// 503.
    Busy,
    /// 500.
    Broken,
    /// 403: a form sent from another site.
    ForeignPost,
}

impl NoticeKind {
    fn title_key(self) -> &'static str {
        match self {
            Self::AlreadyDone => "notice-already-done",
            Self::Stale => "notice-stale",
            Self::CookiesBlocked => "notice-cookies",
            Self::WrongBrowser => "notice-wrong-browser",
            Self::NotFound => "notice-not-found",
            Self::MethodNotAllowed => "notice-method",
            Self::TooManyRequests => "notice-too-many",
            Self::Busy => "notice-busy",
            Self::Broken => "notice-broken",
            Self::ForeignPost => "notice-foreign-post",
        }
    }

    fn words(self, page: &Frame<'_>) -> Html {
        match self {
            Self::AlreadyDone => page.t("notice-already-done-words"),
            Self::Stale => page.t("notice-stale-words"),
            Self::CookiesBlocked => page.here("notice-cookies-words"),
            Self::WrongBrowser => page.t("notice-wrong-browser-words"),
            Self::NotFound => page.t("notice-not-found-words"),
            Self::MethodNotAllowed => page.t("notice-method-words"),
            Self::TooManyRequests => page.t("notice-too-many-words"),
            Self::Busy => page.here("notice-busy-words"),
            Self::Broken => page.t("notice-broken-words"),
            Self::ForeignPost => page.t("notice-foreign-post-words"),
        }
    }
}
