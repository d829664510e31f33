//! `countersign user …`: people.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::{Exit, Failure},
    input::{self, PasswordFrom},
    output::{Block, Out, is_cut, table},
    session::Session,
    values,
};
use crate::{
    clock::Ts,
    flow::{
        Context,
        admin::users::{self, Claims, NewUser, OneTimeLink},
        profile,
    },
    protocol::claims::{self, Field},
    store::models,
};

/// People: make, show, lock, delete
#[derive(Debug, Subcommand)]
pub(super) enum User {
    Create(Create),
    List(List),
    /// Show one person
    #[command(
        after_long_help = "Examples:\n  countersign user show ada\n  countersign user show ada@example.com --json"
    )]
    Show(Named),
    Update(Update),
    SetPassword(SetPassword),
    SetupLink(SetupLink),
    /// Lock a person out: sessions and tokens end at once
    #[command(after_long_help = "Examples:\n  countersign user lock ada\n  countersign user lock ada@example.com")]
    Lock(Named),
    /// Let a locked person in again; tokens from before stay ended
    #[command(after_long_help = "Examples:\n  countersign user unlock ada\n  countersign user unlock ada@example.com")]
    Unlock(Named),
    /// Delete a person with sessions, grants and consents
    #[command(after_long_help = "Examples:\n  countersign user delete ada\n  countersign user delete ada --yes")]
    Delete(Named),
}

/// List everybody, in the order of their user names
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign user list --json\n  countersign user list --after mallory")]
pub(super) struct List {
    /// Those after this user name
    #[arg(long, value_name = "USER")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
}

/// Make a person
///
/// Without a password it prints a link, good for 24 hours and one use, with which the person chooses one.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign user create ada --email ada@example.com --name \"Ada Lovelace\"\n  \
                             pass show ada | countersign user create ada --admin --password-stdin"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Create {
    /// The name to sign in with: letters, digits and . _ @ - +
    name: String,
    /// Email address
    #[arg(long)]
    email: Option<String>,
    /// The address has not been shown to be theirs
    #[arg(long, requires = "email")]
    email_unverified: bool,
    /// Full name
    #[arg(long = "name", value_name = "NAME")]
    full_name: Option<String>,
    #[command(flatten)]
    claims: ClaimFlags,
    /// The phone number has not been shown to be theirs
    #[arg(long)]
    phone_unverified: bool,
    /// May administer this server
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    password: PasswordFrom,
    /// Print a one-time link to choose a password (the default)
    #[arg(long, conflicts_with_all = ["password_stdin", "password_file"])]
    setup_link: bool,
}

/// What is said of a person.
#[derive(Debug, Args)]
struct ClaimFlags {
    /// A group they are in; repeated for several, "" for none
    #[arg(long, value_name = "GROUP")]
    group: Option<Vec<String>>,
    /// A claim: given_name, family_name, middle_name, nickname, profile, picture, website, gender, birthdate, zoneinfo,
    /// locale, phone_number, address.street_address, address.locality, address.region, address.postal_code,
    /// address.country, or one of your own that a scope releases. NAME:=JSON for one of your own that is no text;
    /// NAME= takes it away
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::claim)]
    claim: Vec<(String, Value)>,
}

impl ClaimFlags {
    fn claims(self, phone_verified: Option<bool>) -> Claims {
        let groups = self.group.map(|groups| groups.into_iter().filter(|group| !group.is_empty()).collect());
        Claims { given: self.claim, groups, phone_verified }
    }
}

/// Change what is known of a person; what is left out stays
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  countersign user update ada --claim given_name=Ada --claim address.country=UK\n  \
                             countersign user update ada --email ada@example.org --group staff --group admins"
)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["full_name", "email", "email_verified", "phone_verified", "group", "claim"]))]
pub(super) struct Update {
    /// User name or email address
    name: String,
    /// Full name; "" for none
    #[arg(long = "name", value_name = "NAME")]
    full_name: Option<String>,
    /// Email address; "" for none
    #[arg(long)]
    email: Option<String>,
    /// Has the address been shown to be theirs? One that is given here counts as such
    #[arg(long, value_name = "BOOL")]
    email_verified: Option<bool>,
    #[command(flatten)]
    claims: ClaimFlags,
    /// Has the phone number been shown to be theirs? One that is given here counts as such
    #[arg(long, value_name = "BOOL")]
    phone_verified: Option<bool>,
}

/// A person, by name.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// User name or email address
    name: String,
}

/// Set a person's password; ends their sessions and links
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  pass show ada | countersign user set-password ada --password-stdin\n  \
                             countersign user set-password ada --password-file ./ada.txt")]
