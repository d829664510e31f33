//! Encrypted tokens in the compact form (RFC 7516), by the algorithms of RFC 7518 §4 and §5 that aws-lc-rs has. Neither
//! `RSA1_5` nor compression: both have let readers be asked what is inside.

mod content;
mod own_key;

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, X25519},
    digest,
    key_wrap::{AES_128, AES_256, AesKek, KeyWrap},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
        PublicEncryptingKey,
    },
    signature::RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BadKey, jwk::RSA_BYTES};
pub use content::ContentAlgorithm;
pub use own_key::KeyFamily;

/// How the key of the content reaches the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSAES OAEP with its default parameters, SHA-1 among them, which OAEP does not depend on.
    RsaOaep,
    /// RSAES OAEP with SHA-256.
    RsaOaep256,
    /// A key both sides agree on is the content's.
    EcdhEs,
    /// It wraps the content's, with AES-128.
    EcdhEsA128Kw,
    /// It wraps the content's, with AES-256.
    EcdhEsA256Kw,
}

/// How something is encrypted for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// How its key reaches the reader.
    pub key: KeyAlgorithm,
    /// How the content is encrypted.
    pub content: ContentAlgorithm,
}

impl Encryption {
    /// As registered: `A128CBC-HS256` where only the first is (OIDC Registration §2).
    #[must_use]
    pub fn of(key: Option<KeyAlgorithm>, content: Option<ContentAlgorithm>) -> Option<Self> {
        key.map(|key| Self { key, content: content.unwrap_or(ContentAlgorithm::A128CbcHs256) })
    }
}

/// Not a token that this key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not encrypted for this key")]
pub struct Sealed;

/// The private half of an encryption key.
pub enum DecryptionKey {
    /// For OAEP.
    Rsa(OaepPrivateDecryptingKey),
    /// For key agreement.
    Agreement(PrivateKey),
}

/// What an encrypted token says of itself; nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// How it says its key is sent.
    pub algorithm: KeyAlgorithm,
    /// How it says its content is encrypted.
    pub content: ContentAlgorithm,
    /// For which key, if it names one.
    pub kid: Option<String>,
    /// What it says is inside.
    pub cty: Option<String>,
}

/// Headers that mean something here.
#[derive(Serialize, Deserialize)]
struct Header {
    alg: KeyAlgorithm,
    enc: ContentAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apv: Option<String>,
    /// Nothing that has to be understood is (RFC 7516 §4.1.13).
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<Value>,
    /// Nor is anything unpacked: a small token could fill the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<Value>,
}

impl KeyAlgorithm {
    /// Each once, in the order in which metadata list them.
    pub const ALL: &[Self] = &[Self::RsaOaep, Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw];

    /// As registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// From its registered name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// Could this public key, a JWK, be the reader's? Nothing in it forbids that (RFC 7517 §4.2–§4.4).
    #[must_use]
    pub fn fits(self, jwk: &Value) -> bool {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let kind = match self.oaep() {
            Some(_) => text("kty") == Some("RSA") && rsa_components(jwk).is_some(),
            None => agreement_key(jwk).is_some(),
        };
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        let wanted = ["encrypt", "wrapKey", "deriveKey", "deriveBits"];
        kind && text("use").is_none_or(|usage| usage == "enc")
            && text("alg").is_none_or(|name| name == self.name())
            && operations.is_none_or(|all| all.iter().any(|one| wanted.iter().any(|name| one == name)))
    }

    /// What keys it goes with.
    #[must_use]
    pub const fn family(self) -> KeyFamily {
        match self {
            Self::RsaOaep | Self::RsaOaep256 => KeyFamily::Rsa,
            Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw => KeyFamily::Agreement,
        }
    }

    const fn oaep(self) -> Option<&'static OaepAlgorithm> {
        match self {
            Self::RsaOaep => Some(&OAEP_SHA1_MGF1SHA1),
            Self::RsaOaep256 => Some(&OAEP_SHA256_MGF1SHA256),
            Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw => None,
        }
    }

    /// Bytes of the key that wraps the content's; `None` where they are the same.
    const fn wrapping_bytes(self) -> Option<usize> {
        match self {
            Self::EcdhEsA128Kw => Some(16),
            Self::EcdhEsA256Kw => Some(32),
            Self::RsaOaep | Self::RsaOaep256 | Self::EcdhEs => None,
        }
    }
}

super::algorithm::by_name!(KeyAlgorithm, ContentAlgorithm);

