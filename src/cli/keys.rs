//! `countersign keys …`: keys to sign with, and keys that others encrypt with for us.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{failure::Failure, input, output::table, session::Session, values};
use crate::{
    clock::Ts,
    flow::{
        Context,
        admin::{
            encryption_keys,
            keys::{self, State, Succession},
        },
        encryption_keys::OPENS_FOR_SECONDS,
    },
    jose::{Algorithm, jwe::KeyFamily},
    store::models::{EncryptionKeyRow, SigningKeyRow},
};

/// Keys to sign with: published, signing, retired, gone; and keys that others encrypt with
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List every key, oldest first
    #[command(after_long_help = "Examples:\n  countersign keys list\n  countersign keys list --json")]
    List,
    Rotate(Rotate),
    Retire(Retire),
}

/// Publish a successor that signs in 24 hours
///
/// The day lets everybody who caches keys meet it first. A key to encrypt with takes the place of the one before at once,
/// which opens for another 30 days. Keys rotate by themselves as `tokens.key_rotation` says.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign keys rotate\n  countersign keys rotate --alg RS256 --now")]
pub(super) struct Rotate {
    /// Only this algorithm's key, as RS256 or RSA-OAEP; the first key of an algorithm signs at once
    #[arg(long, value_name = "ALG", value_parser = values::key_use)]
    alg: Option<KeyUse>,
    /// Let it sign at once
    #[arg(long)]
    now: bool,
}

/// What a key is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyUse {
    /// To sign, by one algorithm.
    Sign(Algorithm),
    /// For others to encrypt with, by those of a family.
    Encrypt(KeyFamily),
}

/// End a key's signing where another one signs
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign keys retire 2026-11-21-k3xf\n  \
                             countersign keys retire 2026-11-21-k3xf --compromised")]
pub(super) struct Retire {
    /// The key's name
    kid: String,
    /// Its private half may be in other hands: every token it signed dies here at once, and it opens nothing any more
    #[arg(long)]
    compromised: bool,
}

pub(super) async fn run(session: &Session, command: Keys) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        Keys::List => {
            let now = ctx.now();
            let (signing, encryption) = (keys::list(&ctx).await?, encryption_keys::list(&ctx).await?);
            let paint = |state: State, is_used: bool| {
                if is_used { out.paint().green(state.name()) } else { state.name().to_owned() }
            };
            let sign = |key: &SigningKeyRow| {
                let state = State::of(key, now);
                vec![
                    key.kid.clone(),
                    "sig".to_owned(),
                    key.algorithm.clone(),
                    minute(Some(key.created_at)),
                    minute(Some(key.signs_from)),
                    minute(key.retired_at),
                    minute(key.gone_at),
                    paint(state, state == State::Signing),
                ]
            };
            let encrypt = |key: &EncryptionKeyRow| {
                let state = encryption_keys::state(key, now);
                vec![
                    key.kid.clone(),
                    "enc".to_owned(),
                    key.family.clone(),
                    minute(Some(key.created_at)),
                    String::new(),
                    minute(key.retired_at),
                    minute(key.gone_at),
                    paint(state, state == State::Published),
                ]
            };
            let heading = ["KID", "USE", "ALG", "MADE", "SIGNS FROM", "RETIRES", "GONE", "STATE"];
            let rows: Vec<_> = signing.iter().map(sign).chain(encryption.iter().map(encrypt)).collect();
            let json = signing.iter().map(|key| to_json(key, now));
            let json = json.chain(encryption.iter().map(|key| encryption_json(key, now)));
            out.result(&json.collect(), &table(out.paint(), &heading, &rows, "no key"))
        }
        Keys::Rotate(Rotate { alg, now }) => {
            let uses = if let Some(alg) = alg {
                vec![alg]
            } else {
                let algorithms = keys::algorithms(&ctx).await?.into_iter().map(KeyUse::Sign);
                algorithms.chain(KeyFamily::ALL.iter().copied().map(KeyUse::Encrypt)).collect()
            };
            let (mut text, mut json) = (Vec::new(), Vec::new());
            for one in uses {
                match one {
                    KeyUse::Sign(algorithm) => {
                        let made = keys::rotate(&ctx, origin, algorithm, now).await?;
                        text.push(words(&made, ctx.now()));
                        json.push(succession_json(&made));
                    }
                    KeyUse::Encrypt(family) => {
                        let kid = encryption_keys::rotate(&ctx, origin, family).await?;
                        let days = OPENS_FOR_SECONDS / 86_400;
                        let name = family.name();
                        text.push(format!("{name}: {kid} published; the one before opens for another {days} days."));
                        json.push(json!({"alg": name, "use": "enc", "kid": kid, "made": true}));
                    }
                }
            }
            out.result(&json.into_iter().collect(), &text.join("\n"))
        }
        Keys::Retire(Retire { kid, compromised }) => match encryption_keys::find(&ctx, &kid).await? {
            Some(key) => retire_encryption_key(session, &ctx, &key, compromised).await,
            None => retire_signing_key(session, &ctx, &kid, compromised).await,
        },
    }
}

