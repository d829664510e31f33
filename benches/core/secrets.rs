//! Secrets: made, digested, sealed.

use countersign::{
    jose::{Algorithm, SigningKey, jwe::KeyFamily},
    protocol::{authorize::interaction::Interaction, dialect::Door},
    secret::{Digest, Id, Purpose, Secret, kind, random},
};
use divan::{Bencher, black_box};

use super::{AUTHORIZE, LATER, NOW, keyring, params};

#[divan::bench]
fn generate() -> Secret<kind::AccessToken> {
    Secret::generate()
}

#[divan::bench]
fn checksum_and_digest(bencher: Bencher<'_, '_>) {
    let text = Secret::<kind::ClientSecret>::generate();
    bencher.bench_local(|| {
        let presented = Secret::<kind::ClientSecret>::presented(black_box(text.expose()));
        (presented.body().is_some(), presented.digest())
    });
}

#[divan::bench]
fn id() -> Id {
    Id::new(black_box(NOW))
}

fn interaction() -> Interaction {
    Interaction {
        id: Id::new(NOW),
        began: NOW,
        browser: Some(Digest::from_bytes([7; 32])),
        seed: random(),
        door: Door::Standard,
        params: params(AUTHORIZE),
        signed: false,
    }
}

#[divan::bench]
fn seal_an_interaction(bencher: Bencher<'_, '_>) {
    let (keys, interaction) = (keyring(), interaction());
    bencher.bench_local(|| interaction.seal(&keys));
}

#[divan::bench]
fn open_an_interaction(bencher: Bencher<'_, '_>) {
    let (keys, interaction) = (keyring(), interaction());
    let sealed = interaction.seal(&keys);
    bencher.bench_local(|| Interaction::open(black_box(&sealed), interaction.browser, &keys, LATER).expect("its own"));
}

/// What is sealed in the database, as long as it is there.
const AT_REST: [Purpose; 3] = [Purpose::SigningKey, Purpose::EncryptionKey, Purpose::ClientSecret];

fn at_rest(purpose: Purpose) -> Vec<u8> {
    match purpose {
        Purpose::SigningKey => SigningKey::generate_pkcs8(Algorithm::Es256).expect("a key"),
        Purpose::EncryptionKey => KeyFamily::Rsa.generate().expect("a key").1,
        _ => Secret::<kind::ClientSecret>::generate_long().expose().into(),
    }
}

#[divan::bench(args = AT_REST)]
fn seal_at_rest(bencher: Bencher<'_, '_>, purpose: Purpose) {
    let (keys, plain) = (keyring(), at_rest(purpose));
    bencher.bench_local(|| keys.seal(purpose, b"2026-11-21-abcd", black_box(&plain)));
}

#[divan::bench(args = AT_REST)]
fn open_at_rest(bencher: Bencher<'_, '_>, purpose: Purpose) {
    let (keys, plain) = (keyring(), at_rest(purpose));
    let sealed = keys.seal(purpose, b"2026-11-21-abcd", &plain);
    bencher.bench_local(|| keys.open(purpose, b"2026-11-21-abcd", black_box(&sealed)).expect("its own"));
}
