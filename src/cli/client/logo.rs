//! How a client's logo stands.

use serde_json::{Value, json};

use crate::{clock::Ts, protocol::client_metadata::Client, store::models::ClientLogo};

/// In words; nothing of a client that names no logo.
pub(super) fn words(client: &Client, logo: Option<&ClientLogo>) -> String {
    if client.metadata.logo_uri.is_none() {
        return String::new();
    }
    let Some(logo) = logo else {
        return "its letter: a logo is fetched and shown of clients that are verified or first-party".to_owned();
    };
    let at = |at: Option<Ts>| at.map(Ts::to_rfc3339).unwrap_or_default();
    match (&logo.png, &logo.reason, logo.next_try_at) {
        (Some(png), ..) => format!("fetched {}, {} KiB", at(logo.tried_at), png.len().div_ceil(1024)),
        (None, None, _) => "to be fetched".to_owned(),
        (None, Some(why), Some(next)) => {
            format!("could not be fetched: {why}; {} tries, next {}", logo.tries, next.to_rfc3339())
        }
        (None, Some(why), None) => format!(
            "could not be fetched: {why}; given up {} after {} tries; client update --logo-uri tries again",
            at(logo.tried_at),
            logo.tries
        ),
    }
}

/// The same for programs.
pub(super) fn add_to(json: &mut Value, logo: Option<&ClientLogo>) {
    let Some((logo, members)) = logo.zip(json.as_object_mut()) else { return };
    let state = match (&logo.hash, logo.next_try_at) {
        (Some(_), _) => "fetched",
        (None, Some(_)) => "waiting",
        (None, None) => "given up",
    };
    let mut shown = json!({"state": state, "tries": logo.tries});
    let more = [
        ("hash", logo.hash.clone().map(Value::from)),
        ("bytes", logo.png.as_ref().map(|png| png.len().into())),
        ("tried_at", logo.tried_at.map(|at| at.to_rfc3339().into())),
        ("reason", logo.reason.clone().map(Value::from)),
        // what was never tried is tried at once
        ("next_try_at", logo.tried_at.and(logo.next_try_at).map(|at| at.to_rfc3339().into())),
    ];
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    members.insert("logo".into(), shown);
}
