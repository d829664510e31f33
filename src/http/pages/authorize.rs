//! The authorization endpoint's pages: consent and refusal.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use url::Url;

use super::{
    Forms, Paged, choose_account, frame, handover, link, login, logo, page, shown_person, sign_up,
    view::{
        HttpsUrl, Standing,
        authorize::{AskingApp, Consent, Destination, Developer, Permissions, Refused, ScopeLine},
        notice::{Notice, NoticeApp, NoticeKind},
        profile::Item,
    },
};
use crate::{
    flow::{
        authorize::{Next, Question, Rejected},
        catalog::Snapshot,
        client_owner, profile,
    },
    http::{Server, csrf, middleware, oauth::authorize::form_parts, refuse, text::Text},
    protocol::{
        Refusal,
        claims::{self, Field, Profile},
        client_metadata::Client,
        dialect::{Dialect, Door},
        redirect_uri::{self, PrivateScheme, Target},
        scope::{Scope, ScopeDefinition},
    },
    store::models::User,
};

/// What the browser gets next.
pub(crate) async fn answer(server: &Server, request: &HttpRequest, next: Next, form_expired: bool) -> Paged {
    match next {
        Next::SignIn(waiting) => {
            middleware::note_client(request, &waiting.asked.client.client_id);
            Ok(login::for_interaction(server, request, &waiting))
        }
        Next::SignUp(waiting) => {
            middleware::note_client(request, &waiting.asked.client.client_id);
            Ok(sign_up::for_interaction(server, request, &waiting.interaction, &waiting.asked.client))
        }
        Next::ChooseAccount(waiting) => {
            middleware::note_client(request, &waiting.asked.client.client_id);
            choose_account::form(server, request, Some(&waiting.interaction), None).await
        }
        Next::Consent(question) => consent(server, request, &question, form_expired).await,
        Next::Answer(client, response) => Ok(handover::answer(server, request, &client, &response)),
        Next::Refused(Rejected { refusal, client, received, onward, .. }) => {
            middleware::note_refusal(request, refusal.name());
            let signed_in = super::browser::signed_in(server, request).await?;
            let developer =
                client.as_deref().filter(|client| may_see_registration(signed_in.as_ref().map(|s| &s.user), client));
            let about = About {
                client: client.as_deref(),
                received: received.as_deref(),
                developer,
                onward: onward.as_deref(),
            };
            Ok(refused_page(server, request, &refusal, &about))
        }
        Next::AlreadyDone(client) => {
            let app = NoticeApp { name: &client.name, home: link(&client, client.metadata.client_uri.as_deref()) };
            let view = Notice {
                page: frame(server, request, None),
                kind: NoticeKind::AlreadyDone,
                app: Some(app),
                retry: None,
                reference: None,
            };
            Ok(page(StatusCode::OK, Forms::Own, &view))
        }
    }
}

async fn consent(server: &Server, request: &HttpRequest, question: &Question, form_expired: bool) -> Paged {
    let (client, asked) = (&question.asked.client, &question.asked.request);
    middleware::note_client(request, &client.client_id);
    let at = server.ctx.catalog.snapshot(&server.ctx).await?;
    let user = &question.signed_in.user;
    let view_frame = frame(server, request, None);
    let profile = profile::of(user)?;
    let agreed = question.agreed.as_ref();
    let issuer = server.ctx.issuer();
    let shown = shown_scope(question.interaction.door, &asked.scope, &asked.optional, &at);
    let door = question.interaction.door;
    let claimed = by_scope(&at, client, &asked.extra_claims);
    let lines = Lines {
        text: view_frame.text,
        at: &at,
        user,
        profile: &profile,
        issuer,
        door,
        agreed: agreed.map(|agreed| &agreed.scope),
    };
    let owner = client_owner::find_name(&server.ctx, client).await?;
    let host = client.host();
    let destination = redirect_uri::shown_target(question.asked.redirect.as_str());
    let parts = form_parts(&question.interaction, &question.signed_in, &question.shown());
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let csrf = csrf::make(&server.ctx.keyring, &parts);
    let interaction = question.interaction.seal(&server.ctx.keyring);
    let issuer = server.ctx.issuer();
    let view = Consent {
        page: view_frame,
        app: asking_app(client, owner.as_deref(), host.as_deref()),
        person: shown_person(user),
        scopes: lines.of(&shown, &asked.optional).and(lines.of_claims(&claimed, agreed.map(|agreed| &agreed.claims))),
        resources: shown_resources(&asked.audience, issuer),
        destination: match redirect_uri::target(question.asked.redirect.as_str()) {
            Target::Https => Destination::Host(&destination),
            Target::Loopback => Destination::Loopback(&destination),
            Target::PrivateScheme => Destination::PrivateScheme(destination.trim_end_matches(':')),
        },
        allowed_before: agreed.map(|agreed| agreed.at),
        policy: link(client, client.metadata.policy_uri.as_deref()),
        terms: link(client, client.metadata.tos_uri.as_deref()),
        form_expired,
        csrf: &csrf,
        interaction: &interaction,
    };
    Ok(page(StatusCode::OK, Forms::Anywhere, &view))
}