/// Encrypts for the owner of a public key, given as a JWK. `cty` is `JWT` for a signed token inside (RFC 7519 §5.2).
///
/// # Errors
/// [`BadKey`] when it is no key of this algorithm.
pub fn encrypt(
    jwk: &Value,
    algorithm: KeyAlgorithm,
    content: ContentAlgorithm,
    cty: Option<&str>,
    plain: &[u8],
) -> Result<String, BadKey> {
    let bad = BadKey(algorithm.name());
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let mut header = Header {
        alg: algorithm,
        enc: content,
        kid: text("kid").map(str::to_owned),
        cty: cty.map(str::to_owned),
        epk: None,
        apu: None,
        apv: None,
        crit: None,
        zip: None,
    };
    let (key, encrypted_key) = if let Some(oaep) = algorithm.oaep() {
        let components = rsa_components(jwk).filter(|_| text("kty") == Some("RSA")).ok_or(bad)?;
        let public: PublicEncryptingKey = components.try_into().map_err(|_| bad)?;
        let public = OaepPublicEncryptingKey::new(public).map_err(|_| bad)?;
        let key = content.fresh_key().ok_or(bad)?;
        let mut encrypted = vec![0; public.ciphertext_size()];
        let encrypted = public.encrypt(oaep, &key, &mut encrypted, None).map_err(|_| bad)?.to_vec();
        (key, encrypted)
    } else {
        let (curve, theirs) = agreement_key(jwk).ok_or(bad)?;
        let ours = PrivateKey::generate(curve).map_err(|_| bad)?;
        header.epk = Some(public_jwk(&ours).ok_or(bad)?);
        agreed_keys(&ours, &theirs, &header).ok_or(bad)?
    };
    let protected = B64.encode(serde_json::to_vec(&header).map_err(|_| bad)?);
    let sealed = content.seal(&key, protected.as_bytes(), plain).ok_or(bad)?;
    let parts = [&encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag].map(|part| B64.encode(part));
    Ok(format!("{protected}.{}", parts.join(".")))
}

/// Reads the header alone, to find the key. `None` for anything that [`decrypt`] would not open with any key.
#[must_use]
pub fn peek(token: &str) -> Option<Label> {
    let (protected, rest) = token.split_once('.')?;
    let Header { alg, enc, kid, cty, .. } = header(protected).filter(|_| rest.split('.').count() == 4)?;
    Some(Label { algorithm: alg, content: enc, kid, cty })
}

/// Opens a token with the one algorithm pair that is expected of its sender (RFC 8725 §3.1).
///
/// # Errors
/// [`Sealed`] for anything else.
pub fn decrypt(
    key: &DecryptionKey,
    algorithm: KeyAlgorithm,
    content: ContentAlgorithm,
    token: &str,
) -> Result<Vec<u8>, Sealed> {
    open(key, algorithm, content, token).ok_or(Sealed)
}

/// The header, if everything in it that has to be understood is.
fn header(protected: &str) -> Option<Header> {
    let header: Header = serde_json::from_slice(&B64.decode(protected).ok()?).ok()?;
    (header.crit.is_none() && header.zip.is_none()).then_some(header)
}

fn open(key: &DecryptionKey, algorithm: KeyAlgorithm, content: ContentAlgorithm, token: &str) -> Option<Vec<u8>> {
    let mut parts = token.split('.');
    let protected = parts.next()?;
    let mut part = || B64.decode(parts.next()?).ok();
    let (encrypted_key, iv, ciphertext, tag) = (part()?, part()?, part()?, part()?);
    let header = header(protected).filter(|_| parts.next().is_none())?;
    if header.alg != algorithm || header.enc != content {
        return None;
    }
    let sent = content_key(key, &header, &encrypted_key).filter(|sent| sent.len() == content.key_bytes());
    // a key that was not sent as it should be is followed by one of our own, which opens nothing: nobody learns, not by the
    // time it takes either, where it went wrong (RFC 7516 §11.5)
    let content_key = sent.or_else(|| content.fresh_key())?;
    content.open(&content_key, protected.as_bytes(), &content::SealedContent { iv, ciphertext, tag })
}

