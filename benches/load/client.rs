//! The least of an HTTP/1.1 client: one kept connection, answers with a known length.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(8 * 1024) })
    }

    /// Sends a whole request and waits for the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server closed the connection");
            let Some(head_ends) = self.received.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let (head, _) = self.received.split_at(head_ends);
            let head = std::str::from_utf8(head).context("an answer's head is no text")?;
            let length = find(head, "content-length").map_or(Ok(0), str::parse::<usize>)?;
            let whole = head_ends + 4 + length;
            ensure!(self.received.len() <= whole, "more than one answer to a request");
            if self.received.len() == whole {
                return Reply::parse(&self.received, head_ends);
            }
        }
    }
}

/// The server has told somebody to come again, as it has to.
#[derive(Debug, thiserror::Error)]
#[error("told to come again later (503)")]
pub(crate) struct Busy;

/// An answer.
pub(crate) struct Reply<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// Its body, as text.
    pub(crate) body: &'a str,
    head: &'a str,
}

impl<'a> Reply<'a> {
    fn parse(received: &'a [u8], head_ends: usize) -> Result<Self> {
        let text = std::str::from_utf8(received).context("an answer is no text")?;
        let (head, body) = text.split_at(head_ends);
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("an answer without a status")?;
        Ok(Self { status, body: body.trim_start(), head })
    }

    /// Fails, with what was answered, unless the status is this.
    /// With [`Busy`] where it is one and nothing else is wrong with it.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let to_come_again = self.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok());
        if self.status == 503 && to_come_again && self.member("error") == Some("temporarily_unavailable") {
            return Err(Busy.into());
        }
        let body: String = self.body.chars().take(2000).collect();
        bail!("expected {status}, got:\n{}\n\n{body}", self.head)
    }

    /// Its body, as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(self.body).with_context(|| format!("no JSON: {}", self.body))
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        find(self.head, name)
    }

    /// All headers of a name.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &'a str> {
        values(self.head, name)
    }

    /// A text member of a JSON object; enough for answers whose members hold nothing that JSON escapes.
    pub(crate) fn member(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.body.split_once(&format!("\"{name}\":\""))?;
        rest.split_once('"').map(|(value, _)| value)
    }

    /// As [`Reply::member`]; fails, with the answer, if it is not there.
    pub(crate) fn need_member(&self, name: &str) -> Result<&'a str> {
        self.member(name).with_context(|| format!("no {name} in {}", self.body))
    }
}

fn find<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    values(head, name).next()
}

fn values<'a>(head: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    head.split("\r\n").skip(1).filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A GET request; `headers` are whole lines, each with its end.
pub(crate) fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A POST request with a form.
pub(crate) fn post(path: &str, headers: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = form(fields);
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// Fields as a form or a query has them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
