//! One connection, as a flood uses it: nobody keeps it without getting on, and what has come in over all connections
//! and is not answered yet is counted.
//!
//! actix-web bounds a request's head, the first one's time and an idle connection's; it does not bound the time of a
//! later head, of an answer that nobody takes, of a body that nobody reads, or the number of requests that come in one
//! burst. This does, on the stream itself, so that no path round it is left.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take},
    time::{Instant, Sleep, sleep_until},
};

use super::tls::Stream;

/// How long a client may take for a request's head, from its first byte (of the first request: from the connection).
pub(super) const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may be there before its first byte. It is then closed without a word: a client that opened it
/// beforehand would take a 408 for the answer to the request it is just sending.
const SILENT_FOR: Duration = Duration::from_secs(8);
/// How long a client may take for what it was sent, once the system's own buffers are full.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// What actix-web ends by itself has this much longer: it says why.
const GRACE: Duration = Duration::from_secs(2);
/// What is read before others get their turn. It bounds how many requests one burst can make of a connection.
const AT_ONCE: usize = 4 * 1024;
/// What a connection may always have open, however full it is: a usual request.
const SMALL: usize = 16 * 1024;
/// Unanswered bytes of all connections, beyond which large bodies are refused; twice as much, and their connections end.
const ROOM: usize = 64 * 1024 * 1024;
/// So many of the largest bodies have room, where bodies may be larger than usual.
const LARGEST: usize = 16;
/// What is kept of one connection beside a body: a head and the decoder's buffers.
const BESIDE_A_BODY: usize = 192 * 1024;

/// What has come in over all connections and is not answered yet, in bytes.
pub(crate) struct Intake {
    bytes: AtomicUsize,
    room: usize,
    largest: usize,
}

impl Intake {
    /// For bodies of this many bytes at most.
    pub(super) fn new(body: usize) -> Self {
        let room = ROOM.max(body.saturating_mul(LARGEST));
        Self { bytes: AtomicUsize::new(0), room, largest: body.saturating_add(BESIDE_A_BODY) }
    }

    /// Is there room for a body to grow to this many bytes? For small ones there always is.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        bytes <= SMALL || self.bytes.load(Ordering::Relaxed) <= self.room
    }

    fn overflows(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.room.saturating_mul(2)
    }
}

/// Whether a request of this connection is being handled: its head is whole, its answer is not ready.
#[derive(Clone, Default)]
pub(crate) struct Pulse(Rc<Cell<bool>>);

impl Pulse {
    /// A request is handled for as long as the value lives.
    pub(super) fn begin(&self) -> Busy {
        self.0.set(true);
        Busy(self.clone())
    }
}

/// A request that is being handled.
pub(crate) struct Busy(Pulse);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

/// The stream of one connection.
pub(super) struct Guarded {
    /// Read no further than this turn allows.
    stream: Take<Stream>,
    pulse: Pulse,
    intake: Arc<Intake>,
    /// Of `intake`, this connection's.
    counted: usize,
    /// Read since others had their turn.
    burst: usize,
    /// Until when the client may leave the server waiting, where it does.
    owing: Instant,
    /// Until when it must have taken what was sent: set while the system takes no more.
    stuck: Option<Instant>,
    /// It was to be read while it was stuck.
    put_off: bool,
    keep_alive: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(stream: Stream, intake: Arc<Intake>, keep_alive: Duration) -> Self {
        Self {
            stream: stream.take(0),
            pulse: Pulse::default(),
            intake,
            counted: 0,
            burst: 0,
            owing: Instant::now() + SILENT_FOR,
            stuck: None,
            put_off: false,
            keep_alive,
            timer: None,
        }
    }

    pub(super) const fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// An error once the client's time is up; until then the task is woken in time.
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let deadline = match self.stuck {
            Some(stuck) => stuck,
            // it is the server that owes something
            None if self.pulse.0.get() => return Ok(()),
            None => self.owing,
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        // it may be of an earlier deadline that was met
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the client's time is up"));
            }
            timer.as_mut().reset(deadline);
        }
        Ok(())
    }

    fn has_read(&mut self, bytes: usize) {
        self.burst += bytes;
        let counted = (self.counted + bytes).min(self.intake.largest);
        self.intake.bytes.fetch_add(counted - self.counted, Ordering::Relaxed);
        // the first bytes of a head; what follows them does not make it younger
        if self.counted == 0 && !self.pulse.0.get() {
            self.owing = Instant::now() + HEADERS_WITHIN;
        }
        self.counted = counted;
    }

    fn has_written(&mut self) {
        self.owing = Instant::now() + self.keep_alive + GRACE;
        self.forget();
    }

    fn forget(&mut self) {
        self.intake.bytes.fetch_sub(self.counted, Ordering::Relaxed);
        self.counted = 0;
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.forget();
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?;
        if self.stuck.is_some() {
            // who does not take answers is not asked for more
            self.put_off = true;
            return Poll::Pending;
        }
        if self.burst >= AT_ONCE {
            self.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.counted > SMALL && self.intake.overflows() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "there is no room")));
        }
        let most = AT_ONCE - self.burst;
        self.stream.set_limit(u64::try_from(most).unwrap_or(u64::MAX));
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = buf.filled().len() - before;
        if outcome.is_pending() {
            self.burst = 0;
        }
        ready!(outcome)?;
        if read > 0 {
            self.has_read(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.stuck.is_some() {
            self.in_time(cx)?;
        }
        match Pin::new(self.stream.get_mut()).poll_write(cx, buf) {
            Poll::Ready(Ok(written)) => {
                self.has_written();
                // part of it is no reason to wait longer
                if written == buf.len() {
                    self.stuck = None;
                    if std::mem::take(&mut self.put_off) {
                        cx.waker().wake_by_ref();
                    }
                }
                self.in_time(cx)?;
                Poll::Ready(Ok(written))
            }
            Poll::Pending => {
                self.stuck.get_or_insert_with(|| Instant::now() + TAKEN_WITHIN);
                self.in_time(cx)?;
                Poll::Pending
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}
