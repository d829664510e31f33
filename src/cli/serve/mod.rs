//! `countersign serve`: from flags to a server that answers, and what a person at the terminal sees of it (UX §1).

mod files;
pub(super) mod listen;
mod ready;

use std::{io::IsTerminal, path::Path, sync::Arc, time::Instant};

use clap::Args;

use super::{
    failure::{Exit, Failure},
    session::{Served, Session, UNFINISHED, is_left_open, write_private},
};
use crate::{
    clock::SystemClock,
    config::{Config, Database, Issuer, Loaded},
    flow::{Context, admin::users, start},
    store::Migrate,
};

/// Run the server
///
/// Without any configuration it serves http://localhost:8080 from ./countersign-data, which it makes.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign serve\n  \
                             countersign serve --listen 127.0.0.1:9000 --issuer https://id.example.com")]
pub(super) struct Serve {
    /// Address and port; repeated for several; port 0 lets the system choose [env: COUNTERSIGN_LISTEN]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
    /// The URL this server is known by [env: COUNTERSIGN_ISSUER]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Speak TLS, without a proxy in front: the certificate and those above it (PEM) [env: COUNTERSIGN_SERVER__TLS_CERT]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The certificate's private key (PEM) [env: COUNTERSIGN_SERVER__TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
}

pub(super) async fn run(session: &Session, command: Serve) -> Result<(), Failure> {
    let began = Instant::now();
    let mut flags: Vec<(&'static str, String)> = command.listen.into_iter().map(|addr| ("listen", addr)).collect();
    flags.extend(command.issuer.map(|issuer| ("issuer", issuer)));
    flags.extend(command.tls_cert.map(|path| ("server.tls_cert", path)));
    flags.extend(command.tls_key.map(|path| ("server.tls_key", path)));
    let loaded = session.load(flags)?;
    let issuer_left_open = is_left_open(&loaded, "issuer");
    let Loaded { mut config, warnings, .. } = loaded;
    session.begin_log(&config.log);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    files::allow_many();
    let tls = crate::http::Tls::read(&config.server)
        .map_err(|error| Failure::new(Exit::Configuration, "tls_unusable", format!("{error:#}")))?;
    let _one_server_a_folder = start::lock(&config)?;
    let listeners = listen::bind(&config.listen)?;
    if issuer_left_open && let Some(port) = listen::chosen_port(&config.listen, &listeners) {
        config.issuer = Issuer::localhost(port);
    }
    let is_new = match &config.database {
        Database::Sqlite(path) => std::fs::metadata(path).map_or(true, |file| file.len() == 0),
        Database::Postgres(_) => false,
    };
    let ctx = Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await?;
    session.opened(&ctx);
    Served::write(&ctx.config, &listeners);
    warn_before_production(&ctx.config);
    let first_admin = first_admin(session, &ctx).await?;
    let ready = ready::Ready::new(session, &ctx, is_new, first_admin, began).await?;
    let served = crate::http::serve(ctx, listeners, tls, move |addresses| ready.print(addresses)).await;
    served.map_err(|error| Failure::failed(format!("the server ended: {error:#}")))
}

/// What must change before production (UX F6).
fn warn_before_production(config: &Config) {
    if !config.issuer.is_https() {
        tracing::warn!(
            "development mode: {} is plain http on this machine; before production set issuer to an https:// URL and \
             let a proxy in front speak TLS",
            config.issuer
        );
        if config.secret_key.is_empty() {
            tracing::warn!(
                "development mode: secret_key lies in {} beside the database; before production keep it elsewhere and \
                 name it with COUNTERSIGN_SECRET_KEY_FILE",
                config.data_dir.display()
            );
        }
    }
}

/// While no administrator has ever existed: a fresh link, to a terminal or into a file for its owner alone (R-o1).
async fn first_admin(session: &Session, ctx: &Context) -> Result<Option<String>, Failure> {
    let path = ctx.config.data_dir.join("setup-link");
    let Some(link) = users::first_admin_link(ctx, &session.origin).await? else {
        remove_stale(&path);
        return Ok(None);
    };
    if std::io::stderr().is_terminal() {
        remove_stale(&path);
        return Ok(Some(link.url));
    }
    if write_private(&path, &format!("{}\n", link.url)).is_ok() {
        tracing::info!(
            file = %path.display(),
            "there is no administrator yet; the link to become one is in the file, or run `countersign user setup-link`"
        );
    } else {
        tracing::info!("there is no administrator yet; run `countersign user setup-link`");
    }
    Ok(None)
}

fn remove_stale(path: &Path) {
    for path in [path, &path.with_extension(UNFINISHED)] {
        let _mostly_not_there = std::fs::remove_file(path);
    }
}
