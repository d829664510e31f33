//! `id_token_hint`: an ID token of ours that comes back and says who was signed in to which app. It proves that once
//! it was issued here and nothing else, so an expired one is as good (OIDC RP-Initiated Logout §2, Core §3.1.2.1). An
//! app may have encrypted it for us.

use serde::Deserialize;

use super::{Context, Result, client_secret, issue};
use crate::{
    jose::{self, MacKey, Protection, jwe},
    protocol::{authorize::request_object, token::id_token},
};

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

/// Reads one. `None`: it is none that we issued, or nothing protects it. The key may have been replaced long ago, but not
/// given away.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn read(ctx: &Context, text: &str) -> Result<Option<Hint>> {
    ctx.catalog.twice(ctx, async |_| attempt(ctx, text).await, |found| matches!(found, Ok(None))).await
}

async fn attempt(ctx: &Context, text: &str) -> Result<Option<Hint>> {
    let opened = open(ctx, text).await?;
    let text = opened.as_deref().unwrap_or(text);
    let Some(header) = jose::peek_header(text) else { return Ok(None) };
    let hint = if let Some(kid) = &header.kid {
        let at = ctx.catalog.snapshot(ctx).await?;
        at.keys.find_ever(kid).and_then(|key| jose::verify::<Hint>(key, id_token::TYP, text).ok())
    } else {
        let keys = secrets(ctx, text).await?;
        keys.iter().find_map(|key| jose::verify::<Hint>(key, id_token::TYP, text).ok())
    };
    Ok(hint.filter(|hint| hint.iss == ctx.issuer()))
}

/// What is in a token that was encrypted for us and says that another one is in it (RFC 7519 §5.2). One that does not
/// open is no token of ours, like anything else: nobody learns why.
async fn open(ctx: &Context, text: &str) -> Result<Option<String>> {
    let is_nested = |label: &jwe::Label| label.cty.as_ref().is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"));
    let label = jwe::peek(text).filter(|label| text.len() <= request_object::MAX_BYTES && is_nested(label));
    let Some(label) = label else { return Ok(None) };
    let at = ctx.catalog.snapshot(ctx).await?;
    Ok(at.keys.encryption.open(text, &label, ctx.now()))
}

/// The secrets of the client it says it was made for, where that client's tokens are made with them.
async fn secrets(ctx: &Context, text: &str) -> Result<Vec<MacKey>> {
    // nobody has such a name, and not every database takes one
    let said = jose::peek_claims::<Hint>(text).filter(|said| !said.client_id.chars().any(char::is_control));
    let Some(said) = said else { return Ok(Vec::new()) };
    let Some(client) = ctx.catalog.client(ctx, &said.client_id).await? else { return Ok(Vec::new()) };
    match issue::id_token_protection(ctx, &client) {
        Protection::Mac(algorithm) => client_secret::keys(ctx, &client, algorithm, ctx.now()),
        Protection::Signature(_) | Protection::Unsecured => Ok(Vec::new()),
    }
}
