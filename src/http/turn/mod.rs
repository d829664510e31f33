//! One request at a time on a connection.
//!
//! actix-http decodes every request that has come in before the first of them is answered, and encodes each answer by
//! what it remembers of the last one it decoded: in front of a pipelined `HEAD` an answer loses its body and whoever
//! waits for it takes the next answer's bytes for it; in front of an HTTP/1.0 request it becomes one itself; and what
//! comes after `Connection: close` is answered. So the stream hands over one request and holds back what follows until
//! that one is answered, which RFC 9112 §9.3.2 leaves to the server.
//!
//! The stream finds the ends, the parser decides: where the two might differ, the parser gets to refuse.

mod framing;
mod stream;

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::RequestHead,
    http::{
        ConnectionType, Method,
        header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
    },
    web::Bytes,
};

use framing::{Chunks, Head};
pub(super) use stream::OneAtATime;

/// Whose turn it is: what the stream and the middleware know of one connection.
#[derive(Clone, Default)]
pub(crate) struct Turn(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    state: State,
    /// Nothing comes after this answer.
    last: bool,
    /// Woken when what was read ahead may be handed over. Of whatever else comes the stream tells.
    reader: Option<Waker>,
}

/// What may be read.
enum State {
    /// A head, to its end.
    Head(Head),
    /// Nothing more: a head is with the parser. `true` once more was asked for.
    Parsing(bool),
    /// So many bytes of a body.
    Length(u64),
    /// A chunked body.
    Chunked(Chunks),
    /// Nothing: a whole request is being answered.
    Answering,
    /// Everything, since the parser will refuse it or take it all for one body.
    Everything,
    /// Nothing any more.
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

/// May the stream be read now?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Now,
    /// Only to notice that the other side has hung up.
    Ahead,
    Never,
}

impl Turn {
    /// Asked before each reading.
    fn ask(&self) -> Reading {
        let inner = &mut *self.0.borrow_mut();
        match &mut inner.state {
            State::Over => Reading::Never,
            State::Parsing(asked) if !*asked => {
                *asked = true;
                Reading::Ahead
            }
            // it was no head to the parser, which shall see more
            State::Parsing(_) => {
                inner.state = State::Everything;
                Reading::Now
            }
            State::Answering => Reading::Ahead,
            State::Head(_) | State::Length(_) | State::Chunked(_) | State::Everything => Reading::Now,
        }
    }

    /// It was read ahead, and some of what comes next is `held`, or nothing.
    fn wait(&self, cx: &Context<'_>, held: bool) {
        self.0.borrow_mut().reader = held.then(|| cx.waker().clone());
    }

    /// How many of these bytes go to the parser now; at least one, if there is one. It may change them.
    fn pass(&self, bytes: &mut [u8]) -> usize {
        let inner = &mut *self.0.borrow_mut();
        match &mut inner.state {
            State::Head(head) => match head.find_end(bytes) {
                Some(end) => {
                    inner.state = State::Parsing(false);
                    end
                }
                None => bytes.len(),
            },
            State::Length(left) => {
                let passed = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= u64::try_from(passed).unwrap_or(*left);
                if *left == 0 {
                    inner.state = State::Answering;
                }
                passed
            }
            State::Chunked(chunks) => match chunks.find_end(bytes) {
                Ok(Some(end)) => {
                    inner.state = State::Answering;
                    end
                }
                Ok(None) => bytes.len(),
                Err(framing::Malformed) => {
                    inner.state = State::Everything;
                    bytes.len()
                }
            },
            State::Parsing(_) | State::Answering | State::Everything | State::Over => bytes.len(),
        }
    }

    /// A request's head was parsed: its body may come. The next request's turn is when the value is gone.
    pub(crate) fn begin(&self, head: &RequestHead) -> Taken {
        let inner = &mut *self.0.borrow_mut();
        inner.last = head.connection_type() != ConnectionType::KeepAlive;
        // in the parser's own order; it has made sure that they are right
        inner.state = if head.headers().contains_key(TRANSFER_ENCODING) {
            State::Chunked(Chunks::default())
        } else if head.headers().contains_key(UPGRADE) || head.method == Method::CONNECT {
            inner.last = true;
            State::Everything
        } else {
            let length =
                head.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
            match length.unwrap_or(0) {
                0 => State::Answering,
                length => State::Length(length),
            }
        };
        inner.wake();
        Taken(self.clone())
    }

    /// Has the request been read to its end? If it has not, its answer is the connection's last.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.0.borrow().state, State::Answering)
    }

    /// The answer is sent.
    fn end(&self) {
        let inner = &mut *self.0.borrow_mut();
        inner.state = match inner.state {
            // the framework itself takes the rest of it, for a second
            State::Length(left) => State::Length(left),
            State::Answering if !inner.last => State::default(),
            _ => State::Over,
        };
        inner.wake();
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A request that has its turn.
pub(crate) struct Taken(Turn);

impl Taken {
    /// The answer is there. To a request whose body is not read to its end it is the connection's last: where the next
    /// request begins nobody could tell.
    pub(crate) fn answer(self, mut response: HttpResponse) -> HttpResponse {
        if self.is_last() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response.map_body(|_, body| BoxBody::new(Sent { body, _turn: self }))
    }

    /// Nothing is answered behind this request.
    pub(crate) fn be_last(&self) {
        self.0.0.borrow_mut().last = true;
    }

    fn is_last(&self) -> bool {
        if !self.0.is_read() {
            self.be_last();
        }
        self.0.0.borrow().last
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// An answer's body; when it is gone, it was sent.
struct Sent {
    body: BoxBody,
    _turn: Taken,
}

impl MessageBody for Sent {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

#[cfg(test)]
mod tests;
