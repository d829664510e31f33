//! `countersign client initial-access-token …`: what apps register themselves with.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    cli::{
        failure::Failure,
        output::{Block, table},
        session::Session,
        values,
    },
    config,
    flow::admin::registration,
    store::models,
};

/// What apps register themselves with, where not everybody may (RFC 7591)
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum InitialAccessToken {
    Create(Create),
    /// List those that are still good
    #[command(after_long_help = "Examples:\n  countersign client initial-access-token list\n  \
                                 countersign client initial-access-token list --json")]
    List,
    /// End one; what was registered with it stays
    #[command(after_long_help = "Examples:\n  \
                                 countersign client initial-access-token delete 0193a1b2-0000-7000-8000-000000000000\n  \
                                 countersign client initial-access-token delete ID --json")]
    Delete(Named),
}

/// A token, by its number.
#[derive(Debug, Args)]
pub(in crate::cli) struct Named {
    /// As `list` shows it
    id: String,
}

/// Make one
///
/// An app sends it as a bearer token to the registration endpoint. The token is shown once and stored only hashed.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign client initial-access-token create --note \"staging\"\n  \
                             countersign client initial-access-token create --uses 20 --expires 7d")]
pub(in crate::cli) struct Create {
    /// What it is for; shown with the clients that were registered with it
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// How many apps may register with it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    uses: u32,
    /// How long it is good, as in 7d
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = values::token_life)]
    expires: u32,
}

pub(super) async fn run(session: &Session, command: InitialAccessToken) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        InitialAccessToken::Create(Create { note, uses, expires }) => {
            let (made, secret) = registration::create(&ctx, origin, &note, uses, expires).await?;
            if ctx.config.clients.registration == config::Registration::Off {
                out.warn("registration is off: set clients.registration to token or open before it can be used");
            }
            let mut json = to_json(&made);
            if let Some(members) = json.as_object_mut() {
                members.insert("initial_access_token".into(), secret.expose().into());
            }
            let block = Block::default()
                .line("token", format!("{}   ← shown once; stored only hashed", secret.expose()))
                .line("id", made.id.to_text())
                .line("note", &made.note)
                .line("uses", made.uses_left.to_string())
                .line("until", made.expires_at.to_rfc3339());
            out.result(&json, &format!("Initial access token created.\n\n{}", block.to_text()))
        }
        InitialAccessToken::List => {
            let all = registration::list(&ctx).await?;
            let row = |one: &models::InitialAccessToken| {
                vec![one.id.to_text(), one.note.clone(), one.uses_left.to_string(), one.expires_at.to_rfc3339()]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let none = "none; make one: countersign client initial-access-token create";
            let text = table(out.paint(), &["ID", "NOTE", "USES LEFT", "UNTIL"], &rows, none);
            out.result(&all.iter().map(to_json).collect(), &text)
        }
        InitialAccessToken::Delete(Named { id }) => {
            registration::delete(&ctx, origin, &id).await?;
            out.result(&json!({"deleted": id}), &format!("Initial access token {id} has ended."))
        }
    }
}

fn to_json(token: &models::InitialAccessToken) -> Value {
    json!({
        "id": token.id.to_text(),
        "note": token.note,
        "uses_left": token.uses_left,
        "created_at": token.created_at.to_rfc3339(),
        "expires_at": token.expires_at.to_rfc3339(),
    })
}
