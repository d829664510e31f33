use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeyPairComponents, KeySize},
};
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn part(jwk: &Value, name: &str) -> Vec<u8> {
    B64.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// The private half of a published example's key.
fn private(jwk: &Value) -> DecryptionKey {
    if let Some((curve, _)) = agreement_key(jwk) {
        return DecryptionKey::Agreement(PrivateKey::from_private_key(curve, &part(jwk, "d")).unwrap());
    }
    let get = |name| part(jwk, name);
    let pair = KeyPair::from_components(&KeyPairComponents {
        public_key: RsaPublicKeyComponents { n: get("n"), e: get("e") },
        d: get("d"),
        p: get("p"),
        q: get("q"),
        dP: get("dp"),
        dQ: get("dq"),
        qInv: get("qi"),
    });
    let pkcs8: Pkcs8V1Der<'_> = pair.unwrap().as_der().unwrap();
    DecryptionKey::from_pkcs8(KeyFamily::Rsa, pkcs8.as_ref()).unwrap()
}

#[test]
fn the_published_examples_open_and_with_one_byte_changed_they_do_not() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("../../../tests/vectors/jwe.json")).unwrap();
    assert_eq!(examples.len(), 4);
    for example in examples {
        let text = |name: &str| example[name].as_str().unwrap();
        let (algorithm, content) =
            (KeyAlgorithm::parse(text("alg")).unwrap(), ContentAlgorithm::parse(text("enc")).unwrap());
        let (key, token) = (private(&example["jwk"]), text("compact"));
        let plain = STANDARD.decode(text("plain")).unwrap();
        assert_eq!(decrypt(&key, algorithm, content, token), Ok(plain), "{}", text("source"));
        let parts: Vec<&str> = token.split('.').collect();
        for at in 0..5 {
            let mut changed: Vec<String> = parts.iter().map(ToString::to_string).collect();
            let mut bytes = B64.decode(parts[at]).unwrap();
            match bytes.last_mut() {
                Some(byte) => *byte ^= 1,
                None => bytes.push(1),
            }
            changed[at] = B64.encode(bytes);
            assert_eq!(decrypt(&key, algorithm, content, &changed.join(".")), Err(Sealed), "{} {at}", text("source"));
        }
    }
}

#[test]
fn the_example_of_rfc_7518_appendix_c_gives_its_key() {
    let ephemeral = json!({
        "kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps", "d": "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"
    });
    let bob = json!({
        "kty": "EC", "crv": "P-256", "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck", "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"
    });
    let header: Header = serde_json::from_value(json!({
        "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i"
    }))
    .unwrap();
    for (own, other) in [(&ephemeral, &bob), (&bob, &ephemeral)] {
        let DecryptionKey::Agreement(own) = private(own) else { panic!("no key to agree with") };
        let (_, theirs) = agreement_key(other).unwrap();
        assert_eq!(B64.encode(agree(&own, &theirs, &header).unwrap()), "VqqN6vgjbSBcIijNcacQGg");
    }
}

/// A key pair of each kind: the JWK and its private half.
fn pairs() -> &'static [(Value, DecryptionKey)] {
    static PAIRS: std::sync::OnceLock<Vec<(Value, DecryptionKey)>> = std::sync::OnceLock::new();
    PAIRS.get_or_init(|| {
        let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let public = aws_lc_rs::signature::KeyPair::public_key(&rsa);
        let half = |io: aws_lc_rs::io::Positive<'_>| B64.encode(io.big_endian_without_leading_zero());
        let jwk = json!({"kty": "RSA", "kid": "r", "n": half(public.modulus()), "e": half(public.exponent())});
        let mut all = vec![(jwk, DecryptionKey::from_pkcs8(KeyFamily::Rsa, pkcs8.as_ref()).unwrap())];
        for curve in [&ECDH_P256, &ECDH_P384, &ECDH_P521, &X25519] {
            let own = PrivateKey::generate(curve).unwrap();
            all.push((public_jwk(&own).unwrap(), DecryptionKey::Agreement(own)));
        }
        all
    })
}

