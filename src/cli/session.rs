//! What a command works with: its flags, the configuration they lead to, and the opened database.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};

use super::{failure::Failure, global::Global, output::Out};
use crate::{
    clock::SystemClock,
    config::{self, Config, Issuer, Loaded, Sources},
    flow::{Context, Origin, start},
    store::Migrate,
};

/// One run of the program.
pub(super) struct Session {
    pub(super) global: Global,
    pub(super) out: Out,
    /// For the audit log: a command comes from no address.
    pub(super) origin: Origin,
}

impl Session {
    pub(super) fn new(global: Global) -> Self {
        let out = Out::new(&global);
        let origin = Origin { user_agent: Some("command line".to_owned()), ..Origin::default() };
        Self { global, out, origin }
    }

    /// The configuration, with further flags by the path of their key.
    pub(super) fn load(&self, flags: Vec<(&'static str, String)>) -> Result<Loaded, Failure> {
        let working_dir = std::env::current_dir()
            .map_err(|error| Failure::failed(format!("cannot tell the working directory: {error}")))?;
        let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
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
        let sources = Sources { files, env: std::env::vars_os().filter_map(pair).collect(), flags: given, working_dir };
        Ok(config::load(&sources)?)
    }

    /// The configuration of the server whose data this is: an issuer that was left to it is the one it last had.
    pub(super) fn load_as_served(&self) -> Result<Loaded, Failure> {
        let mut loaded = self.load(Vec::new())?;
        let left_open = loaded
            .entry("issuer")
            .is_none_or(|entry| matches!(entry.origin, config::Origin::Default | config::Origin::Derived(_)));
        if left_open && let Some(issuer) = Served::read(&loaded.config) {
            loaded.config.issuer = issuer;
        }
        Ok(loaded)
    }

    /// Opens the database of a server that has started at least once. The server may be running.
    pub(super) async fn open(&self) -> Result<Arc<Context>, Failure> {
        let loaded = self.load_as_served()?;
        if self.global.verbose > 0 {
            crate::observe::log::init(&loaded.config.log);
        }
        for warning in &loaded.warnings {
            self.out.warn(warning);
        }
        // the largest of all futures, kept out of every command's own
        Ok(Box::pin(start::open(loaded.config, Arc::new(SystemClock), Migrate::No)).await?)
    }
}

/// What `serve` leaves in the data directory for other commands: `--listen localhost:0` lets the system choose the
/// port, and with it the issuer.
pub(super) struct Served;

const SERVED: &str = "served.json";

impl Served {
    /// Written when the server has its port.
    pub(super) fn write(config: &Config) -> Result<(), Failure> {
        let path = config.data_dir.join(SERVED);
        let text = json!({"issuer": config.issuer.as_str()}).to_string();
        write_private(&path, &format!("{text}\n"))
    }

    fn read(config: &Config) -> Option<Issuer> {
        let text = fs::read_to_string(config.data_dir.join(SERVED)).ok()?;
        let served: Value = serde_json::from_str(&text).ok()?;
        Issuer::parse(served.get("issuer")?.as_str()?).ok()
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    start::private_file(&beside)?;
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
}
