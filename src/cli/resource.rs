//! `countersign resource …`: the APIs that access tokens are for.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::Failure,
    input,
    output::table,
    session::Session,
    values::{self, OrDefault},
};
use crate::{
    config::duration,
    flow::admin::resources::{self, Changes},
    jose::Algorithm,
    protocol::{client_metadata::TokenFormat, resource},
};

/// The APIs that access tokens are for
#[derive(Debug, Subcommand)]
pub(super) enum Resource {
    Create(Create),
    /// List every resource
    #[command(after_long_help = "Examples:\n  countersign resource list\n  countersign resource list --json")]
    List,
    Update(Update),
    /// Delete a resource that no client and no scope names
    #[command(after_long_help = "Examples:\n  countersign resource delete https://api.example.com\n  \
                                 countersign resource delete https://api.example.com --yes")]
    Delete(Named),
}

/// A resource, by its URI.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// As it stands in `aud`
    uri: String,
}

/// Make a resource
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign resource create https://api.example.com --name \"Notes API\"\n  \
                             countersign resource create https://old.example.com --alg RS256 --access-ttl 5m"
)]
pub(super) struct Create {
    /// An absolute URI; `aud` has this spelling
    uri: String,
    #[command(flatten)]
    flags: Flags,
}

/// Change a resource; what is left out stays, `default` is the installation's own
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign resource update https://api.example.com --alg RS256\n  \
                             countersign resource update https://api.example.com --access-ttl default")]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["name", "alg", "format", "access_ttl"]))]
pub(super) struct Update {
    /// As it stands in `aud`
    uri: String,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Args)]
struct Flags {
    /// For people
    #[arg(long)]
    name: Option<String>,
    /// Signature of its tokens: ES256, RS256, EdDSA and the like, or default
    #[arg(long, value_name = "ALG", value_parser = values::algorithm_or_default)]
    alg: Option<OrDefault<Algorithm>>,
    /// Form of its tokens: jwt, opaque, or default
    #[arg(long, value_name = "FORMAT", value_parser = values::format)]
    format: Option<OrDefault<TokenFormat>>,
    /// Life of its tokens at most, as in 15m, or default
    #[arg(long, value_name = "DURATION", value_parser = values::access_ttl)]
    access_ttl: Option<OrDefault<u32>>,
}

impl Flags {
    fn changes(self) -> Changes {
        Changes {
            name: self.name,
            format: self.format.map(|format| format.0),
            algorithm: self.alg.map(|alg| alg.0),
            access_ttl: self.access_ttl.map(|ttl| ttl.0),
        }
    }
}

pub(super) async fn run(session: &Session, command: Resource) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (out, origin) = (&session.out, &session.origin);
    match command {
        Resource::Create(Create { uri, flags }) => {
            let made = resources::create(&ctx, origin, &uri, flags.changes()).await?;
            out.result(&to_json(&made), &format!("Resource created.\n\n{}", show(session, &[made])))
        }
        Resource::List => {
            let all = resources::list(&ctx).await?;
            out.result(&all.iter().map(to_json).collect(), &show(session, &all))
        }
        Resource::Update(Update { uri, flags }) => {
            let made = resources::update(&ctx, origin, &uri, flags.changes()).await?;
            out.result(&to_json(&made), &format!("Resource updated.\n\n{}", show(session, &[made])))
        }
        Resource::Delete(Named { uri }) => {
            input::confirm(session, &format!("Delete resource {uri}?"))?;
            resources::delete(&ctx, origin, &uri).await?;
            out.result(&json!({"deleted": uri}), &format!("Resource {uri} deleted."))
        }
    }
}

fn show(session: &Session, resources: &[resource::Resource]) -> String {
    let row = |one: &resource::Resource| {
        let ttl = one.access_ttl.map(|seconds| duration::show(std::time::Duration::from_secs(seconds.into())));
        vec![
            one.identifier.clone(),
            one.name.clone(),
            one.algorithm.map_or("default", Algorithm::name).to_owned(),
            one.format.map_or("default", TokenFormat::name).to_owned(),
            ttl.unwrap_or_else(|| "default".to_owned()),
        ]
    };
    let rows: Vec<_> = resources.iter().map(row).collect();
    let none = "no resource yet; make one: countersign resource create URI";
    table(session.out.paint(), &["RESOURCE", "NAME", "ALG", "FORMAT", "ACCESS TTL"], &rows, none)
}

fn to_json(resource: &resource::Resource) -> Value {
    json!({
        "resource": resource.identifier,
        "name": resource.name,
        "alg": resource.algorithm.map(Algorithm::name),
        "format": resource.format.map(TokenFormat::name),
        "access_ttl": resource.access_ttl,
    })
}
