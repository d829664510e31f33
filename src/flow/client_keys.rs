//! The public keys of clients (OIDC Registration §2).

use crate::{
    jose::{Header, KeySet, PublicKey},
    protocol::client_metadata::Client,
};

/// The keys of a client that may have signed a token with this header.
#[must_use]
pub fn fitting(client: &Client, header: &Header) -> Vec<PublicKey> {
    let registered = client.metadata.jwks.as_ref().and_then(|document| KeySet::parse(document).ok());
    registered.map(|keys| keys.fitting(header).collect()).unwrap_or_default()
}
