//! Who plays: a made-up person with a password of this run, and made-up clients.

use std::collections::BTreeMap;

use super::{Failure, flows, wire::Wire};
use crate::{
    flow::{
        Context, Origin,
        admin::{
            AdminError,
            clients::{self, NewClient},
            scopes,
            users::{self, NewUser},
        },
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType, scope::Scope},
    secret::{base62, random, random_name},
};

/// A client that a flow needs.
pub(crate) struct Role {
    /// How scripts name it.
    pub(crate) key: &'static str,
    /// How the consent page names it.
    pub(crate) name: &'static str,
    /// What is registered of it, given the origin of the demo's app.
    pub(crate) metadata: fn(&str) -> ClientMetadata,
}

/// A registered client and the secret it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registered {
    /// `client_id`
    pub(crate) id: String,
    /// `client_secret`
    pub(crate) secret: String,
    /// The first of its addresses.
    pub(crate) redirect_uri: String,
}

/// The person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// To sign in with.
    pub(crate) username: String,
    /// Drawn for this run.
    pub(crate) password: String,
    /// As pages show it.
    pub(crate) name: &'static str,
}

/// Everybody, and where they are.
pub(crate) struct Cast {
    /// The server.
    pub(crate) issuer: String,
    /// The demo's app: scheme, host and port.
    pub(crate) app: String,
    /// The person.
    pub(crate) person: Person,
    /// The way from the app to the server.
    pub(crate) wire: Wire,
    /// By the key of their role.
    pub(crate) clients: BTreeMap<&'static str, Registered>,
}

impl Cast {
    /// The client of a role; one that nobody knows when no flow lists it.
    pub(crate) fn client(&self, role: &Role) -> Registered {
        self.clients.get(role.key).cloned().unwrap_or_default()
    }
}

/// The scope of an API that a machine may ask for.
pub(crate) const REPORTS: &str = "demo.reports";

/// Makes everybody. Names are drawn where a kept folder may know them already.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn assemble(ctx: &Context, app: &str, keep: bool) -> Result<Cast, Failure> {
    let origin = Origin { user_agent: Some("countersign demo".to_owned()), ..Origin::default() };
    let username = if keep { format!("ada-{}", random_name().to_lowercase()) } else { "ada".to_owned() };
    let person = Person { username, password: base62::encode(&random::<16>()), name: "Ada Lovelace" };
    let new = NewUser {
        username: person.username.clone(),
        email: Some(format!("{}@example.com", person.username)),
        email_verified: true,
        name: Some(person.name.to_owned()),
        password: Some(person.password.clone()),
        ..NewUser::default()
    };
    users::create(ctx, &origin, new).await?;
    let words = scopes::Changes { description: Some("Read the reports".to_owned()), ..scopes::Changes::default() };
    match scopes::create(ctx, &origin, REPORTS, words).await {
        Ok(_) | Err(AdminError::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    for set in flows::ALL.iter().filter_map(|flow| flow.scopes) {
        scopes::load(ctx, &origin, set).await?;
    }
    let mut made = BTreeMap::new();
    for role in flows::ALL.iter().flat_map(|flow| flow.roles) {
        if !made.contains_key(role.key) {
            made.insert(role.key, register(ctx, &origin, app, role).await?);
        }
    }
    let wire = Wire::to_this_machine()?;
    Ok(Cast { issuer: ctx.issuer().to_owned(), app: app.to_owned(), person, wire, clients: made })
}

async fn register(ctx: &Context, origin: &Origin, app: &str, role: &Role) -> Result<Registered, Failure> {
    let metadata = (role.metadata)(app);
    let redirect_uri = metadata.redirect_uris.first().cloned().unwrap_or_default();
    let new = NewClient { client_id: None, name: role.name.to_owned(), metadata, secret: None };
    let made = clients::create(ctx, origin, new).await?;
    let secret = made.secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default();
    Ok(Registered { id: made.client.client_id, secret, redirect_uri })
}

/// A web app with a server of its own.
pub(crate) const NOTES: Role = Role { key: "notes", name: "Notes", metadata: web_app };

/// The same app, but its access tokens live for a second.
pub(crate) const BRIEF: Role = Role {
    key: "brief",
    name: "Notes in a hurry",
    metadata: |app| ClientMetadata { access_token_ttl: Some(BRIEF_SECONDS), ..web_app(app) },
};

/// The life of [`BRIEF`]'s access tokens, in seconds.
pub(crate) const BRIEF_SECONDS: u32 = 1;

/// A program without people.
pub(crate) const MACHINE: Role = Role {
    key: "machine",
    name: "Nightly report",
    metadata: |_| ClientMetadata {
        grant_types: vec![GrantType::ClientCredentials],
        scope: scope(&[REPORTS]),
        ..ClientMetadata::default()
    },
};

/// A program from before there were consent pages.
pub(crate) const LEGACY: Role = Role {
    key: "legacy",
    name: "Notes of 2012",
    metadata: |_| ClientMetadata {
        grant_types: vec![GrantType::Password, GrantType::RefreshToken],
        scope: scope(&["openid", "profile"]),
        ..ClientMetadata::default()
    },
};

fn web_app(app: &str) -> ClientMetadata {
    ClientMetadata {
        redirect_uris: vec![format!("{app}/callback")],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: scope(&["openid", "profile", "email", "offline_access"]),
        description: Some("The app of the demonstration: it keeps notes, or would if it were real".to_owned()),
        // a second use of a refresh token counts as theft at once, so that it can be shown
        refresh_reuse_grace: Some(0),
        ..ClientMetadata::default()
    }
}

fn scope(names: &[&str]) -> Scope {
    names.iter().copied().collect()
}
