//! `[tokens]`: lives and forms of codes, tokens and keys.

use std::time::Duration;

use crate::jose::Algorithm;

super::table::section! {
    /// Lives and forms of codes, tokens and signing keys.
    pub struct Tokens: "tokens" {
        /// How long an access token is good for.
        access_ttl: Duration = "15m" in "1s" to "1y";
        /// How long an ID token is good for. Programs that take it for their own session end with it, as Argo CD and
        /// MinIO's console do: `1h` or more for those.
        id_ttl: Duration = "10m" in "1s" to "1d";
        /// How long an authorization code may be redeemed (RFC 6749 §4.1.2 asks for ten minutes at most).
        code_ttl: Duration = "60s" in "1s" to "10m";
        /// How long after the person's consent refreshing ends, however often it was done.
        refresh_ttl: Duration = "90d" in "1s" to "10y";
        /// How long after its last use a refresh token ends.
        refresh_idle_ttl: Duration = "30d" in "1s" to "10y";
        /// How long a refresh token that was used may be used again, for a lost answer or a second tab, before that
        /// counts as theft (RFC 9700 §4.14). Apps in browsers have ten seconds at most, unless told otherwise themselves.
        refresh_reuse_grace: Duration = "60s" in "0s" to "10m";
        /// The form of access tokens: `jwt` (RFC 9068) can be checked without asking, `opaque` says nothing to others.
        access_format: AccessFormat = "jwt";
        /// The signature of access tokens; ES256 is many times cheaper to make than RS256.
        access_alg: Algorithm = "ES256";
        /// The signature of ID tokens; RS256 is what OpenID Connect libraries expect unless told otherwise.
        id_alg: Algorithm = "RS256";
        /// What an ID token that comes with an access token says of the person: `usual` their names, user name, picture
        /// (an address of at most 512 bytes), mail address and groups and claims of your own, as far as scopes release
        /// them, because many programs read them there; `requested` only what was asked for by name, and the rest is for
        /// userinfo (OpenID Connect Core §5.4).
        id_claims: IdClaims = "usual";
        /// Signatures that are offered besides RS256, ES256 and those above: each has a key of its own from the start. What a
        /// client or an API is registered with gets its key then; RSA keys take a moment to make.
        signing_algs: Vec<Algorithm> = "" like "EdDSA,PS256";
        /// How long a signing key signs before its successor takes over.
        key_rotation: Duration = "90d" in "2d" to "10y";
    }
}

super::choice::choice! {
    /// The form of access tokens.
    pub enum AccessFormat {
        /// A signed JWT, RFC 9068.
        Jwt = "jwt",
        /// A random text that only this server understands.
        Opaque = "opaque",
    }
}

super::choice::choice! {
    /// What an ID token says of the person, beside an access token.
    pub enum IdClaims {
        /// What programs in the field look for there (UX Q26).
        Usual = "usual",
        /// What the `claims` parameter names (OIDC Core §5.5), and nothing for a scope (§5.4).
        Requested = "requested",
    }
}
