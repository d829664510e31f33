//! `[password]`: what people may choose, and what a hash costs.

use super::duration::Milliseconds;

super::table::section! {
    /// What people may choose as a password, and what hashing it costs (Argon2id, RFC 9106).
    pub struct Password: "password" {
        /// The least number of characters. Binds people; an administrator on the command line is warned.
        min_length: u32 = "12" in "8" to "256";
        /// Memory for one hash; at least eight times `parallelism`.
        memory: u32 = "19456" in "8" to "4194304" unit "KiB";
        /// Passes over that memory.
        iterations: u32 = "2" in "1" to "1000";
        /// Lanes of one hash.
        parallelism: u32 = "1" in "1" to "64";
        /// Every refused password answer takes at least this long, so that its time tells nothing.
        failure_floor: Milliseconds = "300ms" in "0s" to "10s";
    }
}
