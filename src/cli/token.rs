//! `countersign token …`: what a token says, and ending one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::Failure,
    input,
    output::{Block, Paint},
    session::Session,
};
use crate::{
    clock::Ts,
    config::duration,
    flow::admin::{
        keys::State,
        tokens::{self, Inspected},
    },
};

/// What a token says and why it is refused; ending one
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Inspect(Inspect),
    Revoke(Revoke),
}

/// Decode and verify a token, and say why it is refused
///
/// Exits with 0 whether the token is accepted or refused: the first word of the answer says which.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  wl-paste | countersign token inspect\n  \
                             countersign token inspect - --resource https://api.example.com < token.txt")]
pub(super) struct Inspect {
    /// `-` reads it from standard input, as does leaving it out
    ///
    /// A token given here can be seen by others on this machine, and stays in the shell's history.
    #[arg(default_value = "-", hide_default_value = true)]
    token: String,
    /// Judge it as this API would
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
}

/// End a token, read from standard input
///
/// An access token ends alone, a refresh token with its grant and everything issued from it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  wl-paste | countersign token revoke\n  countersign token revoke < token.txt")]
pub(super) struct Revoke {
    /// Nothing but `-`, which may be left out
    #[arg(value_name = "-", default_value = "-", hide_default_value = true)]
    token: String,
}

const PROMPT: &str = "Token (it shows while you type): ";

pub(super) async fn run(session: &Session, command: Token) -> Result<(), Failure> {
    let out = &session.out;
    match command {
        Token::Inspect(Inspect { token, resource }) => {
            let text = if token == "-" {
                input::read_stdin(PROMPT)?
            } else {
                out.warn("arguments can be seen by others on this machine; give tokens on standard input");
                token
            };
            let ctx = session.open().await?;
            let seen = tokens::inspect(&ctx, text.trim(), resource.as_deref()).await?;
            out.result(&to_json(&seen), &to_text(&seen, ctx.now(), out.paint()))
        }
        // not left to clap, which would repeat the token in its message
        Token::Revoke(Revoke { token }) if token != "-" => {
            Err(Failure::usage("a token is not given as an argument, which others on this machine can see")
                .hint("give it on standard input: countersign token revoke < token.txt"))
        }
        Token::Revoke(_) => {
            let text = input::read_stdin(PROMPT)?;
            let ctx = session.open().await?;
            tokens::revoke(&ctx, &session.origin, text.trim()).await?;
            out.result(&json!({"revoked": true}), "Token revoked.")
        }
    }
}

fn to_text(seen: &Inspected, now: Ts, paint: Paint) -> String {
    let verdict = match &seen.refused {
        Some(why) => format!("{}  {why}", paint.red("REFUSED")),
        None => format!("{}  {}", paint.green("ACCEPTED"), seen.what),
    };
    let key = seen.key.as_ref().map(|(kid, state)| format!("{kid} ({})", state.map_or("not ours", State::name)));
    let signed = seen.signed.map(|ok| if ok { "ok" } else { "wrong" }.to_owned());
    let client = seen.client.as_ref().map(|(id, name)| match name {
        Some(name) => format!("{name} ({id})"),
        None => id.clone(),
    });
    let subject = seen.subject.as_ref().map(|sub| match &seen.username {
        Some(username) => format!("{sub} ({username})"),
        None => sub.clone(),
    });
    let or_none = Option::unwrap_or_default;
    let block = Block::default()
        .line("kind", if seen.refused.is_some() { seen.what } else { "" })
        .line("alg", or_none(seen.algorithm.clone()))
        .line("kid", or_none(key))
        .line("signature", or_none(signed))
        .line("iss", or_none(seen.issuer.clone()))
        .line("sub", or_none(subject))
        .line("client", or_none(client))
        .line("aud", seen.audience.join(" "))
        .line("scope", or_none(seen.scope.clone()))
        .line("issued", or_none(seen.issued_at.map(Ts::to_rfc3339)))
        .line("expires", or_none(seen.expires_at.map(|at| format!("{}, {}", at.to_rfc3339(), until(at, now)))))
        .line("grant", or_none(seen.grant.clone()));
    format!("{verdict}\n{}", block.to_text())
}

/// `in 11m`, `4h ago`: the largest unit alone.
fn until(at: Ts, now: Ts) -> String {
    let seconds = at.seconds_since(now);
    let distance = seconds.unsigned_abs();
    let unit = [86_400, 3_600, 60].into_iter().find(|unit| distance >= *unit).unwrap_or(1);
    let words = duration::show(std::time::Duration::from_secs(distance / unit * unit));
    if seconds >= 0 { format!("in {words}") } else { format!("{words} ago") }
}

fn to_json(seen: &Inspected) -> Value {
    json!({
        "active": seen.refused.is_none(),
        "reason": seen.refused,
        "kind": seen.what,
        "alg": seen.algorithm,
        "kid": seen.key.as_ref().map(|(kid, _)| kid),
        "key_state": seen.key.as_ref().and_then(|(_, state)| state.map(State::name)),
        "signature": seen.signed,
        "iss": seen.issuer,
        "sub": seen.subject,
        "username": seen.username,
        "client_id": seen.client.as_ref().map(|(id, _)| id),
        "client_name": seen.client.as_ref().and_then(|(_, name)| name.as_ref()),
        "aud": seen.audience,
        "scope": seen.scope,
        "iat": seen.issued_at.map(Ts::unix_seconds),
        "exp": seen.expires_at.map(Ts::unix_seconds),
        "grant": seen.grant,
    })
}
