//! `grant_type=fb_exchange_token` (PROTOCOL R-f5): a token of two hours for one of sixty days, counted from the person's
//! approval, so that an exchange of what was exchanged gains nothing.

use crate::clock::Ts;

/// The life of a long token, in seconds, from the person's approval.
pub const LONG_SECONDS: i64 = 60 * 24 * 3600;
/// Long tokens of one grant that are alive at once: the oldest goes.
pub const MOST_LONG: i64 = 2;

/// What an exchange comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// The token lives as long already: it is given back as it is.
    Unextended,
    /// Another one, until then.
    Until(Ts),
}

/// When the long tokens end that come from what a person approved at `approved_at`. In whole seconds.
#[must_use]
pub fn long_end(approved_at: Ts, now: Ts) -> Ts {
    Ts::from_unix_seconds(approved_at.min(now).unix_seconds() + LONG_SECONDS)
}

/// A living token that ends at `expires_at` is to be exchanged.
#[must_use]
pub fn exchange(expires_at: Ts, approved_at: Ts, now: Ts) -> Exchange {
    let end = long_end(approved_at, now);
    if expires_at >= end { Exchange::Unextended } else { Exchange::Until(end) }
}

#[cfg(test)]
mod tests;
