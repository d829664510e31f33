//! Whose a client is: an administrator may say that it is some person's.

use super::{Context, Result};
use crate::protocol::client_metadata::Client;

/// The user name of the person whose client it is; `None` when it is nobody's, or they are gone.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn find_name(ctx: &Context, client: &Client) -> Result<Option<String>> {
    let Some(owner) = client.metadata.owner else { return Ok(None) };
    Ok(ctx.store.find_user(owner).await?.map(|user| user.username))
}