#[test]
fn what_was_encrypted_for_a_key_opens_with_it_by_its_own_algorithms_and_no_other() {
    for (jwk, own) in pairs() {
        for algorithm in KeyAlgorithm::ALL {
            for content in ContentAlgorithm::ALL {
                let made = encrypt(jwk, *algorithm, *content, Some("JWT"), b"something signed");
                assert_eq!(made.is_ok(), algorithm.oaep().is_some() == (jwk["kty"] == "RSA"), "{algorithm:?} {jwk}");
                let Ok(token) = made else { continue };
                assert_eq!(token.split('.').count(), 5);
                assert_eq!(decrypt(own, *algorithm, *content, &token).unwrap(), b"something signed");
                let header: Value =
                    serde_json::from_slice(&B64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
                assert_eq!((&header["cty"], header.get("kid")), (&json!("JWT"), jwk.get("kid")));
                for (_, other) in pairs().iter().filter(|(other, _)| other != jwk) {
                    assert_eq!(decrypt(other, *algorithm, *content, &token), Err(Sealed));
                }
                for other in KeyAlgorithm::ALL.iter().filter(|other| *other != algorithm) {
                    assert_eq!(decrypt(own, *other, *content, &token), Err(Sealed));
                }
                for other in ContentAlgorithm::ALL.iter().filter(|other| *other != content) {
                    assert_eq!(decrypt(own, *algorithm, *other, &token), Err(Sealed));
                }
            }
        }
    }
}

#[test]
fn a_key_of_ours_is_read_again_from_what_was_written_down_and_is_of_its_family_alone() {
    for family in KeyFamily::ALL {
        let (public, pkcs8) = family.generate().unwrap();
        let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
        assert!(private.iter().all(|name| public.get(name).is_none()), "{public}");
        let own = DecryptionKey::from_pkcs8(*family, &pkcs8).unwrap();
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.fits(&public), algorithm.family() == *family);
            let Ok(token) = encrypt(&public, *algorithm, ContentAlgorithm::A256Gcm, None, b"x") else { continue };
            assert_eq!(decrypt(&own, *algorithm, ContentAlgorithm::A256Gcm, &token).unwrap(), b"x");
            let label = peek(&token).unwrap();
            assert_eq!((label.algorithm, label.content), (*algorithm, ContentAlgorithm::A256Gcm));
        }
        assert_eq!(KeyFamily::parse(family.name()), Some(*family));
        for other in KeyFamily::ALL.iter().filter(|other| *other != family) {
            assert!(DecryptionKey::from_pkcs8(*other, &pkcs8).is_err());
        }
        assert!(DecryptionKey::from_pkcs8(*family, &pkcs8[1..]).is_err());
    }
    assert_eq!(KeyFamily::parse("ECDH-ES+A256KW"), Some(KeyFamily::Agreement));
    assert_eq!(KeyFamily::parse("dir"), None);
}

#[test]
fn weak_keys_compression_and_extensions_are_refused() {
    let weak = json!({"kty": "RSA", "n": B64.encode([0xc1; 128]), "e": "AQAB"});
    assert!(encrypt(&weak, KeyAlgorithm::RsaOaep, ContentAlgorithm::A128Gcm, None, b"x").is_err());
    // a point that is on no curve
    let half = B64.encode([1; 32]);
    let nowhere = json!({"kty": "EC", "crv": "P-256", "x": half, "y": half});
    assert!(encrypt(&nowhere, KeyAlgorithm::EcdhEs, ContentAlgorithm::A128Gcm, None, b"x").is_err());
    let (jwk, own) = &pairs()[1];
    let (algorithm, content) = (KeyAlgorithm::EcdhEs, ContentAlgorithm::A128Gcm);
    let token = encrypt(jwk, algorithm, content, None, b"x").unwrap();
    let (protected, rest) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&B64.decode(protected).unwrap()).unwrap();
    for (name, value) in
        [("zip", json!("DEF")), ("crit", json!(["exp"])), ("alg", json!("dir")), ("enc", json!("A192GCM"))]
    {
        let mut changed = header.clone();
        changed[name] = value;
        let changed = format!("{}.{rest}", B64.encode(changed.to_string()));
        assert_eq!(decrypt(own, algorithm, content, &changed), Err(Sealed), "{name}");
    }
    for mangled in [format!("{token}."), token.replacen('.', "..", 1), protected.to_owned(), String::new()] {
        assert_eq!(decrypt(own, algorithm, content, &mangled), Err(Sealed));
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_and_any_content_comes_back(text in "\\PC{0,200}", plain in prop::collection::vec(any::<u8>(), 0..200)) {
        let (jwk, own) = &pairs()[1];
        for content in ContentAlgorithm::ALL {
            prop_assert_eq!(decrypt(own, KeyAlgorithm::EcdhEs, *content, &text), Err(Sealed));
            let token = encrypt(jwk, KeyAlgorithm::EcdhEs, *content, None, &plain).unwrap();
            prop_assert_eq!(&decrypt(own, KeyAlgorithm::EcdhEs, *content, &token).unwrap(), &plain);
        }
    }
}
