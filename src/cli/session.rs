//! What a command works with: its flags, the configuration they lead to, and the opened database.

use std::{
    cell::RefCell,
    fs,
    io::{self, IsTerminal},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    failure::{Exit, Failure},
    global::Global,
    output::Out,
};
use crate::{
    clock::SystemClock,
    config::{self, Config, Issuer, Loaded, Log, Sources},
    flow::{Context, Origin, start},
    store::{Migrate, Store},
};

/// One run of the program.
pub(super) struct Session {
    pub(super) global: Global,
    pub(super) out: Out,
    /// For the audit log: a command comes from no address.
    pub(super) origin: Origin,
    /// To be closed at the end.
    stores: RefCell<Vec<Store>>,
}

impl Session {
    pub(super) fn new(global: Global) -> Self {
        let out = Out::new(&global);
        let origin = Origin { user_agent: Some("command line".to_owned()), ..Origin::default() };
        Self { global, out, origin, stores: RefCell::default() }
    }

    /// Logs to standard error, in colours where the command's own words there have them.
    pub(super) fn begin_log(&self, log: &Log) {
        crate::observe::log::init(log, self.global.color.is_on(io::stderr().is_terminal()));
    }

    /// From now on this database is closed when the command ends.
    pub(super) fn opened(&self, ctx: &Context) {
        self.stores.borrow_mut().push(ctx.store.clone());
    }

    /// Closes what was opened: a `SQLite` file that nobody else has open is whole by itself then, without `-wal` and
    /// `-shm` beside it.
    pub(super) fn close(&self) {
        for store in self.stores.take() {
            store.close();
        }
    }

    /// The configuration, with further flags by the path of their key.
    pub(super) fn load(&self, flags: Vec<(&'static str, String)>) -> Result<Loaded, Failure> {
        let working_dir = std::env::current_dir()
            .map_err(|error| Failure::failed(format!("cannot tell the working directory: {error}")))?;
        let mut given = flags;
        given.extend(self.global.data_dir.clone().map(|value| ("data_dir", value)));
        given.extend(self.global.database_url.clone().map(|value| ("database_url", value)));
        let level = match (self.global.quiet, self.global.verbose) {
            (true, _) => Some("error"),
            (_, 0) => None,
            (_, 1) => Some("debug"),
            _ => Some("trace"),
        };
        given.extend(level.map(|level| ("log.level", level.to_owned())));
        let files = self.global.config.clone();
        let sources = Sources { files, env: environment()?, flags: given, working_dir };
        Ok(config::load(&sources)?)
    }

    /// The configuration of the server whose data this is: an issuer that was left to it is the one it last had.
    pub(super) fn load_as_served(&self) -> Result<Loaded, Failure> {
        let mut loaded = self.load(Vec::new())?;
        if is_left_open(&loaded, "issuer")
            && let Some(issuer) = Served::read(&loaded.config).issuer
        {
            loaded.config.issuer = issuer;
        }
        Ok(loaded)
    }

    /// Opens the database of a server that has started at least once. The server may be running.
    pub(super) async fn open(&self) -> Result<Arc<Context>, Failure> {
        let loaded = self.load_as_served()?;
        if self.global.verbose > 0 {
            self.begin_log(&loaded.config.log);
        }
        for warning in &loaded.warnings {
            self.out.warn(warning);
        }
        // the largest of all futures, kept out of every command's own
        let ctx = Box::pin(start::open(loaded.config, Arc::new(SystemClock), Migrate::No)).await?;
        self.opened(&ctx);
        Ok(ctx)
    }
}

/// The variables that are text. One of ours that is none was meant for something; its value may be a secret.
fn environment() -> Result<Vec<(String, String)>, Failure> {
    let mut found = Vec::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => found.push((name, value)),
            (Ok(name), Err(_)) if name.starts_with(config::PREFIX) => {
                let message = format!("the value of the environment variable {name} is not UTF-8");
                return Err(Failure::new(Exit::Configuration, "configuration_invalid", message));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Did nobody give this key?
pub(super) fn is_left_open(loaded: &Loaded, path: &str) -> bool {
    let open = |entry: &config::Entry| matches!(entry.origin, config::Origin::Default | config::Origin::Derived(_));
    loaded.entry(path).is_none_or(open)
}

/// What `serve` leaves in the data directory for other commands: `--listen localhost:0` lets the system choose the
/// port, and with it the issuer.
pub(super) struct Served {
    issuer: Option<Issuer>,
    /// Where it listens.
    pub(super) listening: Vec<SocketAddr>,
    /// Does it speak TLS itself?
    pub(super) tls: bool,
}

const SERVED: &str = "served.json";
/// What a private file is called while it is written.
pub(super) const UNFINISHED: &str = "new";

impl Served {
    /// Written when the server has its ports. Other commands can do without.
    pub(super) fn write(config: &Config, listeners: &[TcpListener]) {
        let listening = listeners.iter().filter_map(|one| one.local_addr().ok()).map(|address| address.to_string());
        let served = json!({"issuer": config.issuer.as_str(), "listening": listening.collect::<Vec<_>>(),
            "tls": config.server.tls_cert.is_some()});
        if let Err(failure) = write_private(&config.data_dir.join(SERVED), &format!("{served}\n")) {
            tracing::warn!("other commands will not know this server's port: {}", failure.message());
        }
    }

    /// Nothing where no server has started here.
    pub(super) fn read(config: &Config) -> Self {
        let text = fs::read_to_string(config.data_dir.join(SERVED)).unwrap_or_default();
        let served: Value = serde_json::from_str(&text).unwrap_or_default();
        let issuer = served.get("issuer").and_then(Value::as_str);
        let listening = served.get("listening").and_then(Value::as_array).into_iter().flatten();
        Self {
            issuer: issuer.and_then(|text| Issuer::parse(text).ok()),
            listening: listening.filter_map(|address| address.as_str()?.parse().ok()).collect(),
            tls: served.get("tls").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

/// Writes a file that only its owner can read, whole or not at all. What a kill leaves beside it, the next one takes.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension(UNFINISHED);
    start::private_file(&beside)?;
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _half_written = fs::remove_file(&beside);
        Failure::failed(format!("cannot write {}: {error}", path.display()))
    })
}
