//! Every page once, with data as it may be and with data at its worst: for tests, for benchmarks and for eyes.
//!
//! `COUNTERSIGN_PAGES=/some/folder cargo test --lib every_page` writes them there, with the stylesheet, to be looked at.

mod account;
mod leave_and_set_up;
mod sign_up;

use askama::Template;

use super::authorize::{
    AskingApp, Consent, Continue, Destination, Developer, FormPost, Permissions, Refused, ScopeLine,
};
use super::notice::{Notice, NoticeApp, NoticeKind};
use super::{
    Elsewhere, Frame, HttpsUrl, Logo, Person, Site, Stale, Standing, choose_account, device, home, login, logout, setup,
};
use crate::clock::Ts;
use crate::http::text::Text;

/// 21 Nov 2026 10:02 UTC.
pub(super) const NOW: Ts = Ts::from_unix_seconds(1_795_255_320);

/// Of an app that somebody vouches for.
const LOGO: Option<Logo<'_>> = Some(Logo { client_id: "k7Qm", hash: "AbCdEfGh01234567" });

/// A server below a path, with all that may be in its foot.
pub(super) fn site() -> Site {
    Site {
        instance_name: "Example ID".to_owned(),
        base_path: "/auth".to_owned(),
        assets_hash: "0123456789abcdef".to_owned(),
        support_url: Some("https://example.com/help".to_owned()),
        privacy_url: Some("https://example.com/privacy".to_owned()),
        terms_url: Some("https://example.com/terms".to_owned()),
    }
}

/// Where samples go, one after the other: the name of each, and what renders it.
type Pages<'a> = dyn FnMut(&str, &dyn Fn() -> String) + 'a;

/// Shows every sample: no person's, no app's, no installation's. What renders one panics where its template has a
/// mistake.
pub fn each(pages: &mut Pages<'_>) {
    let site = site();
    let page = Frame { site: &site, text: Text::default_language(), now: NOW, person: Some(ADA) };
    add(pages, "home", &home::Home { page });
    sign_in(page, pages);
    sign_up::sign_up(page, pages);
    choose_account(page, pages);
    authorize(page, pages);
    devices(page, pages);
    notices(page, pages);
    account::account(page, pages);
    account::own_profile(page, pages);
    leave_and_set_up::leave_and_set_up(page, pages);
}

/// Name and markup of every sample, rendered now.
#[cfg(test)]
pub(super) fn all() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    each(&mut |name, render| pages.push((name.to_owned(), render())));
    pages
}

/// For eyes: into the folder that `COUNTERSIGN_PAGES` names, if it does.
#[cfg(test)]
pub(super) fn write(pages: &[(String, String)]) {
    let Ok(folder) = std::env::var("COUNTERSIGN_PAGES") else { return };
    std::fs::write(format!("{folder}/style.css"), super::STYLESHEET).expect("writable");
    for (name, html) in pages {
        let html = html.replace("/auth/assets/0123456789abcdef/", "");
        std::fs::write(format!("{folder}/{name}.html"), html).expect("writable");
    }
}

fn sign_in(page: Frame<'_>, pages: &mut Pages<'_>) {
    let plain = |error| login::Password {
        page,
        app: Some(login::Waiting {
            name: "Notes",
            host: Some("notes.example.com"),
            logo: LOGO,
            policy: HttpsUrl::parse("https://notes.example.com/privacy"),
            terms: HttpsUrl::parse("https://notes.example.com/terms"),
        }),
        username: "ada",
        remember: true,
        error,
        csrf: "c",
        interaction: Some("sealed"),
        user_code: None,
        sign_up: Some(Elsewhere::Link("/auth/signup?interaction=sealed".to_owned())),
    };
    add(pages, "login", &login::Password { username: "", remember: false, ..plain(None) });
    add(pages, "login-wrong", &plain(Some(login::LoginError::WrongPassword)));
    add(pages, "login-slow", &plain(Some(login::LoginError::SlowDown)));
    add(pages, "login-another", &plain(Some(login::LoginError::AnotherAccount)));
    add(pages, "login-expired", &plain(Some(login::LoginError::Stale(Stale::Expired))));
    add(pages, "login-no-cookie", &plain(Some(login::LoginError::Stale(Stale::NoCookie))));
    let app = Some(login::Waiting { name: NASTY, host: None, logo: None, policy: None, terms: None });
    let sign_up = Some(Elsewhere::Form("/auth/signup".to_owned()));
    add(pages, "login-nasty", &login::Password { app, username: NASTY, interaction: None, sign_up, ..plain(None) });
    add(pages, "login-alone", &login::Password { app: None, interaction: None, sign_up: None, ..plain(None) });
}

