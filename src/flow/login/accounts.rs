//! Several accounts in one browser (UX §4.3, OIDC Core §3.1.2.1 `prompt=select_account`).
//!
//! One of them is in use: it has the secret of the session cookie. The others keep their sessions, under no such secret:
//! what was copied of it opens nothing. Choosing one gives it a new secret and takes the former one's away.

use std::sync::Arc;

use super::session::{self, SignedIn};
use crate::{
    clock::Ts,
    flow::{
        Context, Origin, Result,
        audit::{self, Event},
        authorize::Visit,
    },
    protocol::accounts,
    secret::{Digest, Id, Secret, kind},
    store::{Before, models::Session},
};

/// For so long after it was chosen, in seconds, an account that is chosen again gets the same secret: a browser drops
/// the first answer to a double click.
const REPEATED_SECONDS: i64 = 60;

/// Who is signed in in one browser.
#[derive(Default)]
pub struct Accounts {
    /// The account in use.
    pub in_use: Option<SignedIn>,
    /// The others that it is signed in to, the latest seen first, each with what the browser carries for it.
    others: Vec<(Secret<kind::Account>, SignedIn)>,
    /// What it carries for the session in use, ended or not.
    session: Option<Digest<kind::Session>>,
    /// Everything that it carries for accounts.
    carried: Vec<Secret<kind::Account>>,
}

impl Accounts {
    /// Who is signed in with what a browser carries. What has ended is not among them. Where it will be asked what the one
    /// in use agreed to for an app, that is looked up as well.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away.
    pub async fn find(
        ctx: &Context,
        session: Option<&Secret<kind::Session>>,
        carried: Vec<Secret<kind::Account>>,
        client_id: Option<&str>,
    ) -> Result<Self> {
        let in_use = match session {
            Some(secret) => session::find_for(ctx, secret, client_id).await?,
            None => None,
        };
        // the one in use is among them
        let is_alone = carried.len() <= usize::from(in_use.is_some());
        let mut others = if is_alone { Vec::new() } else { find(ctx, &carried).await? };
        let used = in_use.as_ref().map(|in_use| in_use.session.id);
        // one that is in use elsewhere is not to be had by what is carried for it alone, but for a repeated choice
        let now = ctx.now();
        let may_be_chosen = |account: &Secret<kind::Account>, session: &Session| {
            accounts::unused(&account.digest()) == session.digest || find_repeated(ctx, account, session, now).is_some()
        };
        others.retain(|(account, other)| Some(other.session.id) != used && may_be_chosen(account, &other.session));
        Ok(Self { in_use, others, session: session.map(Secret::digest), carried })
    }

    /// Is nobody signed in?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.in_use.is_none() && self.others.is_empty()
    }

    /// Those that are not in use.
    pub fn others(&self) -> impl Iterator<Item = &SignedIn> {
        self.others.iter().map(|(_, signed_in)| signed_in)
    }

    /// All of them, the one in use first.
    pub fn all(&self) -> impl Iterator<Item = &SignedIn> {
        self.in_use.iter().chain(self.others())
    }

    /// What the browser carries for those that stay.
    pub fn kept(&self, stays: impl Fn(&Session) -> bool) -> Vec<(&Secret<kind::Account>, &Session)> {
        let in_use = self.in_use.as_ref().and_then(|in_use| Some((self.carried_for(&in_use.session)?, in_use)));
        let others = self.others.iter().map(|(secret, other)| (secret, other));
        let all = in_use.into_iter().chain(others).map(|(secret, signed_in)| (secret, &signed_in.session));
        all.filter(|(_, session)| stays(session)).collect()
    }

    /// What counts where somebody signs in in this browser.
    #[must_use]
    pub fn before(&self) -> Before {
        Before { session: self.session, accounts: self.carried.iter().map(Secret::digest).collect() }
    }

    /// For the authorization endpoint; nothing is answered without a page unless it is said to be.
    #[must_use]
    pub fn visit(self, now: Ts) -> Visit {
        let others = self.others.into_iter().map(|(_, other)| other).collect();
        Visit { signed_in: self.in_use, others, may_be_silent: false, is_framed: false, now }
    }

    fn carried_for(&self, session: &Session) -> Option<&Secret<kind::Account>> {
        self.carried.iter().find(|secret| session.account == Some(secret.digest()))
    }
}

