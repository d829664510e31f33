//! Tokens as an administrator sees them: what one says, whether it is accepted here, and if not, why.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::Value;

use super::{AdminError, Noun, Result, keys::State, record};
use crate::{
    clock::Ts,
    flow::{
        Context, Origin,
        accept::{self, Dead},
        audit::Event,
        revoke::revoke_token,
    },
    jose::{self, PublicKey},
    protocol::{
        grant::refresh_token::{ChainToken, Place},
        resource,
        token::{access_token, id_token},
    },
    secret::{
        Secret,
        kind::{self, Kind},
    },
    store::models::SigningKeyRow,
};

/// What is known of a token. Members that do not apply are absent.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    /// `access token`, `refresh token`, `ID token`, …
    pub what: &'static str,
    /// Why it is refused; `None`: it is accepted.
    pub refused: Option<String>,
    /// The algorithm its header names.
    pub algorithm: Option<String>,
    /// The key its header names, and how that one stands, if it is ours.
    pub key: Option<(String, Option<State>)>,
    /// Did that key sign it?
    pub signed: Option<bool>,
    /// Who issued it, as it says.
    pub issuer: Option<String>,
    /// Whom it is about.
    pub subject: Option<String>,
    /// That person's name, if we know them.
    pub username: Option<String>,
    /// Who got it, with its name if we know it.
    pub client: Option<(String, Option<String>)>,
    /// Where it is good.
    pub audience: Vec<String>,
    /// What it may do.
    pub scope: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Ts>,
    /// Until when it is good.
    pub expires_at: Option<Ts>,
    /// The grant behind it.
    pub grant: Option<String>,
}

impl Inspected {
    fn new(what: &'static str) -> Self {
        Self { what, ..Self::default() }
    }

    fn refused(self, why: impl Into<String>) -> Self {
        Self { refused: self.refused.or_else(|| Some(why.into())), ..self }
    }
}

/// Says everything about a token, as `resource` (ourselves when `None`) would judge it.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn inspect(ctx: &Context, text: &str, resource: Option<&str>) -> Result<Inspected> {
    let mut seen = match kind_of(text) {
        Some("refresh token") => inspect_refresh(ctx, text).await?,
        Some(what @ "access token") => {
            let whole = Secret::<kind::AccessToken>::presented(text).body().is_some();
            let broken = !whole && accept::of_any_dialect(text).is_none();
            let why = if broken { "its checksum is wrong: it was cut or mistyped" } else { UNKNOWN };
            judge(ctx, text, Inspected::new(what), why).await?
        }
        Some(what) => Inspected::new(what).refused(format!("this is a {what}, not a token")),
        None => inspect_jwt(ctx, text).await?,
    };
    if let Some((client_id, name)) = &mut seen.client
        && let Some((row, _)) = ctx.store.find_client(client_id.clone()).await?
    {
        *name = Some(row.name);
    }
    if let Some(expected) = resource
        && !seen.audience.iter().any(|aud| resource::same(expected, aud))
    {
        let aud = if seen.audience.is_empty() { "absent".to_owned() } else { seen.audience.join(", ") };
        seen = seen.refused(format!("aud is {aud}, this resource expects {expected}"));
    }
    Ok(seen)
}

/// Ends a token: an access token alone, a refresh token with its grant.
///
/// # Errors
/// [`AdminError::NotFound`] when it is none of ours, or has ended.
pub async fn revoke(ctx: &Context, origin: &Origin, text: &str) -> Result<()> {
    let ended = match accept::of_any_dialect(text) {
        // one that lives while it is used could outlive a mark: it goes
        Some(digest) => ctx.store.delete_access_token(digest).await?,
        None => revoke_token(ctx, text, None).await?,
    };
    let Some(grant) = ended else {
        return Err(AdminError::absent(Noun::Token, "of ours with this text, or it has ended before"));
    };
    record(ctx, origin, Event { name: "token.revoked", grant_id: grant, ..Event::default() }).await;
    Ok(())
}

const UNKNOWN: &str = "no token of this text is known: it was removed some time after its end, or is another server's";

/// By the prefix alone.
fn kind_of(text: &str) -> Option<&'static str> {
    let kinds = [
        (kind::RefreshToken::PREFIX, "refresh token"),
        (kind::AccessToken::PREFIX, "access token"),
        (kind::GithubToken::PREFIX, "access token"),
        (kind::FacebookToken::PREFIX, "access token"),
        (kind::AuthorizationCode::PREFIX, "authorization code"),
        (kind::GithubCode::PREFIX, "authorization code"),
        (kind::FacebookCode::PREFIX, "authorization code"),
        (kind::ClientSecret::PREFIX, "client secret"),
        (kind::Session::PREFIX, "session cookie"),
        (kind::Browser::PREFIX, "browser cookie"),
        (kind::Link::PREFIX, "one-time link"),
    ];
    kinds.into_iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| name)
}

/// Asks our own doors, and fills in what they know.
async fn judge(ctx: &Context, text: &str, seen: Inspected, unknown: &str) -> Result<Inspected> {
    let Some((token, verdict)) = accept::inspect(ctx, text).await? else { return Ok(seen.refused(unknown)) };
    let username = verdict.as_ref().ok().and_then(Option::as_ref).map(|user| user.username.clone());
    let seen = Inspected {
        subject: Some(token.subject.clone()),
        username,
        client: Some((token.client_id.clone(), None)),
        audience: token.audience.clone(),
        scope: Some(token.scope.to_string()),
        issued_at: Some(token.issued_at),
        expires_at: Some(token.expires_at),
        grant: token.grant.map(crate::secret::Id::to_text),
        ..seen
    };
    Ok(match verdict {
        Ok(_) => seen,
        Err(why) => seen.refused(words(why)),
    })
}

