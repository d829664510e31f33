//! `countersign grant …`: who allowed what to whom.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::Failure,
    input,
    output::{is_cut, table},
    session::Session,
};
use crate::flow::admin::grants::{self, Shown};

/// Who allowed what to whom
#[derive(Debug, Subcommand)]
pub(super) enum Grant {
    List(List),
    Revoke(Revoke),
}

/// List live grants, the latest first
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign grant list\n  countersign grant list --user ada --json")]
pub(super) struct List {
    /// Only this person's
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only with this client
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
}

/// End a grant with everything issued from it
///
/// By id, one grant; what the person agreed to stays remembered. By person and client, the app is removed: consent and
/// every grant.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign grant revoke 019aa5c8-4d1e-7c3b-9f2e-6b1d3f0a7e55\n  \
                             countersign grant revoke --user ada --client k7Qm2vXb9TzR4nLs")]
pub(super) struct Revoke {
    /// The grant
    #[arg(required_unless_present_all = ["user", "client"], conflicts_with_all = ["user", "client"])]
    id: Option<String>,
    /// The person
    #[arg(long, value_name = "NAME", requires = "client")]
    user: Option<String>,
    /// The client
    #[arg(long, value_name = "CLIENT_ID", requires = "user")]
    client: Option<String>,
}

pub(super) async fn run(session: &Session, command: Grant) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        Grant::List(List { user, client, limit }) => {
            let all = grants::list(&ctx, user.as_deref(), client.as_deref(), limit).await?;
            if is_cut(&all, limit) {
                out.note_more(&format!("the latest {limit}; --limit shows more"));
            }
            let row = |shown: &Shown| {
                let grant = &shown.grant;
                let made = grant.created_at.to_rfc3339();
                let client = format!("{} ({})", shown.client_name, grant.client_id);
                vec![grant.id.to_text(), shown.username.clone(), client, grant.kind.clone(), made, grant.scope.clone()]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let heading = ["GRANT", "USER", "CLIENT", "KIND", "MADE", "SCOPE"];
            out.result(&all.iter().map(to_json).collect(), &table(out.paint(), &heading, &rows, "no live grant"))
        }
        Grant::Revoke(Revoke { id: Some(id), .. }) => {
            input::confirm(session, &format!("End grant {id} and its tokens?"))?;
            grants::revoke(&ctx, origin, &id).await?;
            out.result(&json!({"revoked": id}), &format!("Grant {id} revoked; its tokens have ended."))
        }
        Grant::Revoke(Revoke { user, client, .. }) => {
            let (user, client) = (user.unwrap_or_default(), client.unwrap_or_default());
            input::confirm(session, &format!("Remove client {client} from {user}?"))?;
            grants::remove_app(&ctx, origin, &user, &client).await?;
            let text = format!("Client {client} removed from {user}: consent, grants and tokens have ended.");
            out.result(&json!({"user": user, "client_id": client, "removed": true}), &text)
        }
    }
}

fn to_json(shown: &Shown) -> Value {
    let grant = &shown.grant;
    json!({
        "id": grant.id.to_text(),
        "kind": grant.kind,
        "username": shown.username,
        "client_id": grant.client_id,
        "client_name": shown.client_name,
        "scope": grant.scope,
        "resources": grant.resources.split(' ').filter(|uri| !uri.is_empty()).collect::<Vec<_>>(),
        "created_at": grant.created_at.to_rfc3339(),
        "ends_at": grant.ends_at.to_rfc3339(),
    })
}
