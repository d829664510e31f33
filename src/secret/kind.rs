//! One marker for each noun that opens a door, with the prefix scanners know it by.

/// What every generated secret of a kind begins with.
pub trait Kind {
    /// Letters, digits and `_`.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Kind for $name {
            const PREFIX: &'static str = $prefix;
        }
    )* };
}

kinds! {
    /// RFC 6749 §4.1.2.
    AuthorizationCode = "csac_";
    /// An opaque access token.
    AccessToken = "csat_";
    /// RFC 6749 §1.5.
    RefreshToken = "csrt_";
    /// No `_`: some libraries percent-encode it in Basic, some do not (UX Q1).
    ClientSecret = "cssecret";
    /// The cookie of a signed-in browser.
    Session = "csse_";
    /// What a browser carries for an account that is signed in there, in or out of use.
    Account = "csau_";
    /// The cookie that tells browsers apart before anybody signs in.
    Browser = "csbr_";
    /// A one-time link.
    Link = "csln_";
    /// What an app registers itself with (RFC 7591 §1.2).
    InitialAccessToken = "csit_";
    /// What an app manages its registration with (RFC 7592 §1.2).
    RegistrationToken = "csrg_";
    /// What a device asks with (RFC 8628 §3.2).
    DeviceCode = "csdc_";
    /// `jti` of an assertion by which a client has proved itself; of theirs, not ours.
    AssertionId = "csas_";
    /// A code of the GitHub-shaped dialect.
    GithubCode = "csghc_";
    /// An access token of the GitHub-shaped dialect.
    GithubToken = "csgho_";
    /// A code of the Facebook-shaped dialect.
    FacebookCode = "csfbc_";
    /// An access token of the Facebook-shaped dialect.
    FacebookToken = "csfbo_";
}
