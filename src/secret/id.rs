//! Ids of rows: 16 bytes, made by the program.

use crate::clock::Ts;

/// A `UUIDv7` (RFC 9562 §5.7): ordered by time, to the microsecond, and not to be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// A new one, made at `now`. The fraction of the millisecond stands in `rand_a` (RFC 9562 §6.2, method 3).
    #[must_use]
    pub fn new(now: Ts) -> Self {
        let micros = u64::try_from(now.micros()).unwrap_or_default();
        let (millis, below) = (micros / 1000, micros % 1000);
        let fraction = (below * 4096).div_ceil(1000);
        let mut rest: [u8; 10] = super::random();
        let ([first, second, ..], [.., high, low]) = (&mut rest, fraction.to_be_bytes());
        (*first, *second) = (high, low);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid().into_bytes())
    }

    /// As stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// As stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The instant it was made (PROTOCOL P35: finer than `iat`).
    #[must_use]
    pub fn made_at(self) -> Ts {
        let millis = self.0.iter().take(6).fold(0, |millis, byte| (millis << 8) | u64::from(*byte));
        let [.., high, low, _, _, _, _, _, _, _, _] = self.0;
        let fraction = u64::from(u16::from_be_bytes([high & 0x0f, low]));
        let micros = millis.saturating_mul(1000).saturating_add(fraction * 1000 / 4096);
        Ts::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Hyphenated, as in `jti`, logs and the command line.
    #[must_use]
    pub fn to_text(self) -> String {
        uuid::Uuid::from_bytes(self.0).to_string()
    }

    /// From the hyphenated form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|id| Self(id.into_bytes()))
    }
}

/// A person's `sub`: a random `UUIDv4`, never changed or reused.
#[must_use]
pub fn random_subject() -> String {
    subject_from(&super::random())
}

/// Could this be a person's `sub`, in whatever letters?
#[must_use]
pub fn is_like_a_subject(text: &str) -> bool {
    text.len() == uuid::fmt::Hyphenated::LENGTH && uuid::Uuid::try_parse(text).is_ok()
}

/// A person's `sub` from bytes that are as good as random.
#[must_use]
pub fn subject_from(seed: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    for (byte, seed) in bytes.iter_mut().zip(seed) {
        *byte = *seed;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
