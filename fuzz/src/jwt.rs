//! JWTs wherever one is read (RFC 8725), and what is encrypted around one (RFC 7516).

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::{
    clock::Ts,
    jose::{
        Algorithm, PublicKey, SigningKey,
        jwe::{self, ContentAlgorithm, DecryptionKey, KeyAlgorithm, KeyFamily},
        peek_header, sign, verify,
    },
    protocol::{
        scope::Scope,
        token::access_token::{AccessToken, Claims, TYP},
    },
    secret::Id,
};
use serde_json::Value;

use super::world;

static GENUINE: LazyLock<(PublicKey, String)> = LazyLock::new(|| {
    let pkcs8 = SigningKey::generate_pkcs8(Algorithm::Es256).unwrap();
    let key = SigningKey::from_pkcs8("k".to_owned(), Algorithm::Es256, &pkcs8).unwrap();
    let now = Ts::from_unix_seconds(1_767_225_600);
    let token = AccessToken {
        id: Id::new(now),
        grant: Some(Id::new(now)),
        client_id: "app".to_owned(),
        subject: "ada".to_owned(),
        audience: vec![world::ISSUER.to_owned()],
        scope: Scope::parse("openid").unwrap(),
        issued_at: now,
        expires_at: now.plus_seconds(900),
    };
    let text = sign(&key, TYP, &token.to_claims(world::ISSUER)).unwrap();
    (key.public().unwrap(), text)
});

/// A key that others encrypt with, and something that was.
static ENCRYPTED: LazyLock<(DecryptionKey, String)> = LazyLock::new(|| {
    let (public, private) = KeyFamily::Agreement.generate().unwrap();
    let text = jwe::encrypt(&public, KeyAlgorithm::EcdhEs, ContentAlgorithm::A256Gcm, Some("JWT"), b"inside").unwrap();
    (DecryptionKey::from_pkcs8(KeyFamily::Agreement, &private).unwrap(), text)
});

/// Nothing opens that was not encrypted with the key as it is.
fn stays_sealed(data: &[u8]) {
    let (key, genuine) = &*ENCRYPTED;
    let opens = |text: &str| {
        let Some(label) = jwe::peek(text) else { return false };
        jwe::decrypt(key, label.algorithm, label.content, text).is_ok()
    };
    let text = String::from_utf8_lossy(data);
    assert!(!opens(&text) || text == *genuine);
    if let Some(changed) = super::changed(genuine.as_bytes(), data) {
        let changed = String::from_utf8_lossy(&changed);
        assert!(!opens(&changed), "{changed}");
    }
    let parts: Vec<_> = genuine.split('.').collect();
    let own = B64.encode(data);
    for at in 0..parts.len() {
        let mut forged = parts.clone();
        forged[at] = &own;
        assert!(own == parts[at] || !opens(&forged.join(".")), "{at}: {own}");
    }
    assert!(opens(genuine));
}

/// Nothing verifies that the key did not sign as it is: not a changed token, not one of other parts, not of another kind.
pub fn holds(data: &[u8]) {
    stays_sealed(data);
    let (key, genuine) = &*GENUINE;
    let opens = |text: &str| verify::<Value>(key, TYP, text).is_ok();
    let text = String::from_utf8_lossy(data);
    let _any = peek_header(&text);
    assert!(!opens(&text) || text == *genuine);
    if let Some(changed) = super::changed(genuine.as_bytes(), data) {
        let changed = String::from_utf8_lossy(&changed);
        assert!(!opens(&changed), "{changed}");
    }
    let mut parts = genuine.splitn(3, '.');
    let (header, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let own = B64.encode(data);
    for (forged, differs) in [
        (format!("{own}.{claims}.{signature}"), own != header),
        (format!("{header}.{own}.{signature}"), own != claims),
        (format!("{header}.{claims}.{own}"), own != signature),
        (format!("{own}.{claims}."), true),
    ] {
        let _any = peek_header(&forged);
        assert!(!differs || !opens(&forged), "{forged}");
    }
    assert!(opens(genuine) && verify::<Value>(key, "JWT", genuine).is_err());
    if let Ok(claims) = serde_json::from_slice::<Claims>(data)
        && let Some(token) = AccessToken::from_claims(claims, world::ISSUER)
    {
        assert_eq!(AccessToken::from_claims(token.to_claims(world::ISSUER), world::ISSUER), Some(token));
    }
}
