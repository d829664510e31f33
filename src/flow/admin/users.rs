//! People: made, shown, locked and removed by an administrator.

use serde_json::Value;

use super::{AdminError, Noun, Result, record};
use crate::{
    clock::Ts,
    credential::password,
    flow::{
        Context, Origin,
        audit::Event,
        hashing::Whose,
        login::setup::{self, NewPerson},
        profile::{self, Changed, Draft, Mistake},
    },
    protocol::{claims::Field, throttle::canonical_name},
    secret::{Secret, kind},
    store::{
        Created,
        models::{LinkRow, User},
        wholly,
    },
};

/// A person to be made.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: String,
    /// An address.
    pub email: Option<String>,
    /// Is the address known to be theirs? (UX Q25)
    pub email_verified: bool,
    /// Full name.
    pub name: Option<String>,
    /// What else is to be said of them.
    pub claims: Claims,
    /// May they administer?
    pub admin: bool,
    /// Without one they choose it by a one-time link.
    pub password: Option<String>,
}

/// What is to be said of a person; what is not named stays.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Claims by name; null and an empty text take one away. Members of the address are `address.country` and the like.
    pub given: Vec<(String, Value)>,
    /// The groups they are in, in the place of those before.
    pub groups: Option<Vec<String>>,
    /// Is the phone number known to be theirs? A number that an administrator gives is, unless it is said not to be.
    pub phone_verified: Option<bool>,
}

impl Claims {
    fn apply(&self, draft: &mut Draft) -> Result<()> {
        let former = draft.profile.get(Field::PhoneNumber).map(str::to_owned);
        let profile = &mut draft.profile;
        let bad = |why| AdminError::unfit(Noun::User, format!("{why}"), "see countersign user update --help");
        for (name, value) in &self.given {
            profile.give(name, value.clone()).map_err(bad)?;
        }
        if let Some(groups) = &self.groups {
            profile.set_groups(groups.clone()).map_err(bad)?;
        }
        let is_new = profile.get(Field::PhoneNumber) != former.as_deref();
        profile.verify_phone(self.phone_verified.unwrap_or(is_new || profile.phone_is_verified()));
        Ok(())
    }
}

/// Changes to a person; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Full name; an empty one takes it away.
    pub name: Option<String>,
    /// Email address; an empty one takes it away.
    pub email: Option<String>,
    /// Is the address known to be theirs? One that an administrator gives is, unless it is said not to be.
    pub email_verified: Option<bool>,
    /// What else is to be said of them.
    pub claims: Claims,
}

impl Changes {
    fn apply(&self, draft: &mut Draft) -> Result<()> {
        if let Some(name) = &self.name {
            draft.set_name(name).map_err(unfit)?;
        }
        if let Some(email) = &self.email {
            let former = draft.email.clone();
            draft.set_email(email).map_err(unfit)?;
            draft.email_verified |= draft.email != former;
            draft.email_is_name = true;
        }
        draft.email_verified = self.email_verified.unwrap_or(draft.email_verified) && draft.email.is_some();
        self.claims.apply(draft)
    }
}

/// A person who was made.
pub struct MadeUser {
    /// The person.
    pub user: User,
    /// The link to choose a password, when none was given.
    pub link: Option<OneTimeLink>,
}

/// A link that works once.
pub struct OneTimeLink {
    /// What to open. Shown once; only its digest is stored.
    pub url: String,
    /// Until when it works.
    pub expires_at: Ts,
}

/// Makes a person.
///
/// # Errors
/// [`AdminError`] when the name or address is unfit or taken.
pub async fn create(ctx: &Context, origin: &Origin, new: NewUser) -> Result<MadeUser> {
    check_username(&new.username)?;
    let bare = NewPerson { name: None, username: &new.username, email: None, password: "" };
    let (name, email, claims) = (new.name, new.email, new.claims);
    let mut draft = Draft::of(&setup::person(&bare, ctx.now()))?;
    Changes { name, email, email_verified: Some(new.email_verified), claims }.apply(&mut draft)?;
    let details = draft.details()?;
    let password_hash = match &new.password {
        Some(password) => Some(hash(ctx, password).await?),
        None => None,
    };
    let now = ctx.now();
    loop {
        let user = details.clone().onto(setup::person(&bare, now), now);
        let user = User { admin: new.admin, password_hash: password_hash.clone(), ..user };
        let link = user.password_hash.is_none().then(|| setup::new_link(Some(user.id), now));
        let row = link.as_ref().map(|(_, row)| row.clone());
        match ctx.store.create_user(user.clone(), row).await? {
            Created::Made => {
                record(ctx, origin, Event { name: "user.created", user_id: Some(user.id), ..Event::default() }).await;
                return Ok(MadeUser { user, link: link.map(|(secret, row)| OneTimeLink::new(ctx, &secret, &row)) });
            }
            Created::NameTaken => return Err(AdminError::exists(Noun::User, user.username)),
            Created::EmailTaken => return Err(AdminError::exists(Noun::Email, user.email.unwrap_or_default())),
            Created::Again => {}
        }
    }
}

/// By user name or email address, in any spelling.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn find(ctx: &Context, name: &str) -> Result<User> {
    let found = ctx.store.find_user_by_name(canonical_name(name)).await?;
    found.ok_or_else(|| AdminError::not_found(Noun::User, name))
}

/// Everybody, in the order of their user names, from the one after `after` on; so many at most.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context, after: Option<&str>, limit: i64) -> Result<Vec<User>> {
    Ok(ctx.store.list_users(after.map(canonical_name).unwrap_or_default(), limit).await?)
}

