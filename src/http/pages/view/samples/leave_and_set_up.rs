//! Signing out, and one-time links.

use super::{EVE, Frame, HttpsUrl, LOGO, NASTY, add, logout, setup};
use crate::http::pages::view::setup::{ChoosePassword, Expired, Field, FirstAdmin, FormError};

pub(super) fn leave_and_set_up(page: Frame<'_>, pages: &mut Vec<(String, String)>) {
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
    let back = HttpsUrl::parse("https://notes.example.com/").map(|url| ("Notes", url));
    add(pages, "logout-done", &logout::Done { page, back, others: false, mistake: None });
    add(pages, "logout-done-others", &logout::Done { page, back: None, others: true, mistake: None });
    let frames =
        vec![("Notes", "https://notes.example.com/fc?iss=x&sid=y"), (NASTY, "https://b.example/fc?iss=x&sid=y")];
    let next = Some(("Notes", "https://notes.example.com/out?state=a%3Cb"));
    add(pages, "logout-leaving", &logout::Leaving { page, frames: frames.clone(), next });
    add(pages, "logout-leaving-alone", &logout::Leaving { page, frames, next: None });
    add(pages, "logout-done-alone", &logout::Done { page, back: None, others: false, mistake });
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
    let mut errors: Vec<_> = fields.into_iter().map(FormError::Missing).collect();
    errors.extend(fields.map(|field| FormError::TooLong(field, 80)));
    errors.extend([FormError::PasswordCommon, FormError::UsernameTaken, FormError::EmailTaken, FormError::Expired]);
    add(pages, "setup-every-error", &first(errors));
    let choose = |errors| ChoosePassword { page, username: "ada", password_least: 12, errors, token: "t", csrf: "c" };
    add(pages, "setup-password", &choose(Vec::new()));
    add(pages, "setup-password-error", &choose(vec![FormError::PasswordCommon]));
    let commands = &[
        "countersign client create --name \"My app\" --redirect-uri http://localhost:3000/callback",
        "countersign try code",
    ];
    add(pages, "setup-done", &setup::Done { page, commands });
    add(pages, "setup-expired", &Expired { page });
}
