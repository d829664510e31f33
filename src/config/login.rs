//! `[login]`: how long a browser stays signed in.

use std::time::Duration;

super::table::section! {
    /// How long a browser stays signed in.
    pub struct Login: "login" {
        /// How long after signing in a session ends.
        session_ttl: Duration = "12h" in "1s" to "1y";
        /// How long after its last use a session ends.
        session_idle_ttl: Duration = "2h" in "1s" to "1y";
        /// How long after signing in a session ends, for somebody who asked to stay signed in.
        remember_ttl: Duration = "30d" in "1s" to "1y";
        /// How long after its last use a session ends, for somebody who asked to stay signed in.
        remember_idle_ttl: Duration = "14d" in "1s" to "1y";
        /// Offer OpenID Connect Session Management: an app asks a hidden frame of this server whether the person is still
        /// signed in. It needs a cookie that frames in other sites get; many browsers keep it from them, and then the app
        /// reads that something has changed.
        session_management: bool = "false";
    }
}
