//! `/account/profile`.

use askama::Template;

use super::{Frame, input::Input};
use crate::{
    http::text::{Arg, Html},
    protocol::claims::{Field, Unfit},
};

/// What a person lets others know of them. Posts each field by its claim's name, what it was shown with, `person` and
/// `csrf`, back here.
#[derive(Debug, Template)]
#[template(path = "account/profile.html")]
pub(crate) struct Profile<'a> {
    /// Around the page.
    pub page: Frame<'a>,
    /// What stands in each field.
    pub values: Vec<(Item, String)>,
    /// What stood there when the page was first shown, by the names under which the form carries it.
    pub shown: Vec<(String, String)>,
    /// Nobody has shown the address, or the number, to be theirs.
    pub unverified: Vec<Item>,
    /// What was wrong with the last try.
    pub errors: Vec<FormError>,
    /// It was just saved.
    pub saved: bool,
    /// Tells whose form it is.
    pub person: &'a str,
    /// The form's token.
    pub csrf: &'a str,
}

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Full name.
    Name,
    /// Email address.
    Email,
    /// Any other.
    Field(Field),
}

impl Item {
    /// Each once, in the order of the page.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Name, Self::Email].into_iter().chain(Field::ALL.iter().map(|field| Self::Field(*field)))
    }

    /// The name in the form.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Field(field) => field.name(),
        }
    }

    /// The key of its label.
    pub(crate) const fn label(self) -> &'static str {
        self.form().0
    }

    /// The key of its label, its kind, and what a browser fills in.
    const fn form(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Name => ("field-name", "text", "name"),
            Self::Email => ("field-email", "text", "email"),
            Self::Field(field) => match field {
                Field::GivenName => ("field-given-name", "text", "given-name"),
                Field::FamilyName => ("field-family-name", "text", "family-name"),
                Field::MiddleName => ("field-middle-name", "text", "additional-name"),
                Field::Nickname => ("field-nickname", "text", "nickname"),
                Field::Profile => ("field-profile", "url", "off"),
                Field::Picture => ("field-picture", "url", "photo"),
                Field::Website => ("field-website", "url", "url"),
                Field::Gender => ("field-gender", "text", "sex"),
                Field::Birthdate => ("field-birthdate", "text", "bday"),
                Field::Zoneinfo => ("field-zoneinfo", "text", "off"),
                Field::Locale => ("field-locale", "text", "language"),
                Field::PhoneNumber => ("field-phone-number", "tel", "tel"),
                Field::StreetAddress => ("field-street-address", "lines", "street-address"),
                Field::Locality => ("field-locality", "text", "address-level2"),
                Field::Region => ("field-region", "text", "address-level1"),
                Field::PostalCode => ("field-postal-code", "text", "postal-code"),
                Field::Country => ("field-country", "text", "country-name"),
            },
        }
    }

    /// The key of the heading it stands under.
    fn heading(self) -> &'static str {
        match self {
            Self::Email | Self::Field(Field::PhoneNumber) => "profile-reach",
            Self::Field(field) if field.name().starts_with("address.") => "profile-address",
            Self::Name | Self::Field(_) => "profile-about",
        }
    }
}

/// What was wrong with the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// The form's token is too old; nothing was done.
    Expired,
    /// The name is too long, or has characters that hide or turn text.
    Name,
    /// More than this many characters.
    EmailTooLong(u32),
    /// Not an address.
    Email,
    /// Somebody has it.
    EmailTaken,
    /// Another field.
    Field(Field, Unfit),
}

impl FormError {
    /// The field at fault.
    pub(crate) const fn field(self) -> Option<Item> {
        match self {
            Self::Expired => None,
            Self::Name => Some(Item::Name),
            Self::EmailTooLong(_) | Self::Email | Self::EmailTaken => Some(Item::Email),
            Self::Field(field, _) => Some(Item::Field(field)),
        }
    }

    /// In words.
    pub(crate) fn words(self, page: &Frame<'_>) -> Html {
        match self {
            Self::Expired => page.t("form-expired"),
            Self::Name => page.t("profile-name-bad"),
            Self::EmailTooLong(most) => page.t1("error-email-long", "count", most),
            Self::Email => page.t("error-email-invalid"),
            Self::EmailTaken => page.t("error-email-taken"),
            Self::Field(field, unfit) => {
                let label = page.plain(Item::Field(field).label());
                match unfit {
                    Unfit::Text(most) => {
                        let most = i64::try_from(most).unwrap_or(i64::MAX);
                        page.t2("profile-text-bad", "field", Arg::Text(&label), "count", Arg::Number(most))
                    }
                    Unfit::Url => page.t1("profile-url-bad", "field", Arg::Text(&label)),
                    Unfit::Birthdate => page.t("profile-birthdate-bad"),
                    Unfit::Zoneinfo => page.t("profile-zoneinfo-bad"),
                    Unfit::Locale => page.t("profile-locale-bad"),
                    Unfit::PhoneNumber => page.t("profile-phone-bad"),
                }
            }
        }
    }
}

impl Profile<'_> {
    #[expect(clippy::unused_self, reason = "the layout asks each page")]
    const fn place(&self) -> &'static str {
        "profile"
    }

    /// The fields under their headings.
    fn groups(&self) -> Vec<(Html, Vec<Input<'_>>)> {
        let under = |heading: &str| {
            let items = Item::all().filter(|item| item.heading() == heading);
            items.map(|item| self.input(item)).collect::<Vec<_>>()
        };
        let headings = ["profile-about", "profile-reach", "profile-address"];
        headings.into_iter().map(|heading| (self.page.t(heading), under(heading))).collect()
    }

    fn input(&self, item: Item) -> Input<'_> {
        let (label, kind, autocomplete) = item.form();
        let value = self.values.iter().find(|(known, _)| *known == item).map_or("", |(_, value)| value.as_str());
        let hint = match item {
            Item::Field(Field::Birthdate) => Some("profile-birthdate-hint"),
            Item::Field(Field::Zoneinfo) => Some("profile-zoneinfo-hint"),
            Item::Field(Field::Locale) => Some("profile-locale-hint"),
            item if self.unverified.contains(&item) => Some("profile-unverified"),
            _ => None,
        };
        Input {
            name: item.name(),
            label: self.page.t(label),
            kind,
            autocomplete,
            value,
            hint: hint.map(|key| self.page.t(key)),
            error: self.errors.iter().find(|error| error.field() == Some(item)).map(|error| error.words(&self.page)),
            required: false,
        }
    }
}
