//! A raw connection, for clients that do not behave.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Door, tls_file};

/// What the server owes within seconds is waited for this long: the machine may be slow and busy.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// Connections that come from one address of this machine.
const A_SOURCE: usize = 2_000;

pub(super) struct Line<S = TcpStream> {
    pub(super) stream: S,
}

impl Line {
    /// The `nth` connection to a server: they come from several addresses of this machine.
    pub(super) async fn open(door: &Door, nth: usize) -> Self {
        Self::open_with(door, nth, |_| {}).await
    }

    /// As [`Line::open`], with next to no room for what is not read yet.
    pub(super) async fn open_narrow(door: &Door, nth: usize) -> Self {
        let narrow = |socket: &TcpSocket| {
            socket.set_recv_buffer_size(4096).unwrap();
            socket.set_send_buffer_size(4096).unwrap();
        };
        Self::open_with(door, nth, narrow).await
    }

    async fn open_with(door: &Door, nth: usize, set: impl Fn(&TcpSocket)) -> Self {
        let to: SocketAddr = door.address.strip_prefix("http://").unwrap().parse().unwrap();
        let from = format!("127.0.0.{}:0", 2 + (nth / A_SOURCE) % 250).parse().unwrap();
        for _ in 0..50 {
            let socket = TcpSocket::new_v4().unwrap();
            set(&socket);
            socket.bind(from).unwrap();
            match timeout(PATIENCE, socket.connect(to)).await.expect("it is let in") {
                Ok(stream) => return Self { stream },
                // a full backlog, or a port that was just left
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
        panic!("no connection to {to}");
    }

    /// Shakes hands, with a server that has the first certificate of the tests.
    pub(super) async fn private(self) -> Line<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(tls_file("first-cert.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("id.example.test").unwrap();
        let shaken = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, self.stream)).await;
        Line { stream: shaken.expect("it shakes hands").unwrap() }
    }

    /// Closed with a reset, not with a farewell.
    pub(super) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub(super) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// As [`Line::say`], to somebody who may have hung up.
    pub(super) async fn may_say(&mut self, text: &str) -> bool {
        matches!(timeout(PATIENCE, self.stream.write_all(text.as_bytes())).await, Ok(Ok(())))
    }

    /// Everything up to the end of the connection, which has to come.
    #[track_caller]
    pub(super) fn until_closed(&mut self) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let mut all = Vec::new();
            let ended = timeout(PATIENCE, self.stream.read_to_end(&mut all)).await;
            let _closed_or_reset = ended.unwrap_or_else(|_| panic!("it is kept open: {caller}"));
            String::from_utf8_lossy(&all).into_owned()
        }
    }

    /// The first bytes of the answer, with its status.
    #[track_caller]
    pub(super) fn answer(&mut self) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let mut some = vec![0; 4096];
            let read = timeout(PATIENCE, self.stream.read(&mut some)).await;
            let read = read.unwrap_or_else(|_| panic!("no answer: {caller}")).unwrap();
            String::from_utf8_lossy(&some[..read]).into_owned()
        }
    }
}

/// `GET`, and nothing else.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// The head of a form of so many bytes.
pub(super) fn form_head(path: &str, bytes: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {bytes}\r\n\r\n"
    )
}