/// Changes what is known of a person.
///
/// # Errors
/// [`AdminError`] when there is no such person, something is unfit, or the address is somebody else's.
pub async fn update(ctx: &Context, origin: &Origin, name: &str, changes: &Changes) -> Result<User> {
    let user = find(ctx, name).await?;
    match profile::change(ctx, user.id, |draft| changes.apply(draft)).await? {
        Changed::Done(user) => {
            record(ctx, origin, Event { name: "user.updated", user_id: Some(user.id), ..Event::default() }).await;
            Ok(*user)
        }
        Changed::Same(user) => Ok(*user),
        Changed::Not(error) => Err(error),
        Changed::EmailTaken => {
            let email = changes.email.clone().or(user.email);
            Err(AdminError::exists(Noun::Email, email.unwrap_or_default()))
        }
        Changed::Gone => Err(AdminError::not_found(Noun::User, name)),
    }
}

/// Sets a password; ends the person's sessions and links.
///
/// # Errors
/// [`AdminError`] when there is no such person, or the password is unfit.
pub async fn set_password(ctx: &Context, origin: &Origin, name: &str, password: &str) -> Result<User> {
    let user = find(ctx, name).await?;
    let hash = hash(ctx, password).await?;
    if !ctx.store.set_password(user.id, hash, ctx.now()).await? {
        return Err(AdminError::not_found(Noun::User, name));
    }
    record(ctx, origin, Event { name: "password.changed", user_id: Some(user.id), ..Event::default() }).await;
    Ok(user)
}

/// Locks or unlocks. Locking ends sessions and every token at once; unlocking brings none of them back.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn set_locked(ctx: &Context, origin: &Origin, name: &str, locked: bool) -> Result<User> {
    let user = find(ctx, name).await?;
    if !wholly(|| ctx.store.set_locked(user.id, locked, ctx.now())).await? {
        return Err(AdminError::not_found(Noun::User, name));
    }
    let event = if locked { "user.locked" } else { "user.unlocked" };
    record(ctx, origin, Event { name: event, user_id: Some(user.id), ..Event::default() }).await;
    Ok(User { locked, ..user })
}

/// Removes a person with everything that hangs on them.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn delete(ctx: &Context, origin: &Origin, name: &str) -> Result<User> {
    let user = find(ctx, name).await?;
    if !wholly(|| ctx.store.delete_user(user.id, ctx.now())).await? {
        return Err(AdminError::not_found(Noun::User, name));
    }
    record(ctx, origin, Event { name: "user.deleted", user_id: Some(user.id), ..Event::default() }).await;
    Ok(user)
}

/// Would nobody be left who can administer, if this person could not? `false` also where that cannot be found out: of
/// millions it may take too long, and it is no reason not to go on.
pub async fn is_last_admin(ctx: &Context, user: &User) -> bool {
    user.admin && matches!(ctx.store.has_other_admin(user.id).await, Ok(false))
}

/// A new link with which a person chooses a password; it voids the former ones.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn setup_link(ctx: &Context, origin: &Origin, name: &str) -> Result<(User, OneTimeLink)> {
    let user = find(ctx, name).await?;
    let link = make_link(ctx, Some(user.id)).await?;
    record(ctx, origin, Event { name: "user.link_made", user_id: Some(user.id), ..Event::default() }).await;
    Ok((user, link))
}

/// A new link with which somebody becomes the first administrator; it voids the former ones. `None`: an administrator
/// has existed, and the door is closed for ever (PROTOCOL R-o1).
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn first_admin_link(ctx: &Context, origin: &Origin) -> Result<Option<OneTimeLink>> {
    let instance = ctx.store.find_instance().await?;
    if instance.is_none_or(|instance| instance.admin_made_at.is_some()) {
        return Ok(None);
    }
    let link = make_link(ctx, None).await?;
    record(ctx, origin, Event { name: "user.first_admin_link_made", ..Event::default() }).await;
    Ok(Some(link))
}

async fn make_link(ctx: &Context, user: Option<i64>) -> Result<OneTimeLink> {
    let (secret, row) = setup::new_link(user, ctx.now());
    let link = OneTimeLink::new(ctx, &secret, &row);
    ctx.store.create_link(row).await?;
    Ok(link)
}

impl OneTimeLink {
    fn new(ctx: &Context, secret: &Secret<kind::Link>, row: &LinkRow) -> Self {
        Self { url: format!("{}/setup?t={}", ctx.issuer(), secret.expose()), expires_at: row.expires_at }
    }
}

async fn hash(ctx: &Context, chosen: &str) -> Result<String> {
    if chosen.is_empty() || chosen.len() > password::MAX_BYTES {
        let message = format!("a password has 1 to {} bytes", password::MAX_BYTES);
        return Err(AdminError::unfit(Noun::User, message, "give another one"));
    }
    Ok(ctx.hashing.hash(Whose::Person, chosen).await?)
}

fn check_username(username: &str) -> Result<()> {
    if setup::is_username(username) && username.trim() == username {
        return Ok(());
    }
    let remedy = format!("use 1 to {} letters, digits and . _ @ - +", setup::MAX_USERNAME);
    Err(AdminError::unfit(Noun::User, format!("{username:?} cannot be a user name"), remedy))
}

fn unfit(mistake: Mistake) -> AdminError {
    AdminError::unfit(Noun::User, mistake.to_string(), "give another one")
}
