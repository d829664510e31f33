//! HTTP/1.1 as plain values: what was sent, what came back. Plain http, and only to this machine.

use std::{fmt::Write as _, io, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

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

    /// Sends it.
    ///
    /// # Errors
    /// When nobody listens there, or the answer is not HTTP, too large or too late.
    pub(crate) async fn send(&self) -> io::Result<Received> {
        let exchange = async {
            let url = Url::parse(&self.url).map_err(io::Error::other)?;
            let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80));
            let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
            let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
            let mut head = format!("{} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n", self.method);
            for (name, value) in &self.headers {
                let _ = write!(head, "{name}: {}\r\n", value.replace(['\r', '\n'], " "));
            }
            let body = self.body.as_deref().unwrap_or_default();
            if self.body.is_some() {
                let _ = write!(head, "Content-Length: {}\r\n", body.len());
            }
            stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(LARGEST).read_to_end(&mut answer).await?;
            parse(&answer).ok_or_else(|| io::Error::other("the answer is not HTTP"))
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// The largest answer that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

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

fn parse(answer: &[u8]) -> Option<Received> {
    let ends = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = answer.split_at_checked(ends + 4)?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { dechunk(rest)? } else { rest.to_vec() };
    Some(Received { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let start = line + 2;
        whole.extend_from_slice(rest.get(start..start.checked_add(size)?)?);
        rest = rest.get(start + size + 2..)?;
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
