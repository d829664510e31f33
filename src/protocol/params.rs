//! Parameters, decoded once (RFC 6749 §3.1, §3.2, appendix B): a repeated one is an error, an empty one is omitted.
//!
//! Own decoder, because `form_urlencoded` and its like hide duplicates and replace what is not UTF-8.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Refusal;

/// Most parameters of one request.
pub const MAX_PARAMS: usize = 1000;
/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// Longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The parameters that may come more than once: RFC 8707 §2, RFC 8693 §2.1, and the consent form's own `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeatable {
    /// `resource` and `audience`.
    Protocol,
    /// Those and `scope`, whose boxes a person ticks.
    ConsentForm,
}

impl Repeatable {
    fn allows(self, name: &str) -> bool {
        matches!(name, "resource" | "audience") || (self == Self::ConsentForm && name == "scope")
    }
}

/// The parameters of one request, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// From `application/x-www-form-urlencoded` text: a body or a query.
    ///
    /// # Errors
    /// [`Refusal`] for bad encoding, repeated names or sizes past the limits.
    pub fn from_form(text: &[u8], repeatable: Repeatable) -> Result<Self, Refusal> {
        let mut pairs = Vec::new();
        for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let (name, value) = match piece.iter().position(|byte| *byte == b'=') {
                Some(at) => (piece.get(..at).unwrap_or_default(), piece.get(at + 1..).unwrap_or_default()),
                None => (piece, &[][..]),
            };
            let name = decode(name).ok_or_else(|| Refusal::ParameterUnreadable("a parameter's name".into()))?;
            let value = decode(value).ok_or_else(|| Refusal::ParameterUnreadable(shown(&name)))?;
            pairs.push((name, value));
            if pairs.len() > MAX_PARAMS {
                return Err(Refusal::BodyMalformed("has too many parameters"));
            }
        }
        Self::from_pairs(pairs, repeatable)
    }

    /// From a flat JSON object of strings (PROTOCOL P32); `resource` and `audience` may be arrays of strings.
    ///
    /// # Errors
    /// [`Refusal`] as for forms, and for anything nested.
    pub fn from_json(body: &[u8]) -> Result<Self, Refusal> {
        let flat: Flat = serde_json::from_slice(body)
            .map_err(|_| Refusal::BodyMalformed("is not a flat JSON object whose values are strings"))?;
        Self::from_pairs(flat.0, Repeatable::Protocol)
    }

    /// Checks names, values and repetition; then drops what is empty.
    ///
    /// # Errors
    /// [`Refusal`] as for forms.
    pub(super) fn from_pairs(mut pairs: Vec<(String, String)>, repeatable: Repeatable) -> Result<Self, Refusal> {
        if pairs.len() > MAX_PARAMS {
            return Err(Refusal::BodyMalformed("has too many parameters"));
        }
        for (name, value) in &pairs {
            if name.len() > MAX_NAME_BYTES || value.len() > MAX_VALUE_BYTES {
                return Err(Refusal::BodyMalformed("has a parameter that is too long"));
            }
            if name.contains('\0') || value.contains('\0') {
                return Err(Refusal::ParameterUnreadable(shown(name)));
            }
        }
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let repeated = names.windows(2).find_map(|pair| match pair {
            [first, second] if first == second && !repeatable.allows(first) => Some(*first),
            _ => None,
        });
        if let Some(name) = repeated {
            return Err(Refusal::ParameterRepeated(shown(name)));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }

    /// The value of `name`; an empty one counts as absent.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a repeatable parameter, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// [`Refusal::ParameterMissing`].
    pub fn need(&self, name: &'static str) -> Result<&str, Refusal> {
        self.find(name).ok_or(Refusal::ParameterMissing(name))
    }

    /// Every name with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As form-encoded text, from which they can be read again.
    #[must_use]
    pub fn to_form(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Only the parameters that `keep` keeps.
    #[must_use]
    pub fn only(mut self, keep: &[&str]) -> Self {
        self.0.retain(|(name, _)| keep.contains(&name.as_str()));
        self
    }

    /// Together with these; a name in both is repeated.
    ///
    /// # Errors
    /// [`Refusal::ParameterRepeated`].
    pub fn and(mut self, more: Self) -> Result<Self, Refusal> {
        if let Some((name, _)) = more.0.iter().find(|(name, _)| self.find(name).is_some()) {
            return Err(Refusal::ParameterRepeated(shown(name)));
        }
        self.0.extend(more.0);
        Ok(self)
    }

    /// With this value in the place of whatever `name` had; `None` and an empty one leave it out.
    #[must_use]
    pub fn put(mut self, name: &str, value: Option<&str>) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// These and others that came with the same request in another place. A name in both is repeated.
    ///
    /// # Errors
    /// [`Refusal::ParameterRepeated`].
    pub fn joined(self, others: Self, repeatable: Repeatable) -> Result<Self, Refusal> {
        Self::from_pairs(self.0.into_iter().chain(others.0).collect(), repeatable)
    }

    /// Is there nothing at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name that came from outside, fit for a sentence.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Percent-decoding, strictly: `+` is a space; a bad escape or bad UTF-8 is `None`.
#[must_use]
pub fn decode(text: &[u8]) -> Option<String> {
    // most have nothing to decode: such a one is copied whole
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(text).ok().map(str::to_owned);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// A JSON object read pair by pair, so that a repeated member is seen.
struct Flat(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Flat;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, OneOrMany>()? {
                    if value.many && !Repeatable::Protocol.allows(&name) {
                        return Err(serde::de::Error::custom("an array is not allowed here"));
                    }
                    pairs.extend(value.texts.into_iter().map(|text| (name.clone(), text)));
                }
                Ok(Flat(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

struct OneOrMany {
    texts: Vec<String>,
    many: bool,
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany { texts: vec![text.to_owned()], many: false })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany { texts, many: true })
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

#[cfg(test)]
mod tests;