const fn words(dead: Dead) -> &'static str {
    match dead {
        Dead::Expired => "it has expired",
        Dead::Revoked => "it was revoked, or the grant behind it was",
        Dead::PersonLocked => "its person is locked",
        Dead::Ended => "everything issued before a later moment was ended: its person was locked, or a backup restored",
        Dead::Orphaned => "its grant, person or client are gone",
    }
}

async fn inspect_refresh(ctx: &Context, text: &str) -> Result<Inspected> {
    let (seen, now) = (Inspected::new("refresh token"), ctx.now());
    let Some(token) = ChainToken::parse(&Secret::presented(text), &ctx.keyring) else {
        return Ok(seen.refused("it was not made here: it was cut, mistyped, or is another server's"));
    };
    let Some((row, grant, user)) = ctx.store.find_chain(token.chain).await? else {
        return Ok(
            seen.refused("its grant is gone, or everything of its time was ended: a backup was restored, for one")
        );
    };
    let invalid_before = match ctx.store.find_client(grant.client_id.clone()).await? {
        Some((client, _)) => client.tokens_invalid_before.max(user.tokens_invalid_before),
        None => user.tokens_invalid_before,
    };
    let chain = row.facts();
    let seen = Inspected {
        subject: Some(user.sub),
        username: Some(user.username),
        client: Some((grant.client_id, None)),
        audience: grant.resources.split(' ').filter(|uri| !uri.is_empty()).map(str::to_owned).collect(),
        scope: Some(grant.scope),
        issued_at: Some(row.rotated_at),
        expires_at: Some(row.idle_end.min(row.absolute_end)),
        grant: Some(grant.id.to_text()),
        ..seen
    };
    Ok(if grant.revoked_at.is_some() {
        seen.refused("the grant behind it was revoked")
    } else if user.locked {
        seen.refused("its person is locked")
    } else if grant.created_at < invalid_before {
        seen.refused(words(Dead::Ended))
    } else {
        match chain.place(&token.digest(), now) {
            Ok(Place::Current) => seen,
            Ok(Place::Retry) => Inspected { what: "refresh token, used a moment ago and good for one retry", ..seen },
            Ok(Place::Stolen) => seen.refused("it was used up; presenting it ends the grant"),
            Err(_) => seen.refused("it has expired"),
        }
    })
}

async fn inspect_jwt(ctx: &Context, text: &str) -> Result<Inspected> {
    let mut parts = text.split('.').map(decode);
    let (Some(Some(header)), Some(Some(claims))) = (parts.next(), parts.next()) else {
        return Ok(Inspected::new("text").refused("it is neither a JWT nor a token of this server"));
    };
    let said = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let instant = |name: &str| claims.get(name).and_then(Value::as_i64).map(Ts::from_unix_seconds);
    let typ = said(&header, "typ").unwrap_or_default();
    let is_access = typ.eq_ignore_ascii_case(access_token::TYP);
    let kid = said(&header, "kid");
    let row = ctx.store.list_keys().await?.into_iter().find(|row| Some(&row.kid) == kid.as_ref());
    let (now, issuer) = (ctx.now(), said(&claims, "iss"));
    let state = row.as_ref().map(|row| State::of(row, now));
    let signed =
        row.as_ref().map(|row| is_signed_by(row, if is_access { access_token::TYP } else { id_token::TYP }, text));
    let seen = Inspected {
        algorithm: said(&header, "alg"),
        key: kid.clone().map(|kid| (kid, state)),
        signed,
        issuer: issuer.clone(),
        subject: said(&claims, "sub"),
        client: said(&claims, if is_access { "client_id" } else { "aud" }).map(|id| (id, None)),
        audience: audience(&claims),
        scope: said(&claims, "scope"),
        issued_at: instant("iat"),
        expires_at: instant("exp"),
        ..Inspected::new(if is_access { "access token" } else { "ID token" })
    };
    let seen = match (&kid, state, signed) {
        _ if issuer.as_deref() != Some(ctx.issuer()) => {
            let issuer = issuer.unwrap_or_else(|| "absent".to_owned());
            seen.refused(format!("iss is {issuer}, this server is {}", ctx.issuer()))
        }
        (None, ..) => seen.refused("it names no key (kid)"),
        (Some(kid), None, _) => seen.refused(format!("its key {kid} is none of this server's")),
        (_, _, Some(false)) => seen.refused("its signature is wrong: it was changed or cut, or another key made it"),
        (Some(kid), Some(state @ (State::Gone | State::Compromised)), _) => {
            seen.refused(format!("its key {kid} is {}", state.name()))
        }
        _ => seen,
    };
    if !is_access {
        return Ok(seen.refused("this is an ID token: it is for its client alone, APIs take access tokens"));
    }
    if seen.refused.is_some() { Ok(seen) } else { judge(ctx, text, seen, UNKNOWN).await }
}

fn decode(part: &str) -> Option<Value> {
    let value = serde_json::from_slice(&B64.decode(part).ok()?).ok()?;
    matches!(value, Value::Object(_)).then_some(value)
}

fn audience(claims: &Value) -> Vec<String> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn is_signed_by(row: &SigningKeyRow, typ: &str, text: &str) -> bool {
    let public = serde_json::from_str(&row.public).ok().and_then(|jwk| PublicKey::from_json(jwk).ok());
    public.is_some_and(|key| jose::verify::<Value>(&key, typ, text).is_ok())
}
