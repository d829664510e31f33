//! Sizes: bytes, or a whole number and a unit.

use std::fmt;

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(usize);

impl Size {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: usize) -> Self {
        Self(bytes)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }

    /// `65536`, `64KiB`, `1MiB`, `1GiB`. `None` for anything else, and beyond what fits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit)?;
        number.parse::<usize>().ok()?.checked_mul(*bytes).map(Self)
    }
}

impl fmt::Display for Size {
    /// In the largest unit that says it exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS.iter().rev().find(|(_, bytes)| self.0 > 0 && self.0.is_multiple_of(*bytes));
        let (unit, bytes) = exact.unwrap_or(&("", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl Setting for Size {
    const KIND: Kind = Kind::Size;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let wrong = || Problem::new("must be a size").remedy("write a number of bytes, or one with KiB, MiB or GiB");
        let size = match value {
            Plain::Integer(bytes) => usize::try_from(*bytes).ok().map(Self),
            other => other.text(key).ok().and_then(Self::parse),
        };
        key.within(size.ok_or_else(wrong)?, Self::parse)
    }
}

/// With their number of bytes, small to large.
const UNITS: &[(&str, usize)] = &[("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

#[cfg(test)]
mod tests;
