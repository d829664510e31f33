//! Tokens, by algorithm.

use countersign::{
    jose::{self, Algorithm, MacAlgorithm, MacKey, PublicKey},
    protocol::{
        acr,
        claims::{self, Person, Profile},
        token::{
            access_token::{self, Claims},
            id_token::{self, PersonClaims},
        },
    },
    secret::Id,
};
use divan::{Bencher, black_box};

use super::{CLIENT_ID, GRANTED, ISSUER, NOW, SUBJECT, key, scope, scopes, token};

#[divan::bench(args = Algorithm::ALL.iter().copied())]
fn signing(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let (key, token) = (key(algorithm), token());
    let claims = token.to_claims(ISSUER);
    bencher.bench_local(|| jose::sign(&key, access_token::TYP, &claims).expect("a token"));
}

#[divan::bench(args = Algorithm::ALL.iter().copied())]
fn verifying(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let key = key(algorithm);
    let public: PublicKey = key.public().expect("its public half");
    let token = jose::sign(&key, access_token::TYP, &token().to_claims(ISSUER)).expect("a token");
    bencher.bench_local(|| jose::verify::<Claims>(&public, access_token::TYP, black_box(&token)).expect("its own"));
}

fn mac(algorithm: MacAlgorithm) -> MacKey {
    MacKey::new(algorithm, &[7; 64]).expect("long enough")
}

#[divan::bench(args = MacAlgorithm::ALL.iter().copied())]
fn signing_with_a_secret(bencher: Bencher<'_, '_>, algorithm: MacAlgorithm) {
    let (key, token) = (mac(algorithm), token());
    let claims = token.to_claims(ISSUER);
    bencher.bench_local(|| jose::sign(&key, access_token::TYP, &claims).expect("a token"));
}

#[divan::bench(args = MacAlgorithm::ALL.iter().copied())]
fn verifying_with_a_secret(bencher: Bencher<'_, '_>, algorithm: MacAlgorithm) {
    let key = mac(algorithm);
    let token = jose::sign(&key, access_token::TYP, &token().to_claims(ISSUER)).expect("a token");
    bencher.bench_local(|| jose::verify::<Claims>(&key, access_token::TYP, black_box(&token)).expect("its own"));
}

/// Everything but a signature.
#[divan::bench]
fn unsigned(bencher: Bencher<'_, '_>) {
    let token = token();
    let claims = token.to_claims(ISSUER);
    bencher.bench_local(|| jose::sign(jose::Signer::Unsecured, access_token::TYP, &claims).expect("a token"));
}

/// An ID token beside an access token: what it says of the person, its hashes, everything but a signature.
#[divan::bench]
fn unsigned_id_token(bencher: Bencher<'_, '_>) {
    let (scopes, scope, session, profile) = (scopes(), scope(GRANTED), Id::new(NOW), Profile::default());
    let person = Person {
        name: Some("Ada Lovelace"),
        username: "ada",
        email: Some("ada@example.com"),
        email_verified: true,
        updated_at: NOW.unix_seconds(),
        profile: &profile,
    };
    let access_token = jose::sign(&key(Algorithm::Es256), access_token::TYP, &token().to_claims(ISSUER));
    let (access_token, amr) = (access_token.expect("a token"), ["pwd".to_owned()]);
    bencher.bench_local(|| {
        let names = scopes.claims(&scope).filter(|name| claims::is_in_every_id_token(name, &profile));
        let claims = id_token::Claims {
            iss: ISSUER,
            person: PersonClaims { sub: SUBJECT.to_owned(), claims: person.claims(names) },
            aud: CLIENT_ID,
            exp: NOW.unix_seconds() + 3600,
            iat: NOW.unix_seconds(),
            auth_time: NOW.unix_seconds(),
            amr: &amr,
            acr: acr::of("pwd"),
            nonce: Some("n-0S6_WzA2Mj"),
            at_hash: Some(jose::half_hash(Algorithm::Es256, &access_token)),
            c_hash: None,
            s_hash: None,
            sid: Some(id_token::sid(session, CLIENT_ID)),
        };
        jose::sign(jose::Signer::Unsecured, id_token::TYP, &claims).expect("a token")
    });
}

/// `at_hash` and the like, with each of the hashes.
#[divan::bench(args = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512])]
fn half_hash(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let token = jose::sign(&key(Algorithm::Es256), access_token::TYP, &token().to_claims(ISSUER)).expect("a token");
    bencher.bench_local(|| jose::half_hash(algorithm, black_box(&token)));
}
