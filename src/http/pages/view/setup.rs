//! One-time links: the first administrator, and choosing a password.

use askama::Template;

use super::{Frame, Stale, input::Input};
use crate::http::text::{Arg, Html};

/// "Welcome. Create the first administrator." Posts `name`, `username`, `email`, `password`, `first`, `t`,
/// `csrf` to `/setup`.
#[derive(Debug, Template)]
#[template(path = "setup/first_admin.html")]
pub(crate) struct FirstAdmin<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Typed before.
    pub name: &'a str,
    /// Typed before.
    pub username: &'a str,
    /// Typed before.
    pub email: &'a str,
    /// The fewest characters a password may have; said below the field.
    pub password_least: u32,
    /// What was wrong with the last try.
    pub errors: Vec<FormError>,
    /// The link's token.
    pub token: &'a str,
    /// The form's token.
    pub csrf: &'a str,
}

impl FirstAdmin<'_> {
    fn fields(&self) -> [Input<'_>; 4] {
        [Field::Name, Field::Username, Field::Email, Field::Password].map(|field| {
            let value = match field {
                Field::Name => self.name,
                Field::Username => self.username,
                Field::Email => self.email,
                Field::Password => "",
            };
            Input::new(field, value, self.password_least, &self.page, &self.errors)
        })
    }
}

/// A person chooses a password by a link. Posts `username`, `password`, `t`, `csrf` to `/setup`.
#[derive(Debug, Template)]
#[template(path = "setup/choose_password.html")]
pub(crate) struct ChoosePassword<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// Whose password.
    pub username: &'a str,
    /// The fewest characters a password may have; said below the field.
    pub password_least: u32,
    /// What was wrong with the last try.
    pub errors: Vec<FormError>,
    /// The link's token.
    pub token: &'a str,
    /// The form's token.
    pub csrf: &'a str,
}

impl ChoosePassword<'_> {
    fn fields(&self) -> [Input<'_>; 1] {
        [Input::new(Field::Password, "", self.password_least, &self.page, &self.errors)]
    }
}

/// The administrator exists, or the password is chosen.
#[derive(Debug, Template)]
#[template(path = "setup/done.html")]
pub(crate) struct Done<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The commands that make a person and register an app.
    pub commands: &'a [&'a str],
}

/// The link was used, or is too old.
#[derive(Debug, Template)]
#[template(path = "setup/expired.html")]
pub(crate) struct Expired<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// There has never been an administrator: whoever runs the server makes a new link.
    pub awaits_admin: bool,
}

/// A field of these forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// `name`
    Name,
    /// `username`
    Username,
    /// `email`
    Email,
    /// `password`
    Password,
}

impl Field {
    /// The name in the form.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Username => "username",
            Self::Email => "email",
            Self::Password => "password",
        }
    }

    fn label(self, page: &Frame<'_>) -> Html {
        page.t(match self {
            Self::Name => "field-name",
            Self::Username => "field-username",
            Self::Email => "field-email",
            Self::Password => "field-password",
        })
    }
}

/// What was wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// The form is not this browser's own; nothing was done.
    Stale(Stale),
    /// No username.
    UsernameMissing,
    /// No password.
    PasswordMissing,
    /// More than this many characters.
    TooLong(Field, u32),
    /// Fewer than this many characters.
    PasswordTooShort(u32),
    /// On the list of passwords that everybody tries.
    PasswordCommon,
    /// Too many tries.
    SlowDown,
    /// Characters that a name cannot have.
    NameUnfit,
    /// Characters that a username cannot have.
    UsernameInvalid,
    /// It looks like an email address.
    UsernameIsAddress,
    /// Somebody has it.
    UsernameTaken,
    /// Not an address.
    EmailInvalid,
    /// Somebody has it.
    EmailTaken,
}

impl FormError {
    /// The field at fault.
    pub(crate) const fn field(self) -> Option<Field> {
        match self {
            Self::Stale(_) | Self::SlowDown => None,
            Self::NameUnfit => Some(Field::Name),
            Self::TooLong(field, _) => Some(field),
            Self::PasswordMissing | Self::PasswordTooShort(_) | Self::PasswordCommon => Some(Field::Password),
            Self::UsernameMissing | Self::UsernameInvalid | Self::UsernameTaken | Self::UsernameIsAddress => {
                Some(Field::Username)
            }
            Self::EmailInvalid | Self::EmailTaken => Some(Field::Email),
        }
    }

    /// In words.
    pub(crate) fn words(self, page: &Frame<'_>) -> Html {
        let count = |key, count: u32| page.t1(key, "count", Arg::Number(count.into()));
        match self {
            Self::Stale(stale) => page.t(stale.key()),
            Self::SlowDown => page.t("login-slow-down"),
            Self::NameUnfit => page.t("profile-name-bad"),
            Self::UsernameMissing => page.t("error-username-missing"),
            Self::PasswordMissing => page.t("error-password-missing"),
            Self::TooLong(Field::Name, most) => count("error-name-long", most),
            Self::TooLong(Field::Username, most) => count("error-username-long", most),
            Self::TooLong(Field::Email, most) => count("error-email-long", most),
            Self::TooLong(Field::Password, most) => count("error-password-long", most),
            Self::PasswordTooShort(least) => count("error-password-short", least),
            Self::PasswordCommon => page.t("error-password-common"),
            Self::UsernameInvalid => page.t("error-username-invalid"),
            Self::UsernameTaken => page.t("error-username-taken"),
            Self::UsernameIsAddress => page.t("error-username-address"),
            Self::EmailInvalid => page.t("error-email-invalid"),
            Self::EmailTaken => page.t("error-email-taken"),
        }
    }
}

impl<'a> Input<'a> {
    pub(super) fn new(
        field: Field,
        value: &'a str,
        password_least: u32,
        page: &Frame<'_>,
        errors: &[FormError],
    ) -> Self {
        let (kind, autocomplete) = match field {
            Field::Name => ("text", "name"),
            Field::Username => ("text", "username"),
            Field::Email => ("text", "email"),
            Field::Password => ("password", "new-password"),
        };
        Self {
            name: field.name(),
            label: field.label(page),
            kind,
            autocomplete,
            value,
            hint: (field == Field::Password).then(|| page.t1("password-hint", "count", password_least)),
            error: errors.iter().find(|error| error.field() == Some(field)).map(|error| error.words(page)),
            required: true,
        }
    }
}
