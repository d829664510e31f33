//! What a run happens in: a person, an app, and what the app has got so far; and the doors that everybody uses.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::{
    clock::{Clock, SystemClock, Ts},
    flow::{
        Context, Error, Origin, accept, account,
        admin::{clients, users},
        authorize::{Next, Visit, begin, respond},
        introspect,
        login::{
            session,
            setup::{NewPerson, person},
        },
        revoke, start,
        token::{self, TokenRequest},
    },
    protocol::{
        authorize::interaction::Interaction,
        client_metadata::{ClientMetadata, TokenFormat},
        grant::GrantType,
        params::{Params, Repeatable},
    },
    secret::{Secret, kind},
    store::{Created, Migrate, models::User},
};

use super::scheduler::{Actor, Ended, Time, Turns, explore};
use crate::support::{CHALLENGE, Database, VERIFIER, config, encode, scope};

const REDIRECT_URI: &str = "https://app.example/cb";

/// A server without a door, whose store lets the scheduler decide whose turn it is.
pub(super) struct Model {
    ctx: Arc<Context>,
    begin: Ts,
    app: App,
    other: App,
    _database: Database,
}

/// A registered app.
#[derive(Clone)]
pub(super) struct App {
    pub(super) client_id: String,
    authorization: String,
}

impl Model {
    /// With access tokens that are rows, so that each issue has something to be half written.
    pub(super) async fn start() -> Self {
        Self::with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut ClientMetadata)) -> Self {
        let database = Database::fresh().await;
        let config = config(database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &database.url)]);
        // later than the template's keys
        let begin = Ts::from_micros(SystemClock.now().micros() + 5_000_123);
        let ctx = Box::pin(start::open(config, Arc::new(Time(begin)), Migrate::Yes)).await.unwrap();
        let mut ctx = Arc::into_inner(ctx).unwrap();
        ctx.store = ctx.store.paced(Arc::new(Turns));
        let (app, other) = (App::register(&ctx, change).await, App::register(&ctx, |_| {}).await);
        ctx.catalog.refresh(&ctx).await.unwrap();
        Self { ctx: Arc::new(ctx), begin, app, other, _database: database }
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
        let session = session::begin(&ctx, &Origin::default(), &user, false, None, Vec::new()).await.unwrap();
        let (app, other) = (self.app.clone(), self.other.clone());
        let interaction = begin::interaction(&ctx, app.request(), None);
        World { ctx, user, session, app, other, interaction, code: String::new(), tokens: Tokens::default() }
    }
}

impl App {
    async fn register(ctx: &Context, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        let mut metadata = ClientMetadata {
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: scope("profile email"),
            ..ClientMetadata::default()
        };
        change(&mut metadata);
        let new = clients::NewClient { name: "photo printer".to_owned(), metadata, ..clients::NewClient::default() };
        let made = clients::create(ctx, &Origin::default(), new).await.unwrap();
        let (client_id, secret) = (made.client.client_id, made.secret.unwrap());
        let authorization = format!("Basic {}", B64.encode(format!("{client_id}:{}", secret.expose())));
        Self { client_id, authorization }
    }

    fn request(&self) -> Params {
        params(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", REDIRECT_URI),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }
}

fn params(pairs: &[(&str, &str)]) -> Params {
    Params::from_form(encode(pairs).as_bytes(), Repeatable::Protocol).unwrap()
}

/// What an actor got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got {
    /// Of the token endpoint.
    Tokens(Tokens),
    /// The name of the refusal.
    Refused(&'static str),
    /// A redirect to the app.
    Redirect(String),
    /// This page, and no answer.
    Page(&'static str),
    /// Whether a token was alive, each time it was looked at.
    Seen(Vec<bool>),
    /// It is done.
    Done,
}

/// An access token and a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Ended<Got> {
    /// The tokens that were given out.
    pub(super) fn tokens(&self) -> Vec<Tokens> {
        self.got.iter().flatten().filter_map(Got::tokens).collect()
    }

    pub(super) fn is_refused(&self, actor: usize, why: &'static str) -> bool {
        self.got[actor] == Some(Got::Refused(why))
    }
}

impl Got {
    pub(super) fn tokens(&self) -> Option<Tokens> {
        if let Self::Tokens(tokens) = self { Some(tokens.clone()) } else { None }
    }
}

/// One run's.
#[derive(Clone)]
pub(super) struct World {
    ctx: Arc<Context>,
    user: User,
    session: Secret<kind::Session>,
    pub(super) app: App,
    pub(super) other: App,
    interaction: Interaction,
    /// The app's code, once it has one.
    pub(super) code: String,
    /// The app's tokens, once it has some.
    pub(super) tokens: Tokens,
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
        let tokens = world.redeem().await.tokens().unwrap();
        Self { tokens, ..world }
    }

    /// The person has agreed before, and now there is a new request.
    pub(super) async fn with_consent(self) -> Self {
        let before = self.with_code().await;
        let interaction = begin::interaction(&before.ctx, before.app.request(), None);
        Self { interaction, code: String::new(), ..before }
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
        let request = TokenRequest { params: &params, authorization: Some(&app.authorization), browser_origin: None };
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
        revoke::revoke(&self.ctx, &Origin::default(), Some(&self.app.authorization), &params).await.unwrap();
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
                            Some(&ticked),
                        )
                        .await
                    }
                    _ => respond::deny(&self.ctx, &origin, &question.interaction, question.asked, signed_in).await,
                };
                got(answered.unwrap())
            }
            next => got(next),
        }
    }

    /// The request comes again, and may be answered without a page.
    pub(super) async fn pass(&self) -> Got {
        got(self.advance(true).await)
    }

    async fn advance(&self, may_be_silent: bool) -> Next {
        let signed_in = session::find(&self.ctx, &self.session).await.unwrap();
        let visit = Visit { signed_in, may_be_silent, now: self.ctx.now() };
        begin::advance(&self.ctx, &Origin::default(), self.interaction.clone(), visit).await.unwrap()
    }

    /// The person removes the app.
    pub(super) async fn remove_app(&self) -> Got {
        account::remove_app(&self.ctx, &Origin::default(), self.user.id, &self.app.client_id).await.unwrap();
        Got::Done
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
        introspect::introspect(&self.ctx, Some(&self.app.authorization), &params).await.unwrap().active
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

    /// Neither the app's code nor any token of this person is of any use.
    pub(super) async fn assert_code_is_dead(&self, location: &str) {
        let redeemed = self.redeem_as(&self.app, &code_of(location), VERIFIER).await;
        assert!(matches!(redeemed, Got::Refused(_)), "a code is alive");
    }
}

fn got(next: Next) -> Got {
    match next {
        Next::Redirect(location) => Got::Redirect(location),
        Next::SignIn(_) => Got::Page("sign in"),
        Next::Consent(_) => Got::Page("consent"),
        Next::Refused(_) => Got::Page("refused"),
        Next::AlreadyDone(_) => Got::Page("already done"),
    }
}

/// The code in a redirect.
pub(super) fn code_of(location: &str) -> String {
    let url = url::Url::parse(location).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.map(|(_, code)| code.into_owned()).unwrap_or_else(|| panic!("no code in {location}"))
}
