//! `[clients]`: what holds for every app.

super::table::section! {
    /// What holds for every app.
    pub struct Clients: "clients" {
        /// When an error is sent to the app's redirect URI without a page in between: `vouched` only to apps an
        /// administrator made or verified, `signed-in` also to others once a person is signed in (RFC 9700 §4.11.2),
        /// `always` to all (for conformance runs).
        error_redirects: ErrorRedirects = "vouched";
    }
}

super::choice::choice! {
    /// Whom an error is redirected to without a page in between. RFC 9700 §4.11.2.
    pub enum ErrorRedirects {
        /// Apps that an administrator made or verified.
        Vouched = "vouched",
        /// Others as well, once a person is signed in.
        SignedIn = "signed-in",
        /// Every app; for conformance runs.
        Always = "always",
    }
}
