//! What a run happens in: a person, an app, and what the app has got so far; and the doors that everybody uses.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use countersign::{
    clock::{Clock, SystemClock, Ts},
    flow::{
        Context, Error, Origin, accept, account,
        admin::users,
        authorize::{
            Next, Visit, begin,
            respond::{self, Yes},
        },
        device_authorization,
        hashing::Whose,
        introspect,
        login::{
            password::{self, Attempt, Door},
            session,
            setup::{NewPerson, person},
        },
        revoke, start,
        token::{self, TokenRequest},
    },
    protocol::{
        authorize::interaction::Interaction,
        client_metadata::{ClientMetadata, TokenFormat},
        dialect,
        grant::{GrantType, device_code::UserCode},
    },
    secret::{Id, Secret, kind, random},
    store::{
        Before, Created, DeviceBegun, Ending, Migrate, Store,
        models::{DeviceGrant, User},
    },
};

use super::{
    app::{App, REDIRECT_URI, params},
    got::{Got, Tokens, code_of},
    scheduler::{Actor, Ended, Time, Turns, explore},
};
use crate::support::{Database, PASSWORD, VERIFIER, config, scope};

/// A server without a door, whose store lets the scheduler decide whose turn it is.
pub(super) struct Model {
    ctx: Arc<Context>,
    unpaced: Store,
    begin: Ts,
    app: App,
    other: App,
    _database: Database,
}

impl Model {
    /// With access tokens that are rows, so that each issue has something to be half written.
    pub(super) async fn start() -> Self {
        Self::with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut ClientMetadata)) -> Self {
        Box::pin(Self::open(change)).await
    }

    async fn open(change: impl FnOnce(&mut ClientMetadata)) -> Self {
        let database = Database::fresh().await;
        let config = config(database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &database.url)]);
        // later than the template's keys
        let begin = Ts::from_micros(SystemClock.now().micros() + 5_000_123);
        let ctx = Box::pin(start::open(config, Arc::new(Time(begin)), Migrate::Yes)).await.unwrap();
        let mut ctx = Arc::into_inner(ctx).unwrap();
        let unpaced = ctx.store.clone();
        ctx.store = unpaced.clone().paced(Arc::new(Turns));
        let (app, other) = (App::register(&ctx, change).await, App::register(&ctx, |_| {}).await);
        ctx.catalog.refresh(&ctx).await.unwrap();
        Self { ctx: Arc::new(ctx), unpaced, begin, app, other, _database: database }
    }

    /// Every order of these actors, each run with a world of its own. Answers how many there were.
    pub(super) async fn explore(
        &self,
        stage: impl AsyncFn(World) -> World,
        actors: impl Fn(&Rc<World>) -> Vec<Actor<Got>>,
        check: impl AsyncFn(Rc<World>, Ended<Got>),
    ) -> usize {
        let stage = async || Rc::new(stage(self.world().await).await);
        Box::pin(explore(self.begin, stage, actors, check)).await
    }

    /// Somebody who has just signed in, with a request of the app in front of them.
    async fn world(&self) -> World {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let ctx = Arc::clone(&self.ctx);
        let username = format!("person{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let user = person(&NewPerson { username: &username, ..NewPerson::default() }, ctx.now());
        assert_eq!(ctx.store.create_user(user.clone(), None).await.unwrap(), Created::Made);
        let session =
            session::begin(&ctx, &Origin::default(), &user, false, Before::default(), Vec::new()).await.unwrap().secret;
        let (app, other) = (self.app.clone(), self.other.clone());
        let interaction = begin::interaction(&ctx, dialect::Door::Standard, app.request("profile email"), None);
        World {
            ctx,
            unpaced: self.unpaced.clone(),
            user,
            session,
            app,
            other,
            interaction,
            code: String::new(),
            tokens: Tokens::default(),
            device: Default::default(),
        }
    }
}

