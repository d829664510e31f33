//! Making an account for oneself.

use super::{Elsewhere, Frame, HttpsUrl, LOGO, NASTY, Pages, Stale, add};
use crate::http::pages::view::{login::Waiting, setup::FormError as Wrong, sign_up::SignUp};

pub(super) fn sign_up(page: Frame<'_>, pages: &mut Pages<'_>) {
    let form = |errors| SignUp {
        page,
        app: Some(Waiting {
            name: "Notes",
            host: Some("notes.example.com"),
            logo: LOGO,
            policy: HttpsUrl::parse("https://notes.example.com/privacy"),
            terms: HttpsUrl::parse("https://notes.example.com/terms"),
        }),
        name: "Ada Lovelace",
        username: "ada@example.com",
        email: "ada",
        password_least: 12,
        errors,
        csrf: "c",
        interaction: Some("sealed"),
        user_code: None,
        sign_in: Elsewhere::Link("/auth/login?interaction=sealed".to_owned()),
    };
    add(pages, "signup", &SignUp { name: "", username: "", email: "", ..form(Vec::new()) });
    let errors = vec![Wrong::NameUnfit, Wrong::UsernameIsAddress, Wrong::EmailInvalid, Wrong::PasswordMissing];
    add(pages, "signup-errors", &form(errors));
    add(pages, "signup-slow", &form(vec![Wrong::SlowDown]));
    let alone =
        |app, user_code| SignUp { app, user_code, interaction: None, ..form(vec![Wrong::Stale(Stale::Expired)]) };
    add(pages, "signup-device", &alone(None, Some("BCDF-GHJK")));
    let app = Some(Waiting { name: NASTY, host: None, logo: None, policy: None, terms: None });
    let sign_in = Elsewhere::Form("/auth/login".to_owned());
    add(pages, "signup-nasty", &SignUp { name: NASTY, username: NASTY, email: NASTY, sign_in, ..alone(app, None) });
}
