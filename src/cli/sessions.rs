//! `countersign session …`: signed-in browsers.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::Failure,
    input,
    output::{is_cut, table},
    session::Session,
};
use crate::flow::admin::sessions::{self, Shown};

/// Signed-in browsers
#[derive(Debug, Subcommand)]
pub(super) enum Sessions {
    List(List),
    Revoke(Revoke),
}

/// List signed-in browsers, those that signed in last first
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign session list\n  countersign session list --user ada --json")]
pub(super) struct List {
    /// Only this person's
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
}

/// Sign a browser out, or all of a person's
///
/// What was allowed for as long as the session lasts ends with it, and apps that are to be told are told, as when the
/// person signs out. What was allowed for longer stays: see countersign grant revoke.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign session revoke 019aa5c8-4d1e-7c3b-9f2e-6b1d3f0a7e55\n  \
                             countersign session revoke --user ada")]
pub(super) struct Revoke {
    /// The session
    #[arg(required_unless_present = "user", conflicts_with = "user")]
    id: Option<String>,
    /// All of this person's
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

pub(super) async fn run(session: &Session, command: Sessions) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        Sessions::List(List { user, limit }) => {
            let all = sessions::list(&ctx, user.as_deref(), limit).await?;
            if is_cut(&all, limit) {
                out.note_more(&format!("the latest {limit}; --limit shows more"));
            }
            let row = |Shown { session, username }: &Shown| {
                let (signed_in, seen) = (session.auth_time.to_rfc3339(), session.last_seen_at.to_rfc3339());
                vec![session.id.to_text(), username.clone(), signed_in, seen, session.address.clone()]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let heading = ["SESSION", "USER", "SIGNED IN", "LAST SEEN", "ADDRESS"];
            out.result(&all.iter().map(to_json).collect(), &table(out.paint(), &heading, &rows, "nobody is signed in"))
        }
        Sessions::Revoke(Revoke { id: Some(id), .. }) => {
            input::confirm(session, &format!("Sign the browser of session {id} out?"))?;
            sessions::revoke(&ctx, origin, &id).await?;
            out.result(&json!({"revoked": id}), &format!("Session {id} has ended."))
        }
        Sessions::Revoke(Revoke { user, .. }) => {
            let name = user.unwrap_or_default();
            input::confirm(session, &format!("Sign {name} out of every browser?"))?;
            let (user, ended) = sessions::revoke_all(&ctx, origin, &name).await?;
            let noun = if ended == 1 { "session has" } else { "sessions have" };
            let text = format!("{ended} {noun} ended: {} is signed out everywhere.", user.username);
            out.result(&json!({"user": user.username, "revoked": ended}), &text)
        }
    }
}

fn to_json(Shown { session, username }: &Shown) -> Value {
    json!({
        "id": session.id.to_text(),
        "username": username,
        "signed_in_at": session.auth_time.to_rfc3339(),
        "last_seen_at": session.last_seen_at.to_rfc3339(),
        "ends_at": session.ends_at.to_rfc3339(),
        "remembered": session.remembered,
        "address": session.address,
        "user_agent": session.user_agent,
    })
}
