//! The door: actix-web, and the pages. It parses, calls a use case and answers; what is decided is decided below.

mod assets;
mod compat;
mod connection;
mod cookies;
mod csrf;
mod extract;
mod health;
mod line;
mod middleware;
mod oauth;
mod oidc;
mod pages;
mod refuse;
mod resource;
mod routes;
mod text;
mod tls;
mod turn;

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_server::{ServerBuilder, ServerHandle};
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::{App, dev::AppConfig, web};
use tokio::{
    net::TcpStream,
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{clock::Ts, flow::Context, jobs};
use assets::Document;
use connection::{Guarded, HEADERS_WITHIN, Intake};
use line::Line;
use pages::view::Site;
pub use pages::view::samples::each as sample_pages;
pub use tls::Tls;
use turn::OneAtATime;

/// What every handler gets.
pub(crate) struct Server {
    /// The use cases' own.
    pub(crate) ctx: Arc<Context>,
    /// What every page has in common.
    pub(crate) site: Site,
    /// Metadata and JWKS as ready bytes, with the instant and counter they are good for.
    pub(crate) documents: Mutex<Option<(i64, Ts, Arc<Documents>)>>,
    /// Where the jobs run, and what is not to wait for the threads that answer.
    pub(crate) main: Handle,
    /// Set once the server is to stop: it is not ready any more.
    pub(crate) stopping: Arc<AtomicBool>,
    /// What has come in and is not answered yet.
    pub(crate) intake: Arc<Intake>,
}

/// What is served as ready bytes.
pub(crate) struct Documents {
    pub(crate) metadata: Document,
    pub(crate) jwks: Document,
}

type Shared = web::Data<Server>;

/// Serves on these listeners until told to stop by SIGTERM or SIGINT, finishes what is under way, and returns.
/// `on_ready` is called once requests are answered.
///
/// # Errors
/// When a listener cannot be used.
pub async fn serve(
    ctx: Arc<Context>,
    listeners: Vec<TcpListener>,
    tls: Option<Tls>,
    on_ready: impl FnOnce(&[SocketAddr]) + Send + 'static,
) -> anyhow::Result<()> {
    let mut told = Told::listen()?;
    let running = start(ctx, listeners, tls.as_ref())?;
    on_ready(&running.addresses);
    running.until(&mut told).await;
    Ok(())
}

/// A server that is running.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    ctx: Arc<Context>,
    stopping: Arc<AtomicBool>,
    handle: ServerHandle,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    jobs: jobs::Jobs,
}

/// Begins to serve. Call it on the main runtime.
///
/// # Errors
/// When a listener cannot be used.
pub fn start(ctx: Arc<Context>, listeners: Vec<TcpListener>, tls: Option<&Tls>) -> anyhow::Result<Running> {
    let stopping = Arc::new(AtomicBool::new(false));
    let shared = web::Data::new(Server::new(Arc::clone(&ctx), Arc::clone(&stopping)));
    let mut server = builder(&ctx);
    let mut addresses = Vec::new();
    for listener in listeners {
        addresses.push(listener.local_addr()?);
        server = answer(server, listener, &shared, tls)?;
    }
    let server = server.run();
    let handle = server.handle();
    Ok(Running { addresses, jobs: jobs::start(&ctx), ctx, stopping, handle, server: tokio::spawn(server) })
}

/// Workers and their limits.
fn builder(ctx: &Context) -> ServerBuilder {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let connections = usize::try_from(ctx.config.limits.connections).unwrap_or(usize::MAX);
    ServerBuilder::new()
        .workers(workers)
        .worker_max_blocking_threads(LISTING_THREADS)
        .max_concurrent_connections(connections.div_ceil(workers))
        .shutdown_timeout(ctx.config.server.shutdown_grace.as_secs())
        .disable_signals()
}

