//! What is registered of a client (RFC 7591 §2). One document; the few columns that are searched stand beside it.

mod auth_method;
mod registered;
mod request_object;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    dialect::Dialect,
    grant::GrantType,
    redirect_uri::{self, Target},
    response_type::ResponseType,
    scope::Scope,
    subject::SubjectType,
};
use crate::{
    clock::Ts,
    jose::{
        Algorithm, MacAlgorithm, Protection,
        jwe::{ContentAlgorithm, Encryption, KeyAlgorithm},
    },
    secret::{Digest, Id, kind::ClientSecret},
};

pub use auth_method::AuthMethod;
pub use registered::{Registered, RegisteredBy};

/// The form of a client's access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenFormat {
    /// RFC 9068.
    Jwt,
    /// A reference whose digest is stored.
    Opaque,
}

impl TokenFormat {
    /// From `jwt` or `opaque`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "jwt" => Some(Self::Jwt),
            "opaque" => Some(Self::Opaque),
            _ => None,
        }
    }

    /// `jwt` or `opaque`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Opaque => "opaque",
        }
    }
}

/// What kind of app it is (OIDC Registration §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationType {
    /// On a server: redirects lead to a site.
    Web,
    /// On people's own machines: redirects lead to that machine or to an app on it.
    Native,
}

/// The registered document. Members without a value are not written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a registered member of its own")]
pub struct ClientMetadata {
    /// Exact addresses, as registered.
    pub redirect_uris: Vec<String>,
    /// What it may use.
    pub grant_types: Vec<GrantType>,
    /// What it may ask for at the authorization endpoint (OIDC Registration §2); when empty, `code` and `token` as far as
    /// it has their grants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<ResponseType>,
    /// How it proves who it is.
    pub token_endpoint_auth_method: AuthMethod,
    /// The one algorithm of its assertions (OIDC Registration §2); any that fits the method when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<Protection>,
    /// Its assertions may name the token endpoint as their audience, as older clients do (PROTOCOL P36).
    #[serde(skip_serializing_if = "is_false")]
    pub assertion_for_token_endpoint: bool,
    /// Its public keys (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its public keys are, when they are not registered themselves (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// What it may ask for, and gets when it asks for nothing in particular.
    #[serde(with = "scope_text", skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// What it may ask for and the person may leave unticked.
    #[serde(with = "scope_text", skip_serializing_if = "Scope::is_empty")]
    pub optional_scope: Scope,
    /// Resources it may name; the first is its default when it names none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Resources whose tokens it may introspect: an API's own client (PROTOCOL P15).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspect: Vec<String>,
    /// Part of this installation: no consent page, where it can prove who it is.
    #[serde(skip_serializing_if = "is_false")]
    pub first_party: bool,
    /// An administrator vouches for its name.
    #[serde(skip_serializing_if = "is_false")]
    pub verified: bool,
    /// What it is for, in its makers' words: one line on the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Web or native; clients made by hand need not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<ApplicationType>,
    /// It registered itself; `None` for those that an administrator made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// It must use PKCE although it can keep a secret: somebody demands it, or it has used it before (PROTOCOL P30).
    #[serde(skip_serializing_if = "is_false")]
    pub require_pkce: bool,
    /// It uses PKCE or not, as it likes, whatever it has used before.
    #[serde(skip_serializing_if = "is_false")]
    pub pkce_optional: bool,
    /// Whom to ask about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Its logo. Pages show a picture of our own, made of what is there, and only of clients that somebody vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Which software it is (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// How old a sign-in may be where a request says nothing, in seconds (OIDC Registration §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Who people are to it; the same as to everybody when absent (OIDC Core §8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<SubjectType>,
    /// A document that names its redirects and those of others that are to know people as the same (OIDC Core §8.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// How surely people are to be signed in, as it wishes (OIDC Registration §2); a sign-in says what it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// How its request objects are protected, each of them (OIDC Registration §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<Protection>,
    /// How it may encrypt them for us, as it says (OIDC Registration §2); it need not, and may do it in another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyAlgorithm>,
    /// How their content is encrypted then; `A128CBC-HS256` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentAlgorithm>,
    /// Where its request objects may be (OIDC Registration §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// It asks by signed request objects alone (RFC 9101 §10.5).
    #[serde(skip_serializing_if = "is_false")]
    pub require_signed_request_object: bool,
    /// Where somebody else may start signing in to it (OIDC Core §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// It wants `auth_time` in every ID token, where it is anyhow.
    #[serde(skip_serializing_if = "is_false")]
    pub require_auth_time: bool,
    /// Its home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// The user it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// JWT or opaque; the installation's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<TokenFormat>,
    /// The installation's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_alg: Option<Algorithm>,
    /// Life of access tokens in seconds; the shorter of this and the resource's counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_ttl: Option<u32>,
    /// Absolute life of refresh tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_ttl: Option<u32>,
    /// Seconds in which a used refresh token gives the same successor again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_reuse_grace: Option<u32>,
    /// OIDC Registration §2; the installation's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<Protection>,
    /// OIDC Registration §2: userinfo as a JWT; plain JSON when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Protection>,
    /// ID tokens encrypted for it, with one of its keys (OIDC Registration §2); signed ones alone when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyAlgorithm>,
    /// How their content is encrypted; `A128CBC-HS256` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentAlgorithm>,
    /// The same for userinfo, which need not be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyAlgorithm>,
    /// How its content is encrypted; `A128CBC-HS256` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentAlgorithm>,
    /// Its secrets are kept so that we can read them again: what is made with them cannot be checked otherwise (UX Q12).
    #[serde(skip_serializing_if = "is_false")]
    pub sealed_secret: bool,
    /// Leaves `iss` out of redirects (UX Q9).
    #[serde(skip_serializing_if = "is_false")]
    pub no_iss: bool,
    /// It speaks as to another service, at that dialect's endpoints (DESIGN §7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// Where people may be sent after signing out, exact (OIDC RP-Initiated Logout §3.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// A page of it that signs out in the browser that shows it (OIDC Front-Channel Logout §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Does that page need `iss` and `sid`? It is sent them anyway.
    #[serde(skip_serializing_if = "is_false")]
    pub frontchannel_logout_session_required: bool,
    /// Where it is told of a session's end (OIDC Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Does it need `sid` there? It is sent it anyway.
    #[serde(skip_serializing_if = "is_false")]
    pub backchannel_logout_session_required: bool,
    /// With a dialect: it uses the standard endpoints as well.
    #[serde(skip_serializing_if = "is_false")]
    pub also_standard: bool,
    /// With a dialect: its API takes the access token in the query of a GET (PROTOCOL R-f2).
    #[serde(skip_serializing_if = "is_false")]
    pub query_token: bool,
    /// With the GitHub-shaped dialect: its devices begin and ask by the client's name alone.
    #[serde(skip_serializing_if = "is_false")]
    pub device_without_secret: bool,
}