async fn find(ctx: &Context, carried: &[Secret<kind::Account>]) -> Result<Vec<(Secret<kind::Account>, SignedIn)>> {
    let now = ctx.now();
    let mut found = Vec::new();
    for (session, user) in ctx.store.find_accounts(carried.iter().map(Secret::digest).collect(), now).await? {
        let secret = carried.iter().find(|secret| session.account == Some(secret.digest()));
        if let Some(secret) = secret.filter(|_| !session::is_idle(ctx, &session, now)) {
            found.push((secret.clone(), SignedIn { session, user, found_at: now, browser: None, agreed: None }));
        }
    }
    Ok(found)
}

/// What became of a choice.
pub enum Chosen {
    /// It is in use already.
    Stays,
    /// From now on it is the one in use, under this secret.
    Now(Secret<kind::Session>, Box<Session>),
    /// It is signed in here no longer.
    Gone,
}

/// A person chooses one of the accounts of their browser, by the id of its session.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn choose(ctx: &Arc<Context>, origin: &Origin, had: &Accounts, id: Id) -> Result<Chosen> {
    let now = ctx.now();
    if had.in_use.as_ref().is_some_and(|in_use| in_use.session.id == id) {
        return Ok(if ctx.store.note_selected(id, now).await? { Chosen::Stays } else { Chosen::Gone });
    }
    let Some((account, other)) = had.others.iter().find(|(_, other)| other.session.id == id) else {
        return Ok(Chosen::Gone);
    };
    if let Some(same) = repeated(ctx, account, &other.session, now) {
        return Ok(same);
    }
    let secret = Secret::from_seed(&ctx.keyring.session(&chosen(account, &now.micros().to_be_bytes())));
    let in_use = had.in_use.as_ref().map(|in_use| in_use.session.digest);
    let before = Before { session: in_use, accounts: had.carried.iter().map(Secret::digest).collect() };
    let was = other.session.selected_at;
    if ctx.store.choose_account(account.digest(), was, secret.digest(), before, now).await? {
        let user_id = Some(other.user.id);
        audit::record(ctx, origin, &Event { name: "account.chosen", actor: "user", user_id, ..Event::default() });
        return Ok(Chosen::Now(secret, Box::new(other.session.clone())));
    }
    // another tab was faster: what it got, this one gets
    let again = find(ctx, std::slice::from_ref(account)).await?;
    let same = again.first().and_then(|(account, now_it)| repeated(ctx, account, &now_it.session, now));
    Ok(same.unwrap_or(Chosen::Gone))
}

/// The answer of a moment ago, if this account was chosen then and nothing has happened since.
fn repeated(ctx: &Context, account: &Secret<kind::Account>, session: &Session, now: Ts) -> Option<Chosen> {
    let secret = find_repeated(ctx, account, session, now)?;
    Some(Chosen::Now(secret, Box::new(session.clone())))
}

/// The session's secret, if it was made a moment ago by a choice of this account, by an instance of whichever key.
fn find_repeated(
    ctx: &Context,
    account: &Secret<kind::Account>,
    session: &Session,
    now: Ts,
) -> Option<Secret<kind::Session>> {
    if now.seconds_since(session.selected_at) >= REPEATED_SECONDS {
        return None;
    }
    let seeds: Vec<[u8; 32]> = {
        let at = session.selected_at.micros().to_be_bytes();
        ctx.keyring.sessions(&chosen(account, &at)).collect()
    };
    seeds.iter().map(Secret::from_seed).find(|secret| secret.digest() == session.digest)
}

/// What the session's secret is made from, at the moment at which the account is chosen.
fn chosen<'a>(account: &'a Secret<kind::Account>, at: &'a [u8; 8]) -> [&'a [u8]; 2] {
    [account.expose().as_bytes(), at]
}
