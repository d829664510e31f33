//! `[limits]`: how much, how often.

use super::{duration::Milliseconds, size::Size};

super::table::section! {
    /// How much is accepted, and how often.
    pub struct Limits: "limits" {
        /// The largest request body.
        body: Size = "64KiB" in "4KiB" to "16MiB";
        /// Connections at once; more wait until one of them ends. Each takes a file descriptor.
        connections: u32 = "50000" in "16" to "1000000";
        /// How long work may wait for its turn while there is more of it than can be done, as in overload. Once everybody
        /// has waited longer for two seconds, who has waited for more than a quarter of it is told 503.
        wait: Milliseconds = "100ms" in "1ms" to "1h";
        /// Count by address; `false` when everybody comes from one, as behind a gateway or in tests.
        per_address: bool = "true";
    }
}
