//! The device authorization grant (RFC 8628): a device begins, a person answers elsewhere, the device asks. Nothing here
//! knows how any of it looks on the wire, so that dialects have it as well.

use std::sync::Arc;

use super::{
    Context, Error, Origin, Result,
    audit::{self, Event},
    catalog::Before,
    client_auth, grant, issue,
    login::{session::SignedIn, tries::Try},
};
use crate::{
    clock::Ts,
    config::duration::seconds,
    protocol::{
        Refusal,
        client_auth::PresentedCredentials,
        client_metadata::Client,
        dialect::{Dialect, Door},
        grant::{
            GrantType,
            device_code::{self, Checked, Kept, UserCode},
        },
        params::Params,
        resource::{self, Audience},
        scope::Scope,
    },
    secret::{Id, Secret, kind, random},
    store::{
        DeviceBegun, Polled,
        models::{DeviceGrant, Grant, User},
    },
};

/// Codes are drawn anew when they are taken; that they are so often does not happen.
const DRAWS: usize = 8;

/// What a device gets at first (RFC 8628 §3.2).
pub struct Begun {
    /// What it asks with.
    pub device_code: Secret<kind::DeviceCode>,
    /// What the person types in.
    pub user_code: UserCode,
    /// The life of both, in seconds.
    pub expires_in: i64,
    /// Seconds between two questions.
    pub interval: i64,
}

/// Answers a device authorization request at the standard's endpoint (RFC 8628 §3.1).
///
/// # Errors
/// [`Error`].
pub async fn authorize(
    ctx: &Context,
    origin: &Origin,
    presented: &PresentedCredentials,
    params: &Params,
) -> Result<Begun> {
    client_auth::served(ctx, Door::Standard, presented, async |client, before| {
        begin(ctx, origin, Door::Standard, &client, params, before).await
    })
    .await
}

/// A device of this client begins; the client has been authenticated at this door.
///
/// # Errors
/// [`Refusal`]; [`Error`] when the database is away.
pub async fn begin(
    ctx: &Context,
    origin: &Origin,
    door: Door,
    client: &Client,
    params: &Params,
    before: &Before,
) -> Result<Begun> {
    if !client.metadata.allows(GrantType::DeviceCode) {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::DeviceCode.name()).into());
    }
    let at = ctx.catalog.snapshot(ctx).await?;
    let asked = params.find("scope").map(Scope::parse).transpose()?;
    let (scope, resources) = match door {
        Door::Standard => {
            let scope = at.scopes.resolve(asked.as_ref(), client)?;
            before.may_be_part(ctx, asked.as_ref(), &scope).await?;
            let resources = resource::parse(params)?;
            let reach = at.reach(ctx, client);
            let resources = reach.allowed(&resources, &scope)?;
            reach.audience(&resources, None, &scope)?;
            (scope, resources)
        }
        Door::Dialect(_) => (at.scopes.resolve_in_dialect(&asked.unwrap_or_default(), client)?, Vec::new()),
    };
    let now = ctx.now();
    if !ctx.limits.may_begin_device(origin.address, &client.client_id, now) {
        return Err(Refusal::TooManyDevices.into());
    }
    let (life, interval) = (seconds(ctx.config.device.code_ttl), seconds(ctx.config.device.interval));
    for _ in 0..DRAWS {
        let Some(user_code) = UserCode::from_bytes(&random::<32>()) else { continue };
        let Some(stored) = ctx.keyring.user_codes(user_code.as_bytes()).next() else { continue };
        let device_code = Secret::generate();
        let row = DeviceGrant {
            id: Id::new(now),
            device_code: device_code.digest(),
            user_code: stored.to_vec(),
            client_id: client.client_id.clone(),
            scope: scope.to_string(),
            resources: resources.join(" "),
            dialect: door.dialect().map(|dialect| dialect.name().to_owned()),
            user_agent: origin.user_agent.clone().unwrap_or_default(),
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            shown: 0,
            poll_seconds: interval,
            polled_at: None,
            decided_at: None,
            grant_id: None,
            used_at: None,
            created_at: now,
            expires_at: now.plus_seconds(life),
            ends_at: now.plus_seconds(life + device_code::TOLD_SECONDS),
        };
        match ctx.store.create_device_grant(row).await? {
            DeviceBegun::Made => return Ok(Begun { device_code, user_code, expires_in: life, interval }),
            DeviceBegun::Taken => {}
            DeviceBegun::ClientGone => return Err(Refusal::ClientUnknown.into()),
        }
    }
    Err(Error::internal("no free user code was found"))
}

/// What a person is asked.
pub struct Question {
    /// The device.
    pub device: DeviceGrant,
    /// Whose program runs on it.
    pub client: Arc<Client>,
    /// What it wants to do.
    pub scope: Scope,
    /// Of these the person may leave some out.
    pub optional: Scope,
    /// Where.
    pub audience: Vec<String>,
}