async fn retire_signing_key(session: &Session, ctx: &Context, kid: &str, compromised: bool) -> Result<(), Failure> {
    let (out, origin) = (&session.out, &session.origin);
    if !compromised {
        let gone_at = keys::retire(ctx, origin, kid).await?.to_rfc3339();
        let text = format!("Key {kid} signs no more. It stays published until {gone_at}.");
        return out.result(&json!({"kid": kid, "state": "retired", "gone_at": gone_at}), &text);
    }
    input::confirm(session, &format!("End every token that {kid} signed, now?"))?;
    let follows = keys::compromised(ctx, origin, kid).await?;
    let mut text = format!("Key {kid} is out of use: its tokens are refused here and it has left the JWKS.");
    if let Some(one) = &follows {
        text = format!("{text}\n{}", words(one, ctx.now()));
    }
    out.note("APIs that check signatures themselves may hold the key for as long as they cache the JWKS.");
    let follows = follows.as_ref().map(succession_json);
    out.result(&json!({"kid": kid, "state": "compromised", "successor": follows}), &text)
}

async fn retire_encryption_key(
    session: &Session,
    ctx: &Context,
    key: &EncryptionKeyRow,
    compromised: bool,
) -> Result<(), Failure> {
    if !compromised {
        return Err(encryption_keys::not_retired(key, ctx.now()).into());
    }
    let kid = &key.kid;
    input::confirm(session, &format!("Open nothing any more that was encrypted with {kid}, from now on?"))?;
    let follows = encryption_keys::compromised(ctx, &session.origin, key).await?;
    let mut text = format!("Key {kid} is out of use: it opens nothing any more.");
    if let Some(next) = &follows {
        text = format!("{text}\n{}: {next} published.", key.family);
    }
    session.out.result(&json!({"kid": kid, "state": "compromised", "successor": follows}), &text)
}

fn words(one: &Succession, now: Ts) -> String {
    let (algorithm, kid) = (one.algorithm.name(), &one.kid);
    match (one.made, one.signs_from <= now) {
        (true, true) => format!("{algorithm}: {kid} made, signs from now on."),
        (true, false) => format!("{algorithm}: {kid} published, signs from {}.", one.signs_from.to_rfc3339()),
        (false, true) => format!("{algorithm}: {kid} was published before and signs from now on."),
        (false, false) => {
            format!(
                "{algorithm}: {kid} is published already and signs from {}; --now lets it sign at once.",
                one.signs_from.to_rfc3339()
            )
        }
    }
}

fn succession_json(one: &Succession) -> Value {
    json!({
        "alg": one.algorithm.name(),
        "use": "sig",
        "kid": one.kid,
        "signs_from": one.signs_from.to_rfc3339(),
        "made": one.made,
    })
}

fn to_json(key: &SigningKeyRow, now: Ts) -> Value {
    json!({
        "kid": key.kid,
        "alg": key.algorithm,
        "use": "sig",
        "state": State::of(key, now).name(),
        "created_at": key.created_at.to_rfc3339(),
        "signs_from": key.signs_from.to_rfc3339(),
        "retired_at": key.retired_at.map(Ts::to_rfc3339),
        "gone_at": key.gone_at.map(Ts::to_rfc3339),
    })
}

fn encryption_json(key: &EncryptionKeyRow, now: Ts) -> Value {
    json!({
        "kid": key.kid,
        "alg": key.family,
        "use": "enc",
        "state": encryption_keys::state(key, now).name(),
        "created_at": key.created_at.to_rfc3339(),
        "retired_at": key.retired_at.map(Ts::to_rfc3339),
        "gone_at": key.gone_at.map(Ts::to_rfc3339),
    })
}

fn minute(at: Option<Ts>) -> String {
    let text: String = at.map(|at| at.to_rfc3339().chars().take(16).collect()).unwrap_or_default();
    text.replace('T', " ")
}