fn content_key(key: &DecryptionKey, header: &Header, encrypted: &[u8]) -> Option<Vec<u8>> {
    match (key, header.alg.oaep()) {
        (DecryptionKey::Rsa(private), Some(oaep)) => {
            let mut plain = vec![0; private.min_output_size()];
            private.decrypt(oaep, encrypted, &mut plain, None).ok().map(|plain| plain.to_vec())
        }
        (DecryptionKey::Agreement(private), None) => {
            let (curve, theirs) = agreement_key(header.epk.as_ref()?)?;
            if curve != private.algorithm() {
                return None;
            }
            let agreed = agree(private, &theirs, header)?;
            if header.alg.wrapping_bytes().is_none() {
                return encrypted.is_empty().then_some(agreed);
            }
            let mut unwrapped = vec![0; encrypted.len().checked_sub(8)?];
            kek(&agreed)?.unwrap(encrypted, &mut unwrapped).ok().map(|plain| plain.to_vec())
        }
        _ => None,
    }
}

/// The content's key, and how it is sent: agreed on alone, or drawn and wrapped.
fn agreed_keys(ours: &PrivateKey, theirs: &[u8], header: &Header) -> Option<(Vec<u8>, Vec<u8>)> {
    let agreed = agree(ours, theirs, header)?;
    if header.alg.wrapping_bytes().is_none() {
        return Some((agreed, Vec::new()));
    }
    let key = header.enc.fresh_key()?;
    let mut wrapped = vec![0; key.len() + 8];
    let wrapped = kek(&agreed)?.wrap(&key, &mut wrapped).ok()?.to_vec();
    Some((key, wrapped))
}

fn kek(bytes: &[u8]) -> Option<AesKek> {
    AesKek::new(if bytes.len() == 16 { &AES_128 } else { &AES_256 }, bytes).ok()
}

/// RFC 7518 §4.6.2: the Concat KDF of NIST SP 800-56A with SHA-256.
fn agree(ours: &PrivateKey, theirs: &[u8], header: &Header) -> Option<Vec<u8>> {
    let info = |text: &Option<String>| text.as_ref().map_or(Some(Vec::new()), |text| B64.decode(text).ok());
    let (id, bytes) = match header.alg.wrapping_bytes() {
        Some(bytes) => (header.alg.name(), bytes),
        None => (header.enc.name(), header.enc.key_bytes()),
    };
    let bits = u32::try_from(bytes * 8).ok()?;
    let mut other = Vec::new();
    for part in [id.as_bytes(), &info(&header.apu)?, &info(&header.apv)?] {
        other.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
        other.extend_from_slice(part);
    }
    other.extend_from_slice(&bits.to_be_bytes());
    let theirs = UnparsedPublicKey::new(ours.algorithm(), theirs);
    agreement::agree(ours, theirs, (), |secret| {
        let mut key = Vec::new();
        for round in 1_u32.. {
            if key.len() >= bytes {
                break;
            }
            let hashed = [&round.to_be_bytes(), secret, &other].concat();
            key.extend_from_slice(digest::digest(&digest::SHA256, &hashed).as_ref());
        }
        key.truncate(bytes);
        Ok(key)
    })
    .ok()
}

/// Neither weak nor made to keep us busy.
fn rsa_components(jwk: &Value) -> Option<RsaPublicKeyComponents<Vec<u8>>> {
    let part = |name: &str| jwk.get(name).and_then(Value::as_str).and_then(|text| B64.decode(text).ok());
    let components = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
    RSA_BYTES.contains(&components.n.len()).then_some(components)
}

/// The curve and the point of a public key for agreement, as the library takes it.
fn agreement_key(jwk: &Value) -> Option<(&'static agreement::Algorithm, Vec<u8>)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let half = |name: &str, bytes: usize| B64.decode(text(name)?).ok().filter(|half| half.len() == bytes);
    let (curve, bytes) = match (text("kty")?, text("crv")?) {
        ("EC", "P-256") => (&ECDH_P256, 32),
        ("EC", "P-384") => (&ECDH_P384, 48),
        ("EC", "P-521") => (&ECDH_P521, 66),
        ("OKP", "X25519") => return Some((&X25519, half("x", 32)?)),
        _ => return None,
    };
    Some((curve, [&[4], half("x", bytes)?.as_slice(), half("y", bytes)?.as_slice()].concat()))
}

fn public_jwk(key: &PrivateKey) -> Option<Value> {
    let public = key.compute_public_key().ok()?;
    let Some(point) = public.as_ref().strip_prefix(&[4]).filter(|_| *key.algorithm() != X25519) else {
        return Some(json!({"kty": "OKP", "crv": "X25519", "x": B64.encode(public.as_ref())}));
    };
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    let curve = match x.len() {
        32 => "P-256",
        48 => "P-384",
        _ => "P-521",
    };
    Some(json!({"kty": "EC", "crv": curve, "x": B64.encode(x), "y": B64.encode(y)}))
}

#[cfg(test)]
mod tests;
