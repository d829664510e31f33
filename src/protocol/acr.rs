//! Authentication context classes (OIDC Core §2, `acr`): how surely somebody was who they said they were.

/// A password, and nothing else.
pub const PASSWORD: &str = "urn:countersign:acr:password";

/// Every class, from the weakest to the strongest.
pub const ALL: &[&str] = &[PASSWORD];

/// The class of a sign-in by these methods (RFC 8176, with spaces between); `None` when it is of no class.
#[must_use]
pub fn of(amr: &str) -> Option<&'static str> {
    amr.split(' ').any(|method| method == "pwd").then_some(PASSWORD)
}
