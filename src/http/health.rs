//! `/health/live`, `/health/ready` (UX §5.4): not logged, not limited, and without internals.

use std::{sync::atomic::Ordering, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use serde_json::json;
use tokio::time::timeout;

use super::{Shared, middleware};
use crate::jose::Algorithm;

/// A database that has not answered by then is as good as away; who asks here does not wait longer either.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// The loop runs.
pub(crate) async fn live(request: HttpRequest) -> HttpResponse {
    middleware::be_quiet(&request);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"status": "ok"}))
}

/// Requests can be answered: the database is there and takes changes, keys sign, and nobody has told the server to stop.
pub(crate) async fn ready(server: Shared, request: HttpRequest) -> HttpResponse {
    middleware::be_quiet(&request);
    let (ctx, now) = (&server.ctx, server.ctx.now());
    let look = async {
        ctx.store.find_epoch().await?;
        ctx.catalog.snapshot(ctx).await
    };
    let snapshot = timeout(ANSWERED_WITHIN, look).await.ok().and_then(Result::ok);
    let database = snapshot.is_some() && ctx.store.is_good();
    let signs = |algorithm: &Algorithm| snapshot.as_ref().is_some_and(|at| at.keys.signer(*algorithm, now).is_ok());
    let keys = Algorithm::ALL.iter().all(signs);
    let stopping = server.stopping.load(Ordering::Relaxed);
    let word = |good: bool| if good { "ok" } else { "failed" };
    let ready = database && keys && !stopping;
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((CACHE_CONTROL, "no-store")).json(json!({
        "status": if ready { "ok" } else { "unavailable" },
        "database": word(database),
        "migrations": word(database),
        "keys": word(keys),
        "shutdown": if stopping { "stopping" } else { "no" },
    }))
}
