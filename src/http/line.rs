//! How long requests wait in front of a thread that answers them.
//!
//! Everything a worker has to do stands in one line. The first who is looked at while nobody measures sends somebody to
//! the end of it; whoever is looked at before that one's turn has come was in the line before it was sent, and so has
//! waited for at least as long as it has by then. It costs nothing while nobody asks.
//!
//! A refusal is held back for a while. Whoever comes again the moment they are refused would otherwise fill the line with
//! themselves, and those who are served would wait behind refusals: with a connection each, a thousand who come at once
//! make one refusal a second each or so, and not as many as a thread can write.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, FromRequest, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use tokio::time::sleep;

use super::{Shared, compat, extract::Body, pages, refuse, turn::Turn};
use crate::{
    patience::Patience,
    protocol::{Refusal, dialect::Dialect},
    secret::random,
};

/// The line in front of one worker.
pub(crate) struct Line {
    /// When somebody was sent to its end, while they are on their way.
    sent: Cell<Option<Instant>>,
    patience: Patience,
}

impl Line {
    /// Half of the limit: whoever asks the database stands in line for that as well, and in this one again.
    pub(crate) fn new(limit: Duration) -> Rc<Self> {
        Rc::new(Self { sent: Cell::new(None), patience: Patience::new("a thread that answers requests").of(limit / 2) })
    }

    /// Has the one who is looked at now waited for too long?
    fn is_late(self: &Rc<Self>) -> bool {
        let now = Instant::now();
        if let Some(sent) = self.sent.get() {
            return self.patience.would_be_late(now - sent, now);
        }
        self.sent.set(Some(now));
        let own = Rc::clone(self);
        actix_web::rt::spawn(async move {
            own.sent.set(None);
            let arrived = Instant::now();
            own.patience.is_late(arrived - now, arrived);
        });
        false
    }
}

/// So long a refusal is held back, or half as much more or less, so that those who were refused together do not come again
/// together; less than `Retry-After` says, so that nobody who heeds it notices.
const HELD_BACK: Duration = Duration::from_secs(1);

/// Who is told 503, for whatever reason, is told so after a while. What is always answered is answered at once, and so is
/// a request that was not read to its end: its connection ends with the answer, and the room it takes is needed.
pub(crate) async fn in_time(
    always: bool,
    dialect: Option<Dialect>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let late = request.app_data::<Rc<Line>>().is_some_and(Line::is_late);
    if always {
        return next.call(request).await;
    }
    let answer = if late { refuse(dialect, request).await? } else { next.call(request).await? };
    let ends = answer.request().conn_data::<Turn>().is_some_and(|turn| !turn.is_read());
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE && !ends {
        let [chance] = random();
        sleep(HELD_BACK / 2 + HELD_BACK * u32::from(chance) / u32::from(u8::MAX)).await;
    }
    Ok(answer)
}

/// Who comes too late is told 503 as this path tells it, before anything is done: no parameter is looked at, no database
/// asked. A small body is taken in and dropped, so that the connection is good for the next try.
async fn refuse(dialect: Option<Dialect>, request: ServiceRequest) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(server) = request.app_data::<Shared>().cloned() else {
        return Ok(request.into_response(HttpResponse::ServiceUnavailable()));
    };
    let (request, mut payload) = request.into_parts();
    let _dropped = Body::from_request(&request, &mut payload).await?;
    let answer = match dialect {
        Some(dialect) => compat::busy(dialect, &server, &request),
        None if refuse::is_machines(&server, request.path()) => refuse::json(&request, &Refusal::Busy.into()),
        None => pages::refuse(&server, &request, &Refusal::Busy.into()),
    };
    Ok(ServiceResponse::new(request, answer))
}
