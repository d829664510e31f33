//! Secrets we make: their checksums, refresh tokens and their tags, ids (PROTOCOL R-a, R-d).

use std::sync::LazyLock;

use countersign::{
    clock::Ts,
    protocol::grant::refresh_token::ChainToken,
    secret::{
        Id, Keyring, Secret, base62,
        kind::{AccessToken, AuthorizationCode, Browser, ClientSecret, Kind, Link, RefreshToken, Session},
    },
};

use super::world;

static GENUINE: LazyLock<(Keyring, String)> = LazyLock::new(|| {
    let keys = world::keys();
    let text = ChainToken::first(Id::new(Ts::from_unix_seconds(1_767_225_600)), [5; 32]).to_secret(&keys);
    let text = text.expose().to_owned();
    (keys, text)
});

/// What looks like ours is written as we write it; a refresh token is known only if it was made here.
pub fn holds(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    written_as_ours::<AccessToken>(&text);
    written_as_ours::<AuthorizationCode>(&text);
    written_as_ours::<Browser>(&text);
    written_as_ours::<ClientSecret>(&text);
    written_as_ours::<Link>(&text);
    written_as_ours::<RefreshToken>(&text);
    written_as_ours::<Session>(&text);
    let (keys, genuine) = &*GENUINE;
    let parse = |text: &str| ChainToken::parse(&Secret::presented(text), keys);
    assert!(parse(&text).is_none() || text == *genuine);
    if let Some(changed) = super::changed(genuine.as_bytes(), data) {
        assert!(parse(&String::from_utf8_lossy(&changed)).is_none());
    }
    // with a good checksum, which anybody can make
    let body = base62::encode(data);
    assert!(parse(Secret::<RefreshToken>::from_body(&body).expose()).is_none());
    assert!(parse(genuine).is_some_and(|token| token.to_secret(keys).expose() == genuine));
    decoded::<16>(&text);
    decoded::<32>(&text);
    decoded::<68>(&text);
    if let Some(id) = Id::parse(&text) {
        assert_eq!(Id::parse(&id.to_text()), Some(id));
        let _any = id.made_at();
    }
}

fn written_as_ours<K: Kind>(text: &str) {
    let secret = Secret::<K>::presented(text);
    if let Some(body) = secret.body() {
        assert_eq!(Secret::<K>::from_body(body).expose(), text);
        assert!(secret.looks_generated());
    }
    let made = Secret::<K>::from_body(text);
    assert_eq!(made.body(), Some(text));
}

fn decoded<const N: usize>(text: &str) {
    if let Some(bytes) = base62::decode::<N>(text) {
        assert_eq!(base62::encode(&bytes), text, "one spelling");
    }
}
