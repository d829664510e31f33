//! An app's server that is told of a session's end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Listens on this machine, and ends with the test.
pub(super) struct Receiver {
    pub(super) address: String,
    /// What it answers; 0: nothing at all, ever.
    status: Arc<AtomicU16>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(super) async fn answering(status: u16) -> Self {
        Self::new(status, false).await
    }

    /// What it says after its status never ends.
    pub(super) async fn endless(status: u16) -> Self {
        Self::new(status, true).await
    }

    async fn new(status: u16, endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/bc?from=op", listener.local_addr().unwrap());
        let (status, requests) = (Arc::new(AtomicU16::new(status)), Arc::new(Mutex::new(Vec::new())));
        let (answers, heard) = (Arc::clone(&status), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                heard.lock().unwrap().push(request);
                match answers.load(Ordering::Relaxed) {
                    0 => held.push(stream),
                    status if endless => {
                        let answer = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n\r\n");
                        tokio::spawn(async move {
                            let mut told = stream.write_all(answer.as_bytes()).await;
                            while told.is_ok() {
                                told = stream.write_all(&[b'x'; 4096]).await;
                            }
                        });
                    }
                    status => {
                        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        let _gone = stream.write_all(answer.as_bytes()).await;
                    }
                }
            }
        });
        Self { address, status, requests, task }
    }

    pub(super) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Every request so far, as it came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The logout token of every request so far.
    pub(super) fn tokens(&self) -> Vec<String> {
        let token = |request: &String| request.rsplit_once("logout_token=").unwrap().1.to_owned();
        self.requests().iter().map(token).collect()
    }
}

/// A whole request with its body; `None` when the other side goes before.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
}
