//! Encrypted tokens, as long as ID tokens: by how the key of the content is sent, and by how the content is encrypted.

use countersign::jose::jwe::{self, ContentAlgorithm, DecryptionKey, KeyAlgorithm};
use divan::{Bencher, black_box};

const PLAIN: &[u8] = &[b'x'; 700];

fn encrypt(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm, content: ContentAlgorithm) {
    let (public, _) = algorithm.family().generate().expect("a key");
    bencher.bench_local(|| jwe::encrypt(&public, algorithm, content, Some("JWT"), black_box(PLAIN)).expect("a token"));
}

fn decrypt(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm, content: ContentAlgorithm) {
    let (public, private) = algorithm.family().generate().expect("a key");
    let private = DecryptionKey::from_pkcs8(algorithm.family(), &private).expect("a key");
    let token = jwe::encrypt(&public, algorithm, content, Some("JWT"), PLAIN).expect("a token");
    bencher.bench_local(|| jwe::decrypt(&private, algorithm, content, black_box(&token)).expect("for us"));
}

#[divan::bench(args = KeyAlgorithm::ALL.iter().copied())]
fn encrypting(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    encrypt(bencher, algorithm, ContentAlgorithm::A128CbcHs256);
}

#[divan::bench(args = KeyAlgorithm::ALL.iter().copied())]
fn decrypting(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    decrypt(bencher, algorithm, ContentAlgorithm::A128CbcHs256);
}

#[divan::bench(args = ContentAlgorithm::ALL.iter().copied())]
fn encrypting_by_content(bencher: Bencher<'_, '_>, content: ContentAlgorithm) {
    encrypt(bencher, KeyAlgorithm::EcdhEs, content);
}

#[divan::bench(args = ContentAlgorithm::ALL.iter().copied())]
fn decrypting_by_content(bencher: Bencher<'_, '_>, content: ContentAlgorithm) {
    decrypt(bencher, KeyAlgorithm::EcdhEs, content);
}
