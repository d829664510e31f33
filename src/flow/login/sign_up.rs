//! People make accounts for themselves (UX §4.1, Initiating User Registration 1.0).
//!
//! That a user name is taken cannot be hidden where people choose theirs, so asking is bounded like guessing. An email
//! address is another matter: nobody has shown that it is theirs. It is kept, and is no name to sign in with until it is
//! verified; so nothing is told of whose it is, and nobody is kept from theirs.

use std::sync::Arc;

use super::setup::{self, Mistake, NewPerson};
use crate::{
    credential::password::Verdict,
    flow::{
        Context, Error, Origin, Result,
        audit::{self, Event},
        hashing::Whose,
    },
    protocol::{Refusal, throttle::canonical_name},
    secret::{Digest, kind::Browser, subject_from},
    store::{Created, models::User},
};

/// Ids are drawn again when they are taken.
const TRIES: usize = 8;

/// A form that somebody filled in.
pub struct SignUp<'a> {
    /// Who they are to be.
    pub person: NewPerson<'a>,
    /// What this form has alone: the same form, sent twice, makes one account.
    pub form: &'a str,
    /// Where it was sent from.
    pub browser: Digest<Browser>,
    /// The app they do it for.
    pub client_id: Option<&'a str>,
}

/// What became of it.
pub enum SignedUp {
    /// The account is there, made now or by the same form a moment ago.
    Done(Box<User>),
    /// To be corrected.
    Mistakes(Vec<Mistake>),
}

/// Makes an account. It is nobody's but a person's: without rights, and not the first administrator's.
///
/// # Errors
/// [`Refusal::TooManyTries`] for one that was not looked at; [`Error`] when the database is away.
pub async fn sign_up(ctx: &Arc<Context>, origin: &Origin, asked: &SignUp<'_>) -> Result<SignedUp> {
    let mut mistakes = setup::check_person(ctx, &asked.person);
    let is_no_name = mistakes.iter().any(|one| matches!(one, Mistake::UsernameTooLong | Mistake::UsernameInvalid));
    // it would say whether somebody has the address, and keep its owner from it
    if asked.person.username.contains('@') && !is_no_name {
        mistakes.push(Mistake::UsernameIsAddress);
    }
    if !mistakes.is_empty() {
        return Ok(SignedUp::Mistakes(mistakes));
    }
    let now = ctx.now();
    if !ctx.limits.may_sign_up(origin.address, now) {
        return Err(Refusal::TooManyTries.into());
    }
    let from_there = ctx.limits.try_address(origin.address, now).ok_or(Refusal::TooManyTries)?;
    let made = make(ctx, origin, asked).await;
    // a name that is taken counts as a wrong password does; nothing else is a failure of theirs
    if !matches!(made, Ok(None)) {
        ctx.limits.forgive_address(&from_there);
    }
    Ok(match made? {
        Some(user) => SignedUp::Done(Box::new(user)),
        None => SignedUp::Mistakes(vec![Mistake::UsernameTaken]),
    })
}

/// The account; `None` when somebody has the name.
async fn make(ctx: &Arc<Context>, origin: &Origin, asked: &SignUp<'_>) -> Result<Option<User>> {
    let name = canonical_name(asked.person.username);
    let parts = parts(asked, &name);
    if let Some(user) = ctx.store.find_user_by_name(name.clone()).await? {
        return made_before(ctx, asked, user, &parts).await;
    }
    let sub = subject_from(&ctx.keyring.csrf(&parts));
    let hash = ctx.hashing.hash(Whose::Person, asked.person.password).await?;
    for _ in 0..TRIES {
        let now = ctx.now();
        let user = User {
            sub: sub.clone(),
            password_hash: Some(hash.clone()),
            email_key: None,
            email_verified: false,
            ..setup::person(&asked.person, now)
        };
        match ctx.store.create_user(user.clone(), None).await? {
            Created::Made => {
                let client_id = asked.client_id;
                audit::record(ctx, origin, &Event { client_id, ..setup::event("user.created", user.id) });
                return Ok(Some(user));
            }
            Created::NameTaken => {
                let Some(user) = ctx.store.find_user_by_name(name.clone()).await? else { continue };
                return made_before(ctx, asked, user, &parts).await;
            }
            Created::EmailTaken | Created::Again => {}
        }
    }
    Err(Error::internal("no id is free for a person"))
}

/// The account that has the name, if this very form made it: a browser drops the first answer to a double click.
/// Another instance may have made it under another key.
async fn made_before(ctx: &Context, asked: &SignUp<'_>, user: User, parts: &[&[u8]]) -> Result<Option<User>> {
    let by_this_form = ctx.keyring.csrfs(parts).any(|tag| subject_from(&tag) == user.sub);
    if !by_this_form || user.locked {
        return Ok(None);
    }
    let stored = user.password_hash.as_deref();
    let verdict = ctx.hashing.verify(Whose::Person, asked.person.password, stored).await?;
    Ok((verdict != Verdict::Wrong).then_some(user))
}

/// What the account's subject follows from, so that it tells which form made it; as good as random to whoever has not
/// our key.
fn parts<'a>(asked: &'a SignUp<'_>, name: &'a str) -> [&'a [u8]; 4] {
    [b"signed up", asked.form.as_bytes(), asked.browser.as_bytes(), name.as_bytes()]
}
