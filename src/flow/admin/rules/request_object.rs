//! Request objects (OIDC Registration §2, RFC 9101 §10.5), and what else a client wishes of each request.

use super::{Result, is_asked_address, unfit};
use crate::{
    jose::Protection,
    protocol::{client_metadata::ClientMetadata, plain_text::is_plain_text},
};

/// Most addresses of request objects.
const MAX_URIS: usize = 64;
/// Most classes of authentication.
const MAX_CLASSES: usize = 20;
/// Longest name of one, in characters.
const MAX_CLASS_CHARS: usize = 254;

/// Checks how it is going to ask.
///
/// # Errors
/// [`super::AdminError::Unfit`] for the first rule it breaks.
pub(super) fn check(metadata: &ClientMetadata, issuer_is_loopback: bool) -> Result<()> {
    if metadata.request_uris.len() > MAX_URIS {
        return unfit(format!("a client has at most {MAX_URIS} request_uris"), "one address may hold them in turn");
    }
    for uri in &metadata.request_uris {
        // a fragment tells the versions of one document apart
        let document = uri.split('#').next().unwrap_or_default();
        if !is_asked_address(document, issuer_is_loopback) || !uri.is_ascii() {
            let remedy = "write it as in https://app.example.com/request.jwt";
            return unfit(format!("{uri:?} is no address to read request objects from"), remedy);
        }
    }
    if metadata.default_acr_values.len() > MAX_CLASSES
        || !metadata.default_acr_values.iter().all(|class| is_plain_text(class, MAX_CLASS_CHARS))
    {
        return unfit(
            format!("default_acr_values are at most {MAX_CLASSES} names of at most {MAX_CLASS_CHARS} characters"),
            "countersign's own are in acr_values_supported",
        );
    }
    if metadata.require_signed_request_object {
        if metadata.request_object_signing_alg == Some(Protection::Unsecured) {
            return unfit(
                "a client that asks by signed request objects alone cannot have them unsigned",
                "give another --request-object-alg than none",
            );
        }
        if metadata.dialect.is_some() {
            return unfit("a dialect has no request objects", "leave --require-signed-request out");
        }
    }
    let by_key = metadata.request_object_signing_alg.is_some_and(|alg| alg.signature().is_some());
    if by_key && metadata.jwks.is_none() && metadata.jwks_uri.is_none() {
        return unfit(
            "signed request objects need the client's public keys",
            "add --jwks-file or --jwks-uri, or sign with its secret (HS256 and --sealed-secret)",
        );
    }
    Ok(())
}
