//! Sessions (DESIGN §4): a cookie of 256 random bits, its digest in the database, an absolute and an idle end.

use crate::{
    clock::Ts,
    config::duration::seconds,
    flow::{Context, Origin, Result},
    protocol::Refusal,
    secret::{Digest, Id, Secret, base62, kind},
    store::{
        Before, SeenSince,
        models::{Consent, Session, User},
    },
};

/// Written at most this often, in seconds.
const SEEN_EVERY_SECONDS: i64 = 60;

/// A browser somebody is signed in with.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
    /// Not later than they were looked up: what they do now is as old as that, so that whatever ends it meanwhile does.
    pub found_at: Ts,
    /// What the browser's state is told by: the session in use, which is another one while this one is not. `None`
    /// where none is, so that there is no state.
    pub browser: Option<Digest<kind::Session>>,
    /// What was looked up along with it.
    pub agreed: Option<Box<AgreedFor>>,
}

/// What somebody agreed to for one app, if anything.
#[derive(Debug, Clone)]
pub struct AgreedFor {
    /// The app.
    pub client_id: String,
    /// The consent.
    pub consent: Option<Consent>,
}

/// Somebody has signed in.
pub struct Begun {
    /// What the browser carries for the session in use.
    pub secret: Secret<kind::Session>,
    /// What it carries for the account, in or out of use.
    pub account: Secret<kind::Account>,
    /// The session. One that goes on has another id.
    pub session: Session,
}

/// Signs in under new secrets: a session that this browser had of this person goes on, and another person's that was in
/// use is put out of use.
///
/// # Errors
/// [`Refusal::PersonRefused`] when the person got another password or was locked since they were looked up.
pub async fn begin(
    ctx: &Context,
    origin: &Origin,
    user: &User,
    remember: bool,
    before: Before,
    forgiven: Vec<Vec<u8>>,
) -> Result<Begun> {
    let now = ctx.now();
    let (secret, account) = (Secret::generate(), Secret::<kind::Account>::generate());
    let session = Session {
        id: Id::new(now),
        digest: secret.digest(),
        user_id: user.id,
        auth_time: now,
        amr: "pwd".to_owned(),
        remembered: remember,
        created_at: now,
        last_seen_at: now,
        ends_at: now.plus_seconds(lifetime_seconds(ctx, remember)),
        user_agent: origin.user_agent.clone().unwrap_or_default(),
        address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
        account: Some(account.digest()),
        selected_at: now,
    };
    let mut as_of = user.updated_at;
    for _ in 0..TRIES {
        if ctx.store.create_session(session.clone(), as_of, before.clone(), forgiven.clone()).await? {
            return Ok(Begun { secret, account, session });
        }
        // it may be another thing that has changed
        match ctx.store.find_user(user.id).await? {
            Some(now_it) if is_as_it_was(user, &now_it) => as_of = now_it.updated_at,
            _ => break,
        }
    }
    Err(Refusal::PersonRefused.into())
}

/// How often somebody else may change the person in the moment in which they sign in.
const TRIES: usize = 3;

/// Would the person be let in by what was looked at?
fn is_as_it_was(user: &User, now_it: &User) -> bool {
    let door = |user: &User| (user.locked, user.tokens_invalid_before, user.password_hash.clone());
    door(user) == door(now_it)
}

/// What the browser's cookie for Session Management holds while this session lasts; `None` where that is not offered. It
/// tells nothing but that it is another one.
#[must_use]
pub fn browser_state(ctx: &Context, session: &Digest<kind::Session>) -> Option<String> {
    let mac = || ctx.keyring.csrf(&[b"browser state", session.as_bytes()]);
    ctx.config.login.session_management.then(|| base62::encode(&mac()))
}

/// How long a session lasts at most.
#[must_use]
pub fn lifetime_seconds(ctx: &Context, remembered: bool) -> i64 {
    let login = &ctx.config.login;
    seconds(if remembered { login.remember_ttl } else { login.session_ttl })
}

/// Who is signed in with this secret, if anybody still is.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn find(ctx: &Context, secret: &Secret<kind::Session>) -> Result<Option<SignedIn>> {
    find_for(ctx, secret, None).await
}

/// The same, and what they agreed to for an app: where that will be asked for as well, it is one look.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn find_for(
    ctx: &Context,
    secret: &Secret<kind::Session>,
    client_id: Option<&str>,
) -> Result<Option<SignedIn>> {
    if secret.body().is_none() {
        return Ok(None);
    }
    let (client_id, now) = (client_id.map(str::to_owned), ctx.now());
    let found = ctx.store.find_session(secret.digest(), client_id.clone(), now).await?;
    let Some((session, user, consent)) = found else { return Ok(None) };
    if is_idle(ctx, &session, now) {
        return Ok(None);
    }
    note_seen(ctx, &session, now).await?;
    let (browser, agreed) = (session.digest, client_id.map(|client_id| Box::new(AgreedFor { client_id, consent })));
    Ok(Some(SignedIn { session, user, found_at: now, browser: Some(browser), agreed }))
}

/// It is being used at this instant.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn note_seen(ctx: &Context, session: &Session, now: Ts) -> Result<()> {
    if now.seconds_since(session.last_seen_at) >= SEEN_EVERY_SECONDS {
        ctx.store.touch_session(session.id, now).await?;
    }
    Ok(())
}

/// The sessions of a person, the latest first.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn list(ctx: &Context, user: i64) -> Result<Vec<Session>> {
    let now = ctx.now();
    let mut sessions = ctx.store.list_sessions(user, now).await?;
    sessions.retain(|session| !is_idle(ctx, session, now));
    Ok(sessions)
}

/// Since when a session must have been seen to be alive at this instant.
#[must_use]
pub fn seen_since(ctx: &Context, now: Ts) -> SeenSince {
    let before = |idle| now.plus_seconds(-seconds(idle));
    let login = &ctx.config.login;
    SeenSince { remembered: before(login.remember_idle_ttl), other: before(login.session_idle_ttl) }
}

pub(super) fn is_idle(ctx: &Context, session: &Session, now: Ts) -> bool {
    let since = seen_since(ctx, now);
    session.last_seen_at <= if session.remembered { since.remembered } else { since.other }
}
