//! The log: text for a terminal, JSON for a collector, one line a request. No secret, no token, no query, ever.

use std::{
    cell::RefCell,
    fmt::{self, Write},
    io::IsTerminal,
};

use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
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
    // a line that cannot be written (a full disk) is lost: to complain of it on stderr would end the thread it happens on
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    let set = if json {
        builder.event_format(JsonLine).try_init()
    } else {
        let timed = builder.with_target(false).with_timer(ChronoUtc::new("%H:%M:%S".to_owned())).with_ansi(colour);
        timed.compact().try_init()
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logging had begun before");
        return;
    }
    // a panic is a line like any other: with its time, escaped, and where collectors look
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name(), why = panic.payload_as_str(), "panicked");
    }));
}

/// One JSON object a line: `ts`, `level`, `msg`, then the event's own fields.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line(String::with_capacity(320));
        line.0.push_str("{\"ts\":\"");
        push_timestamp(&mut line.0);
        line.0.push_str("\",\"level\":\"");
        line.0.push_str(match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        });
        line.0.push('"');
        event.record(&mut line);
        line.0.push_str("}\n");
        writer.write_str(&line.0)
    }
}

/// `2026-11-21T14:28:37.238473Z`; the part before the point is kept for as long as it lasts.
fn push_timestamp(line: &mut String) {
    thread_local! { static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) }; }
    let now = SystemClock.now();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.unix_seconds() {
            *second = now.unix_seconds();
            now.to_rfc3339().trim_end_matches('Z').clone_into(text);
        }
        line.push_str(text);
    });
    let _never_fails = write!(line, ".{:06}Z", now.micros().rem_euclid(1_000_000));
}

/// The object so far, without its closing brace.
struct Line(String);

impl Line {
    fn put(&mut self, field: &Field, value: impl Serialize) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        // names are identifiers of ours: they need no escaping; values do
        if let Ok(value) = serde_json::to_string(&value) {
            let _never_fails = write!(self.0, ",\"{name}\":{value}");
        }
    }
}

impl Visit for Line {
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
