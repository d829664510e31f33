//! Which connections there are, and on which thread each lives.

use std::{sync::Arc, time::Duration};

use diesel::ConnectionError;
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use thread_local::ThreadLocal;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    time::timeout,
};

use super::{CONNECT_WITHIN, Conn, Target, away, pipeline::Pipeline};
use crate::{patience::Patience, store::Result};

/// Of the connections that jobs share.
const SHARED: usize = 4;

/// A thread that answers requests has connections of its own, which live on it: to hear an answer and to go on with it is
/// one wake-up then, where a second thread in between would cost as much as the answer. All others share some.
pub(super) struct Pools {
    url: String,
    target: Arc<Target>,
    shared: Connections,
    own: ThreadLocal<Connections>,
    /// Of each thread that has its own.
    most: usize,
}

/// Those that an operation has to itself, and the one that look-ups share.
pub(super) struct Connections {
    pub(super) pool: Pool<AsyncPgConnection>,
    pub(super) pipeline: Pipeline,
    /// With those who wait for one to themselves, and for their turn on the other. Each thread's lines are judged by
    /// themselves: that nobody waits in one says nothing of the next.
    pub(super) patience: Patience,
    pub(super) patience_of_lookups: Patience,
}

impl Pools {
    pub(super) fn new(url: &str, target: Target) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let target = Arc::new(target);
        let shared = Connections::new(url, &target, Some(Handle::current()), SHARED)?;
        Ok(Self { url: url.to_owned(), target, shared, own: ThreadLocal::new(), most: (8 / cores).max(4) })
    }

    /// What the thread that asks has.
    pub(super) fn here(&self) -> Result<&Connections> {
        match Handle::try_current().map_err(away)?.runtime_flavor() {
            RuntimeFlavor::CurrentThread => self.own.get_or_try(|| {
                let own = Connections::new(&self.url, &self.target, None, self.most)?;
                own.set_patience(self.shared.patience.limit());
                Ok(own)
            }),
            _ => Ok(&self.shared),
        }
    }

    /// How long somebody should wait in each line, for long.
    pub(super) fn set_patience(&self, limit: Duration) {
        for those in [&self.shared].into_iter().chain(self.own.iter()) {
            those.set_patience(limit);
        }
    }

    pub(super) fn close(&self) {
        for those in [&self.shared].into_iter().chain(self.own.iter()) {
            those.pool.close();
            those.pipeline.close();
        }
    }
}

impl Connections {
    /// They connect when somebody asks, and live on `home`, else on the runtime of whoever asks.
    fn new(url: &str, target: &Arc<Target>, home: Option<Handle>, most: usize) -> Result<Self> {
        let patience = || Patience::new("the database");
        let (patience, patience_of_lookups) = (patience(), patience());
        Ok(Self { pool: pool(url, target, home, most)?, pipeline: Pipeline::new(), patience, patience_of_lookups })
    }

    fn set_patience(&self, limit: Duration) {
        self.patience.set_limit(limit);
        self.patience_of_lookups.set_limit(limit);
    }

    pub(super) async fn lease(&self) -> Result<Conn> {
        let conn = timeout(CONNECT_WITHIN, self.pool.get()).await.map_err(away)?.map_err(away)?;
        Ok(Conn::own(conn))
    }

    pub(super) async fn share(&self) -> Result<Conn> {
        let conn = timeout(CONNECT_WITHIN, self.pipeline.connection(&self.pool)).await.map_err(away)??;
        Ok(Conn::shared(conn))
    }
}

fn pool(url: &str, target: &Arc<Target>, home: Option<Handle>, most: usize) -> Result<Pool<AsyncPgConnection>> {
    let target = Arc::clone(target);
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let (target, home) = (Arc::clone(&target), home.clone());
        Box::pin(async move {
            let connecting = home.unwrap_or_else(Handle::current).spawn(async move { target.reach().await });
            connecting.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(most).build().map_err(away)
}
