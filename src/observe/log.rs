//! The log: text for a terminal, JSON for a collector, one line a request. No secret, no token, no query, ever.
//!
//! A thread of its own writes it, many lines at once: a collector that has stopped reading holds nobody up. Then lines
//! wait, and beyond a bound they are lost, and counted.

use std::{
    cell::{Cell, RefCell},
    fmt::Debug,
    io::{BufWriter, IsTerminal, Stderr, Write, stderr},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{self, time::ChronoUtc},
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::{
    clock::{Clock, SystemClock},
    config::{Log, LogFormat, LogLevel},
};

/// Lines that wait to be written, at most.
const WAITING: usize = 4096;
/// How much is written at once, in bytes.
const TOGETHER: usize = 64 * 1024;
/// For so long the thread that writes rests: lines come together meanwhile, and nobody has to wake it for each.
const REST: Duration = Duration::from_millis(5);

/// What is written when it is dropped.
static REMAINDER: Mutex<Option<WorkerGuard>> = Mutex::new(None);
static LOST: OnceLock<ErrorCounter> = OnceLock::new();

/// Begins to log to stderr, as configured. A second call changes nothing. [`finish`] belongs to it.
///
/// Only our own crate follows `level`; what libraries say stops at warnings, because they do not know what is secret.
pub fn init(log: &Log, colour: bool) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let libraries = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(libraries).with_target("countersign", level);
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !stderr().is_terminal(),
    };
    let (writer, remainder) = writer();
    let all = tracing_subscriber::registry().with(filter);
    // a line that cannot be written (a full disk) is lost: to complain of it on stderr would end the thread it happens on
    let set = if json {
        all.with(JsonLines(writer)).try_init()
    } else {
        let lines = fmt::layer().with_writer(writer).log_internal_errors(false).with_target(false).with_ansi(colour);
        all.with(lines.with_timer(ChronoUtc::new("%H:%M:%S".to_owned())).compact()).try_init()
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logging had begun before");
        return;
    }
    *REMAINDER.lock().unwrap_or_else(PoisonError::into_inner) = Some(remainder);
    // a panic is a line like any other: with its time, escaped, and where collectors look
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name(), why = panic.payload_as_str(), "panicked");
    }));
}

/// Writes what waits to be written. What is logged afterwards is lost.
pub fn finish() {
    drop(REMAINDER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Says since the last time how many lines were lost, if any were.
pub fn tell_losses() {
    static TOLD: Mutex<usize> = Mutex::new(0);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let lost = LOST.get().map_or(0, ErrorCounter::dropped_lines);
    if lost > *told {
        tracing::warn!(lines = lost - *told, "log lines were lost: whoever reads the log is slower than it grows");
        *told = lost;
    }
}

fn writer() -> (NonBlocking, WorkerGuard) {
    let together = Together(BufWriter::with_capacity(TOGETHER, stderr()));
    let (writer, remainder) =
        NonBlockingBuilder::default().buffered_lines_limit(WAITING).thread_name("log").finish(together);
    let _begun_before = LOST.set(writer.error_counter());
    (writer, remainder)
}

/// Lines, of which whole ones are written at once.
struct Together(BufWriter<Stderr>);

impl Write for Together {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write(line)
    }

    /// Comes when no more lines wait.
    fn flush(&mut self) -> std::io::Result<()> {
        let written = self.0.flush();
        thread::sleep(REST);
        written
    }
}

/// One JSON object a line: `ts`, `level`, `msg`, then the event's own fields.
struct JsonLines(NonBlocking);

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // the thread's own: every new handle of the writer is counted where all threads count theirs. What is written may
        // have something to say itself: then it finds none, and makes another
        thread_local! { static ROOM: Cell<Option<(Vec<u8>, NonBlocking)>> = const { Cell::new(None) }; }
        let (room, mut writer) = ROOM.take().unwrap_or_else(|| (Vec::new(), self.0.clone()));
        let mut line = Line(room);
        line.0.clear();
        line.0.extend_from_slice(b"{\"ts\":\"");
        push_timestamp(&mut line.0);
        line.0.extend_from_slice(b"\",\"level\":\"");
        line.0.extend_from_slice(match *event.metadata().level() {
            Level::ERROR => b"error".as_slice(),
            Level::WARN => b"warn",
            Level::INFO => b"info",
            Level::DEBUG => b"debug",
            Level::TRACE => b"trace",
        });
        line.0.push(b'"');
        event.record(&mut line);
        line.0.extend_from_slice(b"}\n");
        let _lost = writer.write_all(&line.0);
        ROOM.set(Some((line.0, writer)));
    }
}

/// `2026-11-21T14:28:37.238473Z`; the part before the point is kept for as long as it lasts.
fn push_timestamp(line: &mut Vec<u8>) {
    thread_local! { static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) }; }
    let now = SystemClock.now();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.unix_seconds() {
            *second = now.unix_seconds();
            now.to_rfc3339().trim_end_matches('Z').clone_into(text);
        }
        line.extend_from_slice(text.as_bytes());
    });
    let _never_fails = write!(line, ".{:06}Z", now.micros().rem_euclid(1_000_000));
}

/// The object so far, without its closing brace.
struct Line(Vec<u8>);

impl Line {
    fn put(&mut self, field: &Field, value: impl Serialize) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        let before = self.0.len();
        // names are identifiers of ours: they need no escaping; values do
        for piece in [",\"", name, "\":"] {
            self.0.extend_from_slice(piece.as_bytes());
        }
        if serde_json::to_writer(&mut self.0, &value).is_err() {
            self.0.truncate(before);
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format_args!("{value:?}"));
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
