//! Several instances on one database (DESIGN §6, PROTOCOL R-q): any step of any flow on any of them, what was ended is
//! ended everywhere, and what is cached follows. Nothing sticks to an instance.

mod changes;
mod clocks;
mod flows;
mod replica;
mod sweep;

use std::sync::Arc;

use crate::support::{App, Database, Door, TestServer, eventually};

/// How many there are.
const INSTANCES: usize = 3;

/// Instances that go by one clock, behind one name.
struct Fleet {
    instances: Vec<TestServer>,
    /// Each request through it goes to the next instance.
    door: Door,
}

impl Fleet {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(env: &[(&str, &str)]) -> Self {
        let first = TestServer::with(env).await;
        let issuer = first.issuer.clone();
        let env = [&[("COUNTERSIGN_ISSUER", issuer.as_str())], env].concat();
        let mut instances = vec![first];
        while instances.len() < INSTANCES {
            let clock = Arc::clone(&instances[0].clock);
            let database = Database { dir: tempfile::tempdir().unwrap(), url: instances[0].database.url.clone() };
            instances.push(Box::pin(TestServer::by(database, &env, |_| clock)).await);
        }
        let door = Door::before(instances.iter().map(|instance| &instance.door));
        Self { instances, door }
    }

    /// The one whose clock and administrator are used.
    fn first(&self) -> &TestServer {
        &self.instances[0]
    }

    /// The same app, before all instances.
    fn shared<'a>(&'a self, app: &App<'_>) -> App<'a> {
        moved(app, &self.door)
    }

    /// Whoever is asked says so, now.
    async fn all_say(&self, what: impl AsyncFn(&Door) -> bool) -> bool {
        for instance in &self.instances {
            if !what(&instance.door).await {
                return false;
            }
        }
        true
    }

    /// Each instance says so within what caches are allowed, and more on a busy machine.
    #[track_caller]
    fn all_come_to_say(&self, what: impl AsyncFn(&Door) -> bool) -> impl Future<Output = ()> {
        eventually(async move || self.all_say(&what).await)
    }
}

/// The same app, at another door.
fn moved<'a>(app: &App<'_>, server: &'a Door) -> App<'a> {
    App { server, client_id: app.client_id.clone(), secret: app.secret.clone(), redirect_uri: app.redirect_uri.clone() }
}
