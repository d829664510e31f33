//! What is left to chance, and drawn again from the same seed.

use std::time::Duration;

use countersign::clock::{Clock, SystemClock};

/// A source of draws.
pub(super) struct Chance(u64);

impl Chance {
    /// From `COUNTERSIGN_TEST_SEED`, or from the time; says which.
    pub(super) fn new() -> Self {
        let told = std::env::var("COUNTERSIGN_TEST_SEED").ok();
        let seed = told.and_then(|text| text.parse().ok()).unwrap_or_else(|| SystemClock.now().micros().unsigned_abs());
        println!("COUNTERSIGN_TEST_SEED={seed}");
        Self(seed)
    }

    /// A source of its own for somebody whose draws come in an order of their own.
    pub(super) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// From 0 to one less than `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// An index into a list of this length; `None` when it is empty.
    pub(super) fn index(&mut self, length: usize) -> Option<usize> {
        let length = u64::try_from(length).unwrap();
        (length > 0).then(|| usize::try_from(self.below(length)).unwrap())
    }

    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// Less than `longest`.
    pub(super) fn moment(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(longest.as_micros()).unwrap().max(1)))
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
