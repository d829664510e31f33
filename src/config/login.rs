//! `[login]`: who can have an account, and how long a browser stays signed in.

use std::time::Duration;

super::table::section! {
    /// Who can have an account, and how long a browser stays signed in.
    pub struct Login: "login" {
        /// Who may make an account for themselves, at `/signup`: `off` nobody, `open` everybody. Apps may then lead there,
        /// by `prompt=create`.
        signup: Signup = "off";
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

impl Login {
    /// May people make accounts for themselves?
    #[must_use]
    pub fn offers_sign_up(&self) -> bool {
        self.signup == Signup::Open
    }
}

super::choice::choice! {
    /// Who may make an account for themselves.
    pub enum Signup {
        /// Nobody: an administrator makes people's accounts.
        Off = "off",
        /// Everybody.
        Open = "open",
    }
}
