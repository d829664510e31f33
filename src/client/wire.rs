//! HTTP as plain values: what was sent, what came back. No redirect is followed: an endpoint that points elsewhere is
//! not the endpoint, and what was sent to it is not for others.

use std::{fmt::Write as _, io, time::Duration};

use serde_json::Value;

use crate::outbound;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// `GET` or `POST`.
    pub(crate) method: &'static str,
    /// Where to, whole.
    pub(crate) url: String,
    /// Without `Host` and `Content-Length`.
    pub(crate) headers: Vec<(String, String)>,
    /// A form.
    pub(crate) body: Option<String>,
}

/// A reply.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// The status.
    pub(crate) status: u16,
    /// As they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As text.
    pub(crate) body: String,
}

/// A request and its reply, and what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// A few words.
    pub(crate) title: String,
    /// A sentence or two.
    pub(crate) why: String,
    /// What was sent.
    pub(crate) request: Sent,
    /// What came back.
    pub(crate) reply: Received,
}

impl Sent {
    /// A page or a resource.
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), headers: Vec::new(), body: None }
    }

    /// A form.
    pub(crate) fn post(url: impl Into<String>, pairs: &[(&str, &str)]) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let sent = Self { method: "POST", url: url.into(), headers: Vec::new(), body: Some(form) };
        sent.with("Content-Type", "application/x-www-form-urlencoded")
    }

    /// With a header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same request for a shell.
    pub(crate) fn as_curl(&self) -> String {
        let mut line = "curl".to_owned();
        let form = self.headers.iter().any(|(_, value)| value == "application/x-www-form-urlencoded");
        for (name, value) in &self.headers {
            if !(form && name.eq_ignore_ascii_case("content-type")) {
                let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
            }
        }
        for pair in self.body.iter().flat_map(|body| body.split('&')) {
            let _ = write!(line, " \\\n  -d {}", quoted(pair));
        }
        line.push_str(if self.body.is_some() { " \\\n  " } else { " " });
        line.push_str(&quoted(&self.url));
        line
    }
}

/// What sends requests.
#[derive(Clone)]
pub(crate) struct Wire(reqwest::Client);

/// The longest wait for an answer, all of it.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest wait until somebody takes the call.
const RINGING: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

impl Wire {
    /// To servers anywhere, through the proxy that the environment names, if it names one.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(crate) fn to_anywhere() -> io::Result<Self> {
        Self::built(reqwest::Client::builder())
    }

    /// To servers on this machine: whatever the environment says, no proxy is between.
    ///
    /// # Errors
    /// As [`Wire::to_anywhere`].
    pub(crate) fn to_this_machine() -> io::Result<Self> {
        Self::built(reqwest::Client::builder().no_proxy())
    }

    fn built(builder: reqwest::ClientBuilder) -> io::Result<Self> {
        let builder = builder
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .connect_timeout(RINGING)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
        builder.build().map(Self).map_err(|error| io::Error::other(reason(&error)))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When nobody listens there, the certificate is not trusted, or the answer is not HTTP, too large or too late.
    pub(crate) async fn send(&self, sent: &Sent) -> io::Result<Received> {
        let why = |error: reqwest::Error| io::Error::other(reason(&error));
        let method = if sent.method == "POST" { reqwest::Method::POST } else { reqwest::Method::GET };
        let mut request = self.0.request(method, &sent.url);
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &sent.body {
            request = request.body(body.clone());
        }
        let mut answer = request.send().await.map_err(why)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
        let Some(body) = outbound::body(&mut answer, LARGEST).await.map_err(why)? else {
            return Err(io::Error::other(format!("the answer is larger than {LARGEST} bytes")));
        };
        Ok(Received { status: answer.status().as_u16(), headers, body: text(&body) })
    }
}

/// What the system says, without the layers around it, and without the address, which may hold secrets.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it takes too long".to_owned();
    }
    outbound::innermost(error)
}

impl Received {
    /// The first header of this name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; nothing when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A member of the JSON body that is text.
    pub(crate) fn member(&self, name: &str) -> Option<String> {
        self.json().get(name)?.as_str().map(str::to_owned)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
