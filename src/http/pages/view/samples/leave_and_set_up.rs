//! Signing out, and one-time links.

use super::{EVE, Elsewhere, Frame, LOGO, NASTY, Pages, Stale, add, logout, setup};
use crate::http::pages::view::setup::{ChoosePassword, Expired, Field, FirstAdmin, FormError};

pub(super) fn leave_and_set_up(page: Frame<'_>, pages: &mut Pages<'_>) {
    let hidden = vec![("state", "a\"b<c>")];
    add(pages, "continue-logout", &logout::Continue { page, hidden: hidden.clone() });
    let question = logout::Confirm {
        page,
        app_name: Some("Notes"),
        app_logo: LOGO,
        one_of_several: None,
        csrf: "c",
        hidden,
        mistake: None,
    };
    add(pages, "logout", &question);
    let sentence = "post_logout_redirect_uri is not registered for this client";
    let mistake = Some(logout::Mistake { error: "invalid_request", sentence, reference: "0193" });
    let (hidden, app_logo) = (Vec::new(), None);
    add(pages, "logout-nasty", &logout::Confirm { app_name: Some(NASTY), app_logo, hidden, mistake, ..question });
    let (hidden, one_of_several) = (Vec::new(), Some(EVE));
    add(pages, "logout-one", &logout::Confirm { one_of_several, app_name: None, app_logo, hidden, ..question });
    let to = |path: &str| Elsewhere::Link(path.to_owned());
    let done = || logout::Done {
        page,
        left: None,
        others: false,
        frames: Vec::new(),
        back: None,
        onward: to("/auth/login"),
        interaction: None,
        mistake: None,
    };
    let app = logout::Back { name: "Notes", host: None, address: "https://notes.example.com/", by_itself: false };
    let stranger = logout::Back { name: NASTY, host: Some("notes.example.com"), ..app };
    add(pages, "logout-done", &logout::Done { back: Some(app), ..done() });
    add(pages, "logout-done-stranger", &logout::Done { back: Some(stranger), ..done() });
    let onward = to("/auth/oauth2/authorize/account");
    add(pages, "logout-done-others", &logout::Done { others: true, onward, ..done() });
    let frames =
        vec![("Notes", "https://notes.example.com/fc?iss=x&sid=y"), (NASTY, "https://b.example/fc?iss=x&sid=y")];
    let next = Some(logout::Back { address: "https://notes.example.com/out?state=a%3Cb", by_itself: true, ..app });
    add(pages, "logout-leaving", &logout::Done { frames: frames.clone(), back: next, ..done() });
    add(pages, "logout-leaving-alone", &logout::Done { frames: frames.clone(), ..done() });
    let (left, onward) = (Some(EVE), Elsewhere::Form("/auth/oauth2/authorize/account".to_owned()));
    let waits = logout::Done { left, others: true, frames, onward, interaction: Some("sealed"), ..done() };
    add(pages, "logout-leaving-waits", &waits);
    add(pages, "logout-done-alone", &logout::Done { mistake, ..done() });
    let first = |errors| FirstAdmin {
        page,
        name: "Ada Lovelace",
        username: "ada l",
        email: "ada",
        password_least: 12,
        errors,
        token: "t",
        csrf: "c",
    };
    add(pages, "setup", &FirstAdmin { name: "", username: "", email: "", ..first(Vec::new()) });
    add(
        pages,
        "setup-errors",
        &first(vec![FormError::UsernameInvalid, FormError::EmailInvalid, FormError::PasswordTooShort(12)]),
    );
    let fields = [Field::Name, Field::Username, Field::Email, Field::Password];
    let mut errors = fields.map(|field| FormError::TooLong(field, 80)).to_vec();
    errors.extend([FormError::UsernameMissing, FormError::PasswordMissing]);
    errors.extend([FormError::PasswordCommon, FormError::UsernameTaken, FormError::EmailTaken]);
    errors.extend([FormError::Stale(Stale::Expired), FormError::Stale(Stale::NoCookie)]);
    add(pages, "setup-every-error", &first(errors));
    let choose = |errors| ChoosePassword { page, username: "ada", password_least: 12, errors, token: "t", csrf: "c" };
    add(pages, "setup-password", &choose(Vec::new()));
    add(pages, "setup-password-error", &choose(vec![FormError::PasswordCommon]));
    let commands = &[
        "countersign client create --name \"My app\" --redirect-uri http://localhost:3000/callback",
        "countersign try code",
    ];
    add(pages, "setup-done", &setup::Done { page, commands });
    add(pages, "setup-expired", &Expired { page, awaits_admin: true });
    add(pages, "setup-used", &Expired { page, awaits_admin: false });
}
