//! `/health/live`, `/health/ready` (UX §5.4): not logged, not limited, and without internals.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use serde_json::json;
use tokio::time::timeout;

use super::{Shared, middleware};
use crate::{
    flow::{self, Context, catalog::Snapshot, keys},
    jose::Algorithm,
    store::SchemaState,
};

/// A database that has not answered by then is as good as away; who asks here does not wait longer either.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// Asks the database. On the main runtime: where it is `PostgreSQL` the thread that answers would have to come round to it
/// for each of its words, and under a flood that takes longer than the database itself.
async fn look(ctx: Arc<Context>) -> flow::Result<(Arc<Snapshot>, SchemaState)> {
    let schema = ctx.store.current_schema().await?;
    Ok((ctx.catalog.snapshot(&ctx).await?, schema))
}

/// The loop runs.
pub(crate) async fn live(request: HttpRequest) -> HttpResponse {
    middleware::be_quiet(&request);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"status": "ok"}))
}

/// Requests can be answered: the database is there with every table this release needs and takes changes, its clock and
/// ours agree, keys sign, and nobody has told the server to stop. A schema that a newer release has extended meanwhile will do
/// (migrations/README.md).
pub(crate) async fn ready(server: Shared, request: HttpRequest) -> HttpResponse {
    middleware::be_quiet(&request);
    let (ctx, now) = (&server.ctx, server.ctx.now());
    let seen = timeout(ANSWERED_WITHIN, server.main.spawn(look(Arc::clone(ctx)))).await;
    let seen = seen.ok().and_then(Result::ok).and_then(Result::ok);
    let database = seen.is_some() && ctx.store.is_good();
    let signs = |algorithm: &Algorithm| seen.as_ref().is_some_and(|(at, _)| at.keys.signs(*algorithm, now));
    let keys = keys::offered(&ctx.config.tokens).iter().all(signs);
    let stopping = server.stopping.load(Ordering::Relaxed);
    let migrations = seen.as_ref().is_some_and(|(_, schema)| schema.applied >= schema.known);
    let clock = ctx.store.has_right_clock();
    let word = |good: bool| if good { "ok" } else { "failed" };
    let ready = database && migrations && keys && clock && !stopping;
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let mut told = json!({
        "status": if ready { "ok" } else { "unavailable" },
        "database": word(database),
        "migrations": word(migrations),
        "keys": word(keys),
        "clock": word(clock),
        "shutdown": if stopping { "stopping" } else { "no" },
    });
    // nobody is sent elsewhere for want of it: the database answers
    if let (Some(asked), Some(told)) = (ctx.store.asks_replica(), told.as_object_mut()) {
        told.insert("replica".to_owned(), if asked { "in use" } else { "left alone" }.into());
    }
    answer.insert_header((CACHE_CONTROL, "no-store")).json(told)
}
