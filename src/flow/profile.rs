//! What is known of a person beside how they sign in: read, and changed by themselves or by an administrator.

use std::sync::Arc;

use super::{
    Context, Error, Origin, Result,
    audit::{self, Event},
    login::setup::{MAX_EMAIL, MAX_NAME, is_email},
};
use crate::{
    protocol::{
        claims::{Field, Person, Profile, Unfit},
        plain_text::is_plain_text,
        throttle::canonical_name,
    },
    store::{
        PersonUpdated,
        models::{PersonDetails, User},
    },
};

/// Somebody else may change the same person meanwhile; then it is begun again.
const TRIES: usize = 5;

/// What is wrong with what somebody wants to be known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// More than [`MAX_NAME`] characters, or some that hide or turn text.
    #[error("a person's name is one line of at most {MAX_NAME} characters")]
    Name,
    /// More than [`MAX_EMAIL`] bytes.
    #[error("an email address has at most {MAX_EMAIL} bytes")]
    EmailTooLong,
    /// No address.
    #[error("the email is no email address; write it as in ada@example.com")]
    Email,
    /// Somebody has it.
    #[error("the email address is somebody else's")]
    EmailTaken,
    /// A field.
    #[error("{} {}", .0.name(), .1)]
    Field(Field, Unfit),
}

/// What is kept of a person beside how they sign in.
///
/// # Errors
/// [`Error`] when the row is damaged.
pub fn of(user: &User) -> Result<Profile> {
    serde_json::from_str(&user.claims)
        .map_err(|error| Error::internal(format!("user {} has damaged claims: {error}", user.id)))
}

/// As claims are made of them.
#[must_use]
pub fn person<'a>(user: &'a User, profile: &'a Profile) -> Person<'a> {
    Person {
        name: user.name.as_deref(),
        username: &user.username,
        email: user.email.as_deref(),
        email_verified: user.email_verified,
        updated_at: user.updated_at.unix_seconds(),
        profile,
    }
}

/// A person as they are to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Full name.
    pub name: Option<String>,
    /// Email address.
    pub email: Option<String>,
    /// Was it shown to be theirs?
    pub email_verified: bool,
    /// May they sign in with it, although it was not?
    pub email_is_name: bool,
    /// Everything else.
    pub profile: Profile,
}

impl Draft {
    /// As they are now.
    ///
    /// # Errors
    /// [`Error`] when the row is damaged.
    pub fn of(user: &User) -> Result<Self> {
        Ok(Self {
            name: user.name.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified,
            email_is_name: user.email.is_none() || user.email_key.is_some(),
            profile: of(user)?,
        })
    }

    /// Another name; an empty one takes it away.
    ///
    /// # Errors
    /// [`Mistake::Name`].
    pub fn set_name(&mut self, typed: &str) -> std::result::Result<(), Mistake> {
        let typed = typed.trim();
        if !is_plain_text(typed, MAX_NAME) {
            return Err(Mistake::Name);
        }
        self.name = Some(typed.to_owned()).filter(|name| !name.is_empty());
        Ok(())
    }

    /// Another address; an empty one takes it away. One that differs has not been shown to be theirs.
    ///
    /// # Errors
    /// [`Mistake::EmailTooLong`], [`Mistake::Email`].
    pub fn set_email(&mut self, typed: &str) -> std::result::Result<(), Mistake> {
        let typed = typed.trim();
        if typed.len() > MAX_EMAIL {
            return Err(Mistake::EmailTooLong);
        }
        if !typed.is_empty() && !is_email(typed) {
            return Err(Mistake::Email);
        }
        if self.email.as_deref().unwrap_or_default() != typed {
            self.email_verified = false;
        }
        self.email = Some(typed.to_owned()).filter(|email| !email.is_empty());
        Ok(())
    }

    /// As they are stored.
    ///
    /// # Errors
    /// [`Error`] when the rest cannot be written.
    pub(in crate::flow) fn details(self) -> Result<PersonDetails> {
        Ok(PersonDetails {
            email_key: self.email.as_deref().filter(|_| self.email_verified || self.email_is_name).map(canonical_name),
            name: self.name,
            email: self.email,
            email_verified: self.email_verified,
            claims: serde_json::to_string(&self.profile).map_err(Error::internal)?,
        })
    }
}

/// What became of a change.
#[derive(Debug)]
pub enum Changed<E> {
    /// The person as they are now.
    Done(Box<User>),
    /// The same, who were so before.
    Same(Box<User>),
    /// It was not made.
    Not(E),
    /// The address is somebody else's.
    EmailTaken,
    /// There is no such person any more.
    Gone,
}

/// Changes a person. `change` is asked again when somebody else changed the same person meanwhile.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn change<E>(
    ctx: &Context,
    id: i64,
    change: impl Fn(&mut Draft) -> std::result::Result<(), E>,
) -> Result<Changed<E>> {
    for _ in 0..TRIES {
        let Some(user) = ctx.store.find_user(id).await? else { return Ok(Changed::Gone) };
        let before = Draft::of(&user)?;
        let mut draft = before.clone();
        if let Err(why) = change(&mut draft) {
            return Ok(Changed::Not(why));
        }
        if draft == before {
            return Ok(Changed::Same(Box::new(user)));
        }
        let (details, now) = (draft.details()?, ctx.now());
        match ctx.store.update_person(id, details.clone(), PersonDetails::of(&user), now).await? {
            PersonUpdated::Done => return Ok(Changed::Done(Box::new(details.onto(user, now)))),
            PersonUpdated::EmailTaken => return Ok(Changed::EmailTaken),
            PersonUpdated::Again => {}
            PersonUpdated::Gone => return Ok(Changed::Gone),
        }
    }
    Err(Error::internal("a person was changed by somebody else again and again"))
}

/// A person changes what is known of them. `typed`: what the form has in a field; what it does not have stays.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn change_own(
    ctx: &Arc<Context>,
    origin: &Origin,
    id: i64,
    typed: impl Fn(&str) -> Option<String>,
) -> Result<Changed<Vec<Mistake>>> {
    let changed = change(ctx, id, |draft| {
        let mut mistakes = Vec::new();
        if let Some(name) = typed("name") {
            mistakes.extend(draft.set_name(&name).err());
        }
        if let Some(email) = typed("email") {
            let former = draft.email.clone();
            mistakes.extend(draft.set_email(&email).err());
            // where anybody can have an account, nobody gets a name that may be somebody else's
            draft.email_is_name &= draft.email == former || !ctx.config.login.offers_sign_up();
        }
        for field in Field::ALL {
            if let Some(text) = typed(field.name()) {
                mistakes.extend(draft.profile.set(*field, &text).err().map(|why| Mistake::Field(*field, why)));
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    });
    let changed = changed.await?;
    if let Changed::Done(user) = &changed {
        let event = Event { name: "user.updated", actor: "user", user_id: Some(user.id), ..Event::default() };
        audit::record(ctx, origin, &event);
    }
    Ok(changed)
}
