//! The log: text for a terminal, JSON for a collector, one line a request. No secret, no token, no query, ever.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt::time::ChronoUtc};

use crate::config::{Log, LogFormat, LogLevel};

/// Begins to log to stderr, as configured. A second call changes nothing.
///
/// Only our own crate follows `level`; what libraries say stops at warnings, because they do not know what is secret.
pub fn init(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let libraries = if log.level == LogLevel::Error { "error" } else { "warn" };
    let filter = EnvFilter::new(format!("{libraries},countersign={level}"));
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let set = if json {
        let timed = builder.with_timer(ChronoUtc::new("%Y-%m-%dT%H:%M:%S%.6fZ".to_owned()));
        timed.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    } else {
        let timed = builder.with_timer(ChronoUtc::new("%H:%M:%S".to_owned())).with_ansi(colour);
        timed.compact().try_init()
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logging had begun before");
    }
}