impl ClientMetadata {
    /// Required and optional scopes.
    #[must_use]
    pub fn all_scopes(&self) -> Scope {
        self.scope.union(&self.optional_scope)
    }

    /// The algorithms that keys of ours sign with for it.
    pub fn signatures(&self) -> impl Iterator<Item = Algorithm> {
        self.protections().filter_map(Protection::signature).chain(self.access_token_alg)
    }

    /// The algorithms that its own secret is used with.
    pub fn macs(&self) -> impl Iterator<Item = MacAlgorithm> {
        let assertions = (self.token_endpoint_auth_method == AuthMethod::ClientSecretJwt)
            .then(|| self.token_endpoint_auth_signing_alg.and_then(Protection::mac).unwrap_or(MacAlgorithm::Hs256));
        let objects = self.request_object_signing_alg.and_then(Protection::mac);
        self.protections().filter_map(Protection::mac).chain(assertions).chain(objects)
    }

    /// How its ID tokens are encrypted, if they are.
    #[must_use]
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        Encryption::of(self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc)
    }

    /// How its userinfo is encrypted, if it is.
    #[must_use]
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        Encryption::of(self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc)
    }

    /// How it may encrypt its request objects, as it says.
    #[must_use]
    pub fn request_object_encryption(&self) -> Option<Encryption> {
        Encryption::of(self.request_object_encryption_alg, self.request_object_encryption_enc)
    }

    fn protections(&self) -> impl Iterator<Item = Protection> {
        [self.id_token_signed_response_alg, self.userinfo_signed_response_alg].into_iter().flatten()
    }

    /// Has it no way to prove who it is? RFC 6749 §2.1.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.token_endpoint_auth_method, AuthMethod::None)
    }

    /// Must it use PKCE from now on, having used it? A public one must anyway.
    #[must_use]
    pub const fn learns_pkce(&self) -> bool {
        !self.is_public() && !self.require_pkce && !self.pkce_optional
    }

    /// Does it run in browsers? It can keep no secret, and people come back to it on a site.
    #[must_use]
    pub fn is_in_browsers(&self) -> bool {
        let is_native = self.application_type == Some(ApplicationType::Native);
        let mut targets = self.redirect_uris.iter().map(|uri| redirect_uri::target(uri));
        self.is_public() && !is_native && targets.len() > 0 && targets.all(|target| target == Target::Https)
    }

    /// Is it registered with this grant?
    #[must_use]
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// May it ask for this response type?
    #[must_use]
    pub fn allows_response(&self, asked: ResponseType) -> bool {
        let listed = match self.response_types.as_slice() {
            [] => matches!(asked, ResponseType::Code | ResponseType::Token),
            listed => listed.contains(&asked),
        };
        listed && asked.grants().iter().all(|grant| self.allows(*grant))
    }

    /// Every response type it may ask for, in the order of lists.
    #[must_use]
    pub fn all_response_types(&self) -> Vec<ResponseType> {
        ResponseType::ALL.iter().copied().filter(|asked| self.allows_response(*asked)).collect()
    }

    /// Is it to know when somebody signs out? Then it takes part in the session: what it may do while the person is away
    /// needs `offline_access` (PROTOCOL P17).
    #[must_use]
    pub const fn hears_of_logout(&self) -> bool {
        !self.post_logout_redirect_uris.is_empty()
            || self.frontchannel_logout_uri.is_some()
            || self.backchannel_logout_uri.is_some()
    }

    /// May the port of its loopback addresses be any? RFC 8252 §7.3: programs on people's own machines.
    #[must_use]
    pub const fn any_port(&self) -> bool {
        self.is_public() || matches!(self.application_type, Some(ApplicationType::Native))
    }

    /// Are people somebody else to it than to others?
    #[must_use]
    pub const fn is_pairwise(&self) -> bool {
        matches!(self.subject_type, Some(SubjectType::Pairwise))
    }

    /// Where the logo is that pages show of it: an administrator vouches for what it is (UX P9).
    #[must_use]
    pub fn shown_logo_uri(&self) -> Option<&str> {
        self.logo_uri.as_deref().filter(|_| self.verified || self.first_party)
    }

    /// Does an administrator stand behind it? Those who registered themselves through the open door have nobody until one
    /// has looked at them (PROTOCOL P3).
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        self.verified || !self.registered.as_ref().is_some_and(|registered| registered.by == RegisteredBy::Open)
    }

    /// Can whoever receives a redirect there be nobody else than this client? (PROTOCOL P4, RFC 8252 §8.6)
    /// `issuer_is_loopback`: in development http-loopback web apps count as provable.
    #[must_use]
    pub fn is_provable(&self, redirect_uri: &str, issuer_is_loopback: bool) -> bool {
        !self.is_public()
            || match redirect_uri::target(redirect_uri) {
                Target::Https => true,
                Target::Loopback => issuer_is_loopback && self.redirect_uris.iter().any(|uri| uri == redirect_uri),
                Target::PrivateScheme => false,
            }
    }
}