/// One run's.
#[derive(Clone)]
pub(super) struct World {
    ctx: Arc<Context>,
    unpaced: Store,
    user: User,
    session: Secret<kind::Session>,
    pub(super) app: App,
    pub(super) other: App,
    interaction: Interaction,
    /// The app's code, once it has one.
    pub(super) code: String,
    /// The app's tokens, once it has some.
    pub(super) tokens: Tokens,
    /// What a device of the app asks with, and what the person types in.
    device: (String, String),
}

impl World {
    /// The person has allowed it.
    pub(super) async fn with_code(self) -> Self {
        let Got::Redirect(location) = self.press("allow").await else { panic!("it was not allowed") };
        Self { code: code_of(&location), ..self }
    }

    /// The app has redeemed its code.
    pub(super) async fn with_tokens(self) -> Self {
        let world = self.with_code().await;
        let tokens = world.redeem().await.tokens().remove(0);
        Self { tokens, ..world }
    }

    /// The person has agreed before, and now there is a new request.
    pub(super) async fn with_consent(self) -> Self {
        self.with_code().await.with_request_for("profile email")
    }

    /// The person has agreed before in another browser, and now there is a new request in this one.
    pub(super) async fn with_consent_elsewhere(self, scope: &str) -> Self {
        let (here, origin) = (self.session.clone(), Origin::default());
        let begun = session::begin(&self.ctx, &origin, &self.user, false, Before::default(), Vec::new()).await.unwrap();
        let elsewhere = Self { session: begun.secret, ..self.with_request_for(scope) }.with_code().await;
        Self { session: here, ..elsewhere }.with_request_for(scope)
    }

    /// A device of the app has begun.
    pub(super) async fn with_device(self) -> Self {
        // not by its door, which is open 300 times a minute: every run begins in the same one
        let (now, user_code) = (self.ctx.now(), UserCode::from_bytes(&random::<64>()).unwrap());
        let device_code = Secret::<kind::DeviceCode>::generate();
        let row = DeviceGrant {
            id: Id::new(now),
            device_code: device_code.digest(),
            user_code: self.ctx.keyring.user_codes(user_code.as_bytes()).next().unwrap().to_vec(),
            client_id: self.app.client_id.clone(),
            scope: "profile email".to_owned(),
            resources: String::new(),
            dialect: None,
            user_agent: String::new(),
            address: String::new(),
            shown: 0,
            poll_seconds: 5,
            polled_at: None,
            decided_at: None,
            grant_id: None,
            used_at: None,
            created_at: now,
            expires_at: now.plus_seconds(600),
            ends_at: now.plus_seconds(1200),
        };
        assert_eq!(self.ctx.store.create_device_grant(row).await.unwrap(), DeviceBegun::Made);
        Self { device: (device_code.expose().to_owned(), user_code.shown()), ..self }
    }

    /// The person types in the device's code and answers.
    pub(super) async fn answer_device(&self, yes: bool) -> Got {
        let (origin, who) = (Origin::default(), session::find(&self.ctx, &self.session).await.unwrap().unwrap());
        // without the person's turn, for which the others would wait outside of the scheduler's sight
        let question = device_authorization::find(&self.ctx, &self.device.1, self.ctx.now()).await.unwrap().unwrap();
        let ticked = yes.then(|| scope("profile email"));
        let first = device_authorization::decide(&self.ctx, &origin, &question, &who, ticked.as_ref()).await.unwrap();
        if first { Got::Done } else { Got::Page("already done") }
    }

    /// The device asks.
    pub(super) async fn poll_device(&self) -> Got {
        let grant = GrantType::DeviceCode.name();
        self.token(&self.app, &[("grant_type", grant), ("device_code", &self.device.0)]).await
    }

    /// The app asks anew.
    pub(super) fn with_request_for(self, scope: &str) -> Self {
        let interaction = begin::interaction(&self.ctx, dialect::Door::Standard, self.app.request(scope), None);
        Self { interaction, code: String::new(), ..self }
    }

