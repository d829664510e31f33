//! How much a test does that can do more.

/// So many times what the gate does: `COUNTERSIGN_TEST_EFFORT`, 1 unless set.
pub(crate) fn effort() -> usize {
    let told = std::env::var("COUNTERSIGN_TEST_EFFORT").ok();
    told.map_or(1, |text| text.parse().unwrap_or_else(|_| panic!("COUNTERSIGN_TEST_EFFORT={text} is no number")))
}
