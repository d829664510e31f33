//! `[branding]`: what people see.

use url::Url;

super::table::section! {
    /// What people see on the pages.
    pub struct Branding: "branding" {
        /// The name of this service.
        name: String = "countersign";
        /// Where people find help.
        support_url: Option<Url> = "" like "https://example.com/help";
        /// Your privacy policy.
        privacy_url: Option<Url> = "" like "https://example.com/privacy";
        /// Your terms of service.
        terms_url: Option<Url> = "" like "https://example.com/terms";
    }
}
