//! Secrets that an administrator gives.

use std::fmt;

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// A secret as it was given. Whoever needs it writes [`expose`](Self::expose).
#[derive(Clone)]
pub struct SecretText(Box<str>);

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// None, one, or two of them: the new one first.
pub(super) type SecretTexts = Vec<SecretText>;

impl Setting for SecretTexts {
    const KIND: Kind = Kind::Secrets;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let make = "make one: openssl rand -base64 32";
        let texts = value.texts(key)?;
        if texts.is_empty() || texts.iter().any(|text| text.chars().count() < SHORTEST) {
            return Err(Problem::new(format!("must have at least {SHORTEST} characters")).remedy(make));
        }
        match texts.as_slice() {
            [_] => {}
            [new, old] if new != old => {}
            [_, _] => return Err(Problem::new("has the same text twice").remedy("give the new one, then the old one")),
            _ => return Err(Problem::new("must be one text or two").remedy("give the new one, then the old one")),
        }
        Ok(texts.into_iter().map(|text| SecretText(text.into())).collect())
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }
}

const SHORTEST: usize = 32;