impl Question {
    /// By which way the device came.
    #[must_use]
    pub fn door(&self) -> Door {
        door(&self.device)
    }

    /// Everything the page shows that an answer is about: it goes into the form's token.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}|{}|{}", self.scope, self.optional, self.audience.join(" "))
    }

    /// Has it its answer?
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.device.decided_at.is_some()
    }
}

/// What waits behind a code that this person has typed in. Wrong ones are counted, for the person and for the address,
/// like wrong passwords, and for all together; right ones for the person alone, whom nobody else has to wait for.
///
/// # Errors
/// [`Refusal::UserCodeWrong`]; [`Refusal::TooManyTries`] without a look at the code; [`Error`] when the database is
/// away.
pub async fn look_up(ctx: &Context, origin: &Origin, who: &SignedIn, typed: &str) -> Result<Question> {
    let key = ctx.keyring.failure_key(&[b"user code", &who.user.id.to_be_bytes()]);
    let _one_at_a_time = ctx.limits.turn(key).await;
    let now = ctx.now();
    let mut tried = Try::find(ctx, key, device_code::FREE_TRIES, now).await?;
    let patient = !tried.has_to_wait() && ctx.limits.may_enter_user_code(who.user.id, now);
    if !patient || !ctx.limits.may_try_user_code(now) {
        return Err(Refusal::TooManyTries.into());
    }
    let Some(from_there) = ctx.limits.try_address(origin.address, now) else {
        ctx.limits.forgive_user_code();
        return Err(Refusal::TooManyTries.into());
    };
    let forgive = || {
        ctx.limits.forgive_address(&from_there);
        ctx.limits.forgive_user_code();
    };
    if !tried.begin(ctx).await.inspect_err(|_| forgive())? {
        forgive();
        return Err(Refusal::TooManyTries.into());
    }
    let found = find(ctx, typed, now).await;
    match &found {
        Ok(Some(_)) | Err(_) => {
            forgive();
            tried.take_back(ctx).await?;
        }
        Ok(None) if tried.counts_beforehand() => {}
        Ok(None) => ctx.store.record_failure(key.to_vec(), now).await?,
    }
    found?.ok_or_else(|| Refusal::UserCodeWrong.into())
}

/// What waits behind a user code; nothing is counted.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn find(ctx: &Context, typed: &str, now: Ts) -> Result<Option<Question>> {
    let Some(code) = UserCode::parse(typed) else { return Ok(None) };
    let stored = ctx.keyring.user_codes(code.as_bytes()).map(|code| code.to_vec()).collect();
    let Some(device) = ctx.store.find_device_by_user_code(stored).await? else { return Ok(None) };
    if device.expires_at <= now {
        return Ok(None);
    }
    let (asked, named) = (issue::parse_scope(&device.scope)?, issue::parse_list(&device.resources));
    let is_all = |found: &Question| found.scope == asked && named.iter().all(|uri| found.audience.contains(uri));
    // a part, like a refusal, never comes from a cache
    let is_less = |found: &Result<Option<Question>>| {
        found.as_ref().is_ok_and(|found| found.as_ref().is_none_or(|found| !is_all(found)))
    };
    ctx.catalog.twice(ctx, async |_| question(ctx, device.clone(), &asked, &named).await, is_less).await
}

/// What a person is asked about a device: of what it asked for, what its client may still ask for.
async fn question(ctx: &Context, device: DeviceGrant, asked: &Scope, named: &[String]) -> Result<Option<Question>> {
    let Some(client) = ctx.catalog.client(ctx, &device.client_id).await? else { return Ok(None) };
    let door = door(&device);
    if door.admit(&client.metadata).is_err() || !client.metadata.allows(GrantType::DeviceCode) {
        return Ok(None);
    }
    let at = ctx.catalog.snapshot(ctx).await?;
    let scope = at.scopes.still_allowed(asked, &client, door.dialect().is_some());
    if scope.is_empty() && !asked.is_empty() {
        return Ok(None);
    }
    let optional = at.scopes.optional(&scope, &client);
    let audience = match door {
        Door::Dialect(dialect) => vec![dialect.audience().to_owned()],
        Door::Standard => {
            let reach = at.reach(ctx, &client);
            let left = reach.still_allowed(named);
            if left.is_empty() && !named.is_empty() {
                return Ok(None);
            }
            let Ok(Audience { resources, .. }) = reach.audience(&left, None, &scope) else { return Ok(None) };
            resources
        }
    };
    Ok(Some(Question { device, client, scope, optional, audience }))
}

/// The question is going to be shown. `false`: too many have looked at it, and it counts as wrong from now on.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn may_be_shown(ctx: &Context, question: &Question) -> Result<bool> {
    Ok(ctx.store.note_device_shown(question.device.id, device_code::MOST_SHOWN).await?)
}

