//! Browsers that signed in before (PROTOCOL R-g1): judged by their own failures, so that strangers cannot lock anybody
//! out. What they carry is sealed and opens no door.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Ts,
    secret::{Keyring, Purpose, random},
};

/// How long a browser is known after its last sign-in, in seconds.
pub const LIFETIME_SECONDS: i64 = 90 * 24 * 3600;
const ACCOUNTS: usize = 5;
const CONTEXT: &[u8] = b"device";
const MAX_BYTES: usize = 2048;

/// The accounts this browser signed in to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device(Vec<Known>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    user: i64,
    id: [u8; 16],
    at: i64,
}

impl Device {
    /// From the cookie; an unreadable one is a browser nobody knows.
    #[must_use]
    pub fn open(sealed: Option<&str>, keys: &Keyring, now: Ts) -> Self {
        let Some(sealed) = sealed.filter(|text| text.len() <= MAX_BYTES) else { return Self::default() };
        let plain = B64.decode(sealed).ok().and_then(|bytes| keys.open(Purpose::Device, CONTEXT, &bytes).ok());
        let mut device: Self = plain.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default();
        device.0.retain(|known| now.seconds_since(Ts::from_unix_seconds(known.at)) < LIFETIME_SECONDS);
        device
    }

    /// For the cookie.
    #[must_use]
    pub fn seal(&self, keys: &Keyring) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        B64.encode(keys.seal(Purpose::Device, CONTEXT, &plain))
    }

    /// The name under which this browser's failures for a person are counted, if it signed in as them before.
    #[must_use]
    pub fn failure_key(&self, user: i64, keys: &Keyring) -> Option<[u8; 32]> {
        let known = self.0.iter().find(|known| known.user == user)?;
        Some(keys.failure_key(&[b"device", &known.id, &user.to_be_bytes()]))
    }

    /// This browser has signed in as `user` now; the latest few accounts are kept.
    #[must_use]
    pub fn signed_in(mut self, user: i64, now: Ts) -> Self {
        let before = self.0.iter().find(|known| known.user == user).map(|known| known.id);
        self.0.retain(|known| known.user != user);
        self.0.insert(0, Known { user, id: before.unwrap_or_else(random), at: now.unix_seconds() });
        self.0.truncate(ACCOUNTS);
        self
    }
}
