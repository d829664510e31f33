//! `countersign client update`.

use clap::Args;

use super::{flags::Flags, show};
use crate::{
    cli::{
        failure::Failure,
        session::Session,
        values::{self, Grants, once_each},
    },
    flow::{
        Context,
        admin::{TRIES, clients},
    },
    protocol::{
        client_metadata::{Client, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
};

/// Change a client; what is left out stays
///
/// --redirect-uri, --grant, --scope and the like put their values in the place of those before; --add-… and --remove-…
/// change single ones.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
                             countersign client update k7Qm2vXb9TzR4nLs --add-redirect-uri https://notes.example.com/callback\n  \
                             countersign client update k7Qm2vXb9TzR4nLs --remove-scope email --first-party=false")]
pub(in crate::cli) struct Update {
    /// Its `client_id`
    id: String,
    /// What people read when they are asked to allow access
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    flags: Flags,
    /// Add an address to send people back to
    #[arg(long, value_name = "URI", conflicts_with = "redirect_uri")]
    add_redirect_uri: Vec<String>,
    /// Remove an address to send people back to
    #[arg(long, value_name = "URI", conflicts_with = "redirect_uri")]
    remove_redirect_uri: Vec<String>,
    /// Add an address people may be sent to after they signed out
    #[arg(long, value_name = "URI", conflicts_with = "post_logout_redirect_uri")]
    add_post_logout_redirect_uri: Vec<String>,
    /// Remove an address people may be sent to after they signed out
    #[arg(long, value_name = "URI", conflicts_with = "post_logout_redirect_uri")]
    remove_post_logout_redirect_uri: Vec<String>,
    /// Add an address its request objects may be at
    #[arg(long, value_name = "URL", conflicts_with = "request_uri")]
    add_request_uri: Vec<String>,
    /// Remove an address its request objects may be at
    #[arg(long, value_name = "URL", conflicts_with = "request_uri")]
    remove_request_uri: Vec<String>,
    /// Add a grant
    #[arg(long, value_name = "GRANT", value_parser = values::grants, conflicts_with = "grant")]
    add_grant: Vec<Grants>,
    /// Remove a grant
    #[arg(long, value_name = "GRANT", value_parser = values::grants, conflicts_with = "grant")]
    remove_grant: Vec<Grants>,
    /// Add scopes
    #[arg(long, value_name = "SCOPES", value_parser = values::scopes, conflicts_with = "scope")]
    add_scope: Vec<Scope>,
    /// Remove scopes, optional ones as well
    #[arg(long, value_name = "SCOPES", value_parser = values::scopes, conflicts_with = "scope")]
    remove_scope: Vec<Scope>,
    /// Add an API it may name
    #[arg(long, value_name = "URI", conflicts_with = "resource")]
    add_resource: Vec<String>,
    /// Remove an API it may name
    #[arg(long, value_name = "URI", conflicts_with = "resource")]
    remove_resource: Vec<String>,
    /// Remove an API whose tokens it may introspect
    #[arg(long, value_name = "RESOURCE", conflicts_with = "introspect")]
    remove_introspect: Vec<String>,
}

pub(super) async fn run(session: &Session, command: Update) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (client, is_changed) = edit(session, &ctx, &command).await?;
    let is_renewed = !is_changed && command.flags.names_logo() && clients::renew_logo(&ctx, &client.client_id).await?;
    if is_changed {
        show::costs(session, &client);
        show::unreachable(session, &ctx, &client);
    }
    let block = show::block(&client, None, ctx.now()).to_text();
    let said = match (is_changed, is_renewed) {
        (true, _) => "updated",
        (false, true) => "is as it was; its logo will be fetched anew",
        (false, false) => "is as it was: nothing was to be changed",
    };
    session.out.result(&show::to_json(&client), &format!("Client {} {said}.\n\n{block}", client.client_id))
}

/// The client as it is now, and whether that is another than it was.
async fn edit(session: &Session, ctx: &Context, command: &Update) -> Result<(Client, bool), Failure> {
    for _ in 0..TRIES {
        let mut draft = clients::draft(ctx, &command.id).await?;
        if let Some(name) = &command.name {
            name.trim().clone_into(&mut draft.client.name);
        }
        single(command, &mut draft.client.metadata)?;
        command.flags.clone().apply(ctx, &mut draft.client.metadata).await?;
        let is_changed = draft.is_changed();
        if !is_changed || draft.save(ctx, &session.origin).await? {
            return Ok((draft.client, is_changed));
        }
    }
    Err(clients::contended(&command.id).into())
}

/// What is added and removed one by one. Removing what is not there is a mistake that should be seen.
fn single(command: &Update, metadata: &mut ClientMetadata) -> Result<(), Failure> {
    let names = |scopes: &[Scope]| values::union(scopes).iter().map(str::to_owned).collect::<Vec<_>>();
    let listed = |grants: &[Grants]| grants.iter().flat_map(|grants| grants.0.clone()).collect::<Vec<GrantType>>();
    let text = |text: &String| text.clone();

    change(&mut metadata.redirect_uris, &command.add_redirect_uri, &command.remove_redirect_uri, text)?;
    let (add, remove) = (&command.add_post_logout_redirect_uri, &command.remove_post_logout_redirect_uri);
    change(&mut metadata.post_logout_redirect_uris, add, remove, text)?;
    change(&mut metadata.request_uris, &command.add_request_uri, &command.remove_request_uri, text)?;
    let (add, remove) = (listed(&command.add_grant), listed(&command.remove_grant));
    change(&mut metadata.grant_types, &add, &remove, |grant| grant.name().to_owned())?;
    change(&mut metadata.resources, &command.add_resource, &command.remove_resource, text)?;
    change(&mut metadata.introspect, &[], &command.remove_introspect, text)?;

    let (add, remove) = (names(&command.add_scope), names(&command.remove_scope));
    let (optional, required): (Vec<_>, Vec<_>) = remove.into_iter().partition(|name| metadata.optional_scope.has(name));
    let mut scopes: Vec<String> = metadata.scope.iter().map(str::to_owned).collect();
    change(&mut scopes, &add, &required, text)?;
    metadata.scope = scopes.iter().map(String::as_str).collect();
    metadata.optional_scope = metadata.optional_scope.filtered(|name| !optional.iter().any(|gone| gone == name));
    Ok(())
}

fn change<T: PartialEq + Clone>(
    values: &mut Vec<T>,
    add: &[T],
    remove: &[T],
    show: impl Fn(&T) -> String,
) -> Result<(), Failure> {
    if let Some(missing) = remove.iter().find(|gone| !values.contains(gone)) {
        let there: Vec<_> = values.iter().map(&show).collect();
        let there =
            if there.is_empty() { "there is none".to_owned() } else { format!("there is: {}", there.join(" ")) };
        return Err(Failure::failed(format!("{:?} is not registered and cannot be removed", show(missing))).hint(there));
    }
    let kept = values.iter().filter(|value| !remove.contains(value)).chain(add).cloned();
    *values = once_each(kept.collect::<Vec<_>>());
    Ok(())
}
