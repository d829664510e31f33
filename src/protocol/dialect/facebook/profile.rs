//! A person as its API shows one, and the `fields` a program wants.

use serde_json::{Value, json};

use super::{Version, object};

/// The side of the picture, in pixels.
const PICTURE: u16 = 50;

/// What may be told of a person.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// A number below 2³¹; on the wire a text.
    pub id: i64,
    /// The name the person goes by.
    pub name: &'a str,
    /// The name the person signs in by.
    pub username: &'a str,
    /// The address, if it is verified and the permission was given.
    pub email: Option<&'a str>,
    /// Where a picture is.
    pub picture: &'a str,
}

impl Person<'_> {
    /// The members that are asked for, as far as there is something to tell; `id` always.
    #[must_use]
    pub fn to_json(&self, fields: &Fields<'_>) -> Value {
        let (first, last) = parts(self.name);
        let picture = json!({
            "data": {"height": PICTURE, "is_silhouette": true, "url": self.picture, "width": PICTURE}
        });
        let asked = |name, value: Option<Value>| (name, value.filter(|_| fields.wants(name)));
        object([
            ("id", Some(self.id.to_string().into())),
            asked("name", Some(self.name.into())),
            asked("first_name", Some(first.into())),
            asked("last_name", last.map(Into::into)),
            asked("username", Some(self.username.into())),
            asked("email", self.email.map(Into::into)),
            asked("picture", Some(picture)),
        ])
    }
}

/// A first and a last name; one word is a first name.
fn parts(name: &str) -> (&str, Option<&str>) {
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim_end(), Some(last)),
        None => (name.trim(), None),
    }
}

/// Which members of a person a program wants. What it asks for beyond is left out, as that service leaves out what a
/// person has not filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields<'a> {
    /// `fields=id,name,picture.type(large){url}`.
    Named(&'a str),
    /// None are named, in a version that then tells id and name.
    Lean,
    /// None are named, in an older version or none.
    Usual,
}

impl<'a> Fields<'a> {
    /// From the parameter and the path's version.
    #[must_use]
    pub fn parse(text: Option<&'a str>, version: Option<Version>) -> Self {
        match (text, version) {
            (Some(text), _) => Self::Named(text),
            (None, Some(version)) if version >= Version::LEAN => Self::Lean,
            (None, _) => Self::Usual,
        }
    }

    fn wants(&self, name: &str) -> bool {
        match self {
            Self::Named(text) => top_level(text).any(|field| field == name),
            Self::Lean => name == "name",
            Self::Usual => name != "picture",
        }
    }
}

/// The names between commas, without what is asked of them: `picture` of `picture.type(large){url,width}`.
fn top_level(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let parts = text.split(move |c| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(|part| part.split(['.', '(', '{']).next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests;
