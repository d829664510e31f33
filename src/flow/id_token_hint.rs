//! `id_token_hint`: an ID token of ours that comes back and says who was signed in to which app. It proves that once
//! it was issued here and nothing else, so an expired one is as good (OIDC RP-Initiated Logout §2, Core §3.1.2.1).

use serde::Deserialize;

use super::{Context, Result};
use crate::{jose, protocol::token::id_token};

/// What such a token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hint {
    iss: String,
    /// The client it was issued to.
    #[serde(rename = "aud")]
    pub client_id: String,
    /// The person, as that client knows them.
    pub sub: String,
    /// The session, as that client knows it.
    pub sid: Option<String>,
}

/// Reads one. `None`: it is none that we issued. The key may have been replaced long ago, but not given away.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn read(ctx: &Context, text: &str) -> Result<Option<Hint>> {
    match attempt(ctx, text).await? {
        None if ctx.catalog.refresh(ctx).await? => attempt(ctx, text).await,
        found => Ok(found),
    }
}

async fn attempt(ctx: &Context, text: &str) -> Result<Option<Hint>> {
    let Some(kid) = jose::peek_header(text).and_then(|header| header.kid) else { return Ok(None) };
    let at = ctx.catalog.snapshot(ctx).await?;
    let Some(key) = at.keys.find_ever(&kid) else { return Ok(None) };
    let hint = jose::verify::<Hint>(key, id_token::TYP, text).ok();
    Ok(hint.filter(|hint| hint.iss == ctx.issuer()))
}
