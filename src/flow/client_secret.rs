//! A client's secret as a key of HMAC (OIDC Core §10.1), for clients whose secrets are kept readable (UX Q12): sealed under
//! `secret_key`, and opened for each use.

use super::{Context, Error, Result};
use crate::{
    clock::Ts,
    jose::{MacAlgorithm, MacKey},
    protocol::client_metadata::Client,
    secret::{Id, Keyring, Purpose, Secret, Unsealed, kind::ClientSecret},
};

/// Seals the text of a secret into its row.
#[must_use]
pub fn seal(keyring: &Keyring, row: Id, client_id: &str, text: &str) -> Vec<u8> {
    keyring.seal(Purpose::ClientSecret, &context(row, client_id), text.as_bytes())
}

/// What was sealed under a former `secret_key`, sealed under the present one; `None`: it is so already.
///
/// # Errors
/// [`Unsealed`] when neither opens it.
pub fn reseal(
    keyring: &Keyring,
    row: Id,
    client_id: &str,
    sealed: &[u8],
) -> std::result::Result<Option<Vec<u8>>, Unsealed> {
    keyring.reseal(Purpose::ClientSecret, &context(row, client_id), sealed)
}

/// The texts of its live secrets that were sealed, latest first.
///
/// # Errors
/// [`Error`] when one does not open.
pub fn texts(ctx: &Context, client: &Client, now: Ts) -> Result<Vec<Secret<ClientSecret>>> {
    let sealed = client.live_secrets(now).rev().filter_map(|kept| Some((kept.id, kept.sealed.as_deref()?)));
    sealed.map(|(row, sealed)| open(&ctx.keyring, row, &client.client_id, sealed)).collect()
}

/// Its live secrets as keys, latest first; those too short for the algorithm are none.
///
/// # Errors
/// [`Error`] when one does not open.
pub fn keys(ctx: &Context, client: &Client, algorithm: MacAlgorithm, now: Ts) -> Result<Vec<MacKey>> {
    let texts = texts(ctx, client, now)?;
    Ok(texts.iter().filter_map(|text| MacKey::new(algorithm, text.expose().as_bytes()).ok()).collect())
}

fn open(keyring: &Keyring, row: Id, client_id: &str, sealed: &[u8]) -> Result<Secret<ClientSecret>> {
    let opened = keyring.open(Purpose::ClientSecret, &context(row, client_id), sealed);
    let text = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| {
        Error::internal(format!("a sealed secret of client {client_id} does not open with this secret_key"))
    })?;
    Ok(Secret::presented(&text))
}

/// It opens in its own row only.
fn context(row: Id, client_id: &str) -> Vec<u8> {
    [row.as_bytes().as_slice(), client_id.as_bytes()].concat()
}
