//! What came back.

use std::collections::HashMap;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// No whole answer came: nobody listened, or who listened has ended.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The request may have arrived, and may have been done.
    pub(crate) on_the_way: bool,
}

impl From<reqwest::Error> for Lost {
    fn from(error: reqwest::Error) -> Self {
        Self { on_the_way: !error.is_connect() }
    }
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    /// Sends to a server that may end before it has answered.
    pub(crate) async fn try_of(request: reqwest::RequestBuilder) -> Result<Self, Lost> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.body))
    }

    /// It is a refusal with this code, as RFC 6749 §5.2 has it.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str) -> &Self {
        assert!(self.status.is_client_error() || self.status.as_u16() == 503, "{} {}", self.status, self.body);
        assert_eq!(self.json()["error"], code, "{}", self.body);
        self
    }

    /// It has this status.
    #[track_caller]
    pub(crate) fn has_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Where it leads.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "{} {}", self.status, self.body);
        self.header("location")
    }

    /// The parameters of where it leads.
    #[track_caller]
    pub(crate) fn redirected(&self) -> HashMap<String, String> {
        parameters(self.location())
    }

    /// The value of a form's field on this page.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let Some((_, rest)) = self.body.split_once(&marker) else { panic!("no field {name} in: {}", self.body) };
        rest.split('"').next().unwrap().to_owned()
    }

    /// Where this page's form leads and what it carries, as a browser would post it (Form Post Response Mode §2).
    #[track_caller]
    pub(crate) fn posts(&self) -> (String, Vec<(String, String)>) {
        assert_eq!(self.status, 200, "{}", self.body);
        let Some((_, form)) = self.body.split_once("<form method=\"post\" action=\"") else {
            panic!("no form in: {}", self.body)
        };
        let (action, rest) = form.split_once('"').unwrap();
        let fields = rest.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            (name.to_owned(), unescaped(rest.split('"').next().unwrap()))
        });
        (unescaped(action), fields.collect())
    }

    /// The page says this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.body.contains(words), "{words:?} is not in: {}", self.body);
        self
    }
}

/// Text as a browser reads it from an attribute.
fn unescaped(text: &str) -> String {
    let named = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    named.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// The parameters of an address, from query and fragment.
pub(crate) fn parameters(location: &str) -> HashMap<String, String> {
    let at = location.find(['?', '#']).map_or(location.len(), |at| at + 1);
    url::form_urlencoded::parse(location[at..].replace('#', "&").as_bytes()).into_owned().collect()
}

/// A form's body.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
