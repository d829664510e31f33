//! What a client may be registered with for signing out.

use url::Url;

use super::{MAX_REDIRECT_URIS, Result, unfit};
use crate::protocol::{
    client_metadata::ClientMetadata,
    grant::GrantType,
    redirect_uri::{self, PrivateScheme, Target},
};

/// Checks what belongs to signing out.
///
/// # Errors
/// [`super::AdminError::Unfit`] for the first rule it breaks.
pub(super) fn check(metadata: &ClientMetadata, schemes: &[PrivateScheme]) -> Result<()> {
    if metadata.post_logout_redirect_uris.len() > MAX_REDIRECT_URIS {
        return unfit(
            format!("a client has at most {MAX_REDIRECT_URIS} addresses for after signing out"),
            "remove some: what changes belongs into state, not into the address",
        );
    }
    for uri in &metadata.post_logout_redirect_uris {
        redirect_uri::check(uri, schemes).or_else(|why| {
            unfit(
                format!("post-logout redirect URI {uri:?} {why}"),
                "register the exact address, as in https://notes.example.com/signed-out",
            )
        })?;
    }
    if let Some(uri) = &metadata.frontchannel_logout_uri {
        check_frontchannel(uri, metadata, schemes)?;
    }
    if let Some(uri) = &metadata.backchannel_logout_uri {
        check_backchannel(uri, metadata)?;
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

/// OIDC Back-Channel Logout §2.2: whether this server will really ask there is up to `[fetch]`, each time.
fn check_backchannel(uri: &str, metadata: &ClientMetadata) -> Result<()> {
    let remedy = "use an address of the app's server, as in https://notes.example.com/back-channel-logout";
    let plain = uri.len() <= redirect_uri::MAX_BYTES && uri.bytes().all(|b| (0x21..0x7f).contains(&b));
    let url = Url::parse(uri).ok().filter(|url| plain && url.has_host());
    let Some(url) = url else { return unfit(format!("back-channel logout URI {uri:?} is no web address"), remedy) };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return unfit(format!("back-channel logout URI {uri:?} has a fragment or a user name"), remedy);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if !metadata.is_public() => Ok(()),
        "http" => unfit(format!("with a public client, back-channel logout URI {uri:?} must be https"), remedy),
        _ => unfit(format!("back-channel logout URI {uri:?} is no web address"), remedy),
    }
}

/// OIDC Front-Channel Logout §2: at the site of one of its redirect URIs.
fn check_frontchannel(uri: &str, metadata: &ClientMetadata, schemes: &[PrivateScheme]) -> Result<()> {
    let remedy = "use a page of the app, as in https://notes.example.com/front-channel-logout";
    let target = redirect_uri::check(uri, schemes)
        .or_else(|why| unfit(format!("front-channel logout URI {uri:?} {why}"), remedy))?;
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