/// The app, as a question names it.
pub(crate) fn asking_app<'a>(client: &'a Client, owner: Option<&'a str>, host: Option<&'a str>) -> AskingApp<'a> {
    let standing = standing(client, owner);
    let vouched_for = matches!(standing, Standing::FirstParty | Standing::Verified);
    AskingApp {
        name: &client.name,
        host,
        standing,
        owner: owner.filter(|_| !matches!(standing, Standing::AddedBy(_))),
        description: client.metadata.description.as_deref(),
        home: client.metadata.client_uri.as_deref().filter(|_| vouched_for).and_then(HttpsUrl::parse),
        logo: logo(client),
    }
}

/// The scopes a question names: another service's page has the widest and not what comes with it. What may be left out
/// hides nothing that may not.
pub(crate) fn shown_scope(door: Door, scope: &Scope, optional: &Scope, at: &Snapshot) -> Scope {
    match door {
        Door::Standard => scope.clone(),
        Door::Dialect(_) => {
            let needed = at.scopes.normalised(&scope.filtered(|name| !optional.has(name)));
            let spare = at.scopes.normalised(optional);
            scope.filtered(|name| needed.has(name) || spare.has(name))
        }
    }
}

/// The APIs a question names: not ourselves, and a dialect's own API is this server.
pub(crate) fn shown_resources<'a>(audience: &'a [String], issuer: &str) -> Vec<&'a str> {
    let own = |uri: &str| uri == issuer || Dialect::ALL.iter().any(|dialect| dialect.audience() == uri);
    audience.iter().map(String::as_str).filter(|uri| !own(uri)).collect()
}

/// Claims that are asked for by name, each group under the scope that would bring it (PROTOCOL P11).
fn by_scope(at: &Snapshot, client: &Client, claims: &Scope) -> Vec<(String, String)> {
    let mut groups: Vec<(String, String)> = Vec::new();
    for claim in claims.iter() {
        let own = client.metadata.all_scopes();
        let scope = at.scopes.scopes_of(claim).find(|scope| own.has(scope)).unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| known == scope) {
            Some((_, names)) => *names = format!("{names} {claim}"),
            None => groups.push((scope.to_owned(), claim.to_owned())),
        }
    }
    groups
}

/// What permissions are put into words with.
pub(crate) struct Lines<'a> {
    /// The language.
    pub(crate) text: Text,
    /// Scopes and resources there are.
    pub(crate) at: &'a Snapshot,
    /// Who is asked.
    pub(crate) user: &'a User,
    /// What else is known of them.
    pub(crate) profile: &'a Profile,
    /// Our name.
    pub(crate) issuer: &'a str,
    /// By which way the app came.
    pub(crate) door: Door,
    /// What they agreed to before, where that counts.
    pub(crate) agreed: Option<&'a Scope>,
}

