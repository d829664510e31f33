//! What the pure half costs, a function at a time: `cargo bench --bench core`, `… -- signing` for some of it.
//!
//! Each bench names what is done to what. No socket, no file, no database: what the load program measures beyond this
//! is what HTTP and the database cost.

#[path = "core/clients.rs"]
mod clients;
#[path = "core/encryption.rs"]
mod encryption;
#[cfg(feature = "server")]
#[path = "core/pages.rs"]
mod pages;
#[path = "core/passwords.rs"]
mod passwords;
#[path = "core/requests.rs"]
mod requests;
#[path = "core/secrets.rs"]
mod secrets;
#[path = "core/tokens.rs"]
mod tokens;

use countersign::{
    clock::Ts,
    jose::{Algorithm, SigningKey},
    protocol::{
        client_metadata::{Client, ClientMetadata},
        grant::GrantType,
        params::{Params, Repeatable},
        scope::{Scope, ScopeDefinition, ScopeTable},
        token::access_token::AccessToken,
    },
    secret::{Id, Keyring},
};

fn main() {
    divan::main();
}

const ISSUER: &str = "https://id.example";
const CLIENT_ID: &str = "k7Qm2vXb9TzR4nLs";
const SUBJECT: &str = "6f6b7e0c-8a3b-4b0e-9a52-1c3f5b7d9e11";
const NOW: Ts = Ts::from_unix_seconds(1_795_251_600);
const LATER: Ts = NOW.plus_seconds(60);
/// What a person lets an app have.
const GRANTED: &str = "openid profile email";
const AUTHORIZE: &str = "response_type=code&client_id=k7Qm2vXb9TzR4nLs&scope=openid%20profile%20email\
    &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).expect("a good form")
}

/// A form with the client's name and secret in it.
fn by_client(request: &str) -> String {
    format!("{request}&client_id={CLIENT_ID}&client_secret=cssecretGm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9Tz")
}

fn keyring() -> Keyring {
    Keyring::new(["a key for what is measured and thrown away"]).expect("long enough")
}

fn key(algorithm: Algorithm) -> SigningKey {
    let pkcs8 = SigningKey::generate_pkcs8(algorithm).expect("a key");
    SigningKey::from_pkcs8("2026-11-21-abcd".into(), algorithm, &pkcs8).expect("a key")
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("a scope")
}

/// The built-in ones and one that somebody made.
fn scopes() -> ScopeTable {
    ScopeTable::new(vec![ScopeDefinition {
        name: "read".into(),
        description: "Read your notes".into(),
        group: "Notes".into(),
        implies: Vec::new(),
        danger: false,
        published: true,
        resource: None,
        claims: Vec::new(),
        builtin: false,
    }])
}

/// One that may do all that is measured.
fn client() -> Client {
    let metadata = ClientMetadata {
        redirect_uris: vec!["https://app.example/cb".into()],
        grant_types: GrantType::ALL.to_vec(),
        scope: scope("openid profile email read"),
        post_logout_redirect_uris: vec!["https://app.example/out".into()],
        ..ClientMetadata::default()
    };
    Client { client_id: CLIENT_ID.into(), metadata, ..Client::default() }
}

fn token() -> AccessToken {
    AccessToken {
        id: Id::new(NOW),
        grant: Some(Id::new(NOW)),
        client_id: CLIENT_ID.into(),
        subject: SUBJECT.into(),
        audience: vec![ISSUER.into()],
        scope: scope(GRANTED),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(900),
    }
}