fn choose_account(page: Frame<'_>, pages: &mut Pages<'_>) {
    let account = |id, person, in_use| choose_account::AccountLine { id, person, in_use };
    let long = Person { display_name: LONG, username: LONG };
    let grace = Person { display_name: "Grace Hopper", username: "grace@navy.example" };
    let question = choose_account::ChooseAccount {
        page,
        app: Some(login::Waiting {
            name: "Notes",
            host: Some("notes.example.com"),
            logo: LOGO,
            policy: None,
            terms: None,
        }),
        accounts: vec![account("a", ADA, true), account("b", grace, false)],
        error: None,
        csrf: "c",
        interaction: Some("sealed"),
    };
    add(pages, "choose-account", &question);
    let one = choose_account::ChooseAccount {
        app: None,
        accounts: vec![account("a", ADA, true)],
        interaction: None,
        ..question
    };
    add(pages, "choose-account-one", &one);
    let app = Some(login::Waiting { name: NASTY, host: None, logo: None, policy: None, terms: None });
    let accounts = vec![account("a", EVE, false), account("b", long, false), account("c", ADA, false)];
    let error = Some(choose_account::ChooseError::Gone);
    add(pages, "choose-account-nasty", &choose_account::ChooseAccount { app, accounts, error, ..one });
    add(
        pages,
        "choose-account-expired",
        &choose_account::ChooseAccount {
            accounts: vec![account("a", grace, false)],
            error: Some(choose_account::ChooseError::FormExpired),
            ..choose_account::ChooseAccount {
                app: None,
                accounts: Vec::new(),
                page,
                error: None,
                csrf: "c",
                interaction: None,
            }
        },
    );
}

fn permissions(lines: Vec<ScopeLine<'_>>) -> Permissions<'_> {
    Permissions { public: None, basic: None, lines }
}

fn line<'a>(words: &str, detail: Option<&str>, names: &'a str) -> ScopeLine<'a> {
    ScopeLine {
        group: None,
        words: words.to_owned(),
        detail: detail.map(str::to_owned),
        names,
        new: false,
        danger: false,
        optional: false,
    }
}

