//! A demonstration anyone can run: a server, an app beside it, a made-up person, and every request that passes between
//! them on one page. The server is the one that `serve` runs; everything goes over HTTP.
//!
//! What is shown is here: the flows (a file each), what can go wrong with them, and the app with its page. The command
//! line starts and ends it.

mod agent;
mod breaks;
mod cast;
mod errors;
mod flows;
mod place;
mod runs;
mod stage;
mod step;
mod view;
mod web;
mod words;

use std::{net::TcpListener, sync::Arc};

use crate::{
    client::{jwt, wire},
    clock::SystemClock,
    config::{Config, ConfigErrors},
    flow::{Context, admin::AdminError, start},
    http,
    store::Migrate,
};

pub(crate) use cast::Person;
pub(crate) use flows::{ALL as FLOWS, Flow, find as find_flow};
pub(crate) use place::Place;
pub(crate) use runs::{Run, Watcher};
pub(crate) use step::{Actor, Step};

/// Why a demonstration does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration of a kept folder.
    #[error(transparent)]
    Configuration(#[from] ConfigErrors),
    /// The server.
    #[error(transparent)]
    Start(#[from] start::StartError),
    /// The made-up ones.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A socket or file.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// The server's threads.
    #[error("{0:#}")]
    Server(anyhow::Error),
}

/// A demonstration that runs.
pub(crate) struct Demo {
    /// The server's issuer.
    pub(crate) issuer: String,
    /// The app's own address.
    pub(crate) app: String,
    ctx: Arc<Context>,
    server: http::Running,
    client: web::Running,
    runs: Arc<runs::Runs>,
    _one_server_a_folder: Option<std::fs::File>,
}

impl Demo {
    /// Starts the server of this configuration and the app; `watcher` hears of every run.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn start(
        config: Config,
        listener: TcpListener,
        app: Vec<TcpListener>,
        keep: bool,
        watcher: Watcher,
    ) -> Result<Self, Failure> {
        let lock = start::lock(&config)?;
        let ctx = Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await?;
        let address = app.first().ok_or_else(|| std::io::Error::other("the app has no address"))?.local_addr()?;
        let origin = format!("http://localhost:{}", address.port());
        let cast = Arc::new(cast::assemble(&ctx, &origin, keep).await?);
        let server = http::start(Arc::clone(&ctx), vec![listener], None).map_err(Failure::Server)?;
        let runs = Arc::new(runs::Runs::new(cast, watcher));
        let client = web::start(app, Arc::clone(&runs))?;
        let issuer = ctx.issuer().to_owned();
        Ok(Self { issuer, app: origin, ctx, server, client, runs, _one_server_a_folder: lock })
    }

    /// The made-up person.
    pub(crate) fn person(&self) -> &Person {
        &self.runs.cast.person
    }

    /// Plays a whole flow.
    pub(crate) async fn run(&self, flow: &'static Flow) -> Arc<Run> {
        self.runs.run(flow, None).await
    }

    /// The page of a run.
    pub(crate) fn page(&self, run: &Run) -> String {
        format!("{}/run/{}", self.app, run.id)
    }

    /// Ends both, and closes the database.
    pub(crate) async fn stop(self) {
        self.client.stop().await;
        self.server.stop().await;
        self.ctx.store.close();
    }
}