    /// The person can sign in with [`PASSWORD`].
    pub(super) async fn with_password(self) -> Self {
        let (id, now) = (self.user.id, self.ctx.now());
        let hash = self.ctx.hashing.hash(Whose::Person, PASSWORD).await.unwrap();
        assert!(self.ctx.store.set_password(id, hash, now).await.unwrap());
        self
    }

    /// Somebody in this world.
    pub(super) fn actor(
        self: &Rc<Self>,
        name: &'static str,
        life: impl AsyncFnOnce(Rc<Self>) -> Got + 'static,
    ) -> Actor<Got> {
        let own = Rc::clone(self);
        Actor::new(name, async move { life(own).await })
    }

    /// The rightful app redeems its code.
    pub(super) async fn redeem(&self) -> Got {
        self.redeem_as(&self.app, &self.code, VERIFIER).await
    }

    pub(super) async fn redeem_as(&self, app: &App, code: &str, verifier: &str) -> Got {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
        ];
        self.token(app, &pairs).await
    }

    pub(super) async fn refresh(&self, refresh: &str) -> Got {
        self.refresh_as(&self.app, refresh).await
    }

    pub(super) async fn refresh_as(&self, app: &App, refresh: &str) -> Got {
        self.token(app, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
    }

    async fn token(&self, app: &App, pairs: &[(&str, &str)]) -> Got {
        let params = params(pairs);
        let request = TokenRequest {
            grant_type: token::parse_grant_type(&params).unwrap(),
            params: &params,
            presented: &app.credentials(&params),
            browser_origin: None,
        };
        match token::redeem(&self.ctx, &Origin::default(), &request).await {
            Ok(answer) => {
                Got::Tokens(Tokens { access: answer.access_token, refresh: answer.refresh_token.unwrap_or_default() })
            }
            Err(Error::Refused(why)) => Got::Refused(why.name()),
            Err(Error::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// The app ends a token of its own.
    pub(super) async fn revoke(&self, token: &str) -> Got {
        let params = params(&[("token", token)]);
        let presented = self.app.credentials(&params);
        revoke::revoke(&self.ctx, &Origin::default(), &presented, &params).await.unwrap();
        Got::Done
    }

    /// The person presses a button of the consent page.
    pub(super) async fn press(&self, decision: &str) -> Got {
        match self.advance(false).await {
            Next::Consent(question) => {
                let (origin, signed_in) = (Origin::default(), &question.signed_in);
                let answered = match decision {
                    "allow" => {
                        let ticked = question.asked.request.scope.clone();
                        respond::allow(
                            &self.ctx,
                            &origin,
                            &question.interaction,
                            question.asked,
                            signed_in,
                            Yes::Now(&ticked),
                        )
                        .await
                    }
                    _ => respond::deny(&self.ctx, &origin, &question.interaction, question.asked, signed_in).await,
                };
                Got::from(answered.unwrap())
            }
            next => Got::from(next),
        }
    }

    /// The request comes again, and may be answered without a page.
    pub(super) async fn pass(&self) -> Got {
        Got::from(self.advance(true).await)
    }

    async fn advance(&self, may_be_silent: bool) -> Next {
        let signed_in = session::find(&self.ctx, &self.session).await.unwrap();
        let visit = Visit { signed_in, others: Vec::new(), may_be_silent, is_framed: false, now: self.ctx.now() };
        begin::advance(&self.ctx, &Origin::default(), self.interaction.clone(), visit).await.unwrap()
    }

    /// The person removes the app.
    pub(super) async fn remove_app(&self) -> Got {
        account::remove_app(&self.ctx, &Origin::default(), "user", self.user.id, &self.app.client_id).await.unwrap();
        Got::Done
    }

    /// The person signs out.
    pub(super) async fn sign_out(&self) -> Got {
        let signed_in = session::find(&self.ctx, &self.session).await.unwrap().unwrap();
        account::end_session(&self.ctx, self.user.id, signed_in.session.id).await.unwrap();
        Got::Done
    }

    /// Is the app to be told that the person has signed out?
    pub(super) async fn is_to_be_told(&self) -> bool {
        let notices = self.ctx.store.list_notices(self.app.client_id.clone(), 1000).await.unwrap();
        notices.iter().any(|notice| notice.sub == self.user.sub)
    }

    /// An administrator locks or unlocks the person.
    pub(super) async fn set_locked(&self, locked: bool) -> Got {
        users::set_locked(&self.ctx, &Origin::default(), &self.user.username, locked).await.unwrap();
        Got::Done
    }

    /// Does a door open to this access token?
    pub(super) async fn opens(&self, access: &str) -> bool {
        match accept::accept(&self.ctx, access).await {
            Ok(_) => true,
            Err(Error::Refused(_)) => false,
            Err(Error::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// Is this token alive, by introspection?
    pub(super) async fn is_active(&self, token: &str) -> bool {
        let params = params(&[("token", token)]);
        introspect::introspect(&self.ctx, &self.app.credentials(&params), &params).await.unwrap().active
    }

    /// Nothing can be done with these, at any door.
    pub(super) async fn assert_dead(&self, all: &[Tokens]) {
        for Tokens { access, refresh } in all {
            assert!(!self.opens(access).await && !self.is_active(access).await, "an access token is alive");
            assert!(!self.is_active(refresh).await, "a refresh token is alive");
            let refreshed = self.refresh(refresh).await;
            assert!(matches!(refreshed, Got::Refused(_)), "a refresh token works: {refreshed:?}");
        }
    }

    /// Both are good.
    pub(super) async fn assert_alive(&self, Tokens { access, refresh }: &Tokens) {
        assert!(self.opens(access).await && self.is_active(access).await, "an access token is dead");
        assert!(self.is_active(refresh).await, "a refresh token is dead");
    }

    /// What the code in this redirect gives.
    pub(super) async fn redeem_from(&self, location: &str) -> Got {
        self.redeem_as(&self.app, &code_of(location), VERIFIER).await
    }

    /// Is the app on the person's list?
    pub(super) async fn is_listed(&self) -> bool {
        let apps = account::list_apps(&self.ctx, self.user.id).await.unwrap();
        apps.iter().any(|app| app.client.client_id == self.app.client_id)
    }

    /// Somebody signs in with the person's first password.
    pub(super) async fn sign_in(&self) -> Got {
        let attempt = Attempt { name: &self.user.username, password: PASSWORD, device: None, door: Door::Page };
        let origin = Origin::default();
        let signed_in = async {
            let found = password::check(&self.ctx, &origin, &attempt, None).await?;
            session::begin(&self.ctx, &origin, &found.user, false, Before::default(), found.forgiven).await
        };
        match signed_in.await {
            Ok(begun) => Got::Session(begun.secret.expose().to_owned()),
            Err(Error::Refused(why)) => Got::Refused(why.name()),
            Err(Error::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// An administrator gives the person another password.
    pub(super) async fn change_password(&self) -> Got {
        let (origin, name) = (Origin::default(), &self.user.username);
        users::set_password(&self.ctx, &origin, name, "another password which is long").await.unwrap();
        Got::Done
    }

    /// Does this session still open the account?
    pub(super) async fn is_session(&self, secret: &str) -> bool {
        session::find(&self.ctx, &Secret::presented(secret)).await.unwrap().is_some()
    }

    /// The app presents the person's name and password.
    pub(super) async fn present_password(&self) -> Got {
        let pairs = [("grant_type", "password"), ("username", &self.user.username), ("password", PASSWORD)];
        self.token(&self.app, &pairs).await
    }

    /// What has ended is cleaned away.
    pub(super) async fn clean_up(&self) -> Got {
        let (store, now) = (&self.ctx.store, self.ctx.now());
        let mut left_from = store.sweep(Ending::WINDOWS, None, now).await.unwrap().left_from;
        // that of other runs as well, which takes no turn of this one
        while left_from.is_some() {
            left_from = self.unpaced.sweep(Ending::WINDOWS, left_from, now).await.unwrap().left_from;
        }
        Got::Done
    }
}
