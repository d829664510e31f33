//! `/signup`.

use askama::Template;

use super::{
    Elsewhere, Frame,
    input::Input,
    login::Waiting,
    setup::{Field, FormError},
};

/// "Create an account." Posts `name`, `username`, `email`, `password`, `csrf`, `interaction`, `user_code`.
#[derive(Debug, Template)]
#[template(path = "login/sign_up.html")]
pub(crate) struct SignUp<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// The app that waits, if one does.
    pub app: Option<Waiting<'a>>,
    /// Typed before.
    pub name: &'a str,
    /// Typed before, or a `login_hint`.
    pub username: &'a str,
    /// Typed before, or a `login_hint`.
    pub email: &'a str,
    /// The fewest characters a password may have; said below the field.
    pub password_least: u32,
    /// What was wrong with the last try.
    pub errors: Vec<FormError>,
    /// The form's token.
    pub csrf: &'a str,
    /// The sealed authorize request, if one waits.
    pub interaction: Option<&'a str>,
    /// The code of a device, if one waits.
    pub user_code: Option<&'a str>,
    /// Where people sign in who have an account.
    pub sign_in: Elsewhere,
}

impl SignUp<'_> {
    fn fields(&self) -> [Input<'_>; 4] {
        [
            self.optional(Field::Name, self.name),
            self.field(Field::Username, self.username),
            self.optional(Field::Email, self.email),
            self.field(Field::Password, ""),
        ]
    }

    fn field<'s>(&'s self, field: Field, value: &'s str) -> Input<'s> {
        Input::new(field, value, self.password_least, &self.page, &self.errors)
    }

    fn optional<'s>(&'s self, field: Field, value: &'s str) -> Input<'s> {
        Input { hint: Some(self.page.t("field-optional")), required: false, ..self.field(field, value) }
    }
}
