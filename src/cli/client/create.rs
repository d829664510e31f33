//! `countersign client create`.

use clap::Args;
use serde_json::json;

use super::{flags::Flags, show};
use crate::{
    cli::{failure::Failure, input, output::Block, session::Session, values::once_each},
    flow::{
        Context,
        admin::{
            AdminError,
            clients::{self, NewClient},
        },
    },
    protocol::{
        client_metadata::{AuthMethod, Client, ClientMetadata},
        dialect::Dialect,
        grant::GrantType,
        scope::Scope,
    },
};

/// Register a client
///
/// Its secret is shown once and stored only hashed. A client with a secret is confidential: a program on a server.
/// Programs on people's machines and in browsers cannot keep one: they are --public and must use PKCE.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
                             countersign client create --name Notes --redirect-uri http://localhost:3000/callback\n  \
                             countersign client create --name \"Notes CLI\" --public --redirect-uri http://127.0.0.1/callback")]
pub(in crate::cli) struct Create {
    /// What people read when they are asked to allow access
    #[arg(long)]
    name: String,
    /// A public client: no secret, PKCE demanded
    #[arg(long, conflicts_with_all = ["auth_method", "secret_stdin"])]
    public: bool,
    #[command(flatten)]
    flags: Flags,
    /// Its `client_id`, instead of a random one: letters, digits and - . _ ~
    #[arg(long)]
    id: Option<String>,
    /// Read its secret from standard input, one line, instead of making one
    #[arg(long)]
    secret_stdin: bool,
    /// If there is one of this --id (without --id: of this name, not self-registered), show that and change nothing
    #[arg(long)]
    if_not_exists: bool,
}

pub(super) async fn run(session: &Session, command: Create) -> Result<(), Failure> {
    let Create { name, public, flags, id, secret_stdin, if_not_exists } = command;
    let secret = if secret_stdin { Some(input::read_stdin("Secret (it shows while you type): ")?) } else { None };
    let ctx = session.open().await?;
    if if_not_exists && show_same(session, &ctx, id.as_deref(), &name).await? {
        return Ok(());
    }
    let (names_scope, names_query_token) = (flags.names_scope(), flags.names_query_token());
    let mut metadata = ClientMetadata::default();
    flags.apply(&ctx, &mut metadata).await?;
    if public {
        metadata.token_endpoint_auth_method = AuthMethod::None;
    }
    if let Some(dialect) = metadata.dialect {
        fill_in_dialect(&ctx, dialect, &mut metadata, names_scope).await?;
        // a program of that service sends its token so, unless somebody says that this one does not
        if !names_query_token && !metadata.is_public() {
            metadata.query_token = dialect.sends_query_token();
        }
    } else {
        fill_in(&mut metadata, names_scope);
    }
    let new = NewClient { client_id: id.clone(), name: name.clone(), metadata, secret };
    let made = clients::create(&ctx, &session.origin, new).await;
    // perhaps somebody else was a moment earlier
    let is_taken = matches!(made, Err(AdminError::Exists { .. }));
    if if_not_exists && is_taken && show_same(session, &ctx, id.as_deref(), &name).await? {
        return Ok(());
    }
    let made = made?;
    show::costs(session, &made.client);
    show::unreachable(session, &ctx, &made.client);
    let has_secret = made.client.metadata.token_endpoint_auth_method.has_secret();
    let mut json = show::registered(&made.client);
    let mut block = Block::default().line("client_id", &made.client.client_id);
    if has_secret {
        block = block.line("client_secret", show::secret(&made));
    }
    if let Some(members) = json.as_object_mut() {
        if let Some(secret) = &made.secret {
            members.insert("client_secret".into(), secret.expose().into());
        }
        if has_secret {
            members.insert("client_secret_expires_at".into(), json!(0));
        }
    }
    let metadata = &made.client.metadata;
    let block = block
        .lines("redirect_uri", &metadata.redirect_uris)
        .line("grants", show::grants_and_scopes(metadata))
        .lines("resource", &metadata.resources)
        .lines("introspects", &metadata.introspect);
    session.out.result(&json, &format!("Client created.\n\n{}", block.to_text()))
}

/// Shows the one there is. `false`: there is none. By a name it is none that registered itself: anybody chooses
/// that name.
async fn show_same(session: &Session, ctx: &Context, id: Option<&str>, name: &str) -> Result<bool, Failure> {
    let is_it = |client: &Client| match id {
        Some(id) => client.client_id == id,
        None => client.name == name.trim() && client.metadata.registered.is_none(),
    };
    let Some(there) = clients::list(ctx).await?.into_iter().find(is_it) else { return Ok(false) };
    session.out.note("It exists already; nothing was changed.");
    session.out.result(&show::to_json(&there), &show::block(&there, None, ctx.now()).to_text())?;
    Ok(true)
}

/// What a new client of a dialect has when nothing is said: codes, and the mildest scopes of that service that there are.
async fn fill_in_dialect(
    ctx: &Context,
    dialect: Dialect,
    metadata: &mut ClientMetadata,
    names_scope: bool,
) -> Result<(), Failure> {
    if metadata.grant_types.is_empty() {
        metadata.grant_types = vec![GrantType::AuthorizationCode];
    }
    if !names_scope {
        let known = ctx.catalog.snapshot(ctx).await?;
        let usual: Scope = dialect.usual_scopes().iter().copied().collect();
        metadata.scope = usual.filtered(|name| known.scopes.find(name).is_some() && !metadata.optional_scope.has(name));
    }
    Ok(())
}

/// What a new client has when nothing is said.
fn fill_in(metadata: &mut ClientMetadata, names_scope: bool) {
    if metadata.grant_types.is_empty() && !metadata.response_types.is_empty() {
        let needed = metadata.response_types.iter().flat_map(|asked| asked.grants().iter().copied());
        metadata.grant_types = once_each(needed);
        if metadata.allows(GrantType::AuthorizationCode) {
            metadata.grant_types.push(GrantType::RefreshToken);
        }
    } else if metadata.grant_types.is_empty() && (metadata.introspect.is_empty() || !metadata.redirect_uris.is_empty())
    {
        metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    }
    let asks_people = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::Password, GrantType::Implicit];
    let sends_people = !metadata.all_response_types().is_empty();
    if !names_scope && (sends_people || asks_people.into_iter().any(|grant| metadata.allows(grant))) {
        let usual: Scope = ["openid", "profile", "email"].into_iter().collect();
        metadata.scope = usual.filtered(|name| !metadata.optional_scope.has(name));
    }
}
