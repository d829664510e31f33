//! Every word a person sees: Fluent catalogues in `locales/`, compiled in, parsed once.
//!
//! A catalogue is trusted markup (its tags are checked by a test); what is put into it is not. [`Arg::Name`] is for
//! text that strangers chose: cleaned, escaped and kept in a `<bdi>` so that it cannot reorder the words around it.
//! Another language is a folder in `locales/` and its line in [`CATALOGUES`].

use std::fmt;
use std::sync::LazyLock;

use chrono::Datelike;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::clock::Ts;

/// The words of one language. Free to copy.
#[derive(Clone, Copy)]
pub(crate) struct Text(&'static Catalogue);

impl Text {
    /// The language that everything falls back to: English.
    pub(crate) fn default_language() -> Self {
        Self(&LOADED.0)
    }

    /// The best language for an `Accept-Language` header (RFC 9110 §12.5.4); English when none fits.
    pub(crate) fn for_request(accept_language: Option<&str>) -> Self {
        let offered: Vec<&str> = all().map(|catalogue| catalogue.lang).collect();
        accept_language
            .and_then(|header| negotiate(header, &offered))
            .and_then(|lang| all().find(|catalogue| catalogue.lang == lang))
            .map_or_else(Self::default_language, Self)
    }

    /// For `<html lang>`: a BCP 47 tag.
    pub(crate) const fn lang(self) -> &'static str {
        self.0.lang
    }

    /// For `<html dir>`: `ltr` or `rtl`.
    pub(crate) fn dir(self) -> &'static str {
        if matches!(self.0.lang.split('-').next(), Some("ar" | "fa" | "he" | "ur")) { "rtl" } else { "ltr" }
    }

    /// A text without arguments, as HTML.
    pub(crate) fn t(self, key: &str) -> Html {
        self.with(key, &[])
    }

    /// A text with one argument, as HTML.
    pub(crate) fn t1(self, key: &str, name: &str, value: impl ToArg) -> Html {
        self.with(key, &[(name, value.to_arg())])
    }

    /// A text with any arguments, as HTML.
    pub(crate) fn with(self, key: &str, args: &[(&str, Arg<'_>)]) -> Html {
        Html(self.format(key, args, Arg::html))
    }

    /// A text without markup, for `<title>` and attributes; the template escapes it.
    pub(crate) fn plain(self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.format(key, args, Arg::plain)
    }

    /// `3 Nov 2026`, in UTC.
    pub(crate) fn date(self, at: Ts) -> String {
        self.moment("date", at)
    }

    /// `21 Nov 2026 10:02 UTC`.
    pub(crate) fn instant(self, at: Ts) -> String {
        self.moment("instant", at)
    }

    /// `2 hours ago`; from a week on, the date.
    pub(crate) fn ago(self, at: Ts, now: Ts) -> String {
        let seconds = now.seconds_since(at);
        let count = |key, unit| self.plain(key, &[("count", Arg::Number(seconds / unit))]);
        match seconds {
            ..60 => self.plain("ago-now", &[]),
            60..3600 => count("ago-minutes", 60),
            3600..86_400 => count("ago-hours", 3600),
            86_400..604_800 => count("ago-days", 86_400),
            _ => self.date(at),
        }
    }

    /// What a standard scope lets an app do, in words (UX K10); `None` for scopes of your own.
    pub(crate) fn scope_words(self, scope: &str) -> Option<String> {
        let key = match scope {
            "openid" => "scope-openid",
            "profile" => "scope-profile",
            "email" => "scope-email",
            "phone" => "scope-phone",
            "address" => "scope-address",
            "groups" => "scope-groups",
            "offline_access" => "scope-offline-access",
            _ => return None,
        };
        Some(self.plain(key, &[]))
    }

    /// The words for a scope that was created without any.
    pub(crate) fn scope_without_words(self, scope: &str, resource: &str) -> String {
        self.plain("scope-without-words", &[("scope", Arg::Name(scope)), ("resource", Arg::Name(resource))])
    }

    fn moment(self, key: &str, at: Ts) -> String {
        let Some(utc) = at.to_utc() else { return at.to_rfc3339() };
        let (day, year, time) = (utc.day().to_string(), utc.year().to_string(), utc.format("%H:%M").to_string());
        self.plain(
            key,
            &[
                ("day", Arg::Text(&day)),
                ("month", Arg::Number(utc.month().into())),
                ("year", Arg::Text(&year)),
                ("time", Arg::Text(&time)),
            ],
        )
    }

    fn format<'a>(self, key: &str, args: &[(&'a str, Arg<'a>)], show: fn(Arg<'a>) -> FluentValue<'a>) -> String {
        let message = self.0.bundle.get_message(key).or_else(|| LOADED.0.bundle.get_message(key));
        let Some(pattern) = message.and_then(|message| message.value()) else {
            debug_assert!(false, "no text for {key}");
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, arg)| (*name, show(*arg))).collect();
        let mut errors = Vec::new();
        let shown = self.0.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{key}: {errors:?}");
        shown
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&self.0.lang).finish()
    }
}

