//! `countersign client …`: apps.

mod create;
mod flags;
mod initial_access_token;
mod logo;
mod show;
mod update;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    failure::Failure,
    input,
    output::{Block, table},
    session::Session,
    values,
};
use crate::{
    flow::{
        admin::{clients, users},
        client_owner,
    },
    protocol::client_metadata,
};

/// Apps: register, show, change, new secrets, delete
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    Create(Box<create::Create>),
    /// List every client
    #[command(after_long_help = "Examples:\n  countersign client list\n  countersign client list --json")]
    List,
    /// Show one client
    #[command(after_long_help = "Examples:\n  countersign client show k7Qm2vXb9TzR4nLs\n  \
                                 countersign client show my-app --json")]
    Show(Named),
    Update(Box<update::Update>),
    RotateSecret(RotateSecret),
    #[command(subcommand)]
    InitialAccessToken(initial_access_token::InitialAccessToken),
    /// Delete a client with its grants, tokens and consents
    #[command(after_long_help = "Examples:\n  countersign client delete k7Qm2vXb9TzR4nLs\n  \
                                 countersign client delete k7Qm2vXb9TzR4nLs --yes")]
    Delete(Named),
}

/// A client, by id.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its `client_id`
    id: String,
}

/// Give a client a new secret
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign client rotate-secret k7Qm2vXb9TzR4nLs --keep-old 1d\n  \
                             pass show notes | countersign client rotate-secret my-app --secret-stdin")]
pub(super) struct RotateSecret {
    /// Its `client_id`
    id: String,
    /// Let the old secrets work so much longer, as in 1d; at most three live at once
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::keep_old)]
    keep_old: u32,
    /// Read the new secret from standard input, one line; it takes the place of all others
    #[arg(long)]
    secret_stdin: bool,
}

pub(super) async fn run(session: &Session, command: Client) -> Result<(), Failure> {
    let out = &session.out;
    match command {
        Client::Create(command) => create::run(session, *command).await,
        Client::Update(command) => update::run(session, *command).await,
        Client::List => {
            let ctx = session.open().await?;
            let all = clients::list(&ctx).await?;
            let row = |client: &client_metadata::Client| {
                let first = client.metadata.redirect_uris.first().cloned().unwrap_or_default();
                let more = client.metadata.redirect_uris.len().saturating_sub(1);
                let redirect = if more > 0 { format!("{first} +{more}") } else { first };
                vec![
                    client.client_id.clone(),
                    client.name.clone(),
                    show::grants(&client.metadata),
                    show::standing(client),
                    redirect,
                ]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let none = "no client yet; register one: countersign client create --name NAME --redirect-uri URI";
            let heading = ["CLIENT_ID", "NAME", "GRANTS", "STANDING", "REDIRECT URI"];
            out.result(&all.iter().map(show::to_json).collect(), &table(out.paint(), &heading, &rows, none))
        }
        Client::Show(Named { id }) => {
            let ctx = session.open().await?;
            let client = clients::find(&ctx, &id).await?;
            let owner = client_owner::find_name(&ctx, &client).await?;
            show::costs(session, &client);
            show::unreachable(session, &ctx, &client);
            let notices = clients::list_logout_notices(&ctx, &id).await?;
            let mut json = show::to_json(&client);
            show::secrets_into(&mut json, &client, ctx.now());
            show::notices_into(&mut json, &notices);
            let picture = clients::find_logo(&ctx, &id).await?;
            logo::add_to(&mut json, picture.as_ref());
            let block = show::block(&client, owner.as_deref(), ctx.now());
            let block = block.line("logo shown", logo::words(&client, picture.as_ref()));
            out.result(&json, &block.lines("not yet told", &show::notices(&notices)).to_text())
        }
        Client::InitialAccessToken(command) => initial_access_token::run(session, command).await,
        Client::RotateSecret(command) => rotate_secret(session, command).await,
        Client::Delete(Named { id }) => {
            let ctx = session.open().await?;
            let client = clients::find(&ctx, &id).await?;
            input::confirm(session, &format!("Delete client {id} ({}) with its grants and tokens?", client.name))?;
            clients::delete(&ctx, &session.origin, &id).await?;
            out.result(&json!({"deleted": id}), &format!("Client {id} ({}) deleted.", client.name))
        }
    }
}

async fn rotate_secret(session: &Session, command: RotateSecret) -> Result<(), Failure> {
    let RotateSecret { id, keep_old, secret_stdin } = command;
    let chosen = if secret_stdin { Some(input::read_stdin("Secret (it shows while you type): ")?) } else { None };
    let ctx = session.open().await?;
    let made = clients::rotate_secret(&ctx, &session.origin, &id, chosen, i64::from(keep_old)).await?;
    let live = made.client.secrets.len();
    let mut json = json!({"client_id": id, "client_secret_expires_at": 0, "live_secrets": live});
    if let (Some(secret), Some(members)) = (&made.secret, json.as_object_mut()) {
        members.insert("client_secret".into(), secret.expose().into());
    }
    let old_end = made.client.secrets.iter().filter_map(|secret| secret.expires_at).max();
    let old = old_end.map_or_else(|| "ended".to_owned(), |end| format!("work until {}", end.to_rfc3339()));
    let block =
        Block::default().line("client_id", &id).line("client_secret", show::secret(&made)).line("old secrets", old);
    session.out.result(&json, &format!("Secret rotated.\n\n{}", block.to_text()))
}

/// The number of the person a client is to belong to.
async fn owner(ctx: &crate::flow::Context, name: &str) -> Result<i64, Failure> {
    Ok(users::find(ctx, name).await?.id)
}
