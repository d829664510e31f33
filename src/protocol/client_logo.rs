//! Which clients have a logo on pages (UX P9), and how often it is tried to fetch it.

use super::client_metadata::ClientMetadata;

/// Longest body that is read of what is to be a logo, in bytes.
pub const MOST_BYTES: usize = 512 * 1024;
/// How long after each try the next one comes, in seconds: five tries within a day.
const PAUSES: [i64; 4] = [60, 10 * 60, 3600, 12 * 3600];

/// How long after this many tries the next one comes, in seconds; `None`: that was enough.
#[must_use]
pub fn pause_seconds(tries: i64) -> Option<i64> {
    let past = usize::try_from(tries).ok()?.checked_sub(1)?;
    PAUSES.get(past).copied()
}

/// Where the logo is that pages show of a client with this document, if they show one.
#[must_use]
pub fn wanted(document: &str) -> Option<String> {
    let client: ClientMetadata = serde_json::from_str(document).ok()?;
    client.shown_logo_uri().map(str::to_owned)
}

#[cfg(test)]
mod tests;
