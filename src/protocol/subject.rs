//! Who a person is to an app (OIDC Core §8): the same for all, or another for each sector.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{client_metadata::ClientMetadata, redirect_uri, redirect_uri::Target};
use crate::secret::base62;

/// OIDC Core §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// One subject for everybody.
    Public,
    /// One for each sector: apps cannot find out together that they know the same person.
    Pairwise,
}

impl SubjectType {
    /// Each once, as the metadata list them.
    pub const ALL: &[Self] = &[Self::Public, Self::Pairwise];

    /// As registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }
}

/// The sector of an app (OIDC Core §8.1): the host of its sector identifier, else the one host that all its redirects
/// lead to. `None`: there is no such host.
#[must_use]
pub fn sector(metadata: &ClientMetadata) -> Option<String> {
    if let Some(uri) = &metadata.sector_identifier_uri {
        return host(uri);
    }
    let mut hosts = metadata.redirect_uris.iter().map(|uri| match redirect_uri::target(uri) {
        Target::Https => host(uri),
        Target::Loopback | Target::PrivateScheme => None,
    });
    let first = hosts.next()??;
    hosts.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The host of an address, which is the sector of an API as well.
#[must_use]
pub fn host(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

/// A person's subject in a sector: nobody without the key can tell whose it is, or that two belong together.
#[must_use]
pub fn pairwise(key: &[u8; 32], sector: &str, subject: &str) -> String {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in [sector, subject] {
        // with its length, so that no two pairs look alike
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part.as_bytes());
    }
    base62::encode(mac.sign().as_ref())
}

#[cfg(test)]
mod tests;
