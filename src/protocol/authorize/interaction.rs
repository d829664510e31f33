//! An authorize request that waits for a person, sealed into the page that shows it (PROTOCOL R-b).
//!
//! It holds only what never changes. Opening it yields parameters, not trust: every check runs again at every step.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Ts,
    protocol::{
        dialect::{Dialect, Door},
        params::{Params, Repeatable},
    },
    secret::{Digest, Id, Keyring, Purpose, kind::Browser},
};

/// How long an interaction waits, in seconds.
pub const LIFETIME_SECONDS: i64 = 3600;
/// How far one instance's clock may be ahead of another's, in seconds.
const CLOCKS_DIFFER_SECONDS: i64 = 60;
/// The longest sealed text that is opened, in bytes.
pub const MAX_SEALED_BYTES: usize = 56 * 1024;
/// The longest sealed text that fits into a URL through common proxies, in bytes (PROTOCOL P10).
pub const MAX_URL_BYTES: usize = 3 * 1024;

const VERSION: u8 = 1;
const CONTEXT: &[u8] = b"interaction";

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Unique among answers: the first decision wins.
    pub id: Id,
    /// When it began; a demanded sign-in must be later.
    pub began: Ts,
    /// The browser it belongs to; `None` until the browser's cookie was seen (a POST from another site has none).
    pub browser: Option<Digest<Browser>>,
    /// What its code will be made from, so that a repeated answer is the same answer.
    pub seed: [u8; 32],
    /// By which way it came in: the answer goes out in the same manner.
    pub door: Door,
    /// The request's parameters; those of its request object, once that was read.
    pub params: Params,
    /// Did they come in a request object that the client signed?
    pub signed: bool,
}

/// Why it does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// Damaged, forged, from another server, or from a release that sealed otherwise.
    Broken,
    /// More than an hour old.
    Stale,
    /// Opened in a browser that has no cookie of ours.
    CookieMissing,
    /// Opened in another browser.
    Foreign,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    v: u8,
    id: [u8; 16],
    began: i64,
    browser: Option<[u8; 32]>,
    seed: [u8; 32],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dialect: Option<Dialect>,
    params: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    signed: bool,
}

impl Interaction {
    /// Seals; the text is URL-safe.
    #[must_use]
    pub fn seal(&self, keys: &Keyring) -> String {
        let sealed = Sealed {
            v: VERSION,
            id: *self.id.as_bytes(),
            began: self.began.micros(),
            browser: self.browser.map(|digest| *digest.as_bytes()),
            seed: self.seed,
            dialect: self.door.dialect(),
            params: self.params.to_form(),
            signed: self.signed,
        };
        let plain = serde_json::to_vec(&sealed).unwrap_or_default();
        B64.encode(keys.seal(Purpose::Interaction, CONTEXT, &plain))
    }

    /// Opens what [`Interaction::seal`] made, in the browser it was made for.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(sealed: &str, browser: Option<Digest<Browser>>, keys: &Keyring, now: Ts) -> Result<Self, Unopened> {
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(Unopened::Broken);
        }
        let bytes = B64.decode(sealed).map_err(|_| Unopened::Broken)?;
        let plain = keys.open(Purpose::Interaction, CONTEXT, &bytes).map_err(|_| Unopened::Broken)?;
        let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| Unopened::Broken)?;
        if sealed.v != VERSION {
            return Err(Unopened::Broken);
        }
        let began = Ts::from_micros(sealed.began);
        // one from the future is from before the clock was set back: it would outlive the row that its answer leaves
        if !(-CLOCKS_DIFFER_SECONDS..LIFETIME_SECONDS).contains(&now.seconds_since(began)) {
            return Err(Unopened::Stale);
        }
        let bound = sealed.browser.map(Digest::from_bytes);
        match (bound, browser) {
            (Some(_), None) => return Err(Unopened::CookieMissing),
            (Some(bound), Some(found)) if bound != found => return Err(Unopened::Foreign),
            _ => {}
        }
        let params = Params::from_form(sealed.params.as_bytes(), Repeatable::Protocol).map_err(|_| Unopened::Broken)?;
        let door = sealed.dialect.map_or(Door::Standard, Door::Dialect);
        let Sealed { seed, signed, .. } = sealed;
        Ok(Self { id: Id::from_bytes(sealed.id), began, browser: bound, seed, door, params, signed })
    }
}

#[cfg(test)]
mod tests;
