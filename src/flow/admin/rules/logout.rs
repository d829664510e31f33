//! What a client may be registered with for signing out.

use super::{MAX_REDIRECT_URIS, Result, unfit};
use crate::protocol::{client_metadata::ClientMetadata, grant::GrantType, redirect_uri};

/// Checks what belongs to signing out.
///
/// # Errors
/// [`super::AdminError::Unfit`] for the first rule it breaks.
pub(super) fn check(metadata: &ClientMetadata) -> Result<()> {
    if metadata.post_logout_redirect_uris.len() > MAX_REDIRECT_URIS {
        return unfit(
            format!("a client has at most {MAX_REDIRECT_URIS} addresses for after signing out"),
            "remove some: what changes belongs into state, not into the address",
        );
    }
    for uri in &metadata.post_logout_redirect_uris {
        redirect_uri::check(uri).or_else(|why| {
            unfit(
                format!("post-logout redirect URI {uri:?} {why}"),
                "register the exact address, as in https://notes.example.com/signed-out",
            )
        })?;
    }
    let signs_in = [GrantType::AuthorizationCode, GrantType::Implicit];
    if metadata.hears_of_logout() && !signs_in.into_iter().any(|grant| metadata.allows(grant)) {
        return unfit(
            "nobody signs in to this client in a browser, so nobody signs out there",
            "add --grant authorization_code, or leave the addresses for signing out away",
        );
    }
    Ok(())
}
