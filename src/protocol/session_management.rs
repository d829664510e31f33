//! OIDC Session Management 1.0: what an app is told of the browser's state here, so that a frame of ours can tell it
//! later, without asking the server, whether that has changed.

use aws_lc_rs::digest;
use url::Url;

/// `session_state` (Session Management §2): the browser's state hashed with who is told, so that no two apps can compare
/// what they have. `None` where the answer goes to no web page: nobody could ask from there.
#[must_use]
pub fn session_state(client_id: &str, redirect_uri: &str, browser_state: &str, salt: &str) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    if !origin.is_tuple() {
        return None;
    }
    let text = format!("{client_id} {} {browser_state} {salt}", origin.ascii_serialization());
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut state = String::with_capacity(65 + salt.len());
    let halves = hash.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    state.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    Some(format!("{state}.{salt}"))
}

#[cfg(test)]
mod tests;
