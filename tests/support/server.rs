//! A server on a port of its own, and an administrator in another process's place.

use std::{net::TcpListener, ops::Deref, sync::Arc};

use countersign::{
    clock::{Clock, TestClock, Ts},
    flow::{
        Context, Origin,
        admin::{self, clients, resources, scopes, users},
        start,
    },
    http,
    protocol::{
        client_metadata::{Client, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
    store::{Migrate, Pace, Store},
};

use super::{App, Browser, Database, Door, database::config};

/// The password everybody has.
pub(crate) const PASSWORD: &str = "a long enough password";

pub(crate) struct TestServer {
    /// What tests move the time with.
    pub(crate) clock: Arc<TestClock>,
    /// The administrator's own view of the database: as the command line, not the server's caches.
    pub(crate) admin: Arc<Context>,
    pub(crate) door: Door,
    pub(crate) database: Database,
    running: Option<http::Running>,
}

impl Deref for TestServer {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl TestServer {
    /// A server with everything by default.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with configuration of its own.
    pub(crate) async fn with(env: &[(&str, &str)]) -> Self {
        Box::pin(Self::on(Database::fresh().await, env)).await
    }

    /// A server on a given database; the port is the system's choice.
    pub(crate) async fn on(database: Database, env: &[(&str, &str)]) -> Self {
        Self::by(database, env, |clock| clock).await
    }

    /// The same, where the server goes by another clock than the administrator.
    pub(crate) async fn by(
        database: Database,
        env: &[(&str, &str)],
        other: impl FnOnce(Arc<TestClock>) -> Arc<dyn Clock>,
    ) -> Self {
        Box::pin(Self::made(database, env, other, &|store| store)).await
    }

    /// A server whose operations, and the administrator's, ask this one for their turn.
    pub(crate) async fn paced(database: Database, env: &[(&str, &str)], pace: Arc<dyn Pace>) -> Self {
        Box::pin(Self::made(database, env, |clock| clock, &|store| store.paced(Arc::clone(&pace)))).await
    }

    async fn made(
        database: Database,
        env: &[(&str, &str)],
        other: impl FnOnce(Arc<TestClock>) -> Arc<dyn Clock>,
        change: &dyn Fn(Store) -> Store,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let own = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let mut all = vec![("COUNTERSIGN_ISSUER", own.as_str()), ("COUNTERSIGN_DATABASE_URL", &database.url)];
        all.extend_from_slice(env);
        let config = config(database.dir.path(), &all);
        let issuer = config.issuer.as_str().to_owned();
        // a time that is neither now nor round, and later than the template's keys
        let clock =
            Arc::new(TestClock::at(Ts::from_micros(countersign::clock::SystemClock.now().micros() + 5_000_123)));
        let shared: Arc<dyn Clock> = clock.clone();
        let open = async |clock, migrate| {
            let ctx = Box::pin(start::open(config.clone(), clock, migrate)).await.unwrap();
            let mut ctx = Arc::into_inner(ctx).unwrap();
            ctx.store = change(ctx.store);
            Arc::new(ctx)
        };
        let ctx = open(other(Arc::clone(&clock)), Migrate::Yes).await;
        let admin = open(shared, Migrate::No).await;
        let running = http::start(ctx, vec![listener], None).unwrap();
        Self { clock, admin, door: Door::new(address, issuer), database, running: Some(running) }
    }

    /// The same database under a new server, as after a restart.
    pub(crate) async fn restart(self) -> Self {
        let issuer = self.door.issuer.clone();
        Box::pin(Self::on(self.stopped().await, &[("COUNTERSIGN_ISSUER", &issuer)])).await
    }

    /// Ends it, and leaves its database.
    pub(crate) async fn stopped(mut self) -> Database {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self.database
    }

    /// A second server on the same database, with caches of its own.
    pub(crate) async fn second(&self) -> Self {
        let database = Database { dir: tempfile::tempdir().unwrap(), url: self.database.url.clone() };
        Box::pin(Self::on(database, &[("COUNTERSIGN_ISSUER", &self.door.issuer)])).await
    }

    pub(crate) async fn user(&self, username: &str) {
        let new = users::NewUser {
            username: username.to_owned(),
            email: Some(format!("{username}@example.com")),
            email_verified: true,
            password: Some(PASSWORD.to_owned()),
            ..users::NewUser::default()
        };
        users::create(&self.admin, &Origin::default(), new).await.map(drop).unwrap();
    }

    pub(crate) async fn admin_user(&self, username: &str) {
        let new = users::NewUser {
            username: username.to_owned(),
            admin: true,
            password: Some(PASSWORD.to_owned()),
            ..users::NewUser::default()
        };
        users::create(&self.admin, &Origin::default(), new).await.map(drop).unwrap();
    }

    pub(crate) async fn scope(&self, name: &str, description: &str, implies: &[&str]) {
        let changes = scopes::Changes {
            description: Some(description.to_owned()),
            implies: Some(implies.iter().map(ToString::to_string).collect()),
            ..scopes::Changes::default()
        };
        scopes::create(&self.admin, &Origin::default(), name, changes).await.map(drop).unwrap();
    }

    pub(crate) async fn api(&self, identifier: &str) {
        resources::create(&self.admin, &Origin::default(), identifier, resources::Changes::default())
            .await
            .map(drop)
            .unwrap();
    }

    /// Registers an app, changed by `change` from: confidential, code and refresh, `https://app.example/cb`,
    /// `openid profile email`.
    pub(crate) async fn app_with(&self, change: impl FnOnce(&mut ClientMetadata)) -> App<'_> {
        let mut metadata = ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: Scope::parse("openid profile email").unwrap(),
            ..ClientMetadata::default()
        };
        change(&mut metadata);
        let redirect_uri = metadata.redirect_uris.first().cloned().unwrap_or_default();
        let new = clients::NewClient { name: "photo printer".to_owned(), metadata, ..clients::NewClient::default() };
        let made = clients::create(&self.admin, &Origin::default(), new).await.unwrap();
        let secret = made.secret.map(|secret| secret.expose().to_owned());
        App { server: self, client_id: made.client.client_id, secret, redirect_uri }
    }

    pub(crate) async fn app(&self) -> App<'_> {
        self.app_with(|_| {}).await
    }

    /// ada, signed in.
    pub(crate) async fn ada(&self) -> Browser<'_> {
        self.user("ada").await;
        let mut browser = self.browser();
        browser.sign_in("ada").await;
        browser
    }
}

/// Puts a changed registration in the place of the one there is, whatever that is by now.
pub(crate) async fn update_client(ctx: &Context, changed: &Client) -> admin::Result<()> {
    let mut draft = clients::draft(ctx, &changed.client_id).await?;
    draft.client = changed.clone();
    assert!(draft.save(ctx, &Origin::default()).await?, "somebody else changed it in this moment");
    Ok(())
}