#[command(group = ArgGroup::new("where_from").required(true).multiple(false).args(["password_stdin", "password_file"]))]
pub(super) struct SetPassword {
    /// User name or email address
    name: String,
    #[command(flatten)]
    password: PasswordFrom,
}

/// Print a one-time link to choose a password, or to become the first administrator
///
/// With a name: for that person, 24 hours. Without: for the first administrator, 30 minutes, and only while there has
/// never been one. A new link voids the former ones.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign user setup-link\n  countersign user setup-link ada")]
pub(super) struct SetupLink {
    /// User name or email address
    name: Option<String>,
}

pub(super) async fn run(session: &Session, command: User) -> Result<(), Failure> {
    let out = &session.out;
    match command {
        User::Create(command) => create(session, command).await,
        User::List(List { after, limit }) => {
            let ctx = session.open().await?;
            let all = users::list(&ctx, after.as_deref(), limit).await?;
            if let Some(last) = all.last().filter(|_| is_cut(&all, limit)) {
                out.note_more(&format!("the first {limit}; --limit shows more, --after {} goes on", last.username));
            }
            let row = |user: &models::User| {
                let standing =
                    [(user.admin, "admin"), (user.locked, "locked"), (user.password_hash.is_none(), "no password")];
                let standing: Vec<_> = standing.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
                vec![
                    user.username.clone(),
                    user.name.clone().unwrap_or_default(),
                    user.email.clone().unwrap_or_default(),
                    standing.join(", "),
                    date(Some(user.created_at)),
                    date(user.last_sign_in_at),
                ]
            };
            let heading = ["USER", "NAME", "EMAIL", "STANDING", "MADE", "LAST SIGN-IN"];
            let rows: Vec<_> = all.iter().map(row).collect();
            let nobody = match after {
                Some(_) => "nobody has a user name after that",
                None => "nobody yet; make somebody: countersign user create NAME",
            };
            let text = table(out.paint(), &heading, &rows, nobody);
            out.result(&all.iter().map(to_json).collect::<Result<_, _>>()?, &text)
        }
        User::Show(Named { name }) => {
            let ctx = session.open().await?;
            let user = users::find(&ctx, &name).await?;
            out.result(&to_json(&user)?, &block(&user)?.to_text())
        }
        User::Update(Update { name, full_name, email, email_verified, claims, phone_verified }) => {
            let ctx = session.open().await?;
            let claims = claims.claims(phone_verified);
            let changes = users::Changes { name: full_name, email, email_verified, claims };
            let user = users::update(&ctx, &session.origin, &name, &changes).await?;
            let text = format!("User {} updated.\n\n{}", user.username, block(&user)?.to_text());
            out.result(&to_json(&user)?, &text)
        }
        User::SetPassword(command) => {
            let password = command.password.read()?.unwrap_or_default();
            let ctx = session.open().await?;
            warn_if_short(out, &ctx, &password);
            let user = users::set_password(&ctx, &session.origin, &command.name, &password).await?;
            done(out, &user, "has a new password; their sessions have ended")
        }
        User::SetupLink(SetupLink { name }) => setup_link(session, name.as_deref()).await,
        User::Lock(Named { name }) => {
            let ctx = session.open().await?;
            warn_if_last_admin(out, &ctx, &users::find(&ctx, &name).await?).await;
            let user = users::set_locked(&ctx, &session.origin, &name, true).await?;
            done(out, &user, "is locked; their sessions and tokens have ended")
        }
        User::Unlock(Named { name }) => {
            let ctx = session.open().await?;
            let user = users::set_locked(&ctx, &session.origin, &name, false).await?;
            done(out, &user, "may sign in again; tokens from before stay ended")
        }
        User::Delete(Named { name }) => {
            let ctx = session.open().await?;
            let user = users::find(&ctx, &name).await?;
            warn_if_last_admin(out, &ctx, &user).await;
            input::confirm(session, &format!("Delete {} with sessions, grants and consents?", user.username))?;
            let user = users::delete(&ctx, &session.origin, &name).await?;
            out.result(&json!({"deleted": user.username}), &format!("User {} deleted.", user.username))
        }
    }
}

async fn create(session: &Session, command: Create) -> Result<(), Failure> {
    let password = command.password.read()?;
    let ctx = session.open().await?;
    if let Some(password) = &password {
        warn_if_short(&session.out, &ctx, password);
    }
    let new = NewUser {
        username: command.name,
        email: command.email,
        email_verified: !command.email_unverified,
        name: command.full_name,
        claims: command.claims.claims(command.phone_unverified.then_some(false)),
        admin: command.admin,
        password,
    };
    let made = users::create(&ctx, &session.origin, new).await?;
    let mut json = to_json(&made.user)?;
    let mut text = format!("User {} created.\n\n{}", made.user.username, block(&made.user)?.to_text());
    if let Some(link) = &made.link {
        link_into(&mut json, link);
        text = format!("{text}\n{}", link_text("Choose a password", link, "24 h"));
    }
    session.out.result(&json, &text)
}

