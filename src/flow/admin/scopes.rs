//! Scopes: what apps can ask for, and what the consent page says of it.

use super::{AdminError, Noun, Result, TRIES, record};
use crate::{
    flow::{
        Context, Origin,
        audit::Event,
        catalog::{self, Snapshot},
    },
    protocol::{
        claims,
        plain_text::is_plain_text,
        scope::{self, ScopeDefinition, ScopeSet},
    },
    store::{Updated, models::ScopeRow},
};

/// Changes to a scope; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What the consent page says.
    pub description: Option<String>,
    /// The heading it stands under on the consent page; empty for none.
    pub group: Option<String>,
    /// Names that come with it.
    pub implies: Option<Vec<String>>,
    /// Shown last, in a box of its own; never a default.
    pub danger: Option<bool>,
    /// Listed in the metadata.
    pub published: Option<bool>,
    /// The resource it belongs to; the issuer when `Some(None)`.
    pub resource: Option<Option<String>>,
    /// What of a person it releases: claims that no specification has.
    pub claims: Option<Vec<String>>,
}

/// Makes a scope.
///
/// # Errors
/// [`AdminError`] when its name is unfit or taken, or something it names is not there.
pub async fn create(ctx: &Context, origin: &Origin, name: &str, changes: Changes) -> Result<ScopeDefinition> {
    if !scope::is_name(name) {
        let remedy = "use 1 to 128 printable ASCII characters without space, \" and \\ (RFC 6749 section 3.3)";
        return Err(AdminError::unfit(Noun::Scope, format!("{name:?} cannot be a scope"), remedy));
    }
    if scope::is_builtin(name) {
        return Err(AdminError::exists(Noun::Scope, name));
    }
    let empty = ScopeDefinition {
        name: name.to_owned(),
        description: String::new(),
        group: String::new(),
        implies: Vec::new(),
        danger: false,
        published: false,
        resource: None,
        claims: Vec::new(),
        builtin: false,
    };
    let made = changed(&*ctx.catalog.fresh(ctx).await?, empty, changes)?;
    if !ctx.store.create_scope(row(&made, 0)).await? {
        return Err(AdminError::exists(Noun::Scope, name));
    }
    record(ctx, origin, Event { name: "scope.created", ..Event::default() }).await;
    Ok(made)
}

/// Makes those scopes of a ready set whose names are free, all or none; the names that were made.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn load(ctx: &Context, origin: &Origin, set: ScopeSet) -> Result<Vec<String>> {
    let rows = set.scopes().iter().map(|scope| ScopeRow {
        name: scope.name.to_owned(),
        description: scope.description.to_owned(),
        group: scope.group.to_owned(),
        implies: scope.implies.to_owned(),
        danger: scope.danger,
        published: false,
        resource: None,
        claims: String::new(),
        ordinal: 0,
    });
    let made = ctx.store.create_scopes(rows.collect()).await?;
    for _ in &made {
        record(ctx, origin, Event { name: "scope.created", ..Event::default() }).await;
    }
    Ok(made)
}

/// Changes a scope.
///
/// # Errors
/// [`AdminError`] when there is none, it is built in, or something it names is not there.
pub async fn update(ctx: &Context, origin: &Origin, name: &str, changes: Changes) -> Result<ScopeDefinition> {
    for _ in 0..TRIES {
        let was = find(ctx, name).await?;
        let made = changed(&*ctx.catalog.fresh(ctx).await?, catalog::parse_scope(was.clone())?, changes.clone())?;
        match ctx.store.update_scope(row(&made, was.ordinal), was).await? {
            Updated::Done => {
                record(ctx, origin, Event { name: "scope.updated", ..Event::default() }).await;
                return Ok(made);
            }
            Updated::Again => {}
            Updated::Gone => return Err(AdminError::not_found(Noun::Scope, name)),
        }
    }
    Err(AdminError::contended(Noun::Scope, name, "countersign scope list"))
}

/// Every scope, the built-in ones first.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<ScopeDefinition>> {
    Ok(ctx.catalog.fresh(ctx).await?.scopes.iter().cloned().collect())
}

