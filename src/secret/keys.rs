//! Everything derived from `secret_key`: one key a purpose, by HKDF with distinct labels (PROTOCOL R-b5).

use aws_lc_rs::{hkdf, hmac};

use super::{SealKey, Unsealed};

/// `secret_key` is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("secret_key must be at least 32 characters of random text")]
pub struct WeakKey;

/// The keys of one or two `secret_key`s: the first seals, both open.
pub struct Keyring {
    current: Derived,
    former: Option<Derived>,
}

struct Derived {
    id: [u8; 8],
    check: [u8; 32],
    interaction: SealKey,
    signing_keys: SealKey,
    encryption_keys: SealKey,
    device: SealKey,
    client_secrets: SealKey,
    sealed_pairwise: SealKey,
    csrf: hmac::Key,
    sessions: hmac::Key,
    refresh: hmac::Key,
    refresh_tag: hmac::Key,
    failures: hmac::Key,
    user_codes: hmac::Key,
    pairwise: [u8; 32],
}

/// What a value was sealed for; one key each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An authorize request that waits in a page.
    Interaction,
    /// The private half of a signing key, at rest.
    SigningKey,
    /// The private half of a key that others encrypt with for us, at rest.
    EncryptionKey,
    /// The cookie of a browser that signed in before.
    Device,
    /// The text of a client's secret, at rest, for a client whose algorithms need it.
    ClientSecret,
    /// What pairwise subjects are made with, at rest.
    Pairwise,
}

impl Keyring {
    /// From the configured texts, newest first; more than two are ignored.
    ///
    /// # Errors
    /// [`WeakKey`] when one is shorter than 32 characters or there is none.
    pub fn new<'a>(secret_keys: impl IntoIterator<Item = &'a str>) -> Result<Self, WeakKey> {
        let mut keys = secret_keys.into_iter().map(Derived::new);
        let current = keys.next().ok_or(WeakKey)??;
        Ok(Self { current, former: keys.next().transpose()? })
    }

    /// Names the key that seals; stored beside what it made.
    #[must_use]
    pub fn id(&self) -> [u8; 8] {
        self.current.id
    }

    /// What the database remembers of the current key, so that a wrong one stops the start.
    #[must_use]
    pub fn check(&self) -> [u8; 32] {
        self.current.check
    }

    /// Is `check` that of one of our keys?
    #[must_use]
    pub fn recognises(&self, check: &[u8; 32]) -> bool {
        self.all().any(|key| key.check == *check)
    }

    /// Seals under the current key.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        self.current.sealer(purpose).seal(context, plain)
    }

    /// Opens what either key sealed.
    ///
    /// # Errors
    /// [`Unsealed`] for anything else.
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealed> {
        self.all().find_map(|key| key.sealer(purpose).open(context, sealed).ok()).ok_or(Unsealed)
    }

    /// Are there two, of which the first takes the place of the second?
    #[must_use]
    pub const fn has_former(&self) -> bool {
        self.former.is_some()
    }

    /// What the former key sealed, sealed under the current one; `None`: it is so already.
    ///
    /// # Errors
    /// [`Unsealed`] when neither opens it.
    pub fn reseal(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, Unsealed> {
        if self.current.sealer(purpose).open(context, sealed).is_ok() {
            return Ok(None);
        }
        let plain = self.open(purpose, context, sealed)?;
        Ok(Some(self.seal(purpose, context, &plain)))
    }

    /// MAC of a form's CSRF value.
    #[must_use]
    pub fn csrf(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.current.csrf, parts)
    }

    /// The MACs by which such a value is recognised, the current key's first: another instance may have the other key first.
    pub fn csrfs<'a>(&'a self, parts: &'a [&'a [u8]]) -> impl Iterator<Item = [u8; 32]> + 'a {
        self.all().map(move |key| mac(&key.csrf, parts))
    }

    /// What the secret of a session is made from where it follows from another one.
    #[must_use]
    pub fn session(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.current.sessions, parts)
    }

    /// The same under each key, the current one's first.
    pub fn sessions<'a>(&'a self, parts: &'a [&'a [u8]]) -> impl Iterator<Item = [u8; 32]> + 'a {
        self.all().map(move |key| mac(&key.sessions, parts))
    }

    /// The name under which failures of a name, an address or a device are counted.
    #[must_use]
    pub fn failure_key(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.current.failures, parts)
    }

    /// Derives a refresh token's successor under the key that `id` names; `None` when that key is gone.
    #[must_use]
    pub fn refresh(&self, id: [u8; 8], parts: &[&[u8]]) -> Option<[u8; 32]> {
        self.all().find(|key| key.id == id).map(|key| mac(&key.refresh, parts))
    }

    /// The tags by which a refresh token is recognised, the current key's first.
    pub fn refresh_tags<'a>(&'a self, parts: &'a [&'a [u8]]) -> impl Iterator<Item = [u8; 32]> + 'a {
        self.all().map(move |key| mac(&key.refresh_tag, parts))
    }

    /// What is stored of a device's user code, which is too short for a digest; the current key's first.
    pub fn user_codes<'a>(&'a self, code: &'a [u8]) -> impl Iterator<Item = [u8; 32]> + 'a {
        self.all().map(move |key| mac(&key.user_codes, &[code]))
    }

    /// What an installation begins with to make pairwise subjects. Kept from then on: subjects stay when this key goes.
    #[must_use]
    pub const fn first_pairwise_key(&self) -> [u8; 32] {
        self.current.pairwise
    }

    fn all(&self) -> impl Iterator<Item = &Derived> {
        std::iter::once(&self.current).chain(&self.former)
    }
}

impl Derived {
    fn new(secret_key: &str) -> Result<Self, WeakKey> {
        let text = secret_key.trim();
        if text.len() < 32 {
            return Err(WeakKey);
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign 1").extract(text.as_bytes());
        let hmac_key = |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, &expand(&root, purpose));
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(expand(&root, b"id")) {
            *to = from;
        }
        Ok(Self {
            id,
            check: expand(&root, b"check"),
            interaction: SealKey::derive(&root, b"interaction"),
            signing_keys: SealKey::derive(&root, b"signing keys"),
            encryption_keys: SealKey::derive(&root, b"encryption keys"),
            device: SealKey::derive(&root, b"device"),
            client_secrets: SealKey::derive(&root, b"client secrets"),
            sealed_pairwise: SealKey::derive(&root, b"pairwise at rest"),
            csrf: hmac_key(b"csrf"),
            sessions: hmac_key(b"sessions"),
            refresh: hmac_key(b"refresh"),
            refresh_tag: hmac_key(b"refresh tag"),
            failures: hmac_key(b"failures"),
            user_codes: hmac_key(b"user codes"),
            pairwise: expand(&root, b"pairwise subjects"),
        })
    }

    const fn sealer(&self, purpose: Purpose) -> &SealKey {
        match purpose {
            Purpose::Interaction => &self.interaction,
            Purpose::SigningKey => &self.signing_keys,
            Purpose::EncryptionKey => &self.encryption_keys,
            Purpose::Device => &self.device,
            Purpose::ClientSecret => &self.client_secrets,
            Purpose::Pairwise => &self.sealed_pairwise,
        }
    }
}

pub(super) fn expand(root: &hkdf::Prk, purpose: &[u8]) -> [u8; 32] {
    let info = [purpose];
    let mut bytes = [0; 32];
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes")]
    root.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes)).expect("32 bytes");
    bytes
}

/// Every part goes in with its length, so that no two lists of parts look alike.
fn mac(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.sign().as_ref());
    bytes
}
