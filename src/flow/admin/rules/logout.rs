//! What a client may be registered with for signing out.

use url::Url;

use super::{MAX_REDIRECT_URIS, Result, unfit};
use crate::protocol::{
    client_metadata::ClientMetadata,
    grant::GrantType,
    redirect_uri::{self, Target},
};

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
    if let Some(uri) = &metadata.frontchannel_logout_uri {
        check_frontchannel(uri, metadata)?;
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

/// OIDC Front-Channel Logout §2: at the site of one of its redirect URIs.
fn check_frontchannel(uri: &str, metadata: &ClientMetadata) -> Result<()> {
    let remedy = "use a page of the app, as in https://notes.example.com/front-channel-logout";
    let target =
        redirect_uri::check(uri).or_else(|why| unfit(format!("front-channel logout URI {uri:?} {why}"), remedy))?;
    if target == Target::PrivateScheme {
        return unfit(format!("front-channel logout URI {uri:?} is no web page"), remedy);
    }
    let site = |uri: &str| Url::parse(uri).map(|url| url.origin()).ok();
    if !metadata.redirect_uris.iter().any(|own| site(own) == site(uri)) {
        return unfit(
            format!("front-channel logout URI {uri:?} is at another site than every redirect URI"),
            "its scheme, host and port are those of one of the app's redirect URIs",
        );
    }
    Ok(())
}