/// A credential of a client, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSecret {
    /// Of its row.
    pub id: Id,
    /// What is compared.
    pub form: KeptForm,
    /// Its text, sealed, where the client needs that.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Ts,
    /// When it stops working; never when `None`.
    pub expires_at: Option<Ts>,
}

impl KeptSecret {
    /// Has it not ended?
    #[must_use]
    pub fn is_live(&self, now: Ts) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// PROTOCOL R-c: a digest for what we drew, a slow hash for what somebody chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptForm {
    /// SHA-256 of 256 random bits.
    Digest(Digest<ClientSecret>),
    /// Argon2id, PHC text.
    Hash(String),
}

/// A client with everything a request needs of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Client {
    /// Its name on the wire.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// When it was registered.
    pub created_at: Ts,
    /// Tokens issued before this are dead.
    pub tokens_invalid_before: Ts,
    /// The registered document.
    pub metadata: ClientMetadata,
    /// Its live secrets.
    pub secrets: Vec<KeptSecret>,
    /// The hash of the picture that pages show of it; `None`: its letter.
    pub logo: Option<String>,
}

impl Client {
    /// Its secrets that have not ended.
    #[must_use]
    pub fn live_secrets(&self, now: Ts) -> impl DoubleEndedIterator<Item = &KeptSecret> {
        self.secrets.iter().filter(move |kept| kept.is_live(now))
    }

    /// The host of its home page, for people; where nobody vouches for it, only if all that it gets arrives at that host:
    /// anybody can write down another's, also among redirects.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let metadata = &self.metadata;
        let host = metadata.client_uri.as_deref().map(redirect_uri::shown_target).filter(|host| !host.is_empty())?;
        let leads_there =
            |uri: &String| redirect_uri::target(uri) == Target::Https && redirect_uri::shown_target(uri) == host;
        let arrives_there = metadata.redirect_uris.iter().all(leads_there) && !metadata.allows(GrantType::DeviceCode);
        (metadata.is_vouched_for() || arrives_there).then_some(host)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

mod scope_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Scope;

    pub(super) fn serialize<S: Serializer>(scope: &Scope, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(scope)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Scope, D::Error> {
        let text = String::deserialize(from)?;
        Scope::parse(&text).map_err(|_| serde::de::Error::custom("not a scope"))
    }
}
