//! What must hold of anything a stranger can send to the pure half, one function a subject: not only that nothing
//! panics, but that what is read can be written again, that nothing is trusted that was not registered, and that nothing
//! opens or verifies that was not made here.
//!
//! `fuzz_targets` runs each under libFuzzer, `tests/fuzz` a bounded number of times in `cargo test`.
#![allow(
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "to panic is what they are for; two programs share them"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "as in tests")]

pub mod authorize;
pub mod basic;
pub mod bearer;
pub mod json;
pub mod jwt;
pub mod metadata;
pub mod multipart;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod resource;
pub mod scope;
pub mod sealed;
pub mod token;

/// What is said of a subject, of any input.
pub type Body = fn(&[u8]);

/// Every subject: its name, which is that of its target and of its corpus, and its function.
pub const ALL: &[(&str, Body)] = &[
    ("authorize", authorize::holds),
    ("basic", basic::holds),
    ("bearer", bearer::holds),
    ("json", json::holds),
    ("jwt", jwt::holds),
    ("metadata", metadata::holds),
    ("multipart", multipart::holds),
    ("params", params::holds),
    ("pkce", pkce::holds),
    ("redirect_uri", redirect_uri::holds),
    ("resource", resource::holds),
    ("scope", scope::holds),
    ("sealed", sealed::holds),
    ("token", token::holds),
];

/// The lines of an input, as text.
fn lines<const N: usize>(data: &[u8]) -> [String; N] {
    let mut lines = data.splitn(N, |byte| *byte == b'\n');
    std::array::from_fn(|_| String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned())
}

/// The genuine bytes with changes: every three bytes of an input say where and how. `None` when nothing came of them.
fn changed(genuine: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = genuine.to_vec();
    for change in data.chunks_exact(3) {
        let at = usize::from(change[0]) * 8 + usize::from(change[1] >> 5);
        let at = if bytes.is_empty() { 0 } else { at % bytes.len() };
        match change[1] & 0b11 {
            0 if at < bytes.len() => bytes[at] = change[2],
            1 if at < bytes.len() => _ = bytes.remove(at),
            2 => bytes.truncate(at),
            _ => bytes.insert(at, change[2]),
        }
    }
    (bytes != genuine).then_some(bytes)
}

/// A name of this server, an app and what it may ask for.
mod world {
    use countersign::{
        protocol::{
            client_metadata::{AuthMethod, Client, ClientMetadata},
            grant::GrantType,
            response_type::ResponseType,
            scope::{Scope, ScopeDefinition, ScopeTable},
        },
        secret::Keyring,
    };

    pub const ISSUER: &str = "https://id.example";

    pub fn keys() -> Keyring {
        Keyring::new(["a key that is long enough for a key", "the key that was there before that"]).unwrap()
    }

    pub fn scopes() -> ScopeTable {
        let scope = |name: &str, implies: &[&str], resource: Option<&str>| ScopeDefinition {
            name: name.to_owned(),
            description: String::new(),
            group: String::new(),
            implies: implies.iter().map(ToString::to_string).collect(),
            danger: name == "admin",
            published: true,
            resource: resource.map(str::to_owned),
            claims: Vec::new(),
            builtin: false,
        };
        ScopeTable::new(vec![
            scope("read", &[], Some("https://api.example")),
            scope("write", &["read"], Some("https://api.example")),
            scope("admin", &["write", "admin"], None),
        ])
    }

    pub fn client(redirect_uris: &[&str], method: AuthMethod) -> Client {
        let metadata = ClientMetadata {
            redirect_uris: redirect_uris.iter().map(ToString::to_string).collect(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::Implicit],
            response_types: ResponseType::ALL.to_vec(),
            token_endpoint_auth_method: method,
            scope: Scope::parse("openid profile write").unwrap(),
            optional_scope: Scope::parse("email").unwrap(),
            resources: vec!["https://api.example".to_owned()],
            ..ClientMetadata::default()
        };
        Client { client_id: "app".to_owned(), metadata, ..Client::default() }
    }
}
