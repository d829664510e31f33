//! `countersign scope …`: what apps can ask for.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::{failure::Failure, input, output::table, session::Session, values};
use crate::{
    flow::admin::scopes::{self, Changes},
    protocol::scope::{self, ScopeDefinition, ScopeSet},
};

/// What apps can ask for
#[derive(Debug, Subcommand)]
pub(super) enum Scope {
    Create(Create),
    Load(Load),
    /// List every scope, the built-in ones first
    #[command(after_long_help = "Examples:\n  countersign scope list\n  countersign scope list --json")]
    List,
    Update(Update),
    /// Delete a scope that no client and no other scope names
    #[command(after_long_help = "Examples:\n  countersign scope delete write\n  countersign scope delete write --yes")]
    Delete(Named),
}

/// A scope, by name.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// As apps ask for it
    name: String,
}

/// Make a scope
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign scope create read --description \"See your notes\" --published\n  \
                             countersign scope create write --description \"Change your notes\" --implies read \
                             --resource https://api.example.com"
)]
pub(super) struct Create {
    /// As apps ask for it
    name: String,
    /// What the consent page says, as in "See your notes"
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The heading it stands under on the consent page, as in "Notes"
    #[arg(long, value_name = "TEXT")]
    group: Option<String>,
    /// Scopes that come with it; repeated, or with spaces between
    #[arg(long, value_name = "SCOPE", value_parser = values::scopes)]
    implies: Vec<scope::Scope>,
    /// Can do harm: shown last, in a box of its own, and never given unasked
    #[arg(long)]
    danger: bool,
    /// List it in the metadata that everybody can read
    #[arg(long)]
    published: bool,
    /// The API it belongs to; this server itself when left out
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    /// A claim of your own that it releases, in userinfo and the ID token; repeated for several
    #[arg(long, value_name = "NAME")]
    claim: Vec<String>,
}

/// Make a ready set of scopes
///
/// github: what programs written for GitHub's OAuth ask for, with its hierarchy (repo, user, user:email, …).
/// read-write: read, write and read+write, as programs written for django-oauth2-provider have them.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign scope load github\n  countersign scope load read-write --json")]
pub(super) struct Load {
    /// Which set: github or read-write. A scope that is there already stays as it is
    #[arg(value_name = "SET", value_parser = values::scope_set)]
    set: ScopeSet,
}

/// Change a scope; what is left out stays
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign scope update write --description \"Change and delete your notes\"\n  \
                             countersign scope update write --danger true --implies \"\""
)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["description", "group", "implies", "danger", "published", "resource", "no_resource", "claim"]))]
pub(super) struct Update {
    /// As apps ask for it
    name: String,
    /// What the consent page says
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The heading it stands under on the consent page; "" for none
    #[arg(long, value_name = "TEXT")]
    group: Option<String>,
    /// Scopes that come with it, in the place of those before; "" for none
    #[arg(long, value_name = "SCOPE", value_parser = values::scopes)]
    implies: Option<Vec<scope::Scope>>,
    /// Can do harm
    #[arg(long, value_name = "BOOL")]
    danger: Option<bool>,
    /// Listed in the metadata
    #[arg(long, value_name = "BOOL")]
    published: Option<bool>,
    /// The API it belongs to
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    /// It belongs to this server itself
    #[arg(long, conflicts_with = "resource")]
    no_resource: bool,
    /// A claim that it releases, in the place of those before; "" for none
    #[arg(long, value_name = "NAME")]
    claim: Option<Vec<String>>,
}

pub(super) async fn run(session: &Session, command: Scope) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let out = &session.out;
    match command {
        Scope::Create(Create { name, description, group, implies, danger, published, resource, claim }) => {
            let changes = Changes {
                description,
                group,
                implies: Some(names(&implies)),
                danger: Some(danger),
                published: Some(published),
                resource: Some(resource),
                claims: Some(values::once_each(claim)),
            };
            let made = scopes::create(&ctx, &session.origin, &name, changes).await?;
            if made.description.is_empty() {
                out.warn(&format!(
                    "without a description the consent page can only say \"Use the permission “{name}”\"; add one: \
                     countersign scope update {name} --description \"…\""
                ));
            }
            out.result(&to_json(&made), &format!("Scope {name} created.\n\n{}", show(session, &[made])))
        }
        Scope::Load(Load { set }) => {
            let made = scopes::load(&ctx, &session.origin, set).await?;
            let all = scopes::list(&ctx).await?;
            let of_set: Vec<_> =
                set.scopes().iter().filter_map(|one| all.iter().find(|at| at.name == one.name)).collect();
            let there = of_set.len() - made.len();
            let text = match (made.len(), there) {
                (0, there) => format!("All {there} scopes of {} are there already.", set.name()),
                (made, 0) => format!("{made} scopes created."),
                (made, there) => format!("{made} scopes created, {there} were there already and stay as they are."),
            };
            let shown: Vec<_> = of_set.into_iter().cloned().collect();
            let json = json!({"created": made, "scopes": shown.iter().map(to_json).collect::<Vec<_>>()});
            out.result(&json, &format!("{text}\n\n{}", show(session, &shown)))
        }
        Scope::List => {
            let all = scopes::list(&ctx).await?;
            out.result(&all.iter().map(to_json).collect(), &show(session, &all))
        }
        Scope::Update(command) => {
            let Update { name, description, group, implies, danger, published, resource, no_resource, claim } = command;
            let resource = if no_resource { Some(None) } else { resource.map(Some) };
            let implies = implies.map(|implies| names(&implies));
            let claims = claim.map(|names| values::once_each(names.into_iter().filter(|name| !name.is_empty())));
            let changes = Changes { description, group, implies, danger, published, resource, claims };
            let made = scopes::update(&ctx, &session.origin, &name, changes).await?;
            out.result(&to_json(&made), &format!("Scope {name} updated.\n\n{}", show(session, &[made])))
        }
        Scope::Delete(Named { name }) => {
            input::confirm(session, &format!("Delete scope {name}?"))?;
            scopes::delete(&ctx, &session.origin, &name).await?;
            out.result(&json!({"deleted": name}), &format!("Scope {name} deleted."))
        }
    }
}

fn names(scopes: &[scope::Scope]) -> Vec<String> {
    values::union(scopes).iter().map(str::to_owned).collect()
}

fn show(session: &Session, scopes: &[ScopeDefinition]) -> String {
    let row = |scope: &ScopeDefinition| {
        let marks = [(scope.builtin, "built in"), (scope.danger, "danger"), (scope.published, "published")];
        let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        vec![
            scope.name.clone(),
            scope.in_words(),
            scope.implies.join(" "),
            marks.join(", "),
            scope.claims.join(" "),
            scope.resource.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = scopes.iter().map(row).collect();
    table(session.out.paint(), &["SCOPE", "DESCRIPTION", "IMPLIES", "MARKS", "CLAIMS", "RESOURCE"], &rows, "")
}

fn to_json(scope: &ScopeDefinition) -> Value {
    json!({
        "name": scope.name,
        "description": scope.description,
        "group": scope.group,
        "implies": scope.implies,
        "danger": scope.danger,
        "published": scope.published,
        "resource": scope.resource,
        "claims": scope.claims,
        "builtin": scope.builtin,
    })
}