/// What actix-web's `HttpServer` does with a listener, on our own stream.
fn answer(
    server: ServerBuilder,
    listener: TcpListener,
    shared: &Shared,
    tls: Option<&Tls>,
) -> std::io::Result<ServerBuilder> {
    let (address, shared, stopping) = (listener.local_addr()?, shared.clone(), server.graceful_shutdown_signal());
    let tls = tls.cloned();
    server.listen(format!("http {address}"), listener, move || {
        let (intake, keep_alive) = (Arc::clone(&shared.intake), shared.ctx.config.server.keep_alive.0);
        let (stopping, mounted) = (stopping.clone(), shared.clone());
        let app = App::new()
            .app_data(shared.clone())
            .app_data(Line::new(shared.ctx.config.limits.wait.0))
            .wrap(actix_web::middleware::from_fn(middleware::around))
            .configure(move |config| routes::mount(config, mounted.ctx.config.issuer.path()));
        let http = HttpService::build()
            // idle connections end when the server is told to stop, the others after what is under way
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(HEADERS_WITHIN)
            .client_disconnect_timeout(DISCONNECT_WITHIN)
            // who has hung up is not worked for
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(|stream: &OneAtATime<Guarded>, data| {
                data.insert(stream.turn().clone());
                data.insert(stream.inner().pulse().clone());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        let tls = tls.clone();
        fn_service(move |stream: TcpStream| {
            let (tls, intake) = (tls.clone(), Arc::clone(&intake));
            async move {
                let peer = stream.peer_addr().ok();
                let stream = tls::accept(tls, stream).await.map_err(DispatchError::Io)?;
                Ok((OneAtATime::new(Guarded::new(stream, intake, keep_alive)), peer))
            }
        })
        .and_then(http)
    })
}

/// Threads of each worker for queries that take longer; more of those wait.
const LISTING_THREADS: usize = 8;
/// How long a connection is still read from once its last answer is sent, so that the answer arrives.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);

impl Running {
    /// Waits for SIGTERM or SIGINT, then stops as [`Running::stop`] does; a second signal ends at once.
    async fn until(self, told: &mut Told) {
        told.wait().await;
        let delay = self.ctx.config.server.shutdown_delay.0;
        tracing::info!(delay_seconds = delay.as_secs(), "stopping");
        self.stopping.store(true, Ordering::Relaxed);
        let gently = async {
            tokio::time::sleep(delay).await;
            self.stop().await;
        };
        tokio::select! {
            () = gently => {}
            () = told.wait() => tracing::warn!("told twice: stopping at once"),
        }
    }

    /// Takes no more requests, finishes those under way, ends the jobs.
    pub async fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.handle.stop(true).await;
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the server ended badly");
        }
        self.jobs.stop().await;
    }
}

/// The two signals that ask a server to stop.
struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    /// From now on neither ends the process by itself.
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}

impl Server {
    fn new(ctx: Arc<Context>, stopping: Arc<AtomicBool>) -> Self {
        let branding = &ctx.config.branding;
        let own = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        let site = Site {
            instance_name: branding.name.clone(),
            base_path: ctx.config.issuer.path().to_owned(),
            assets_hash: assets::assets_hash(),
            support_url: own(&branding.support_url),
            privacy_url: own(&branding.privacy_url),
            terms_url: own(&branding.terms_url),
        };
        let intake = Arc::new(Intake::new(ctx.config.limits.body.bytes()));
        Self { ctx, site, documents: Mutex::new(None), main: Handle::current(), stopping, intake }
    }

    /// Metadata and JWKS, rendered again when something changed.
    pub(crate) async fn documents(&self) -> crate::flow::Result<Arc<Documents>> {
        let at = self.ctx.catalog.snapshot(&self.ctx).await?;
        let made_of = (at.epoch, at.made_at);
        let held = self.documents.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((epoch, made_at, documents)) = held
            && (epoch, made_at) == made_of
        {
            return Ok(documents);
        }
        let metadata = crate::flow::metadata::document(&self.ctx, &at, &routes::metadata_endpoints(&self.ctx.config));
        let metadata = serde_json::to_vec(&metadata).map_err(crate::flow::Error::internal)?;
        let documents =
            Arc::new(Documents { metadata: Document::new(metadata), jwks: Document::new(at.keys.jwks.to_vec()) });
        let fresh = (made_of.0, made_of.1, Arc::clone(&documents));
        *self.documents.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(documents)
    }
}
