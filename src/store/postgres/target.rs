//! Which server a database URL names, and how it is reached.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use super::{CONNECT_WITHIN, STATEMENT_WITHIN, away};
use crate::store::{Error, Result};

/// How long one address of the database is tried: less, so that where there are several the next one has its turn.
const DIAL_WITHIN: Duration = Duration::from_secs(1);
/// How long it lets a transaction stand still: a server that froze holds nobody's rows.
const IDLE_WITHIN: Duration = Duration::from_secs(10);
/// After so long without a sign of life a connection counts as dead.
const ALIVE_WITHIN: Duration = Duration::from_secs(10);

/// Where the server is and how it is spoken to.
pub(super) struct Target {
    pub(super) config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Takes libpq's `sslmode` and `sslrootcert`; whatever is encrypted is also verified. Without `sslmode` a server on
    /// this machine is spoken to in the clear, any other with TLS only.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut url = Url::parse(text).map_err(|_| Error::Unreadable("its URL is not one".into()))?;
        let mut root = None;
        let mut mode = None;
        let mut kept = Vec::new();
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => root = Some(value.into_owned()),
                _ => kept.push((name.into_owned(), value.into_owned())),
            }
        }
        url.query_pairs_mut().clear().extend_pairs(kept);
        // the driver takes a `+` for itself
        let query = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&query));
        let mut config = tokio_postgres::Config::from_str(url.as_str())
            .map_err(|error| Error::Unreadable(format!("its URL: {error}")))?;
        let mode = match mode.as_deref() {
            None if is_this_machine(&config) => SslMode::Disable,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("disable") => SslMode::Disable,
            Some("prefer" | "allow") => SslMode::Prefer,
            Some(other) => return Err(Error::Unreadable(format!("sslmode={other} is unknown"))),
        };
        config.ssl_mode(mode);
        config.connect_timeout(DIAL_WITHIN).application_name("countersign");
        let options = config.get_options().map(|own| format!("{own} ")).unwrap_or_default();
        config.options(format!(
            "{options}-c statement_timeout={} -c idle_in_transaction_session_timeout={}",
            STATEMENT_WITHIN.as_millis(),
            IDLE_WITHIN.as_millis()
        ));
        config.tcp_user_timeout(ALIVE_WITHIN).keepalives_idle(ALIVE_WITHIN).keepalives_interval(ALIVE_WITHIN / 4);
        let tls = if mode == SslMode::Disable { None } else { Some(tls(root.as_deref())?) };
        Ok(Self { config, tls })
    }

    /// Within bounds: a server may take the connection and then say nothing.
    pub(super) async fn reach(&self) -> ConnectionResult<AsyncPgConnection> {
        let late = |late: tokio::time::error::Elapsed| ConnectionError::BadConnection(late.to_string());
        timeout(CONNECT_WITHIN, self.connect()).await.map_err(late)?
    }

    async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let bad = |error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            ConnectionError::BadConnection(format!("{error}{cause}"))
        };
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        } else {
            let (client, connection) = self.config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        }
    }
}

/// A socket or a loopback address, and nothing else: `host` and `hostaddr` may stand in the query as well.
fn is_this_machine(config: &tokio_postgres::Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// The system's roots, or those of one file.
fn tls(root: Option<&str>) -> Result<MakeRustlsConnect> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = RootCertStore::empty();
    match root {
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path)
                .map_err(|error| Error::Unreadable(format!("sslrootcert {path}: {error}")))?;
            for certificate in read {
                let certificate = certificate.map_err(away)?;
                roots.add(certificate).map_err(away)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(away)?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests;
