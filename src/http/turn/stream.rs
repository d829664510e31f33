//! The stream of a connection, as the framework reads it.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::web::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{Reading, Turn};

/// How long what still comes after the last answer is read and dropped, so that the answer is not lost to a reset
/// (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(1);
/// What is read of the next requests while one is answered.
const HELD_AHEAD: usize = 1024;
/// What is dropped at once before others get their turn.
const DROPPED_AT_ONCE: usize = 16 * 1024;

/// Hands over one request at a time.
pub(crate) struct OneAtATime<S> {
    stream: S,
    turn: Turn,
    /// Read from the stream; it is not its turn yet.
    held: BytesMut,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> OneAtATime<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, turn: Turn::default(), held: BytesMut::new(), lingering: None }
    }

    pub(crate) const fn turn(&self) -> &Turn {
        &self.turn
    }

    /// The stream itself.
    pub(crate) const fn inner(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> OneAtATime<S> {
    /// From what is held, else from the stream.
    fn poll_pass(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            let most = buf.remaining().min(self.held.len());
            let passed = self.turn.pass(self.held.get_mut(..most).unwrap_or_default());
            buf.put_slice(&self.held.split_to(passed));
            if self.held.is_empty() {
                self.held = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled_mut().get_mut(before..).unwrap_or_default();
        let passed = self.turn.pass(read);
        self.held.extend_from_slice(read.get(passed..).unwrap_or_default());
        buf.set_filled(before + passed);
        Poll::Ready(Ok(()))
    }

    /// While a request is answered: what comes next is held, so much as fits, and the stream's end is told, because who
    /// has hung up is not worked for.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            return Poll::Pending;
        }
        let mut space = [const { MaybeUninit::uninit() }; HELD_AHEAD];
        let mut space = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
        match space.filled() {
            [] => Poll::Ready(Ok(())),
            next => {
                self.held.extend_from_slice(next);
                Poll::Pending
            }
        }
    }

    /// Ends once the other side has ended or its time is up; until then what comes is dropped.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.held = BytesMut::new();
        let lingering = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if lingering.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut dropped = 0;
        loop {
            let mut space = [0; 1024];
            let mut space = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
            match space.filled().len() {
                0 => return Poll::Ready(Ok(())),
                read => dropped += read,
            }
            if dropped >= DROPPED_AT_ONCE {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OneAtATime<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.turn.ask() {
            Reading::Now => self.poll_pass(cx, buf),
            Reading::Ahead => {
                let ahead = self.poll_ahead(cx);
                self.turn.wait(cx, !self.held.is_empty());
                ahead
            }
            // nothing in the buffer is the stream's end
            Reading::Never => self.poll_linger(cx),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OneAtATime<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