impl<'a> Lines<'a> {
    /// A line for each scope.
    pub(crate) fn of<'s: 'a>(&self, scope: &'s Scope, optional: &Scope) -> Permissions<'a> {
        let public = (self.door != Door::Standard).then(|| name_and_username(self.user));
        Permissions {
            public,
            basic: self.door.basic(),
            lines: scope.iter().map(|name| self.line(name, optional.has(name), None)).collect(),
        }
    }

    /// A line for each group of claims, in the words of its scope and by their own names.
    fn of_claims(&self, groups: &'a [(String, String)], agreed: Option<&Scope>) -> Vec<ScopeLine<'a>> {
        let is_new = |names: &str| agreed.is_some_and(|agreed| names.split(' ').any(|name| !agreed.has(name)));
        let line = |(scope, names): &'a (String, String)| ScopeLine {
            names,
            new: is_new(names),
            ..self.line(scope, false, Some(names))
        };
        groups.iter().map(line).collect()
    }

    /// The line of a scope; `only` names the claims of it that are asked for where it is not asked for itself.
    fn line(&self, name: &'a str, optional: bool, only: Option<&str>) -> ScopeLine<'a> {
        let (definition, danger) = (self.at.scopes.find(name), self.at.scopes.is_dangerous(name));
        // a heading says it for all of its group, but not in the box of the dangerous ones
        let grouped = definition.filter(|scope| !danger && !scope.group.is_empty());
        ScopeLine {
            group: grouped.map(|scope| scope.group.as_str()),
            words: match grouped.filter(|scope| !scope.description.is_empty()) {
                Some(scope) => scope.description.clone(),
                None => words(self.text, name, definition, self.issuer),
            },
            detail: self.detail(name, definition, only),
            names: name,
            new: self.agreed.is_some_and(|agreed| !agreed.has(name)),
            danger,
            optional,
        }
    }

    /// What exactly the app would see, or where.
    fn detail(&self, name: &str, definition: Option<&ScopeDefinition>, only: Option<&str>) -> Option<String> {
        let is_told = |claim: &str| only.is_none_or(|names| names.split(' ').any(|name| name == claim));
        match name {
            "profile" => Some(self.of_profile(is_told)).filter(|told| !told.is_empty()),
            "email" | "user:email" => self.user.email.clone().filter(|_| is_told("email")),
            "phone" => self.profile.get(Field::PhoneNumber).filter(|_| is_told("phone_number")).map(str::to_owned),
            "address" => Some(self.profile.address()?.get("formatted")?.as_str()?.replace('\n', ", ")),
            "groups" => Some(self.profile.groups().join(", ")).filter(|groups| !groups.is_empty()),
            _ => {
                let uri = definition?.resource.as_deref()?;
                let named = self.at.resource(uri).map(|found| found.name.clone()).filter(|name| !name.is_empty());
                Some(named.unwrap_or_else(|| uri.to_owned()))
            }
        }
    }

    /// Name and username, and by their labels what else goes with them and somebody has filled in, of what is told.
    fn of_profile(&self, is_told: impl Fn(&str) -> bool) -> String {
        let named = [("name", self.user.name.as_deref()), ("preferred_username", Some(self.user.username.as_str()))];
        let named = named.into_iter().filter(|(claim, _)| is_told(claim)).filter_map(|(_, text)| text);
        let is_in_name = |field: Field, text: &str| {
            is_told("name")
                && matches!(field, Field::GivenName | Field::MiddleName | Field::FamilyName)
                && self.user.name.as_deref().is_some_and(|name| name.contains(text))
        };
        let more = Field::ALL.iter().copied().filter(|field| {
            is_told(field.name())
                && claims::STANDARD.contains(&(field.name(), "profile"))
                && self.profile.get(*field).is_some_and(|text| !is_in_name(*field, text))
        });
        let labels: Vec<String> = more.map(|field| self.text.plain(Item::Field(field).label(), &[])).collect();
        let parts = [named.collect::<Vec<_>>().join(", "), labels.join(", ")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

/// Who vouches for the app (UX K2).
pub(crate) fn standing<'a>(client: &Client, owner: Option<&'a str>) -> Standing<'a> {
    match (client.metadata.first_party, client.metadata.verified, owner) {
        (true, _, _) => Standing::FirstParty,
        (false, true, _) => Standing::Verified,
        (false, false, _) if client.metadata.registered.is_some() => Standing::NotVerified,
        (false, false, Some(owner)) => Standing::AddedBy(owner),
        (false, false, None) => Standing::AddedByAdministrator,
    }
}

/// A permission in words: the catalogue's for the built-in ones, the administrator's for the others (UX K10).
pub(crate) fn words(text: Text, name: &str, definition: Option<&ScopeDefinition>, issuer: &str) -> String {
    match definition {
        Some(scope) if scope.builtin => text.scope_words(name).unwrap_or_else(|| scope.description.clone()),
        Some(scope) if !scope.description.is_empty() => scope.in_words(),
        definition => {
            let home = definition.and_then(|scope| scope.resource.as_deref()).unwrap_or(issuer);
            text.scope_without_words(name, home)
        }
    }
}

fn name_and_username(user: &User) -> String {
    user.name.as_ref().map_or_else(|| user.username.clone(), |name| format!("{name}, {}", user.username))
}

/// What is known beside the refusal itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// Who asked.
    pub(crate) client: Option<&'a Client>,
    /// What came in the place that was wrong.
    pub(crate) received: Option<&'a str>,
    /// Who asked, where an administrator or the owner looks.
    pub(crate) developer: Option<&'a Client>,
    /// Where the person may take the error themselves.
    pub(crate) onward: Option<&'a str>,
}

/// An error that may not be sent to the app, or has nobody to be sent to (UX E1–E4).
pub(crate) fn refused_page(
    server: &Server,
    request: &HttpRequest,
    refusal: &Refusal,
    about: &About<'_>,
) -> HttpResponse {
    let About { client, received, developer, onward } = *about;
    let shown = received.map(printable);
    let host = onward.map(redirect_uri::shown_target);
    let sentence = refusal.description();
    let id = middleware::request_id(request);
    let help = developer.map(|client| help(client, received, &server.ctx.config.clients.private_schemes));
    let view = Refused {
        page: frame(server, request, None),
        app_name: client.map(|client| client.name.as_str()),
        error: refusal.code().text(),
        sentence: &sentence,
        received: shown.as_deref(),
        reference: &id,
        declined: *refusal == Refusal::Denied,
        onward: host.as_deref().zip(onward.and_then(HttpsUrl::parse)),
        developer: help.as_ref().map(|help| Developer {
            registered: help.registered.iter().map(String::as_str).collect(),
            nearest: help.nearest.as_deref(),
            difference: help.difference,
            fix: help.fix.as_deref(),
        }),
    };
    page(refuse::status(refusal), Forms::Own, &view)
}

/// Registered values are for administrators and the app's owner alone (PROTOCOL R-h4).
fn may_see_registration(user: Option<&User>, client: &Client) -> bool {
    user.is_some_and(|user| user.admin || client.metadata.owner == Some(user.id))
}

struct Help {
    registered: Vec<String>,
    nearest: Option<String>,
    difference: Option<&'static str>,
    fix: Option<String>,
}

/// What differs, in words, and the command that would mend it where that is safe to offer (PROTOCOL R-h1): not with what
/// is not shown as it came.
fn help(client: &Client, received: Option<&str>, schemes: &[PrivateScheme]) -> Help {
    let registered = client.metadata.redirect_uris.clone();
    let Some(received) = received else { return Help { registered, nearest: None, difference: None, fix: None } };
    let alike = |uri: &str| uri.bytes().zip(received.bytes()).take_while(|(a, b)| a == b).count();
    let target = redirect_uri::shown_target(received);
    // where programs share a private scheme, as an editor's extensions do, the host says whose address it is
    let host = |uri: &str| Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_elsewhere = |uri: &str| host(uri).zip(host(received)).is_some_and(|(own, other)| own != other);
    let is_same_site = |uri: &str| {
        (redirect_uri::shown_target(uri) == target && !is_elsewhere(uri))
            || (redirect_uri::is_loopback(uri) && redirect_uri::is_loopback(received))
    };
    let nearest = registered.iter().max_by_key(|uri| (is_same_site(uri), alike(uri))).cloned();
    let same_site = nearest.as_deref().is_some_and(is_same_site);
    let difference = nearest.as_deref().map(|uri| difference(uri, received, same_site, client));
    let fit = same_site
        && redirect_uri::check(received, schemes).is_ok()
        && !received.contains('\'')
        && printable(received) == received;
    let fix = fit.then(|| format!("countersign client update {} --add-redirect-uri '{received}'", client.client_id));
    Help { registered, nearest, difference, fix }
}

/// What is left to differ.
const ELSEWHERE: &str = "the path or the query differs";

fn difference(registered: &str, received: &str, same_site: bool, client: &Client) -> &'static str {
    if !same_site {
        return "This is a different site. Register it only if it is yours.";
    }
    if received.strip_suffix('/') == Some(registered) {
        return "registered has no trailing slash";
    }
    if registered.strip_suffix('/') == Some(received) {
        return "registered has a trailing slash";
    }
    let (Ok(of_registered), Ok(of_received)) = (Url::parse(registered), Url::parse(received)) else {
        return ELSEWHERE;
    };
    if of_registered.scheme() != of_received.scheme() {
        return "http instead of https, or the other way round";
    }
    let is_loopback = redirect_uri::is_loopback(received);
    if of_registered.host() != of_received.host() {
        return if is_loopback {
            "the host differs: localhost, 127.0.0.1 and [::1] are not the same"
        } else {
            "the host differs"
        };
    }
    if of_registered.port_or_known_default() != of_received.port_or_known_default() {
        if !is_loopback {
            return "the port differs";
        }
        if !client.metadata.any_port() {
            return "the port differs, and this client is not a public one";
        }
    }
    if of_registered == of_received {
        return "it is the same address in another spelling, and they are compared letter by letter";
    }
    ELSEWHERE
}

/// A received value, fit to be shown: printable ASCII, at most 200 characters (PROTOCOL R-h2).
fn printable(text: &str) -> String {
    text.chars().take(200).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}

/// Names of scopes as pages list them.
pub(crate) fn scope_words(
    server: &Server,
    text: Text,
    scope: &Scope,
    find: impl Fn(&str) -> Option<ScopeDefinition>,
) -> Vec<String> {
    scope.iter().map(|name| words(text, name, find(name).as_ref(), server.ctx.issuer())).collect()
}