async fn setup_link(session: &Session, name: Option<&str>) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let (mut json, text, link) = if let Some(name) = name {
        let (user, link) = users::setup_link(&ctx, &session.origin, name).await?;
        (
            json!({"username": user.username}),
            link_text(&format!("{} chooses a password", user.username), &link, "24 h"),
            link,
        )
    } else {
        let link = users::first_admin_link(&ctx, &session.origin).await?.ok_or_else(|| {
            let message = "there has been an administrator before, so the first one cannot be made any more";
            Failure::new(Exit::Failed, "admin_exists", message).hint(
                "make another one: countersign user create NAME --admin; or a link for somebody: \
                 countersign user setup-link NAME",
            )
        })?;
        (json!({}), link_text("First admin", &link, "30 min"), link)
    };
    link_into(&mut json, &link);
    session.out.result(&json, &text)
}

fn link_text(what: &str, link: &OneTimeLink, life: &str) -> String {
    format!("  {what} → {}   (valid {life}, works once)", link.url)
}

fn link_into(json: &mut Value, link: &OneTimeLink) {
    if let Value::Object(members) = json {
        members.insert("setup_link".into(), link.url.clone().into());
        members.insert("setup_link_expires_at".into(), link.expires_at.to_rfc3339().into());
    }
}

fn done(out: &Out, user: &models::User, what: &str) -> Result<(), Failure> {
    out.result(&json!({"username": user.username, "locked": user.locked}), &format!("User {} {what}.", user.username))
}

/// The rule binds people; an administrator is told (UX §3).
fn warn_if_short(out: &Out, ctx: &Context, password: &str) {
    let least = ctx.config.password.min_length;
    if password.chars().count() < usize::try_from(least).unwrap_or(usize::MAX) {
        out.warn(&format!("this password is shorter than the {least} characters people are asked for"));
    }
}

async fn warn_if_last_admin(out: &Out, ctx: &Context, user: &models::User) {
    if users::is_last_admin(ctx, user).await {
        out.warn(&format!(
            "{} is the last administrator; make another: countersign user create NAME --admin",
            user.username
        ));
    }
}

fn block(user: &models::User) -> Result<Block, Failure> {
    let profile = profile::of(user)?;
    let unverified = if user.email_verified { "" } else { "  (not verified)" };
    let email = user.email.as_ref().map(|email| format!("{email}{unverified}")).unwrap_or_default();
    let password = if user.password_hash.is_some() { "set" } else { "none yet" };
    let standing = match (user.admin, user.locked) {
        (true, true) => "administrator, locked",
        (true, false) => "administrator",
        (false, true) => "locked",
        (false, false) => "",
    };
    let mut block = Block::default()
        .line("username", &user.username)
        .line("name", user.name.as_deref().unwrap_or_default())
        .line("email", email);
    for field in Field::ALL {
        let unverified = *field == Field::PhoneNumber && !profile.phone_is_verified();
        if let Some(text) = profile.get(*field) {
            block = block.line(
                field.name(),
                format!("{}{}", text.replace('\n', ", "), if unverified { "  (not verified)" } else { "" }),
            );
        }
    }
    for (name, value) in profile.all_own() {
        block = block.line(name, value.to_string());
    }
    Ok(block
        .line("groups", profile.groups().join(", "))
        .line("standing", standing)
        .line("password", password)
        .line("id", user.id.to_string())
        .line("sub", &user.sub)
        .line("made", user.created_at.to_rfc3339())
        .line("last sign-in", user.last_sign_in_at.map(Ts::to_rfc3339).unwrap_or_default()))
}

/// The claims stand in a member of their own, as userinfo would have them.
fn to_json(user: &models::User) -> Result<Value, Failure> {
    let profile = profile::of(user)?;
    let person = profile::person(user, &profile);
    let own = profile.all_own().keys().map(String::as_str);
    let claims = person.claims(claims::STANDARD.iter().map(|(name, _)| *name).chain(own));
    Ok(json!({
        "id": user.id,
        "sub": user.sub,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "admin": user.admin,
        "locked": user.locked,
        "has_password": user.password_hash.is_some(),
        "created_at": user.created_at.to_rfc3339(),
        "last_sign_in_at": user.last_sign_in_at.map(Ts::to_rfc3339),
        "claims": claims,
    }))
}

/// The day alone.
fn date(at: Option<Ts>) -> String {
    at.map(|at| at.to_rfc3339().chars().take(10).collect()).unwrap_or_default()
}