/// Finished markup: templates print it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// Text that a stranger chose, alone in its `<bdi>`.
    pub(crate) fn name(text: &str) -> Self {
        Self(format!("<bdi>{}</bdi>", escape(&clean(text))))
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Something put into a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    /// Text that a stranger chose: an app's name, a host, a person. Isolated.
    Name(&'a str),
    /// Text of our own, such as a time. Only escaped.
    Text(&'a str),
    /// A count; chooses the plural.
    Number(i64),
}

impl<'a> Arg<'a> {
    fn html(self) -> FluentValue<'a> {
        match self {
            Self::Name(text) => Html::name(text).0.into(),
            Self::Text(text) => escape(text).into(),
            Self::Number(number) => number.into(),
        }
    }

    /// Isolated with U+2068 … U+2069, since an attribute or a title cannot hold a `<bdi>`.
    fn plain(self) -> FluentValue<'a> {
        match self {
            Self::Name(text) => format!("\u{2068}{}\u{2069}", clean(text)).into(),
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
        }
    }
}

/// What templates may hand to a text, through any number of references. A bare string counts as a stranger's.
pub(crate) trait ToArg {
    /// As an argument.
    fn to_arg(&self) -> Arg<'_>;
}

impl ToArg for Arg<'_> {
    fn to_arg(&self) -> Arg<'_> {
        *self
    }
}

impl ToArg for str {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Name(self)
    }
}

impl ToArg for String {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Name(self)
    }
}

impl ToArg for u32 {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Number((*self).into())
    }
}

impl<T: ToArg + ?Sized> ToArg for &T {
    fn to_arg(&self) -> Arg<'_> {
        (**self).to_arg()
    }
}

/// Without control characters and without the ones that steer text direction.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&#34;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// The offered language that a header likes best: an exact tag, else one of the same primary language.
fn negotiate<'o>(header: &str, offered: &[&'o str]) -> Option<&'o str> {
    let mut wanted: Vec<(&str, f32)> = header
        .split(',')
        .take(MOST_LANGUAGES)
        .filter_map(|item| {
            let (tag, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok())?;
            (weight > 0.0).then(|| (tag.trim(), weight))
        })
        .collect();
    wanted.sort_by(|a, b| b.1.total_cmp(&a.1)); // stable: the header's order breaks ties
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    wanted.iter().find_map(|(tag, _)| {
        let exact = offered.iter().find(|lang| lang.eq_ignore_ascii_case(tag));
        exact.or_else(|| offered.iter().find(|lang| primary(lang) == primary(tag))).copied()
    })
}

struct Catalogue {
    lang: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    fn load(lang: &'static str, source: &str) -> Self {
        let tag: LanguageIdentifier = lang.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false); // Arg isolates names itself, in the way that suits the place
        // A broken entry is left out; the tests refuse a catalogue that has one.
        let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(source.to_owned());
        bundle.add_resource_overriding(resource);
        Self { lang, bundle }
    }
}

fn all() -> impl Iterator<Item = &'static Catalogue> {
    std::iter::once(&LOADED.0).chain(&LOADED.1)
}

/// The default first, then the others.
static LOADED: LazyLock<(Catalogue, Vec<Catalogue>)> = LazyLock::new(|| {
    let load = |&(lang, source)| Catalogue::load(lang, source);
    (load(&ENGLISH), CATALOGUES.iter().map(load).collect())
});

/// The default language.
const ENGLISH: (&str, &str) = ("en", include_str!("../../locales/en/pages.ftl"));

/// The other languages: folder name, text.
const CATALOGUES: &[(&str, &str)] = &[];

/// How many entries of `Accept-Language` are looked at.
const MOST_LANGUAGES: usize = 32;

#[cfg(test)]
mod tests;
