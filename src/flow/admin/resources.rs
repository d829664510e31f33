//! Resources: the APIs that access tokens are for (RFC 8707).

use super::{AdminError, Noun, Result, TRIES, record};
use crate::{
    flow::{Context, Origin, audit::Event, catalog, keys},
    jose::Algorithm,
    protocol::{
        client_metadata::TokenFormat,
        plain_text::is_plain_text,
        resource::{self, Resource},
    },
    store::{Updated, models::ResourceRow},
};

/// Changes to a resource; what is `None` stays, what is `Some(None)` becomes the installation's own.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// For people.
    pub name: Option<String>,
    /// The form of its tokens.
    pub format: Option<Option<TokenFormat>>,
    /// The signature of its tokens.
    pub algorithm: Option<Option<Algorithm>>,
    /// Life of its tokens, in seconds.
    pub access_ttl: Option<Option<u32>>,
}

/// Makes a resource.
///
/// # Errors
/// [`AdminError`] when its identifier is unfit or taken.
pub async fn create(ctx: &Context, origin: &Origin, identifier: &str, changes: Changes) -> Result<Resource> {
    if !resource::is_identifier(identifier) || identifier.contains('*') {
        let remedy = "write an absolute URI without # as in https://api.example.com";
        return Err(AdminError::unfit(Noun::Resource, format!("{identifier:?} cannot identify a resource"), remedy));
    }
    if resource::same(ctx.issuer(), identifier) {
        let message = "this server's own issuer is a resource without being made one";
        return Err(AdminError::unfit(Noun::Resource, message, "name the API by a URI of its own"));
    }
    let same = |one: &&Resource| resource::same(&one.identifier, identifier);
    if let Some(found) = list(ctx).await?.iter().find(same) {
        return Err(AdminError::exists(Noun::Resource, found.identifier.clone()));
    }
    let empty = Resource {
        identifier: identifier.to_owned(),
        name: identifier.to_owned(),
        format: None,
        algorithm: None,
        access_ttl: None,
    };
    let made = changed(empty, changes)?;
    ensure_key(ctx, &made).await?;
    let row = ResourceRow { created_at: ctx.now(), ..row(&made) };
    if !ctx.store.create_resource(row).await? {
        return Err(AdminError::exists(Noun::Resource, identifier));
    }
    record(ctx, origin, Event { name: "resource.created", ..Event::default() }).await;
    Ok(made)
}

/// Changes a resource.
///
/// # Errors
/// [`AdminError`] when there is none.
pub async fn update(ctx: &Context, origin: &Origin, identifier: &str, changes: Changes) -> Result<Resource> {
    for _ in 0..TRIES {
        let was = find(ctx, identifier).await?;
        let made = changed(catalog::parse_resource(was.clone()), changes.clone())?;
        ensure_key(ctx, &made).await?;
        let new = ResourceRow { created_at: was.created_at, ..row(&made) };
        match ctx.store.update_resource(new, was).await? {
            Updated::Done => {
                record(ctx, origin, Event { name: "resource.updated", ..Event::default() }).await;
                return Ok(made);
            }
            Updated::Again => {}
            Updated::Gone => return Err(AdminError::not_found(Noun::Resource, identifier)),
        }
    }
    Err(AdminError::contended(Noun::Resource, identifier, "countersign resource list"))
}

/// Every resource, in the order in which they were made.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<Resource>> {
    Ok(ctx.store.list_resources().await?.into_iter().map(catalog::parse_resource).collect())
}

/// Removes a resource that nothing names any more.
///
/// # Errors
/// [`AdminError`] when there is none, or a scope or client names it.
pub async fn delete(ctx: &Context, origin: &Origin, identifier: &str) -> Result<()> {
    let identifier = find(ctx, identifier).await?.identifier;
    let unfit = |message: String, remedy: String| Err(AdminError::unfit(Noun::Resource, message, remedy));
    for scope in ctx.store.list_scopes().await? {
        if scope.resource.as_ref() == Some(&identifier) {
            let remedy = format!("change that first: countersign scope update {} --no-resource", scope.name);
            return unfit(format!("scope {:?} belongs to {identifier:?}", scope.name), remedy);
        }
    }
    for client in super::clients::list(ctx).await? {
        let metadata = &client.metadata;
        if metadata.resources.contains(&identifier) || metadata.introspect.contains(&identifier) {
            let flag = if metadata.resources.contains(&identifier) { "remove-resource" } else { "remove-introspect" };
            let remedy =
                format!("take it away first: countersign client update {} --{flag} {identifier}", client.client_id);
            return unfit(format!("client {} ({}) names {identifier:?}", client.client_id, client.name), remedy);
        }
    }
    if !ctx.store.delete_resource(identifier.clone()).await? {
        return Err(AdminError::not_found(Noun::Resource, identifier));
    }
    record(ctx, origin, Event { name: "resource.deleted", ..Event::default() }).await;
    Ok(())
}

/// The key first: whoever sees the resource sees it as well.
async fn ensure_key(ctx: &Context, resource: &Resource) -> Result<()> {
    match resource.algorithm {
        Some(algorithm) => Ok(keys::ensure(ctx, algorithm).await?),
        None => Ok(()),
    }
}

async fn find(ctx: &Context, identifier: &str) -> Result<ResourceRow> {
    let found = ctx.store.list_resources().await?.into_iter().find(|row| resource::same(&row.identifier, identifier));
    found.ok_or_else(|| AdminError::not_found(Noun::Resource, identifier))
}

fn changed(resource: Resource, changes: Changes) -> Result<Resource> {
    let name = changes.name.unwrap_or(resource.name);
    if name.is_empty() || !is_plain_text(&name, 512) {
        let message = "a resource's name is one line of 1 to 512 characters";
        return Err(AdminError::unfit(Noun::Resource, message, "give another one"));
    }
    Ok(Resource {
        identifier: resource.identifier,
        name,
        format: changes.format.unwrap_or(resource.format),
        algorithm: changes.algorithm.unwrap_or(resource.algorithm),
        access_ttl: changes.access_ttl.unwrap_or(resource.access_ttl),
    })
}

fn row(resource: &Resource) -> ResourceRow {
    ResourceRow {
        identifier: resource.identifier.clone(),
        name: resource.name.clone(),
        format: resource.format.map(|format| format.name().to_owned()),
        algorithm: resource.algorithm.map(|algorithm| algorithm.name().to_owned()),
        access_ttl: resource.access_ttl.map(i64::from),
        created_at: crate::clock::Ts::ZERO,
    }
}
