//! Sectors (OIDC Registration §5): an app has to show that it belongs to the one whose names for people it would have.

use url::Url;

use super::{Context, Result};
use crate::{
    outbound::{Errand, Purpose},
    protocol::{
        Refusal,
        client_metadata::ClientMetadata,
        grant::GrantType,
        subject::{self, SubjectType},
    },
};

/// Largest document that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Fetches the document that a registration names, if it names one, and looks whether it speaks for all of its redirects.
/// A pairwise client needs a sector, and with the device grant somebody who vouches for it. What exactly was wrong with
/// the document is in the log: an address that somebody wrote down must not tell them what is behind it.
///
/// # Errors
/// [`Refusal::MetadataUnfit`].
pub async fn check(ctx: &Context, metadata: &ClientMetadata) -> Result<()> {
    let unfit = |why: &str| Refusal::MetadataUnfit("sector_identifier_uri", why.to_owned());
    let is_pairwise = metadata.subject_type == Some(SubjectType::Pairwise);
    // there nothing has to arrive at a redirect URI, so those of another sector may be written down as well
    if is_pairwise && metadata.allows(GrantType::DeviceCode) && !metadata.is_vouched_for() {
        let why = "cannot be pairwise with the device grant for apps that nobody vouches for".to_owned();
        return Err(Refusal::MetadataUnfit("subject_type", why).into());
    }
    let Some(text) = &metadata.sector_identifier_uri else {
        if is_pairwise && subject::sector(metadata).is_none() {
            return Err(unfit("is needed, because the redirect URIs do not all lead to one host by https").into());
        }
        return Ok(());
    };
    let url = Url::parse(text).map_err(|_| unfit("is no web address"))?;
    let fits = url.scheme() == "https" || (url.scheme() == "http" && ctx.config.issuer.is_loopback());
    if !fits || !url.has_host() || text.contains('#') || text.len() > 2048 {
        return Err(unfit("must be an https address without a fragment").into());
    }
    if metadata.redirect_uris.is_empty() && metadata.registered.is_some() {
        return Err(unfit("has to name the redirect URIs, and there are none").into());
    }
    let errand = Errand { purpose: Purpose::Sector, is_vouched_for: metadata.is_vouched_for() };
    let named = match ctx.fetch.get(errand, &url, "application/json", LARGEST).await {
        Ok(fetched) if fetched.status == 200 => {
            serde_json::from_slice::<Vec<String>>(&fetched.body).map_err(|error| error.to_string())
        }
        Ok(fetched) => Err(format!("it is answered with status {}", fetched.status)),
        Err(error) => Err(error.to_string()),
    };
    let named = named.map_err(|why| {
        tracing::info!(uri = %url, why, "a sector identifier was not accepted");
        unfit("does not lead to a JSON array of redirect URIs that this server can read")
    })?;
    if metadata.redirect_uris.iter().all(|uri| named.contains(uri)) {
        return Ok(());
    }
    Err(unfit("leads to a document that does not name all redirect URIs").into())
}
