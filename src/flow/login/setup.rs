//! One-time links (PROTOCOL R-o): the first administrator, or a password for an existing person. Looking consumes nothing.

use std::sync::Arc;

use crate::{
    clock::Ts,
    flow::{
        Context, Error, Origin, Result,
        audit::{self, Event},
        hashing::Whose,
    },
    protocol::{plain_text::is_plain_text, throttle::canonical_name},
    secret::{Secret, kind, random, random_subject},
    store::{
        Created,
        models::{LinkRow, User},
    },
};

/// The first administrator's link lives this long, in seconds.
pub const FIRST_ADMIN_SECONDS: i64 = 30 * 60;
/// A link to choose a password lives this long, in seconds.
pub const CHOOSE_PASSWORD_SECONDS: i64 = 24 * 3600;
/// Longest user name, in characters.
pub const MAX_USERNAME: usize = 64;
/// Longest full name, in characters.
pub const MAX_NAME: usize = 80;
/// Longest email address, in bytes (RFC 5321 §4.5.3.1.3).
pub const MAX_EMAIL: usize = 254;

/// What a live link is for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// Making the first administrator.
    FirstAdmin,
    /// Choosing a password.
    ChoosePassword(Box<User>),
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Mistake {
    UsernameMissing,
    UsernameTooLong,
    UsernameInvalid,
    UsernameTaken,
    UsernameIsAddress,
    EmailTooLong,
    EmailInvalid,
    EmailTaken,
    NameTooLong,
    NameUnfit,
    PasswordMissing,
    PasswordTooShort,
    PasswordTooLong,
    PasswordCommon,
}

/// A new person, as typed.
#[derive(Debug, Clone, Default)]
pub struct NewPerson<'a> {
    /// Full name.
    pub name: Option<&'a str>,
    /// The name to sign in with.
    pub username: &'a str,
    /// Email address.
    pub email: Option<&'a str>,
    /// Password.
    pub password: &'a str,
}

/// What became of a form.
pub enum Outcome {
    /// Done; this is the person.
    Done(Box<User>),
    /// To be corrected.
    Mistakes(Vec<Mistake>),
    /// The link was used or has expired.
    LinkEnded,
}

/// A link and its row: the first administrator's without a person, otherwise to choose a password.
#[must_use]
pub fn new_link(user: Option<i64>, now: Ts) -> (Secret<kind::Link>, LinkRow) {
    let secret = Secret::<kind::Link>::generate();
    let (kind, seconds) = match user {
        None => (LinkRow::FIRST_ADMIN, FIRST_ADMIN_SECONDS),
        Some(_) => (LinkRow::CHOOSE_PASSWORD, CHOOSE_PASSWORD_SECONDS),
    };
    let row = LinkRow {
        digest: secret.digest(),
        kind: kind.to_owned(),
        user_id: user,
        created_at: now,
        expires_at: now.plus_seconds(seconds),
    };
    (secret, row)
}

/// What a link is for; `None` when it is no good.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn find(ctx: &Context, link: &Secret<kind::Link>) -> Result<Option<Purpose>> {
    if link.body().is_none() {
        return Ok(None);
    }
    let Some(row) = ctx.store.find_link(link.digest(), ctx.now()).await? else { return Ok(None) };
    match row.user_id {
        None => Ok(awaits_admin(ctx).await?.then_some(Purpose::FirstAdmin)),
        // whoever is locked has no use of a password: the link waits
        Some(id) => {
            let user = ctx.store.find_user(id).await?.filter(|user| !user.locked);
            Ok(user.map(|user| Purpose::ChoosePassword(Box::new(user))))
        }
    }
}

/// Has there never been an administrator?
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn awaits_admin(ctx: &Context) -> Result<bool> {
    Ok(ctx.store.find_instance().await?.is_some_and(|instance| instance.admin_made_at.is_none()))
}

