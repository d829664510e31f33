//! What a client of a dialect may be registered as (PROTOCOL R-f).

use super::{Result, unfit};
use crate::protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType};

/// Checks what belongs to dialects.
///
/// # Errors
/// [`super::AdminError::Unfit`] for the first rule it breaks.
pub(super) fn check(metadata: &ClientMetadata) -> Result<()> {
    let Some(dialect) = metadata.dialect else {
        for (flag, name) in [
            (metadata.also_standard, "--also-standard"),
            (metadata.query_token, "--query-token"),
            (metadata.device_without_secret, "--device-without-secret"),
        ] {
            if flag {
                return unfit(format!("{name} is for clients of a dialect"), "add --dialect, or leave it out");
            }
        }
        return Ok(());
    };
    if metadata.query_token && metadata.is_public() {
        return unfit(
            "--query-token is not for public clients",
            "send the token in the Authorization header, or register the client without --public",
        );
    }
    if metadata.device_without_secret
        && (dialect != Dialect::Github || metadata.is_public() || !metadata.allows(GrantType::DeviceCode))
    {
        return unfit(
            "--device-without-secret is for confidential clients of the github dialect with the grant device_code",
            "add --grant device_code, or leave it out: a public client has no secret anyway",
        );
    }
    if metadata.also_standard {
        return Ok(());
    }
    if let Some(grant) = metadata.grant_types.iter().find(|grant| !dialect.grants().contains(grant)) {
        let known = dialect.grants().iter().map(|grant| grant.name()).collect::<Vec<_>>().join(" ");
        return unfit(
            format!("the grant {} has no place in the {} dialect", grant.name(), dialect.name()),
            format!("give it of these: {known}; or add --also-standard, if it uses the standard endpoints as well"),
        );
    }
    if !metadata.introspect.is_empty() {
        return unfit(
            "a client of a dialect cannot introspect",
            "register the API's own client without --dialect, or add --also-standard",
        );
    }
    Ok(())
}
