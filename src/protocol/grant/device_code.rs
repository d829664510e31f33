//! The device authorization grant (RFC 8628): user codes, and what a device that asks is told.

use super::Standing;
use crate::{
    clock::Ts,
    protocol::{Refusal, params::Params},
    secret::{Secret, kind},
};

/// By how many seconds a device that asks too soon has to wait longer from then on (RFC 8628 §3.5).
pub const SLOWER_SECONDS: i64 = 5;
/// Microseconds by which a device may be early: clocks and networks are not that exact.
pub const LEEWAY_MICROS: i64 = 500_000;
/// A question within so many microseconds of another is the same one, asked twice.
const AGAIN_MICROS: u64 = 1_000_000;
/// How often one code's question is shown, to whomever; a code that is looked at more often is being tried out.
pub const MOST_SHOWN: i64 = 10;
/// Wrong codes that a person may enter before waiting.
pub const FREE_TRIES: i64 = 5;
/// The person must have signed in so recently, in seconds, to be asked: whoever is sent a link by a stranger should
/// notice what they are doing.
pub const FRESH_SECONDS: i64 = 300;
/// How long a row outlives its codes, in seconds, so that a device learns that they have expired.
pub const TOLD_SECONDS: i64 = 600;

/// Consonants that are not taken for one another (RFC 8628 §6.1): 20⁸ codes, 34.5 bits.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a user code.
const LENGTH: usize = 8;

/// What the person types in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// From random bytes, of which those that would favour some letters are passed over; `None` when too many were.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fair = bytes.iter().filter(|byte| **byte < 240);
        let letters = fair.filter_map(|byte| LETTERS.get(usize::from(byte % 20)).copied().map(char::from));
        let code: String = letters.take(LENGTH).collect();
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// As somebody typed it: case, spaces and hyphens do not matter (RFC 8628 §6.1). `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = String::with_capacity(LENGTH);
        for letter in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}')) {
            let letter = letter.to_ascii_uppercase();
            if !u8::try_from(letter).is_ok_and(|letter| LETTERS.contains(&letter)) || code.len() == LENGTH {
                return None;
            }
            code.push(letter);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// The letters alone.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// For people: `BCDF-GHJK`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LENGTH / 2);
        format!("{first}-{second}")
    }
}

/// The code a device asks with (RFC 8628 §3.4).
///
/// # Errors
/// [`Refusal::ParameterMissing`]; [`Refusal::DeviceCodeUnknown`] for what was never one of ours.
pub fn parse(params: &Params) -> Result<Secret<kind::DeviceCode>, Refusal> {
    let code = Secret::presented(params.need("device_code")?);
    if code.body().is_some() { Ok(code) } else { Err(Refusal::DeviceCodeUnknown) }
}

/// What is known of a device code.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// Whose it is.
    pub client_id: &'a str,
    /// When it ends.
    pub expires_at: Ts,
    /// Has somebody answered?
    pub decided: bool,
    /// Of grant, person and client, when the answer was yes.
    pub standing: Option<Standing>,
    /// When the tokens were given out.
    pub used_at: Option<Ts>,
}

/// What a device gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Nothing yet.
    Waiting,
    /// Tokens, if nobody was faster.
    Granted,
}

/// Judges a device's question (RFC 8628 §3.5). Another client's code is refused without effect.
///
/// # Errors
/// [`Refusal`].
pub fn check(kept: &Kept<'_>, client_id: &str, now: Ts) -> Result<Checked, Refusal> {
    if kept.client_id != client_id {
        return Err(Refusal::DeviceCodeOfAnotherClient);
    }
    if kept.used_at.is_some() {
        return Err(Refusal::DeviceCodeSpent);
    }
    if kept.decided && kept.standing.is_none() {
        return Err(Refusal::Denied);
    }
    if kept.expires_at <= now {
        return Err(Refusal::DeviceCodeExpired);
    }
    match kept.standing {
        None => Ok(Checked::Waiting),
        Some(standing) => standing.check().map(|()| Checked::Granted),
    }
}

/// Is a question the same as the last one, asked twice? By the clock of another instance it may come before it.
#[must_use]
pub const fn is_again(last: Ts, now: Ts) -> bool {
    now.micros().abs_diff(last.micros()) < AGAIN_MICROS
}

#[cfg(test)]
mod tests;