/// The person's answer: yes with these optional scopes, or no. `false`: there was an answer before, or it is too late.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn decide(
    ctx: &Arc<Context>,
    origin: &Origin,
    question: &Question,
    who: &SignedIn,
    yes: Option<&Scope>,
) -> Result<bool> {
    let now = ctx.now();
    let (at, in_dialect) = (ctx.catalog.snapshot(ctx).await?, question.door().dialect().is_some());
    let granted = yes.map(|ticked| at.scopes.granted(&question.scope, &question.optional, ticked, in_dialect));
    let (resources, audience) = match &granted {
        Some(granted) if !in_dialect => {
            let named = issue::parse_list(&question.device.resources);
            at.reach(ctx, &question.client).keep(&named, &question.audience, granted)
        }
        // it has an API of its own
        _ => Default::default(),
    };
    let grant = Grant { resources, audience, ..grant(ctx, question, who, granted.as_ref(), now) };
    let consent = granted.map(|_| grant::listed(&grant, &question.audience, now));
    let first = ctx.store.decide_device(question.device.id, grant.clone(), consent, now).await?;
    if first {
        let event = Event {
            name: if yes.is_some() { "consent.granted" } else { "consent.denied" },
            actor: "user",
            client_id: Some(&question.client.client_id),
            user_id: Some(who.user.id),
            grant_id: Some(grant.id),
            ..Event::default()
        };
        audit::record(ctx, origin, &event);
    }
    Ok(first)
}

/// The row of an answer: a yes with what was granted, or a no.
fn grant(ctx: &Context, question: &Question, who: &SignedIn, granted: Option<&Scope>, now: Ts) -> Grant {
    Grant {
        id: Id::new(now),
        kind: if granted.is_some() { "device" } else { Grant::DENIED }.to_owned(),
        interaction: None,
        client_id: question.client.client_id.clone(),
        user_id: who.user.id,
        // a device signs in on its own: where somebody says yes to it, they may sign out again
        session_id: None,
        scope: granted.map(Scope::to_string).unwrap_or_default(),
        resources: String::new(),
        redirect_uri: None,
        redirect_uri_sent: false,
        challenge: None,
        nonce: None,
        auth_time: who.session.auth_time,
        amr: who.session.amr.clone(),
        code_digest: None,
        code_expires_at: None,
        code_used_at: None,
        revoked_at: None,
        created_at: who.found_at,
        ends_at: match granted {
            Some(_) => grant::ends_at(ctx, question.door(), &question.client, now),
            None => question.device.ends_at,
        },
        dialect: question.device.dialect.clone(),
        claims: None,
        audience: None,
    }
}

/// A device that somebody has said yes to.
pub struct Granted {
    /// The device.
    pub device: DeviceGrant,
    /// What was granted.
    pub grant: Grant,
    /// By whom.
    pub user: User,
}

/// A device of this client asks. The client has been authenticated at this door. Whoever gets an answer has to spend it
/// with [`crate::store::Store::redeem_device`]: of several one is first.
///
/// # Errors
/// [`Refusal`] for what the device is told; [`Error`] when the database is away.
pub async fn poll(ctx: &Context, door: Door, client: &Client, params: &Params) -> Result<Granted> {
    let now = ctx.now();
    let code = device_code::parse(params)?.digest();
    let found = ctx.store.find_device(code).await?.filter(|(device, _)| self::door(device) == door);
    let (device, granted) = found.ok_or(Refusal::DeviceCodeUnknown)?;
    let kept = Kept {
        client_id: &device.client_id,
        expires_at: device.expires_at,
        decided: device.decided_at.is_some(),
        standing: granted.as_ref().map(|(grant, user)| grant::standing(client, grant, user)),
        used_at: device.used_at,
    };
    if let (Checked::Granted, Some((grant, user))) = (device_code::check(&kept, &client.client_id, now)?, granted) {
        return Ok(Granted { device, grant, user });
    }
    // RFC 8628 §3.5 obliges a client to wait; some ask twice at once, in two ways of authenticating (UX Q3)
    if device.polled_at.is_some_and(|last| device_code::is_again(last, now)) {
        return Err(Refusal::DeviceWaiting.into());
    }
    let (leeway, more) = (device_code::LEEWAY_MICROS, device_code::SLOWER_SECONDS);
    let told = match ctx.store.note_device_poll(device.id, leeway, more, now).await? {
        Polled::TooSoon => Refusal::DevicePolledTooSoon,
        // answered in this moment: the next question gets it
        Polled::Waiting | Polled::Decided => Refusal::DeviceWaiting,
    };
    Err(told.into())
}

fn door(device: &DeviceGrant) -> Door {
    device.dialect.as_deref().and_then(Dialect::parse).map_or(Door::Standard, Door::Dialect)
}
