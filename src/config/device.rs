//! `[device]`: the device authorization grant, RFC 8628.

use std::time::Duration;

super::table::section! {
    /// The device authorization grant (RFC 8628).
    pub struct Device: "device" {
        /// How long a person has to enter the code that a device shows.
        code_ttl: Duration = "10m" in "1m" to "1h";
        /// How long a device waits between its questions.
        interval: Duration = "5s" in "1s" to "1m";
    }
}
