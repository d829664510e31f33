//! Where an app waits for people to come back: a listener on loopback that remembers what it was asked for.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Url;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) struct Receiver {
    origin: String,
    came: Mutex<UnboundedReceiver<Url>>,
    listening: JoinHandle<()>,
}

impl Receiver {
    /// Answers everybody with a small page.
    pub(crate) async fn start() -> Result<Self> {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!doctype html><title>Back at the app</title><p>You are back.").await
    }

    /// Answers everybody with these bytes, head and body.
    pub(crate) async fn answering(bytes: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (tell, came) = unbounded_channel();
        let (answer, base): (Arc<str>, _) = (bytes.into(), Url::parse(&origin)?);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), base.clone(), tell.clone()));
            }
        });
        Ok(Self { origin, came: Mutex::new(came), listening })
    }

    /// The redirect address an app registers for this receiver.
    pub(crate) fn callback(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// The next address somebody came to under [`Self::callback`].
    pub(crate) async fn next(&self) -> Result<Url> {
        let mut came = self.came.lock().await;
        let url = timeout(Duration::from_secs(15), came.recv()).await.context("nobody came back to the app")?;
        url.context("the receiver is gone")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<str>, base: Url, tell: UnboundedSender<Url>) -> Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next_line().await?.context("a browser opens connections it does not use")?;
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let target = first.split(' ').nth(1).context("a request line")?;
    // Browsers also ask for icons.
    if target.starts_with("/callback") {
        tell.send(base.join(target)?)?;
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}
