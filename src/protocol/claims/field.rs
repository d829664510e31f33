//! What a person may write about themselves: each field with the form its claim has (OIDC Core §5.1, §5.1.1).

use chrono::NaiveDate;
use url::Url;

use crate::protocol::plain_text::is_plain_text;

/// A field of a person's profile. The members of `address` are fields of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the claim of that name")]
pub enum Field {
    GivenName,
    FamilyName,
    MiddleName,
    Nickname,
    Profile,
    Picture,
    Website,
    Gender,
    Birthdate,
    Zoneinfo,
    Locale,
    PhoneNumber,
    StreetAddress,
    Locality,
    Region,
    PostalCode,
    Country,
}

/// Why a text cannot stand in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Unfit {
    #[error("has {0} characters at most, and none that hide or turn text")]
    Text(usize),
    #[error("is a web address, as in https://ada.example.com/")]
    Url,
    #[error("is a date, as in 1815-12-10, 0000-12-10 without the year or 1815 alone")]
    Birthdate,
    #[error("is the name of a time zone, as in Europe/London")]
    Zoneinfo,
    #[error("is a language tag, as in en or pt-BR")]
    Locale,
    #[error("is a number with its country's code, as in +44 20 7946 0018")]
    PhoneNumber,
}

/// Longest web address, in bytes.
const MAX_URL_BYTES: usize = 2048;

impl Field {
    /// Each once, in the order in which pages show them.
    pub const ALL: &[Self] = &[
        Self::GivenName,
        Self::MiddleName,
        Self::FamilyName,
        Self::Nickname,
        Self::Profile,
        Self::Picture,
        Self::Website,
        Self::Gender,
        Self::Birthdate,
        Self::Zoneinfo,
        Self::Locale,
        Self::PhoneNumber,
        Self::StreetAddress,
        Self::Locality,
        Self::Region,
        Self::PostalCode,
        Self::Country,
    ];

    /// The claim's name; `address.…` for its members.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::MiddleName => "middle_name",
            Self::Nickname => "nickname",
            Self::Profile => "profile",
            Self::Picture => "picture",
            Self::Website => "website",
            Self::Gender => "gender",
            Self::Birthdate => "birthdate",
            Self::Zoneinfo => "zoneinfo",
            Self::Locale => "locale",
            Self::PhoneNumber => "phone_number",
            Self::StreetAddress => "address.street_address",
            Self::Locality => "address.locality",
            Self::Region => "address.region",
            Self::PostalCode => "address.postal_code",
            Self::Country => "address.country",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// What was typed, in the form in which it is kept; empty when nothing was.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn read(self, typed: &str) -> Result<String, Unfit> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(String::new());
        }
        let kept = |fits: bool, unfit| if fits { Ok(typed.to_owned()) } else { Err(unfit) };
        let text = |longest| kept(is_plain_text(typed, longest), Unfit::Text(longest));
        match self {
            Self::GivenName | Self::FamilyName | Self::MiddleName | Self::Nickname => text(80),
            Self::Gender | Self::PostalCode => text(40),
            Self::Locality | Self::Region | Self::Country => text(100),
            Self::StreetAddress => lines(typed),
            Self::Profile | Self::Picture | Self::Website => kept(is_web_address(typed), Unfit::Url),
            Self::Birthdate => kept(is_birthdate(typed), Unfit::Birthdate),
            Self::Zoneinfo => kept(is_zone(typed), Unfit::Zoneinfo),
            Self::Locale => kept(is_language_tag(typed), Unfit::Locale),
            Self::PhoneNumber => phone_number(typed).ok_or(Unfit::PhoneNumber),
        }
    }
}

/// At most four lines; on the wire they end with a line feed alone.
fn lines(typed: &str) -> Result<String, Unfit> {
    const LONGEST: usize = 200;
    let typed = typed.replace("\r\n", "\n");
    let fits = typed.lines().count() <= 4 && is_plain_text(&typed.replace('\n', " "), LONGEST);
    if fits { Ok(typed) } else { Err(Unfit::Text(LONGEST)) }
}

fn is_web_address(text: &str) -> bool {
    text.len() <= MAX_URL_BYTES
        && text.bytes().all(|b| (0x21..0x7f).contains(&b))
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// ISO 8601-1: `YYYY-MM-DD`, `0000-MM-DD` where the year is nobody's business, or `YYYY`.
fn is_birthdate(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        None => digits(text, 4) && text != "0000",
        Some((year, day)) => {
            let shape = digits(year, 4) && day.split_once('-').is_some_and(|(m, d)| digits(m, 2) && digits(d, 2));
            // without a year it may be a leap day
            let year = if year == "0000" { "2000" } else { year };
            shape && NaiveDate::parse_from_str(&format!("{year}-{day}"), "%Y-%m-%d").is_ok()
        }
    }
}

/// The shape of a name in the time zone database: which zones there are changes several times a year.
fn is_zone(text: &str) -> bool {
    let part = |part: &str| {
        (1..=32).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    text.split('/').count() <= 3 && text.split('/').all(part)
}

/// Well-formed by BCP 47 (RFC 5646 §2.1): a language, then subtags of up to eight letters and digits.
fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts
        .next()
        .is_some_and(|language| (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic()));
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    language && text.len() <= 35 && parts.all(subtag) && !text.ends_with("-x")
}

/// E.164, with an extension as RFC 3966 has it: `+442079460018;ext=12`. Spaces, hyphens, dots and brackets go.
fn phone_number(typed: &str) -> Option<String> {
    let (number, extension) = match typed.split_once(";ext=") {
        Some((number, extension)) => (number, Some(extension)),
        None => (typed, None),
    };
    let digits: String = number.strip_prefix('+')?.chars().filter(|c| !" -.()".contains(*c)).collect();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fits = (7..=15).contains(&digits.len()) && all_digits(&digits) && !digits.starts_with('0');
    let extension = match extension {
        Some(extension) if (1..=10).contains(&extension.len()) && all_digits(extension) => format!(";ext={extension}"),
        Some(_) => return None,
        None => String::new(),
    };
    fits.then(|| format!("+{digits}{extension}"))
}
