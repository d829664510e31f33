//! The log: text for a terminal, JSON for a collector, one line a request. No secret, no token, no query, ever.

use std::{fmt, io::IsTerminal};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, time::ChronoUtc},
    registry::LookupSpan,
};

use crate::{
    clock::{Clock, SystemClock},
    config::{Log, LogFormat, LogLevel},
};

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
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = if json {
        builder.event_format(JsonLine).try_init()
    } else {
        let timed = builder.with_target(false).with_timer(ChronoUtc::new("%H:%M:%S".to_owned())).with_ansi(colour);
        timed.compact().try_init()
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logging had begun before");
    }
}

/// One JSON object a line: `ts`, `level`, `msg`, then the event's own fields.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Map::new();
        line.insert("ts".to_owned(), timestamp().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().to_ascii_lowercase().into());
        let mut fields = Fields(&mut line);
        event.record(&mut fields);
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn timestamp() -> String {
    let now = SystemClock.now().to_utc();
    now.map_or_else(String::new, |now| now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
