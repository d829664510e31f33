//! `/me`: the person behind a token, and what the token may do.

use std::sync::Arc;

use super::{DIALECT, declined};
use crate::{
    flow::{
        Context, Origin, Result, accept, account,
        audit::{self, Event},
    },
    protocol::{Refusal, client_metadata::Client, dialect::facebook::BASIC, scope::Scope},
    store::models::User,
};

/// Who is seen, by whom, and how far.
pub struct Seen {
    /// The person.
    pub user: User,
    /// The app that looks.
    pub client: Arc<Client>,
    /// What the token may do, without the basic permission, which every token has.
    pub granted: Scope,
    /// What the person skipped.
    pub declined: Scope,
}

/// Whom a token shows. `in_query`: it came in the address, which the app has to be registered for (PROTOCOL R-f2).
///
/// # Errors
/// [`Refusal::TokenInvalid`], [`Refusal::QueryTokenNotAllowed`].
pub async fn see(ctx: &Context, token: &str, in_query: bool) -> Result<Seen> {
    let accepted = accept::accept_in(ctx, DIALECT, token, in_query).await?;
    let user = accepted.user.ok_or(Refusal::TokenInvalid)?;
    let client = ctx.catalog.client(ctx, &accepted.token.client_id).await?.ok_or(Refusal::TokenInvalid)?;
    let declined = declined(ctx, user.id, &client.client_id).await?;
    let granted = accepted.token.scope.filtered(|name| !declined.has(name));
    Ok(Seen { user, client, granted, declined })
}

impl Seen {
    /// Their address, if the token may tell it and it is known to be theirs: programs take it for proof of who somebody
    /// is.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.user.email.as_deref().filter(|_| self.user.email_verified && self.granted.has("email"))
    }

    /// The app gives everything back: it is removed, as if the person did it.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away.
    pub async fn give_all_back(&self, ctx: &Arc<Context>, origin: &Origin) -> Result<()> {
        account::remove_app(ctx, origin, "client", self.user.id, &self.client.client_id).await.map(drop)
    }

    /// The app gives one permission back. The basic one it keeps as long as it has anything.
    ///
    /// # Errors
    /// [`Refusal::ParameterMalformed`] for one it does not have.
    pub async fn give_back(&self, ctx: &Arc<Context>, origin: &Origin, name: &str) -> Result<()> {
        if name == BASIC || !self.granted.has(name) {
            return Err(Refusal::ParameterMalformed("permission", "is none that can be taken back").into());
        }
        if !ctx.store.decline_scope(self.user.id, self.client.client_id.clone(), name.to_owned()).await? {
            return Err(Refusal::TokenInvalid.into());
        }
        let event = Event {
            name: "consent.narrowed",
            actor: "client",
            client_id: Some(&self.client.client_id),
            user_id: Some(self.user.id),
            ..Event::default()
        };
        audit::record(ctx, origin, &event);
        Ok(())
    }
}
