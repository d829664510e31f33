//! The form of the token endpoint's answers: as `Accept` asks, form-encoded otherwise.

use std::fmt::Write as _;

use url::form_urlencoded::Serializer;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/x-www-form-urlencoded`: what the oldest programs read.
    Encoded,
    /// `application/json`.
    Json,
    /// `application/xml`.
    Xml,
}

impl Form {
    /// The first of the accepted media types that is one of these. A list with `*/*` in it says nothing: that service
    /// takes it for a browser's, and programs that send one (axios does) read what they have always got.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let media = |range: &str| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let ranges: Vec<String> = accept.split(',').map(media).collect();
        if ranges.len() > 1 && ranges.iter().any(|range| range == "*/*") {
            return Self::Encoded;
        }
        let first = ranges.iter().find_map(|range| match range.as_str() {
            "application/json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "application/x-www-form-urlencoded" => Some(Self::Encoded),
            other => (other.starts_with("application/") && other.ends_with("+json")).then_some(Self::Json),
        });
        first.unwrap_or(Self::Encoded)
    }

    /// With its parameters.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Encoded => "application/x-www-form-urlencoded; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
        }
    }

    /// Members in order.
    #[must_use]
    pub fn write(self, members: &[(&str, Value<'_>)]) -> String {
        match self {
            Self::Encoded => {
                let mut text = Serializer::new(String::new());
                for (name, value) in members {
                    text.append_pair(name, &value.text());
                }
                text.finish()
            }
            Self::Json => {
                let object = members.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect();
                serde_json::Value::Object(object).to_string()
            }
            Self::Xml => {
                let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth>");
                for (name, value) in members {
                    let _ = write!(text, "<{name}>{}</{name}>", escaped(&value.text()));
                }
                text.push_str("</OAuth>");
                text
            }
        }
    }
}

/// A member's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number; in JSON without quotes (UX Q16).
    Number(i64),
}

impl Value<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => (*text).into(),
            Self::Number(number) => (*number).into(),
        }
    }
}

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