fn usual(page: Frame<'_>) -> Consent<'_> {
    Consent {
        page,
        app: AskingApp {
            name: "Notes",
            host: Some("notes.example.com"),
            standing: Standing::Verified,
            owner: Some("ada"),
            description: Some("Keeps your notes in one place"),
            home: HttpsUrl::parse("https://notes.example.com"),
            logo: LOGO,
        },
        person: ADA,
        scopes: permissions(vec![
            line("Know who you are", Some("Your name and username"), "openid profile"),
            line("See your email address", Some("ada@example.com"), "email"),
            ScopeLine {
                group: Some("Notes"),
                new: true,
                ..line("Change your notes", Some("At api.example.com"), "write")
            },
            ScopeLine { optional: true, ..line("See your contacts", None, "contacts") },
            line("Stay connected when you are away", Some("Until you remove it"), "offline_access"),
        ]),
        resources: vec!["https://api.example.com"],
        destination: Destination::Host("notes.example.com"),
        allowed_before: Some(Ts::from_unix_seconds(1_793_700_000)),
        policy: HttpsUrl::parse("https://notes.example.com/privacy"),
        terms: HttpsUrl::parse("https://notes.example.com/terms"),
        form_expired: false,
        csrf: "c",
        interaction: "sealed",
    }
}

fn authorize(page: Frame<'_>, pages: &mut Pages<'_>) {
    add(pages, "consent", &usual(page));
    let danger = ScopeLine { danger: true, ..line("Delete your notes", Some("This cannot be undone."), "delete") };
    let unknown = AskingApp { owner: None, description: None, home: None, logo: None, ..usual(page).app };
    let app = AskingApp { name: "photo-cli", host: None, standing: Standing::NotVerified, ..unknown };
    add(
        pages,
        "consent-danger",
        &Consent {
            app,
            scopes: permissions(vec![danger, line("See your photos", None, "photos")]),
            resources: Vec::new(),
            destination: Destination::Loopback("127.0.0.1"),
            allowed_before: None,
            policy: None,
            terms: None,
            form_expired: true,
            ..usual(page)
        },
    );
    add(
        pages,
        "consent-public",
        &Consent {
            scopes: Permissions {
                public: Some("Ada Lovelace, ada".to_owned()),
                basic: Some("public_profile"),
                ..permissions(Vec::new())
            },
            ..usual(page)
        },
    );
    let app = AskingApp { name: "Cursor", host: None, standing: Standing::AddedBy("Ada Lovelace"), ..unknown };
    let destination = Destination::PrivateScheme("cursor");
    add(pages, "consent-scheme", &Consent { app, destination, scopes: permissions(Vec::new()), ..usual(page) });
    consent_nasty(page, pages);
    refusals(page, pages);
}

fn consent_nasty(page: Frame<'_>, pages: &mut Pages<'_>) {
    let unknown = AskingApp { owner: None, description: None, home: None, logo: None, ..usual(page).app };
    let names: Vec<String> =
        (0..40).map(|n| format!("https://api.example.com/auth/projects.things{n}.readwrite")).collect();
    let scopes = names
        .iter()
        .enumerate()
        .map(|(n, names)| ScopeLine {
            detail: (n % 3 == 0).then(|| LONG.to_owned()),
            new: n % 4 == 0,
            danger: n % 9 == 8,
            optional: n % 5 == 4,
            ..line(if n % 7 == 3 { RTL } else { "Read and change the things of your projects" }, None, names)
        })
        .collect();
    let app = AskingApp {
        name: NASTY,
        host: Some(LONG),
        standing: Standing::AddedBy(RTL),
        owner: Some(RTL),
        description: Some(NASTY),
        ..unknown
    };
    let person = Person { display_name: LONG, username: RTL };
    let destination = Destination::Host(LONG);
    add(
        pages,
        "consent-nasty",
        &Consent { app, person, scopes: permissions(scopes), destination, resources: vec![LONG, LONG], ..usual(page) },
    );
}

fn devices(page: Frame<'_>, pages: &mut Pages<'_>) {
    let enter = |user_code, error| device::EnterCode { page, user_code, error, csrf: "c" };
    add(pages, "device", &enter("", None));
    add(pages, "device-wrong", &enter("BCDF-GHJA", Some(device::EnterError::Wrong)));
    add(pages, "device-slow", &enter(NASTY, Some(device::EnterError::SlowDown)));
    add(pages, "device-expired", &enter("BCDF-GHJK", Some(device::EnterError::Stale(Stale::Expired))));
    add(pages, "device-no-cookie", &enter("BCDF-GHJK", Some(device::EnterError::Stale(Stale::NoCookie))));
    let confirm = || device::Confirm {
        page,
        app: usual(page).app,
        person: ADA,
        scopes: usual(page).scopes,
        resources: vec!["https://api.example.com"],
        user_code: "BCDF-GHJK",
        asked: NOW,
        browser: Some("curl"),
        system: Some("Linux"),
        address: "192.0.2.7",
        form_expired: false,
        csrf: "c",
    };
    add(pages, "device-confirm", &confirm());
    let (app, danger) =
        (AskingApp { name: NASTY, standing: Standing::NotVerified, logo: None, ..usual(page).app }, true);
    let scopes = permissions(vec![ScopeLine { danger, ..line(NASTY, Some(RTL), "delete") }]);
    let unknown = device::Confirm { browser: None, system: None, address: "", form_expired: true, ..confirm() };
    add(pages, "device-confirm-nasty", &device::Confirm { app, scopes, ..unknown });
    for connected in [true, false] {
        add(pages, &format!("device-done-{connected}"), &device::Done { page, connected });
    }
}

fn refusals(page: Frame<'_>, pages: &mut Pages<'_>) {
    let refused = |developer| Refused {
        page,
        app_name: Some("Notes"),
        error: "invalid_request",
        sentence: "redirect_uri is not registered for this client",
        received: Some("http://localhost:3000/cb"),
        reference: "01JD4X-7Q2M",
        declined: false,
        onward: None,
        developer,
    };
    add(pages, "refused", &refused(None));
    let developer = Developer {
        registered: vec!["http://localhost:3000/callback", "https://notes.example.com/callback"],
        nearest: Some("http://localhost:3000/callback"),
        difference: Some("the path differs"),
        fix: Some("countersign client update k7Qm --add-redirect-uri http://localhost:3000/cb"),
    };
    add(pages, "refused-developer", &refused(Some(developer)));
    let developer = Developer { registered: Vec::new(), nearest: None, difference: None, fix: None };
    let (app_name, received) = (None, Some(NASTY));
    let onward = HttpsUrl::parse("https://app.example/cb?error=access_denied").map(|url| ("app.example", url));
    add(pages, "refused-declined", &Refused { declined: true, onward, ..refused(None) });
    add(pages, "refused-nasty", &Refused { app_name, received, ..refused(Some(developer)) });
    let fields = [("code", "cscodeX".to_owned()), ("state", "a\"b<c>".to_owned())];
    let form = FormPost { page, app_name: "Notes", action: "https://notes.example.com/cb?x=1", fields: &fields };
    add(pages, "form-post", &form);
    add(pages, "form-post-nasty", &FormPost { app_name: NASTY, ..form });
    add(pages, "continue", &Continue { page, interaction: "sealed" });
}

fn notices(page: Frame<'_>, pages: &mut Pages<'_>) {
    for (name, kind) in [
        ("already-done", NoticeKind::AlreadyDone),
        ("stale", NoticeKind::Stale),
        ("cookies", NoticeKind::CookiesBlocked),
        ("wrong-browser", NoticeKind::WrongBrowser),
        ("not-found", NoticeKind::NotFound),
        ("method", NoticeKind::MethodNotAllowed),
        ("too-many", NoticeKind::TooManyRequests),
        ("busy", NoticeKind::Busy),
        ("broken", NoticeKind::Broken),
        ("foreign-post", NoticeKind::ForeignPost),
    ] {
        let home = HttpsUrl::parse("https://notes.example.com/");
        let app = (kind == NoticeKind::AlreadyDone).then_some(NoticeApp { name: "Notes", home });
        let retry = (kind == NoticeKind::Busy).then_some("/oauth2/authorize?client_id=k7Qm");
        let reference = (kind == NoticeKind::Broken).then_some("01JD4X-7Q2M");
        add(pages, &format!("notice-{name}"), &Notice { page, kind, app, retry, reference });
    }
}

fn add(pages: &mut Pages<'_>, name: &str, view: &impl Template) {
    pages(name, &|| view.render().expect("a page renders"));
}

const EVE: Person<'_> = Person { display_name: NASTY, username: RTL };
const ADA: Person<'_> = Person { display_name: "Ada Lovelace", username: "ada" };
/// Markup, an attribute's end, an override of the text direction and 80 characters without a space.
pub(super) const NASTY: &str =
    "<b>\"x'&amp;\u{202e}evil\u{2069}WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW";
const LONG: &str = "a-very-long-name-that-nobody-would-choose-but-somebody-did-anyway.subdomain.example.com";
const RTL: &str = "دفتر الملاحظات (مثال) 2026";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.0 Mobile/15E148 Safari/604.1";
