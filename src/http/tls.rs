//! TLS at the door, for those who have no proxy in front: one certificate, read again when its files have changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::connection::HEADERS_WITHIN;
use crate::config::Server;

/// What makes connections private.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// By the configuration; `None` where there is nothing about it.
    ///
    /// # Errors
    /// When a file cannot be read, or certificate and key do not belong together.
    pub fn read(config: &Server) -> anyhow::Result<Option<Self>> {
        let (Some(certificate), Some(key)) = (&config.tls_cert, &config.tls_key) else { return Ok(None) };
        acceptor(certificate, key).map(|acceptor| Some(Self(acceptor)))
    }
}

fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let files = Files { certificate: certificate.to_owned(), key: key.to_owned(), provider: Arc::clone(&provider) };
    let read = Read { at: Instant::now(), changed: files.changed(), pair: Arc::new(files.read()?) };
    let kept = Arc::new(Kept { files, read: Mutex::new(read) });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(kept);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Where certificate and key are.
#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
}

impl Files {
    fn read(&self) -> anyhow::Result<CertifiedKey> {
        let in_file = |path: &Path| format!("TLS: cannot use {}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.with_context(|| in_file(&self.certificate))?;
        anyhow::ensure!(!chain.is_empty(), "TLS: there is no certificate in {}", self.certificate.display());
        let key = PrivateKeyDer::from_pem_file(&self.key).with_context(|| in_file(&self.key))?;
        CertifiedKey::from_der(chain, key, &self.provider).with_context(|| {
            format!("TLS: {} and {} do not belong together", self.certificate.display(), self.key.display())
        })
    }

    /// When each was last written.
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}

/// The pair in use. A renewed one is taken as soon as its files have changed and fit together; until then the old one
/// stays.
#[derive(Debug)]
struct Kept {
    files: Files,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    /// When the files were last looked at.
    at: Instant,
    changed: [Option<SystemTime>; 2],
    pair: Arc<CertifiedKey>,
}

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl ResolvesServerCert for Kept {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.at.elapsed() >= LOOK_EVERY {
            read.at = Instant::now();
            let changed = self.files.changed();
            if changed != read.changed {
                match self.files.read() {
                    Ok(pair) => {
                        tracing::info!("the renewed certificate is in use");
                        (read.pair, read.changed) = (Arc::new(pair), changed);
                    }
                    Err(error) => tracing::warn!("the former certificate stays in use: {error:#}"),
                }
            }
        }
        Some(Arc::clone(&read.pair))
    }
}

/// A connection, private or not.
pub(super) enum Stream {
    Plain(TcpStream),
    Private(Box<TlsStream<TcpStream>>),
}

/// Shakes hands, where that is to be done, within the time that a request's head may take.
///
/// # Errors
/// When the other side does not, or not in time.
pub(super) async fn accept(tls: Option<Tls>, stream: TcpStream) -> io::Result<Stream> {
    let Some(Tls(acceptor)) = tls else { return Ok(Stream::Plain(stream)) };
    let shaken = timeout(HEADERS_WITHIN, acceptor.accept(stream)).await;
    Ok(Stream::Private(Box::new(shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??)))
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Private(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Private(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Private(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Private(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
