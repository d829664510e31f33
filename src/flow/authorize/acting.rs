//! Whose answer a request gets, where several accounts are signed in in one browser (OIDC Core §3.1.2.1, §3.1.2.2).
//!
//! The one in use, unless the request speaks of another that is there. What the person chose since it began comes before
//! what it says.

use super::{Asked, Visit};
use crate::{
    flow::{
        Context, Result, id_token_hint, issue,
        login::session::{self, SignedIn},
    },
    protocol::{authorize::interaction::Interaction, client_metadata::Client, throttle::canonical_name},
    store::models::User,
};

/// Whom a request is about.
pub(super) struct Acting {
    /// Whose answer it gets; none while nobody's account is in use.
    pub(super) signed_in: Option<SignedIn>,
    /// Is it somebody else than the one of whom the app speaks (PROTOCOL P12)?
    pub(super) is_another: bool,
    /// The request may be about whoever that is, who asked to stay signed in.
    pub(super) is_remembered: bool,
    /// Nobody's account is in use, and there are some to choose from.
    pub(super) may_choose: bool,
}

impl Acting {
    /// Looks at who is there, and at what the request and the person say.
    pub(super) async fn find(ctx: &Context, interaction: &Interaction, asked: &Asked, visit: &Visit) -> Result<Self> {
        let (request, in_use) = (&asked.request, visit.signed_in.as_ref());
        let is_nobody = in_use.is_none() && visit.others.is_empty();
        let named = if is_nobody { None } else { Named::of(ctx, asked).await? };
        let is_chosen = in_use.is_some_and(|in_use| in_use.session.chosen_at() >= interaction.began);
        // a name is no proof that the app knows the person: without a page it must not tell who is signed in here
        let login = request.login_hint.as_deref().filter(|_| !request.prompt.none).map(canonical_name);
        let is_meant = |user: &User| match (&named, &login) {
            (Some(named), _) => Some(named.is(ctx, &asked.client, user)),
            (None, Some(login)) => Some(user.username_key == *login || user.email_key.as_ref() == Some(login)),
            (None, None) => None,
        };
        let keeps = is_chosen
            || request.prompt.select_account
            || in_use.is_some_and(|in_use| is_meant(&in_use.user) != Some(false));
        let other = visit.others.iter().find(|other| !keeps && is_meant(&other.user) == Some(true));
        if let Some(other) = other {
            session::note_seen(ctx, &other.session, visit.now).await?;
        }
        let browser = in_use.and_then(|in_use| in_use.browser);
        let signed_in = other.or(in_use).cloned().map(|signed_in| SignedIn { browser, ..signed_in });
        let is_other = signed_in.as_ref().and_then(|is| is_meant(&is.user)) == Some(false);
        let is_another = is_other && named.is_some();
        let is_remembered = !is_other && signed_in.as_ref().is_some_and(|is| is.session.remembered);
        let may_choose =
            signed_in.is_none() && !visit.others.is_empty() && (named.is_none() || request.prompt.select_account);
        Ok(Self { signed_in, is_another, is_remembered, may_choose })
    }
}

/// The person whom the app names, by a hint or as a claim. A hint that is not ours, or another client's, speaks of nobody.
struct Named {
    subjects: Option<Vec<String>>,
    hint: Option<String>,
}

impl Named {
    async fn of(ctx: &Context, asked: &Asked) -> Result<Option<Self>> {
        let subjects = asked.request.claims.subjects.clone();
        let hint = match asked.request.id_token_hint.as_deref() {
            Some(text) => id_token_hint::read(ctx, text).await?,
            None => None,
        };
        let hint = hint.filter(|hint| hint.client_id == asked.client.client_id).map(|hint| hint.sub);
        Ok((subjects.is_some() || hint.is_some()).then_some(Self { subjects, hint }))
    }

    fn is(&self, ctx: &Context, client: &Client, user: &User) -> bool {
        let subject = issue::subject(ctx, client, user);
        self.subjects.as_ref().is_none_or(|subjects| subjects.contains(&subject))
            && self.hint.as_ref().is_none_or(|hint| *hint == subject)
    }
}
