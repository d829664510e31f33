//! `[consent]`: what is remembered of a person's agreement.

use std::time::Duration;

super::table::section! {
    /// What is remembered of a person's agreement.
    pub struct Consent: "consent" {
        /// How long an app that was allowed is not asked about again; `0s` asks each time.
        remember: Duration = "1y" in "0s" to "10y";
    }
}
