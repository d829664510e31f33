//! What a client registered of its request objects (OIDC Registration §2, RFC 9101 §10.5).

use super::ClientMetadata;
use crate::jose::Protection;

impl ClientMetadata {
    /// Must its request objects be signed, where it did not say how? A client that an administrator made and that is to
    /// send unsigned ones is registered so; for those that registered themselves the default of OIDC Registration §2
    /// holds: any algorithm, `none` among them, which carries no more weight than the parameters themselves.
    #[must_use]
    pub const fn must_sign_objects(&self) -> bool {
        match self.request_object_signing_alg {
            Some(Protection::Unsecured) => false,
            Some(_) => true,
            None => self.require_signed_request_object || self.registered.is_none(),
        }
    }

    /// Is this address one of those it registered? Fragments tell versions of a document apart, not documents (OIDC
    /// Registration §2).
    #[must_use]
    pub fn is_request_uri(&self, asked: &str) -> bool {
        let document = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
        self.request_uris.iter().any(|known| document(known) == document(asked))
    }
}
