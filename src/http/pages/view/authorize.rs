//! The authorization endpoint's pages.

use askama::Template;

use super::{Frame, HttpsUrl, Logo, Person, Standing, letter};
use crate::clock::Ts;
use crate::http::text::{Arg, Html};

/// "Allow Notes to access your account?" Posts `decision` (`allow`, `deny`, `switch`), `scope` (each optional scope
/// that was ticked), `csrf`, `interaction` to `/oauth2/authorize`.
#[derive(Debug, Template)]
#[template(path = "authorize/consent.html")]
pub(crate) struct Consent<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Who asks.
    pub app: AskingApp<'a>,
    /// Who is asked.
    pub person: Person<'a>,
    /// What for.
    pub scopes: Permissions<'a>,
    /// At which APIs: resource identifiers.
    pub resources: Vec<&'a str>,
    /// Where the browser goes afterwards.
    pub destination: Destination<'a>,
    /// When this person last allowed this app.
    pub allowed_before: Option<Ts>,
    /// The app's privacy policy.
    pub policy: Option<HttpsUrl<'a>>,
    /// The app's terms.
    pub terms: Option<HttpsUrl<'a>>,
    /// The form was too old and has been made again.
    pub form_expired: bool,
    /// The form's token.
    pub csrf: &'a str,
    /// The sealed authorize request.
    pub interaction: &'a str,
}

impl Consent<'_> {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn allowed_words(&self, before: &Ts) -> Html {
        let date = self.page.date(before);
        self.page.t2("consent-before", "app", self.app.name, "date", Arg::Text(&date))
    }
}

/// An app on the consent page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskingApp<'a> {
    /// The name it goes by.
    pub name: &'a str,
    /// Its host, in ASCII.
    pub host: Option<&'a str>,
    /// Who vouches for it.
    pub standing: Standing<'a>,
    /// Whose it is, where the standing does not say so.
    pub owner: Option<&'a str>,
    /// What it is for, in its makers' words.
    pub description: Option<&'a str>,
    /// Its home page; a link if somebody vouches for it (UX P8).
    pub home: Option<HttpsUrl<'a>>,
    /// Its picture; its letter stands there without one.
    pub logo: Option<Logo<'a>>,
}

impl AskingApp<'_> {
    fn letter(&self) -> String {
        letter(self.name)
    }
}

/// What an app will be able to do.
#[derive(Debug, Clone)]
pub(crate) struct Permissions<'a> {
    /// What it sees without any permission, in a dialect whose programs read that: the name and user name.
    pub public: Option<String>,
    /// The permission that means this in the app's dialect: `public_profile`.
    pub basic: Option<&'static str>,
    /// In the order in which they were asked for.
    pub lines: Vec<ScopeLine<'a>>,
}

impl<'a> Permissions<'a> {
    /// And these.
    pub(crate) fn and(mut self, more: Vec<ScopeLine<'a>>) -> Self {
        self.lines.extend(more);
        self
    }

    /// Is there nothing?
    pub(crate) const fn is_empty(&self) -> bool {
        self.public.is_none() && self.lines.is_empty()
    }

    /// What does no harm, by heading: without one first, the others in the order in which they come.
    pub(crate) fn mild(&self) -> Vec<(Option<&'a str>, Vec<&ScopeLine<'a>>)> {
        let mut groups = vec![(None, Vec::new())];
        for line in self.lines.iter().filter(|line| !line.danger) {
            match groups.iter_mut().find(|(group, _)| *group == line.group) {
                Some((_, lines)) => lines.push(line),
                None => groups.push((line.group, vec![line])),
            }
        }
        groups.retain(|(_, lines)| !lines.is_empty());
        groups
    }

    /// What does; it is shown last.
    pub(crate) fn dangerous(&self) -> impl Iterator<Item = &ScopeLine<'a>> {
        self.lines.iter().filter(|line| line.danger)
    }
}

/// One thing an app will be able to do.
#[derive(Debug, Clone)]
pub(crate) struct ScopeLine<'a> {
    /// The heading it stands under: "Personal user data".
    pub group: Option<&'a str>,
    /// "See your email address".
    pub words: String,
    /// "ada@example.com", "At api.example.com", "This cannot be undone."
    pub detail: Option<String>,
    /// The raw names, separated by spaces. The value of the checkbox when it is optional.
    pub names: &'a str,
    /// Not allowed before.
    pub new: bool,
    /// Shown last, in a box.
    pub danger: bool,
    /// The person may leave it out.
    pub optional: bool,
}

/// Where the answer is sent (UX K4).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Destination<'a> {
    /// A web address: its host, in ASCII.
    Host(&'a str),
    /// A program on this computer.
    Loopback(&'a str),
    /// An app registered for this scheme, without `://`.
    PrivateScheme(&'a str),
}

/// A request that is answered by a page, because nothing says that its redirect address is the app's (UX E1–E4).
#[derive(Debug, Template)]
#[template(path = "authorize/refused.html")]
pub(crate) struct Refused<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app, when there is one.
    pub app_name: Option<&'a str>,
    /// `invalid_request`.
    pub error: &'a str,
    /// Which parameter, and what is wrong with it: one sentence, for the developer, in English.
    pub sentence: &'a str,
    /// The value that came, cut to a decent length.
    pub received: Option<&'a str>,
    /// To find it in the log.
    pub reference: &'a str,
    /// The person did not allow it, and nothing is wrong.
    pub declined: bool,
    /// Host and address where the person may take the answer themselves: nobody vouches for the app (PROTOCOL P3).
    pub onward: Option<(&'a str, HttpsUrl<'a>)>,
    /// For an administrator or the app's owner.
    pub developer: Option<Developer<'a>>,
}

/// What only those learn who may change the app.
#[derive(Debug, Clone)]
pub(crate) struct Developer<'a> {
    /// What is registered.
    pub registered: Vec<&'a str>,
    /// The one most like what came.
    pub nearest: Option<&'a str>,
    /// "registered has no trailing slash".
    pub difference: Option<&'a str>,
    /// The command that would mend it.
    pub fix: Option<&'a str>,
}

/// An answer that travels in a form (Form Post Response Mode §2): a script sends it, or the button.
#[derive(Debug, Template)]
#[template(path = "authorize/form_post.html")]
pub(crate) struct FormPost<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Whom it is for.
    pub app_name: &'a str,
    /// The app's address.
    pub action: &'a str,
    /// Name and value of each parameter.
    pub fields: &'a [(&'static str, String)],
}

/// A sealed request too long for an address: one button posts it back to `/oauth2/authorize`, and a script presses it.
#[derive(Debug, Template)]
#[template(path = "authorize/continue.html")]
pub(crate) struct Continue<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The sealed authorize request.
    pub interaction: &'a str,
}
