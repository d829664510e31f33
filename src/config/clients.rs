//! `[clients]`: what holds for every app, and who may register one.

use std::time::Duration;

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};
use crate::protocol::redirect_uri::{PrivateScheme, UnfitScheme};

super::table::section! {
    /// What holds for every app.
    pub struct Clients: "clients" {
        /// When an error is sent to the app's redirect URI without a page in between: `vouched` only to apps an
        /// administrator made or verified, `signed-in` to any app, but to those as well only once a person is signed in
        /// (RFC 9700 §4.11.2), `always` to all (for conformance runs). Programs of the person's own machine, and silent
        /// renewal in a frame, are always answered so.
        error_redirects: ErrorRedirects = "vouched";
        /// Schemes without a dot that redirect URIs may have: those of published editors and desktop apps
        /// (RFC 8252 §8.4). One with a dot, such as `com.example.app`, needs no entry. What is registered keeps working
        /// when its scheme is taken out.
        private_schemes: Vec<PrivateScheme> = "cursor,kiro,raycast,vscode,vscode-insiders,vscodium,warp,windsurf";
        /// Who may register an app over the network (RFC 7591): `off` nobody, `token` who has an initial access token
        /// (`countersign client initial-access-token create`), `open` everybody.
        registration: Registration = "off";
        /// What apps may do that registered themselves: `code` authorization codes with PKCE, `all` also the implicit
        /// grant, codes without PKCE, and assertions that name the token endpoint (for conformance runs).
        registration_allows: RegistrationAllows = "code";
        /// Registrations that are taken from one address in a minute.
        registration_limits: u32 = "60" in "1" to "100000";
        /// Apps that may have registered themselves through the open door. Beyond that the oldest that nobody ever used
        /// makes room for the next; while all are in use, no more are taken.
        registration_cap: u32 = "10000" in "1" to "1000000";
        /// How long an app that registered itself through the open door is kept when nobody uses it.
        unused_ttl: Duration = "1h" in "5m" to "1y";
        /// How long such an app is kept after its last use, once nobody's access to it is alive any more.
        idle_ttl: Duration = "30d" in "1h" to "10y";
    }
}

impl Setting for Vec<PrivateScheme> {
    const KIND: Kind = Kind::Schemes;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let scheme = |(at, text): (usize, &str)| {
            PrivateScheme::parse(text).map_err(|why| {
                let remedy = match why {
                    UnfitScheme::Malformed => "write it as in cursor, without colon and slashes",
                    UnfitScheme::Dotted | UnfitScheme::Taken => "leave it out",
                };
                Problem::new(format!("has `{text}`, which {why}")).item(at).remedy(remedy)
            })
        };
        value.texts(key)?.into_iter().enumerate().map(scheme).collect()
    }
}

super::choice::choice! {
    /// Whom an error is redirected to without a page in between. RFC 9700 §4.11.2.
    pub enum ErrorRedirects {
        /// Apps that an administrator made or verified.
        Vouched = "vouched",
        /// Every app, once a person is signed in.
        SignedIn = "signed-in",
        /// Every app; for conformance runs.
        Always = "always",
    }
}

super::choice::choice! {
    /// Who may register an app over the network.
    pub enum Registration {
        /// Nobody.
        Off = "off",
        /// Who has an initial access token.
        Token = "token",
        /// Everybody.
        Open = "open",
    }
}

super::choice::choice! {
    /// What apps may do that registered themselves.
    pub enum RegistrationAllows {
        /// Authorization codes, with PKCE.
        Code = "code",
        /// All that OpenID Connect has; for conformance runs.
        All = "all",
    }
}
