//! What happened: requests, their replies, and who made them.

use super::wire::Exchange;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The person's browser.
    Browser,
    /// The app, from its own server or terminal.
    App,
    /// An API that was handed a token.
    Api,
}

impl Actor {
    /// As the timeline names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::App => "App",
            Self::Api => "API",
        }
    }
}

/// One request and its reply.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Who asked.
    pub(crate) by: Actor,
    /// What went over the wire.
    pub(crate) exchange: Exchange,
    /// Is it what the run is about, and not only the way there?
    pub(crate) point: bool,
}

impl Step {
    /// `Browser → Server`
    pub(crate) fn lane(&self, issuer: &str) -> String {
        let to = if self.exchange.request.url.starts_with(issuer) { "Server" } else { "App" };
        format!("{} → {to}", self.by.name())
    }

    /// What the reply says is wrong, in OAuth's word: `invalid_grant`.
    pub(crate) fn error(&self) -> Option<String> {
        let reply = &self.exchange.reply;
        let body = reply.json();
        if let Some(found) = body.get("error").or_else(|| body.get("data")?.get("error")) {
            let nested = found.get("type").and_then(serde_json::Value::as_str);
            let number = || found.get("code").map(ToString::to_string);
            return found.as_str().or(nested).map(str::to_owned).or_else(number);
        }
        let from = |text: &str, key: &str| {
            let (_, rest) = text.split_once(key)?;
            let word: String =
                rest.trim_start_matches('"').chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            (!word.is_empty()).then_some(word)
        };
        let challenge = reply.header("www-authenticate").and_then(|text| from(text, "error="));
        challenge.or_else(|| {
            let (_, query) = reply.header("location")?.split_once(['?', '#'])?;
            let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "error");
            found.map(|(_, value)| value.into_owned())
        })
    }
}