/// Removes a scope that nothing needs any more. Tokens that hold it keep its name until they end.
///
/// # Errors
/// [`AdminError`] when there is none, or a client or scope names it.
pub async fn delete(ctx: &Context, origin: &Origin, name: &str) -> Result<()> {
    find(ctx, name).await?;
    let named = |scope: &ScopeDefinition| scope.implies.iter().any(|implied| implied == name);
    if let Some(by) = list(ctx).await?.iter().find(|scope| named(scope)) {
        let remedy = format!("change that first: countersign scope update {} --implies …", by.name);
        return Err(AdminError::unfit(Noun::Scope, format!("scope {:?} implies {name:?}", by.name), remedy));
    }
    for client in super::clients::list(ctx).await? {
        if client.metadata.all_scopes().has(name) {
            let remedy =
                format!("take it away first: countersign client update {} --remove-scope {name}", client.client_id);
            let message = format!("client {} ({}) is registered with {name:?}", client.client_id, client.name);
            return Err(AdminError::unfit(Noun::Scope, message, remedy));
        }
    }
    if !ctx.store.delete_scope(name.to_owned()).await? {
        return Err(AdminError::not_found(Noun::Scope, name));
    }
    record(ctx, origin, Event { name: "scope.deleted", ..Event::default() }).await;
    Ok(())
}

async fn find(ctx: &Context, name: &str) -> Result<ScopeRow> {
    if scope::is_builtin(name) {
        let message = format!("{name:?} is one of OpenID Connect's own and cannot be changed");
        return Err(AdminError::unfit(Noun::Scope, message, "make a scope of your own: countersign scope create NAME"));
    }
    let found = ctx.store.list_scopes().await?.into_iter().find(|row| row.name == name);
    found.ok_or_else(|| AdminError::not_found(Noun::Scope, name))
}

fn changed(at: &Snapshot, scope: ScopeDefinition, changes: Changes) -> Result<ScopeDefinition> {
    let unfit = |message: String, remedy: &str| Err(AdminError::unfit(Noun::Scope, message, remedy));
    if let Some(description) = &changes.description
        && !is_plain_text(description, 200)
    {
        return unfit("a description is one line of at most 200 characters".into(), "shorten it");
    }
    if let Some(group) = &changes.group
        && !is_plain_text(group, 60)
    {
        return unfit("a group is one line of at most 60 characters".into(), "shorten it");
    }
    for implied in changes.implies.iter().flatten() {
        if *implied == scope.name {
            return unfit(format!("{implied:?} cannot imply itself"), "leave it out");
        }
        if at.scopes.find(implied).is_none() {
            let message = format!("there is no scope {implied:?} to be implied");
            return unfit(message, &format!("make it first: countersign scope create {implied} --description …"));
        }
    }
    if let Some(claim) = changes.claims.iter().flatten().find(|claim| !claims::is_own_name(claim)) {
        let remedy = "standard claims belong to the built-in scopes; give the names of your own";
        return unfit(format!("{claim:?} cannot be a claim of a scope of yours"), remedy);
    }
    if let Some(Some(uri)) = &changes.resource
        && at.resource(uri).is_none()
    {
        let message = format!("there is no resource {uri:?} for it to belong to");
        return unfit(message, &format!("make it first: countersign resource create {uri}"));
    }
    Ok(ScopeDefinition {
        description: changes.description.unwrap_or(scope.description),
        group: changes.group.unwrap_or(scope.group),
        implies: changes.implies.unwrap_or(scope.implies),
        danger: changes.danger.unwrap_or(scope.danger),
        published: changes.published.unwrap_or(scope.published),
        resource: changes.resource.unwrap_or(scope.resource),
        claims: changes.claims.unwrap_or(scope.claims),
        ..scope
    })
}

fn row(scope: &ScopeDefinition, ordinal: i64) -> ScopeRow {
    ScopeRow {
        name: scope.name.clone(),
        description: scope.description.clone(),
        group: scope.group.clone(),
        implies: scope.implies.join(" "),
        danger: scope.danger,
        published: scope.published,
        resource: scope.resource.clone(),
        claims: scope.claims.join(" "),
        ordinal,
    }
}
