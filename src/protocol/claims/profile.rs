//! The document that is kept of a person besides name and email address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Field, Unfit, is_own_name};
use crate::protocol::plain_text::is_plain_text;

/// Most groups of a person.
const MAX_GROUPS: usize = 200;
/// Most claims of somebody's own making that a person has.
const MAX_OWN: usize = 50;
/// Longest value of such a claim, as JSON, in bytes.
const MAX_OWN_BYTES: usize = 4096;

/// What is kept. What a newer release has written is kept as well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// By [`Field::name`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_false")]
    phone_number_verified: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Claims that no specification has.
    #[serde(skip_serializing_if = "Map::is_empty")]
    own: Map<String, Value>,
}

/// Why a claim, or a group, cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum BadClaim {
    #[error("{0} {1}")]
    Unfit(&'static str, Unfit),
    #[error("{0:?} cannot be the name of a claim")]
    Name(String),
    #[error("a claim's value has at most {MAX_OWN_BYTES} bytes, and a person {MAX_OWN} of them")]
    Size,
    #[error("a group is one line of 1 to 100 characters, and a person is in {MAX_GROUPS} at most")]
    Group,
}

impl Profile {
    /// What stands in a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields.get(field.name()).map(String::as_str)
    }

    /// Writes what was typed; nothing takes the field away. Another phone number has not been shown to be theirs.
    ///
    /// # Errors
    /// [`Unfit`]; the field is as it was then.
    pub fn set(&mut self, field: Field, typed: &str) -> Result<(), Unfit> {
        let text = field.read(typed)?;
        if self.get(field).unwrap_or_default() == text {
            return Ok(());
        }
        if field == Field::PhoneNumber {
            self.phone_number_verified = false;
        }
        if text.is_empty() {
            self.fields.remove(field.name());
        } else {
            self.fields.insert(field.name().to_owned(), text);
        }
        Ok(())
    }

    /// Was the phone number shown to be theirs?
    #[must_use]
    pub const fn phone_is_verified(&self) -> bool {
        self.phone_number_verified
    }

    /// An administrator says whether the number, if there is one, is theirs.
    pub fn verify_phone(&mut self, verified: bool) {
        self.phone_number_verified = verified && self.get(Field::PhoneNumber).is_some();
    }

    /// The groups they are in.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// These groups, in the place of those before.
    ///
    /// # Errors
    /// [`BadClaim::Group`].
    pub fn set_groups(&mut self, groups: Vec<String>) -> Result<(), BadClaim> {
        let fits = |group: &String| !group.trim().is_empty() && is_plain_text(group, 100);
        if groups.len() > MAX_GROUPS || !groups.iter().all(fits) {
            return Err(BadClaim::Group);
        }
        self.groups.clear();
        for group in groups {
            if !self.groups.contains(&group) {
                self.groups.push(group);
            }
        }
        Ok(())
    }

    /// A claim that no specification has.
    #[must_use]
    pub fn own(&self, claim: &str) -> Option<&Value> {
        self.own.get(claim)
    }

    /// All of those.
    #[must_use]
    pub const fn all_own(&self) -> &Map<String, Value> {
        &self.own
    }

    /// Gives a claim: a standard one by the rules of its field, any other as it is. Null and an empty text take it away.
    ///
    /// # Errors
    /// [`BadClaim`]; nothing is changed then.
    pub fn give(&mut self, claim: &str, value: Value) -> Result<(), BadClaim> {
        match (Field::parse(claim), value) {
            (Some(field), Value::String(text)) => {
                self.set(field, &text).map_err(|why| BadClaim::Unfit(field.name(), why))
            }
            (Some(field), Value::Null) => self.set(field, "").map_err(|why| BadClaim::Unfit(field.name(), why)),
            (None, value) if is_own_name(claim) => self.give_own(claim, value),
            _ => Err(BadClaim::Name(claim.chars().take(80).collect())),
        }
    }

    fn give_own(&mut self, claim: &str, value: Value) -> Result<(), BadClaim> {
        if value.is_null() || value == json!("") {
            self.own.remove(claim);
            return Ok(());
        }
        let room = self.own.contains_key(claim) || self.own.len() < MAX_OWN;
        if !room || value.to_string().len() > MAX_OWN_BYTES {
            return Err(BadClaim::Size);
        }
        self.own.insert(claim.to_owned(), value);
        Ok(())
    }

    /// OIDC Core §5.1.1: the members there are, and all of them as they stand on a letter.
    #[must_use]
    pub fn address(&self) -> Option<Value> {
        let part = |field| self.get(field).unwrap_or_default();
        let town = [part(Field::Locality), part(Field::Region), part(Field::PostalCode)];
        let town = town.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let formatted = [part(Field::StreetAddress), &town, part(Field::Country)];
        let formatted = formatted.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        if formatted.is_empty() {
            return None;
        }
        let members = Field::ALL.iter().filter_map(|field| {
            let name = field.name().strip_prefix("address.")?;
            Some((name.to_owned(), Value::from(self.get(*field)?)))
        });
        let formatted = std::iter::once(("formatted".to_owned(), Value::from(formatted)));
        Some(Value::Object(formatted.chain(members).collect()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
