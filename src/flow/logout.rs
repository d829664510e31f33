//! An app asks to sign somebody out (OIDC RP-Initiated Logout 1.0). Whatever is wrong with what it asks, the person may
//! still sign out; then nothing leads back.

use std::sync::Arc;

use super::{
    Context, Result, account, id_token_hint,
    login::{accounts::Accounts, session::SignedIn},
};
use crate::{
    protocol::{
        Refusal,
        client_metadata::Client,
        dialect::Door,
        logout::{self, PostLogoutRedirect},
        params::Params,
        throttle::canonical_name,
        token::id_token,
    },
    store::EndedSession,
};

/// The parameters that mean something here; the others are ignored and not carried along.
pub const KNOWN: &[&str] =
    &["id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// What was asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// By whom, if that is known.
    pub client: Option<Arc<Client>>,
    /// Did it show a token that we issued to it?
    pub by_hint: bool,
    /// The session which that token names, as its client knows it.
    sid: Option<String>,
    /// The name of whoever is to be signed out.
    name: Option<String>,
    /// Where people go afterwards.
    pub back: Option<PostLogoutRedirect>,
    /// What is wrong with it. Then nothing leads back.
    pub refusal: Option<Refusal>,
}

impl Asked {
    /// Which of a browser's accounts it is about: that of the session which the token names, that of the name, or the one
    /// in use.
    #[must_use]
    pub fn whose<'a>(&self, accounts: &'a Accounts) -> Option<&'a SignedIn> {
        let is_named = |one: &&SignedIn| self.name.as_ref() == Some(&one.user.username_key);
        let found = accounts.all().find(|one| self.shows(one)).or_else(|| accounts.all().find(is_named));
        found.or(accounts.in_use.as_ref())
    }

    /// Does somebody stand behind the app that asks?
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.metadata.is_vouched_for())
    }

    /// May those who sign out be led back by themselves? To an app that somebody vouches for, to one that shows a token of
    /// theirs, so that they have been there, or to what is no site (PROTOCOL P3).
    #[must_use]
    pub fn leads_back(&self, leaving: &[&SignedIn]) -> bool {
        let is_site = self.back.as_ref().is_none_or(PostLogoutRedirect::is_site);
        self.is_vouched_for() || !is_site || leaving.iter().any(|one| self.shows(one))
    }

    /// Does the token name this session?
    fn shows(&self, one: &SignedIn) -> bool {
        let client = self.client.as_ref().map(|client| client.client_id.as_str());
        client.zip(self.sid.as_deref()).is_some_and(|(client, sid)| id_token::sid(one.session.id, client) == sid)
    }
}

/// Reads what an app asks for.
///
/// # Errors
/// [`super::Error`] when the database is away; what is wrong with the request is its [`Asked::refusal`].
pub async fn ask(ctx: &Context, params: &Params) -> Result<Asked> {
    let is_stale = |asked: &Result<_>| matches!(asked, Ok(Asked { refusal: Some(why), .. }) if why.may_be_stale());
    ctx.catalog.twice(ctx, async |_| attempt(ctx, params).await, is_stale).await
}

/// A page of an app that signs out in the browser that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPage {
    /// The app's name.
    pub app: String,
    /// As registered.
    pub uri: String,
    /// With `iss` and `sid`.
    pub location: String,
}

/// Signs these out, and gives the pages to show then: of the apps that were signed in to in those sessions and have one
/// (OIDC Front-Channel Logout §3).
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn sign_out(ctx: &Context, leaving: &[&SignedIn]) -> Result<Vec<AppPage>> {
    let mut pages = Vec::new();
    for who in leaving {
        if let Some(ended) = account::end_session(ctx, who.user.id, who.session.id).await? {
            add_pages(ctx, &ended, &mut pages).await?;
        }
    }
    Ok(pages)
}

async fn add_pages(ctx: &Context, ended: &EndedSession, pages: &mut Vec<AppPage>) -> Result<()> {
    for client_id in &ended.clients {
        let Some(client) = ctx.catalog.client(ctx, client_id).await? else { continue };
        if let Some(uri) = &client.metadata.frontchannel_logout_uri {
            let location = logout::frontchannel(uri, ctx.issuer(), &id_token::sid(ended.id, client_id));
            pages.push(AppPage { app: client.name.clone(), uri: uri.clone(), location });
        }
    }
    Ok(())
}

async fn attempt(ctx: &Context, params: &Params) -> Result<Asked> {
    let hint = match params.find("id_token_hint") {
        Some(text) => match id_token_hint::read(ctx, text).await? {
            None => return Ok(Asked { refusal: Some(Refusal::LogoutHintUnknown), ..Asked::default() }),
            hint => hint,
        },
        None => None,
    };
    let named = params.find("client_id");
    if let (Some(hint), Some(named)) = (&hint, named)
        && hint.client_id != named
    {
        return Ok(Asked { refusal: Some(Refusal::LogoutClientDiffers), ..Asked::default() });
    }
    let by_hint = hint.is_some();
    let sid = hint.as_ref().and_then(|hint| hint.sid.clone());
    let name = params.find("logout_hint").map(canonical_name);
    let client_id = hint.as_ref().map(|hint| hint.client_id.as_str()).or(named);
    let client = match client_id {
        Some(client_id) => ctx.catalog.client(ctx, client_id).await?,
        None => None,
    };
    if let (Some(client_id), None) = (client_id, &client) {
        let cut = client_id.chars().take(64).collect();
        return Ok(Asked { refusal: Some(Refusal::AppUnknown(cut)), ..Asked::default() });
    }
    let admitted = client.as_ref().map_or(Ok(()), |client| Door::Standard.admit(&client.metadata));
    let back =
        admitted.and_then(|()| PostLogoutRedirect::trust(params, client.as_deref().map(|client| &client.metadata)));
    Ok(match back {
        Ok(back) => Asked { client, by_hint, sid, name, back, refusal: None },
        Err(why) => Asked { client, by_hint, sid, name, back: None, refusal: Some(why) },
    })
}
