//! A request as bytes, and what its answer must be.

use crate::support::Dice;

/// What every hostile value carries: no page may show it as it is.
pub(super) const MARK: &str = "<zq x=\"'>";

/// A request on its way.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) rules: Rules,
}

/// What its answer must not be, besides what none may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rules {
    /// Nothing more.
    #[default]
    Any,
    /// It presents something forged: no success.
    Forged,
    /// It asks about something forged: `{"active":false}`, if it is answered.
    ForgedInquiry,
    /// It is no HTTP that two programs understand alike: 400 or so and an end, or an end at once.
    Refused,
}

/// A request in the making.
pub(super) struct Draft {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Option<Vec<u8>>,
    /// Sent in chunks.
    pub(super) chunked: bool,
    pub(super) rules: Rules,
}

impl Draft {
    pub(super) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
            chunked: false,
            rules: Rules::Any,
        }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", kind)
    }

    pub(super) fn form(self, pairs: &[(String, String)]) -> Self {
        self.body("application/x-www-form-urlencoded", encoded(pairs))
    }

    pub(super) fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// As bytes that are HTTP, whatever they say.
    pub(super) fn written(self, host: &str, dice: &mut Dice) -> Message {
        let mut bytes = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(&sendable(value));
            bytes.extend_from_slice(b"\r\n");
        }
        match &self.body {
            None => bytes.extend_from_slice(b"\r\n"),
            Some(body) if self.chunked => {
                bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                let mut rest = body.as_slice();
                while !rest.is_empty() {
                    let (chunk, after) = rest.split_at(1 + dice.below(rest.len()));
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                    rest = after;
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => {
                bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                bytes.extend_from_slice(body);
            }
        }
        let path = self.target.split(['?', '#']).next().unwrap_or_default().to_owned();
        Message { method: self.method, path, bytes, rules: self.rules }
    }
}

/// A form's body.
pub(super) fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Bytes that may stand in a header's value (RFC 9110 §5.5).
fn sendable(value: &[u8]) -> Vec<u8> {
    value.iter().map(|byte| if matches!(byte, 0..=8 | 10..=31 | 127) { b'?' } else { *byte }).collect()
}
