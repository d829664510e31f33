//! What `countersign try` got, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{
    cli::output::{Block, Paint},
    client::{jwt, token::Tokens},
};

/// Everything that is known in the end.
pub(super) struct Seen<'a> {
    pub(super) flow: &'a str,
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) tokens: &'a Tokens,
    /// Verified.
    pub(super) id_token: Option<Map<String, Value>>,
    pub(super) userinfo: Option<Map<String, Value>>,
}

impl Seen<'_> {
    pub(super) fn to_json(&self) -> Value {
        let access =
            jwt::decode(self.tokens.access()).map(|(header, claims)| json!({"header": header, "claims": claims}));
        json!({
            "flow": self.flow,
            "issuer": self.issuer,
            "client_id": self.client_id,
            "token": self.tokens.0,
            "access_token": access,
            "id_token": self.id_token,
            "userinfo": self.userinfo,
        })
    }

    pub(super) fn to_text(&self, paint: Paint) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let block = |members: &Map<String, Value>| {
            members.iter().fold(Block::default(), |block, (name, value)| block.line(name, plain(value))).to_text()
        };
        let mut text = format!(
            "{}\n{}",
            paint.bold(&format!("From {} for {}", self.issuer, self.client_id)),
            block(&self.tokens.0)
        );
        if let Some((_, claims)) = jwt::decode(self.tokens.access()) {
            let _ = write!(
                text,
                "\n{}\n{}",
                paint.bold("In the access token (for its API; not checked here)"),
                block(&claims)
            );
        }
        if let Some(claims) = &self.id_token {
            let _ = write!(text, "\n{}\n{}", paint.bold("In the ID token (checked)"), block(claims));
        }
        if let Some(claims) = &self.userinfo {
            let _ = write!(text, "\n{}\n{}", paint.bold("Userinfo"), block(claims));
        }
        text
    }
}
