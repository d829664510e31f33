//! How a client proves itself, and how what it reads is signed (OIDC Core §2, §9, §10.1; OIDC Registration §2).

use super::{Result, is_asked_address, unfit};
use crate::{
    jose::{KeySet, Protection},
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
    },
};

/// Checks algorithms, keys and the secret against each other.
///
/// # Errors
/// [`super::AdminError::Unfit`] for the first rule it breaks.
pub(super) fn check(metadata: &ClientMetadata, issuer_is_loopback: bool) -> Result<()> {
    check_responses(metadata)?;
    check_keys(metadata, issuer_is_loopback)?;
    check_encryption(metadata)?;
    check_assertions(metadata)?;
    check_secret(metadata)
}

fn check_responses(metadata: &ClientMetadata) -> Result<()> {
    if metadata.id_token_signed_response_alg == Some(Protection::Unsecured) && metadata.allows(GrantType::Implicit) {
        return unfit(
            "ID tokens without a signature (none) are for clients that get them from the token endpoint alone",
            "leave implicit out, or give another --id-token-alg",
        );
    }
    if metadata.userinfo_signed_response_alg == Some(Protection::Unsecured) {
        return unfit("userinfo is signed or plain JSON, not a JWT without a signature", "leave --userinfo-alg out");
    }
    Ok(())
}

fn check_keys(metadata: &ClientMetadata, issuer_is_loopback: bool) -> Result<()> {
    if let Some(uri) = &metadata.jwks_uri {
        if metadata.jwks.is_some() {
            return unfit(
                "a client's keys are registered or at an address, not both",
                "give --jwks-file or --jwks-uri",
            );
        }
        if !is_asked_address(uri, issuer_is_loopback) {
            let remedy = "write it as in https://app.example.com/jwks.json";
            return unfit(format!("{uri:?} is no address to read keys from"), remedy);
        }
    }
    let Some(document) = &metadata.jwks else { return Ok(()) };
    match KeySet::parse_registered(document) {
        Ok(_) => Ok(()),
        Err(why) => unfit(
            format!("the client's key set cannot be used: {why}"),
            "give a JSON Web Key Set with its public keys, as in {\"keys\": [{\"kty\": \"EC\", …}]}",
        ),
    }
}

/// OIDC Registration §2: who wants something encrypted has a key for it. For request objects the key is ours.
fn check_encryption(metadata: &ClientMetadata) -> Result<()> {
    let triples = [
        (metadata.id_token_encrypted_response_alg, metadata.id_token_encrypted_response_enc, true),
        (metadata.userinfo_encrypted_response_alg, metadata.userinfo_encrypted_response_enc, true),
        (metadata.request_object_encryption_alg, metadata.request_object_encryption_enc, false),
    ];
    let registered = metadata.jwks.as_ref().and_then(|document| KeySet::parse(document).ok());
    for (algorithm, content, by_its_key) in triples {
        let Some(algorithm) = algorithm else {
            if content.is_some() {
                return unfit(
                    "how content is encrypted is said, but not by which key",
                    "name both, as RSA-OAEP/A256GCM",
                );
            }
            continue;
        };
        let there =
            registered.as_ref().map_or(metadata.jwks_uri.is_some(), |keys| keys.encrypting(algorithm).is_some());
        if by_its_key && !there {
            return unfit(
                format!("{} needs a public key of the client to encrypt with", algorithm.name()),
                "add --jwks-file with such a key, or --jwks-uri",
            );
        }
    }
    Ok(())
}

fn check_assertions(metadata: &ClientMetadata) -> Result<()> {
    let method = metadata.token_endpoint_auth_method;
    if method == AuthMethod::PrivateKeyJwt && metadata.jwks.is_none() && metadata.jwks_uri.is_none() {
        return unfit("private_key_jwt needs the client's public keys", "add --jwks-file or --jwks-uri");
    }
    if method.is_assertion() && metadata.dialect.is_some() {
        return unfit(
            format!("{} is not known to the programs that a dialect is for", method.name()),
            "register a client of its own for the standard endpoints, without --dialect",
        );
    }
    if metadata.assertion_for_token_endpoint && !method.is_assertion() {
        return unfit(
            "--assertion-audience is for clients of private_key_jwt and client_secret_jwt",
            "add --auth-method, or leave it out",
        );
    }
    let Some(protection) = metadata.token_endpoint_auth_signing_alg else { return Ok(()) };
    let fits = match method {
        AuthMethod::PrivateKeyJwt => protection.signature().is_some(),
        AuthMethod::ClientSecretJwt => protection.mac().is_some(),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    unfit(
        format!("{} is no algorithm of {}", protection.name(), method.name()),
        "RS256, ES256 and the like go with private_key_jwt, HS256 and the like with client_secret_jwt",
    )
}

fn check_secret(metadata: &ClientMetadata) -> Result<()> {
    if metadata.sealed_secret && !metadata.token_endpoint_auth_method.has_secret() {
        let remedy = "register it without --public and with another method than private_key_jwt";
        return unfit("a client without a secret has none to seal", remedy);
    }
    match metadata.macs().next() {
        Some(algorithm) if !metadata.sealed_secret => unfit(
            format!("{} is made with the client's secret, which is stored only hashed", algorithm.name()),
            "add --sealed-secret, or take an algorithm with a key, as RS256",
        ),
        _ => Ok(()),
    }
}
