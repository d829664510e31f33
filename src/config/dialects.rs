//! `[dialects]`: other services' manners.

use crate::protocol::dialect::Dialect;

super::table::section! {
    /// Other services' manners, for programs that were written for them. Without a word here, a dialect's paths are served
    /// as soon as a client is registered with it.
    pub struct Dialects: "dialects" {
        /// Serve the GitHub-shaped paths also while no client is registered for them.
        github: bool = "false";
        /// Serve the Facebook-shaped paths also while no client is registered for them.
        facebook: bool = "false";
    }
}

impl Dialects {
    /// Is this one to be served in any case?
    #[must_use]
    pub const fn serves(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Github => self.github,
            Dialect::Facebook => self.facebook,
        }
    }
}
