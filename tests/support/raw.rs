//! A client that sends any bytes whatever, and reads answers as RFC 9112 §6.3 frames them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Door;

/// The longest that anything is waited for: nothing takes as long on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection.
pub(crate) struct Raw {
    stream: TcpStream,
    held: Vec<u8>,
}

/// What came as an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) version: u8,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The connection ended where an answer could have begun.
    Closed,
    /// It ended within an answer.
    Cut(String),
    /// It is no HTTP.
    Malformed(String),
    /// Nothing came, for ever.
    Silence,
}

impl Answer {
    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Nothing comes after it.
    pub(crate) fn is_last(&self) -> bool {
        let connection = self.header("connection");
        connection == "close" || (self.version == 0 && connection != "keep-alive")
    }
}

impl Raw {
    pub(crate) async fn open(door: &Door) -> Self {
        let address = door.address.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, held: Vec::new() }
    }

    /// Sends; `false` when the other side has hung up.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await;
        sent.expect("it is taken in or the connection ends").is_ok()
    }

    /// Says that nothing more is sent.
    pub(crate) async fn finish(&mut self) {
        let _it_may_have_ended = self.stream.shutdown().await;
    }

    /// The next answer, to a request with this method.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Result<Answer, NoAnswer> {
        loop {
            let head = self.head().await?;
            let text = String::from_utf8(head).map_err(|bytes| NoAnswer::Malformed(format!("{bytes:?}")))?;
            let mut answer = parse_head(&text).ok_or_else(|| NoAnswer::Malformed(text.clone()))?;
            // 100 Continue is no answer yet
            if (100..200).contains(&answer.status) {
                continue;
            }
            answer.body = self.body(method, &answer).await?;
            return Ok(answer);
        }
    }

    /// Whether the connection ends with nothing more on it.
    pub(crate) async fn is_over(&mut self) -> bool {
        self.held.is_empty() && matches!(self.more().await, Ok(false))
    }

    /// Reads on; `false` at the end.
    async fn more(&mut self) -> Result<bool, NoAnswer> {
        let mut space = vec![0; 16 * 1024];
        match timeout(PATIENCE, self.stream.read(&mut space)).await {
            Err(_) => Err(NoAnswer::Silence),
            // a reset is an end as well
            Ok(Err(_) | Ok(0)) => Ok(false),
            Ok(Ok(read)) => {
                self.held.extend_from_slice(&space[..read]);
                Ok(true)
            }
        }
    }

    async fn head(&mut self) -> Result<Vec<u8>, NoAnswer> {
        let mut looked = 0;
        loop {
            let from = looked.min(self.held.len());
            if let Some(end) = find(&self.held[from..], b"\r\n\r\n") {
                return Ok(self.held.drain(..from + end + 4).collect());
            }
            looked = self.held.len().saturating_sub(3);
            if !self.more().await? {
                return Err(if self.held.is_empty() { NoAnswer::Closed } else { self.cut() });
            }
        }
    }

    async fn body(&mut self, method: &str, answer: &Answer) -> Result<Vec<u8>, NoAnswer> {
        if method == "HEAD" || matches!(answer.status, 204 | 304) {
            return Ok(Vec::new());
        }
        if answer.header("transfer-encoding") == "chunked" {
            return self.chunks().await;
        }
        match answer.header("content-length") {
            "" => {
                while self.more().await? {}
                Ok(std::mem::take(&mut self.held))
            }
            length => {
                let length = length.parse().map_err(|_| NoAnswer::Malformed(format!("a length of {length}")))?;
                self.exactly(length).await
            }
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, NoAnswer> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = find(&self.held, b"\r\n") {
                    break self.exactly(end + 2).await?;
                }
                if !self.more().await? {
                    return Err(self.cut());
                }
            };
            let size = std::str::from_utf8(&line).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
            let size = size.ok_or_else(|| NoAnswer::Malformed(format!("a chunk of {line:?}")))?;
            let mut chunk = self.exactly(size + 2).await?;
            chunk.truncate(size);
            if size == 0 {
                return Ok(body);
            }
            body.append(&mut chunk);
        }
    }

    async fn exactly(&mut self, bytes: usize) -> Result<Vec<u8>, NoAnswer> {
        while self.held.len() < bytes {
            if !self.more().await? {
                return Err(self.cut());
            }
        }
        Ok(self.held.drain(..bytes).collect())
    }

    fn cut(&self) -> NoAnswer {
        NoAnswer::Cut(String::from_utf8_lossy(&self.held).into_owned())
    }
}

/// Where these bytes are, which end with a line feed.
fn find(held: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = held[from..].iter().position(|byte| *byte == b'\n') {
        from += at + 1;
        if held[..from].ends_with(wanted) {
            return Some(from - wanted.len());
        }
    }
    None
}

fn parse_head(text: &str) -> Option<Answer> {
    let mut lines = text.strip_suffix("\r\n\r\n")?.split("\r\n");
    let (protocol, rest) = lines.next()?.split_once(' ')?;
    let version = protocol.strip_prefix("HTTP/1.")?.parse().ok().filter(|minor| *minor < 2)?;
    let (status, reason) = rest.split_once(' ')?;
    if status.len() != 3 || reason.bytes().any(|byte| byte < b' ') {
        return None;
    }
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        let is_token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_token) || value.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return None;
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let single = |name: &str| headers.iter().filter(|(found, _)| found == name).count() <= 1;
    let framed = single("content-length") && single("transfer-encoding") && single("location");
    framed.then(|| Some(Answer { version, status: status.parse().ok()?, headers, body: Vec::new() }))?
}