/// Makes the first administrator.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn create_first_admin(
    ctx: &Arc<Context>,
    origin: &Origin,
    link: &Secret<kind::Link>,
    new: &NewPerson<'_>,
) -> Result<Outcome> {
    let mistakes = check_person(ctx, new);
    if !mistakes.is_empty() {
        return Ok(Outcome::Mistakes(mistakes));
    }
    if !matches!(find(ctx, link).await?, Some(Purpose::FirstAdmin)) {
        return Ok(Outcome::LinkEnded);
    }
    let hash = ctx.hashing.hash(Whose::Person, new.password).await?;
    let now = ctx.now();
    loop {
        let user = User { admin: true, password_hash: Some(hash.clone()), ..person(new, now) };
        match ctx.store.create_first_admin(link.digest(), user.clone(), now).await {
            Ok(Created::Made) => {
                audit::record(ctx, origin, &event("user.created", user.id));
                return Ok(Outcome::Done(Box::new(user)));
            }
            Ok(Created::NameTaken) => return Ok(Outcome::Mistakes(vec![Mistake::UsernameTaken])),
            Ok(Created::EmailTaken) => return Ok(Outcome::Mistakes(vec![Mistake::EmailTaken])),
            Ok(Created::Again) => {}
            // somebody else was first, or the link was used meanwhile
            Err(_) if find(ctx, link).await?.is_none() => return Ok(Outcome::LinkEnded),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Chooses a password; every session of the person ends.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn choose_password(
    ctx: &Arc<Context>,
    origin: &Origin,
    link: &Secret<kind::Link>,
    password: &str,
) -> Result<Outcome> {
    let mistakes: Vec<Mistake> = check_password(ctx, password, &[]).into_iter().collect();
    if !mistakes.is_empty() {
        return Ok(Outcome::Mistakes(mistakes));
    }
    if !matches!(find(ctx, link).await?, Some(Purpose::ChoosePassword(_))) {
        return Ok(Outcome::LinkEnded);
    }
    let hash = ctx.hashing.hash(Whose::Person, password).await?;
    let Some(id) = ctx.store.choose_password(link.digest(), hash, ctx.now()).await? else {
        return Ok(Outcome::LinkEnded);
    };
    audit::record(ctx, origin, &event("password.changed", id));
    let user = ctx.store.find_user(id).await?.ok_or_else(|| Error::internal("a person vanished"))?;
    Ok(Outcome::Done(Box::new(user)))
}

/// A row for a new person, without rights and password.
#[must_use]
pub fn person(new: &NewPerson<'_>, now: Ts) -> User {
    let [a, b, c, d] = random::<4>();
    let email = new.email.map(str::trim).filter(|email| !email.is_empty());
    User {
        // positive and 31 bits: other servers' clients store it in an integer
        id: i64::from(u32::from_be_bytes([a & 0x7f, b, c, d]).max(1)),
        sub: random_subject(),
        username: new.username.trim().to_owned(),
        username_key: canonical_name(new.username),
        email: email.map(str::to_owned),
        email_key: email.map(canonical_name),
        email_verified: email.is_some(),
        name: new.name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
        password_hash: None,
        admin: false,
        locked: false,
        tokens_invalid_before: Ts::ZERO,
        created_at: now,
        updated_at: now,
        last_sign_in_at: None,
        claims: "{}".to_owned(),
    }
}

/// Letters that can be seen, digits and `. _ - @ +`, at most 64.
#[must_use]
pub fn is_username(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && is_plain_text(text, MAX_USERNAME)
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+'))
}

/// Something before and after one `@`, without spaces: the rest is for the mail server to say.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    text.len() <= MAX_EMAIL
        && is_plain_text(text, MAX_EMAIL)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// What is wrong with what somebody typed, before anybody else is asked.
pub(super) fn check_person(ctx: &Context, new: &NewPerson<'_>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let name = new.name.unwrap_or_default().trim();
    if name.chars().count() > MAX_NAME {
        mistakes.push(Mistake::NameTooLong);
    } else if !is_plain_text(name, MAX_NAME) {
        mistakes.push(Mistake::NameUnfit);
    }
    let username = new.username.trim();
    if username.is_empty() {
        mistakes.push(Mistake::UsernameMissing);
    } else if username.chars().count() > MAX_USERNAME {
        mistakes.push(Mistake::UsernameTooLong);
    } else if !is_username(username) {
        mistakes.push(Mistake::UsernameInvalid);
    }
    let email = new.email.unwrap_or_default().trim();
    if email.len() > MAX_EMAIL {
        mistakes.push(Mistake::EmailTooLong);
    } else if !email.is_empty() && !is_email(email) {
        mistakes.push(Mistake::EmailInvalid);
    }
    let own: Vec<&str> = [Some(new.username), new.email, new.name].into_iter().flatten().collect();
    mistakes.extend(check_password(ctx, new.password, &own));
    mistakes
}

/// The rule that binds people: long enough, and none of those everybody tries first.
fn check_password(ctx: &Context, password: &str, own: &[&str]) -> Option<Mistake> {
    let characters = password.chars().count();
    let least = usize::try_from(ctx.config.password.min_length).unwrap_or(usize::MAX);
    let repeats = password.chars().all(|c| password.starts_with(c));
    let guessable = repeats || COMMON.iter().chain(own).any(|word| is_stretched(password, word));
    match characters {
        0 => Some(Mistake::PasswordMissing),
        _ if characters < least => Some(Mistake::PasswordTooShort),
        _ if password.len() > crate::credential::password::MAX_BYTES => Some(Mistake::PasswordTooLong),
        _ if guessable => Some(Mistake::PasswordCommon),
        _ => None,
    }
}

/// Is it the word, once or several times over, with digits or signs around it?
fn is_stretched(password: &str, word: &str) -> bool {
    let (password, word) = (password.to_lowercase(), word.trim().to_lowercase());
    if word.chars().count() < 4 {
        return false;
    }
    let letters = password.trim_matches(|c: char| !c.is_alphabetic());
    let core = word.trim_matches(|c: char| !c.is_alphabetic());
    password == word || (!core.is_empty() && !letters.is_empty() && letters.replace(core, "").is_empty())
}

/// What guessing programs try first, as far as it is long enough to pass or can be stretched until it is.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passwd",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "letmein",
    "welcome",
    "iloveyou",
    "princess",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "sunshine",
    "superman",
    "batman",
    "master",
    "shadow",
    "michael",
    "jennifer",
    "jordan",
    "trustno",
    "whatever",
    "starwars",
    "computer",
    "internet",
    "freedom",
    "secret",
    "admin",
    "administrator",
    "root",
    "changeme",
    "default",
    "guest",
    "login",
    "hello",
    "abc",
    "abcdefgh",
    "countersign",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "123456789012",
    "1234567890123",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "qazwsxedcrfv",
    "zaq12wsxcde3",
    "0123456789012",
    "987654321098",
];

pub(super) fn event(name: &'static str, user: i64) -> Event<'static> {
    Event { name, actor: "user", user_id: Some(user), ..Event::default() }
}
