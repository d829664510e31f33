//! `countersign keys …`: signing keys.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{failure::Failure, input, output::table, session::Session, values};
use crate::{
    clock::Ts,
    flow::admin::keys::{self, State, Succession},
    jose::Algorithm,
    store::models::SigningKeyRow,
};

/// Signing keys: published, signing, retired, gone
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
/// The day lets everybody who caches keys meet it first. Keys rotate by themselves as `tokens.key_rotation` says.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign keys rotate\n  countersign keys rotate --alg RS256 --now")]
pub(super) struct Rotate {
    /// Only this algorithm's key, as RS256; the first key of an algorithm signs at once
    #[arg(long, value_name = "ALG", value_parser = values::algorithm)]
    alg: Option<Algorithm>,
    /// Let it sign at once
    #[arg(long)]
    now: bool,
}

/// End a key's signing where another one signs
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign keys retire 2026-11-21-k3xf\n  \
                             countersign keys retire 2026-11-21-k3xf --compromised")]
pub(super) struct Retire {
    /// The key's name
    kid: String,
    /// Its private half may be in other hands: every token it signed dies here at once
    #[arg(long)]
    compromised: bool,
}

pub(super) async fn run(session: &Session, command: Keys) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        Keys::List => {
            let now = ctx.now();
            let keys = keys::list(&ctx).await?;
            let row = |key: &SigningKeyRow| {
                let state = State::of(key, now).name();
                let state = if state == "signing" { out.paint().green(state) } else { state.to_owned() };
                vec![
                    key.kid.clone(),
                    key.algorithm.clone(),
                    minute(Some(key.created_at)),
                    minute(Some(key.signs_from)),
                    minute(key.retired_at),
                    minute(key.gone_at),
                    state,
                ]
            };
            let heading = ["KID", "ALG", "MADE", "SIGNS FROM", "RETIRES", "GONE", "STATE"];
            let rows: Vec<_> = keys.iter().map(row).collect();
            out.result(
                &keys.iter().map(|key| to_json(key, now)).collect(),
                &table(out.paint(), &heading, &rows, "no key"),
            )
        }
        Keys::Rotate(Rotate { alg, now }) => {
            let algorithms = match alg {
                Some(alg) => vec![alg],
                None => keys::algorithms(&ctx).await?,
            };
            let mut all = Vec::new();
            for algorithm in algorithms {
                all.push(keys::rotate(&ctx, origin, algorithm, now).await?);
            }
            let text: Vec<_> = all.iter().map(|one| words(one, ctx.now())).collect();
            out.result(&all.iter().map(succession_json).collect(), &text.join("\n"))
        }
        Keys::Retire(Retire { kid, compromised: false }) => {
            let gone_at = keys::retire(&ctx, origin, &kid).await?;
            let text = format!("Key {kid} signs no more. It stays published until {}.", gone_at.to_rfc3339());
            out.result(&json!({"kid": kid, "state": "retired", "gone_at": gone_at.to_rfc3339()}), &text)
        }
        Keys::Retire(Retire { kid, compromised: true }) => {
            input::confirm(session, &format!("End every token that {kid} signed, now?"))?;
            let follows = keys::compromised(&ctx, origin, &kid).await?;
            let mut text = format!("Key {kid} is out of use: its tokens are refused here and it has left the JWKS.");
            if let Some(one) = &follows {
                text = format!("{text}\n{}", words(one, ctx.now()));
            }
            out.note("APIs that check signatures themselves may hold the key for as long as they cache the JWKS.");
            let follows = follows.as_ref().map(succession_json);
            out.result(&json!({"kid": kid, "state": "compromised", "successor": follows}), &text)
        }
    }
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
        "kid": one.kid,
        "signs_from": one.signs_from.to_rfc3339(),
        "made": one.made,
    })
}

fn to_json(key: &SigningKeyRow, now: Ts) -> Value {
    json!({
        "kid": key.kid,
        "alg": key.algorithm,
        "state": State::of(key, now).name(),
        "created_at": key.created_at.to_rfc3339(),
        "signs_from": key.signs_from.to_rfc3339(),
        "retired_at": key.retired_at.map(Ts::to_rfc3339),
        "gone_at": key.gone_at.map(Ts::to_rfc3339),
    })
}

fn minute(at: Option<Ts>) -> String {
    let text: String = at.map(|at| at.to_rfc3339().chars().take(16).collect()).unwrap_or_default();
    text.replace('T', " ")
}
