//! Flags that `client create` and `client update` have in common.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{
        failure::Failure,
        values::{self, Grants, OrDefault, once_each},
    },
    flow::Context,
    jose::{Algorithm, KeySet, Protection, jwe::Encryption},
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata, TokenFormat},
        dialect::Dialect,
        response_type::ResponseType,
        scope::Scope,
        subject::SubjectType,
    },
};

/// What can be said of a client. What is left out stays as it is.
#[derive(Debug, Clone, Args)]
pub(super) struct Flags {
    /// Address to send people back to, exact; repeated for several
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Address people may be sent to after they signed out, exact; repeated for several
    ///
    /// With one, the app takes part in the session: without offline_access its refresh tokens end when the person signs
    /// out.
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Page of it that signs out in the browser that shows it (OpenID Connect Front-Channel Logout); "" for none
    #[arg(long, value_name = "URL")]
    frontchannel_logout_uri: Option<String>,
    /// That page needs to know which session; it is always told
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    frontchannel_logout_session_required: Option<bool>,
    /// Where it is told of a session's end (OpenID Connect Back-Channel Logout); "" for none
    ///
    /// The server asks public addresses only; private ones are named in fetch.allow_private.
    #[arg(long, value_name = "URL")]
    backchannel_logout_uri: Option<String>,
    /// It needs to know there which session ended; it is always told
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    backchannel_logout_session_required: Option<bool>,
    /// Grant it may use; repeated, or with spaces between: authorization_code, refresh_token, client_credentials,
    /// device_code, and of old password, implicit
    ///
    /// A new client has authorization_code and refresh_token when none is given; one that is only to introspect has
    /// none. password and implicit are kept for those who still need them; the output says what they cost.
    #[arg(long, value_name = "GRANT", value_parser = values::grants)]
    grant: Vec<Grants>,
    /// What it may ask for when it sends people here; repeated for several: code, "code id_token", id_token, none, …
    ///
    /// Without one, code and token as far as it has their grants authorization_code and implicit. A token in the answer
    /// needs the grant implicit, a code authorization_code. `default` takes back what was given.
    #[arg(long, value_name = "TYPE", value_parser = values::response_type)]
    response_type: Vec<OrDefault<ResponseType>>,
    /// Scopes it may ask for, with spaces between [default for a new client: "openid profile email"]
    #[arg(long, value_name = "SCOPES", value_parser = values::scopes)]
    scope: Vec<Scope>,
    /// Scopes it may ask for and the person may leave unticked
    #[arg(long, value_name = "SCOPES", value_parser = values::scopes)]
    optional_scope: Vec<Scope>,
    /// API it may name; tokens are for the first where neither a name nor a scope says which; repeated for several
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// API whose tokens it may introspect; repeated for several
    #[arg(long, value_name = "RESOURCE")]
    introspect: Vec<String>,
    /// How it proves who it is: any-secret, client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, or
    /// none for a public client
    ///
    /// client_secret_jwt needs --sealed-secret, private_key_jwt --jwks-file or --jwks-uri.
    #[arg(long, value_name = "METHOD", value_parser = values::auth_method)]
    pub(super) auth_method: Option<AuthMethod>,
    /// The one algorithm of its assertions, as ES256; default for any that fits --auth-method
    #[arg(long, value_name = "ALG", value_parser = values::protection_or_default)]
    auth_alg: Option<OrDefault<Protection>>,
    /// What its assertions name as their audience: issuer, or token_endpoint besides, for older programs
    #[arg(long, value_name = "WHAT", value_parser = values::assertion_audience)]
    assertion_audience: Option<bool>,
    /// PKCE of a client with a secret: required; optional; or default, required as soon as it has used it once
    #[arg(long, value_name = "WHEN", value_parser = values::pkce)]
    pkce: Option<OrDefault<bool>>,
    /// A file with its public keys, a JSON Web Key Set
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// The address of its public keys, which are read again when it uses a new one; "" for none
    #[arg(long, value_name = "URL", conflicts_with = "jwks_file")]
    jwks_uri: Option<String>,
    /// Where its request objects may be, https; repeated for several
    #[arg(long, value_name = "URL")]
    request_uri: Vec<String>,
    /// The one algorithm of its request objects, as ES256, or none for unsigned ones; default for any that is signed
    #[arg(long, value_name = "ALG", value_parser = values::protection_or_default)]
    request_object_alg: Option<OrDefault<Protection>>,
    /// How it may encrypt them for the server, as RSA-OAEP-256 or ECDH-ES/A256GCM; default where it does not say
    #[arg(long, value_name = "ALG", value_parser = values::encryption)]
    request_object_encryption: Option<OrDefault<Encryption>>,
    /// It asks by signed request objects alone
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_signed_request: Option<bool>,
    /// Classes of authentication it would like, the best first, with spaces between; "" for none
    #[arg(long, value_name = "CLASSES")]
    default_acr: Option<String>,
    /// Part of this installation: no consent page
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    first_party: Option<bool>,
    /// You vouch for its name and addresses
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    verified: Option<bool>,
    /// Leave iss out of redirects, for libraries that stumble over it; better set `issuer` there
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_iss: Option<bool>,
    /// What it is for, one line for the consent page; "" for none
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// It was written for another service: github or facebook; default for none
    ///
    /// It gets that service's endpoints and manners, and the standard ones only with --also-standard.
    #[arg(long, value_name = "DIALECT", value_parser = values::dialect)]
    dialect: Option<OrDefault<Dialect>>,
    /// With --dialect: it may use the standard endpoints as well
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    also_standard: Option<bool>,
    /// With --dialect: its API takes ?access_token=… in a GET, for the oldest programs
    ///
    /// A new confidential client with --dialect facebook has it, because that service's libraries send nothing else;
    /// --query-token=false takes it away.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    query_token: Option<bool>,
    /// With --dialect github and the grant device_code: its devices send no secret, as gh does
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    device_without_secret: Option<bool>,
    /// Who people are to it: public, the same as to others, or pairwise, another for each sector
    #[arg(long, value_name = "TYPE", value_parser = values::subject_type)]
    subject_type: Option<SubjectType>,
    /// A document that names all redirect URIs of a sector, as a JSON array; "" for none
    #[arg(long, value_name = "URI")]
    sector_identifier_uri: Option<String>,
    /// Where others may start signing in to it, https; "" for none
    #[arg(long, value_name = "URI")]
    initiate_login_uri: Option<String>,
    /// Its home page; "" for none
    #[arg(long, value_name = "URL")]
    uri: Option<String>,
    /// Its logo: a PNG, JPEG, GIF or WebP picture, shown of clients that are --verified or --first-party; "" for none
    ///
    /// The server fetches it and keeps a small picture of its own; saying it again has it fetched again.
    #[arg(long, value_name = "URL")]
    logo_uri: Option<String>,
    /// Its privacy policy; "" for none
    #[arg(long, value_name = "URL")]
    policy_uri: Option<String>,
    /// Its terms of service; "" for none
    #[arg(long, value_name = "URL")]
    tos_uri: Option<String>,
    /// The person it belongs to; "" for nobody
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Form of its access tokens: jwt, opaque, or default
    #[arg(long, value_name = "FORMAT", value_parser = values::format)]
    access_token: Option<OrDefault<TokenFormat>>,
    /// Life of its access tokens, as in 15m, or default
    #[arg(long, value_name = "DURATION", value_parser = values::access_ttl)]
    access_ttl: Option<OrDefault<u32>>,
    /// Signature of its access tokens: ES256, RS256, EdDSA and the like, or default
    #[arg(long, value_name = "ALG", value_parser = values::algorithm_or_default)]
    access_alg: Option<OrDefault<Algorithm>>,
    /// Signature of its ID tokens: RS256, ES256, EdDSA and the like, or default
    ///
    /// HS256, HS384 and HS512 are made with its secret and need --sealed-secret. none is for clients that get their ID
    /// tokens from the token endpoint alone.
    #[arg(long, value_name = "ALG", value_parser = values::protection_or_default)]
    id_token_alg: Option<OrDefault<Protection>>,
    /// It reads userinfo as a JWT with this signature; default for plain JSON
    #[arg(long, value_name = "ALG", value_parser = values::protection_or_default)]
    userinfo_alg: Option<OrDefault<Protection>>,
    /// Its ID tokens encrypted with a key of its own, as RSA-OAEP-256 or ECDH-ES/A256GCM; default for signed alone
    #[arg(long, value_name = "ALG", value_parser = values::encryption)]
    id_token_encryption: Option<OrDefault<Encryption>>,
    /// The same for what it reads of userinfo
    #[arg(long, value_name = "ALG", value_parser = values::encryption)]
    userinfo_encryption: Option<OrDefault<Encryption>>,
    /// Keep its secrets so that the server can read them, for HS256 and the like; those made from now on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sealed_secret: Option<bool>,
    /// How long it may refresh after the person's consent, as in 90d, or default
    #[arg(long, value_name = "DURATION", value_parser = values::refresh_ttl)]
    refresh_ttl: Option<OrDefault<u32>>,
    /// How long a used refresh token may be used again, as in 60s, or default
    #[arg(long, value_name = "DURATION", value_parser = values::reuse_grace)]
    refresh_reuse_grace: Option<OrDefault<u32>>,
}

impl Flags {
    /// Was any of them given?
    pub(super) fn names_scope(&self) -> bool {
        !self.scope.is_empty()
    }

    /// Was it said whether tokens may come in a query?
    pub(super) const fn names_query_token(&self) -> bool {
        self.query_token.is_some()
    }

    /// Was its logo named?
    pub(super) const fn names_logo(&self) -> bool {
        self.logo_uri.is_some()
    }

    /// Puts what was given into the document.
    pub(super) async fn apply(self, ctx: &Context, metadata: &mut ClientMetadata) -> Result<(), Failure> {
        if !self.redirect_uri.is_empty() {
            metadata.redirect_uris = once_each(self.redirect_uri);
        }
        if !self.post_logout_redirect_uri.is_empty() {
            metadata.post_logout_redirect_uris = once_each(self.post_logout_redirect_uri);
        }
        if !self.grant.is_empty() {
            metadata.grant_types = once_each(self.grant.into_iter().flat_map(|grants| grants.0));
        }
        if !self.response_type.is_empty() {
            metadata.response_types = once_each(self.response_type.into_iter().filter_map(|asked| asked.0));
        }
        if !self.scope.is_empty() {
            metadata.scope = values::union(&self.scope);
        }
        if !self.optional_scope.is_empty() {
            metadata.optional_scope = values::union(&self.optional_scope);
        }
        if !self.resource.is_empty() {
            metadata.resources = once_each(self.resource);
        }
        if !self.introspect.is_empty() {
            metadata.introspect = once_each(self.introspect);
        }
        set(&mut metadata.frontchannel_logout_uri, self.frontchannel_logout_uri.map(none_if_empty));
        set(&mut metadata.frontchannel_logout_session_required, self.frontchannel_logout_session_required);
        set(&mut metadata.backchannel_logout_uri, self.backchannel_logout_uri.map(none_if_empty));
        set(&mut metadata.backchannel_logout_session_required, self.backchannel_logout_session_required);
        set(&mut metadata.token_endpoint_auth_method, self.auth_method);
        set(&mut metadata.token_endpoint_auth_signing_alg, self.auth_alg.map(|value| value.0));
        set(&mut metadata.assertion_for_token_endpoint, self.assertion_audience);
        if let Some(OrDefault(required)) = self.pkce {
            metadata.require_pkce = required == Some(true);
            metadata.pkce_optional = required == Some(false);
        }
        if let Some(path) = self.jwks_file {
            metadata.jwks = Some(read_keys(&path)?);
            metadata.jwks_uri = None;
        }
        if let Some(uri) = self.jwks_uri.map(none_if_empty) {
            metadata.jwks = None;
            metadata.jwks_uri = uri;
        }
        if !self.request_uri.is_empty() {
            metadata.request_uris = once_each(self.request_uri);
        }
        set(&mut metadata.request_object_signing_alg, self.request_object_alg.map(|value| value.0));
        if let Some(OrDefault(encryption)) = self.request_object_encryption {
            metadata.request_object_encryption_alg = encryption.map(|one| one.key);
            metadata.request_object_encryption_enc = encryption.map(|one| one.content);
        }
        set(&mut metadata.require_signed_request_object, self.require_signed_request);
        if let Some(classes) = self.default_acr {
            metadata.default_acr_values = once_each(classes.split_ascii_whitespace().map(str::to_owned));
        }
        set(&mut metadata.first_party, self.first_party);
        set(&mut metadata.verified, self.verified);
        set(&mut metadata.no_iss, self.no_iss);
        set(&mut metadata.description, self.description.map(none_if_empty));
        set(&mut metadata.dialect, self.dialect.map(|value| value.0));
        set(&mut metadata.also_standard, self.also_standard);
        set(&mut metadata.query_token, self.query_token);
        set(&mut metadata.device_without_secret, self.device_without_secret);
        if let Some(kind) = self.subject_type {
            metadata.subject_type = Some(kind);
        }
        set(&mut metadata.sector_identifier_uri, self.sector_identifier_uri.map(none_if_empty));
        set(&mut metadata.initiate_login_uri, self.initiate_login_uri.map(none_if_empty));
        set(&mut metadata.client_uri, self.uri.map(none_if_empty));
        set(&mut metadata.logo_uri, self.logo_uri.map(none_if_empty));
        set(&mut metadata.policy_uri, self.policy_uri.map(none_if_empty));
        set(&mut metadata.tos_uri, self.tos_uri.map(none_if_empty));
        match self.owner.map(none_if_empty) {
            Some(Some(name)) => metadata.owner = Some(super::owner(ctx, &name).await?),
            Some(None) => metadata.owner = None,
            None => {}
        }
        set(&mut metadata.access_token_format, self.access_token.map(|value| value.0));
        set(&mut metadata.access_token_ttl, self.access_ttl.map(|value| value.0));
        set(&mut metadata.access_token_alg, self.access_alg.map(|value| value.0));
        set(&mut metadata.id_token_signed_response_alg, self.id_token_alg.map(|value| value.0));
        set(&mut metadata.userinfo_signed_response_alg, self.userinfo_alg.map(|value| value.0));
        if let Some(OrDefault(encryption)) = self.id_token_encryption {
            metadata.id_token_encrypted_response_alg = encryption.map(|one| one.key);
            metadata.id_token_encrypted_response_enc = encryption.map(|one| one.content);
        }
        if let Some(OrDefault(encryption)) = self.userinfo_encryption {
            metadata.userinfo_encrypted_response_alg = encryption.map(|one| one.key);
            metadata.userinfo_encrypted_response_enc = encryption.map(|one| one.content);
        }
        set(&mut metadata.sealed_secret, self.sealed_secret);
        set(&mut metadata.refresh_token_ttl, self.refresh_ttl.map(|value| value.0));
        set(&mut metadata.refresh_reuse_grace, self.refresh_reuse_grace.map(|value| value.0));
        Ok(())
    }
}

/// What is read of the keys. Whether they are any is looked at where the whole registration is.
fn read_keys(path: &Path) -> Result<serde_json::Value, Failure> {
    let read = |path: &Path| -> std::io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(MOST_KEY_BYTES).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read(path).map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    let document = serde_json::from_str(&text);
    let document = document.map_err(|error| Failure::failed(format!("{} is no JSON: {error}", path.display())))?;
    Ok(KeySet::parse_registered(&document).map_or(document, |keys| keys.to_json()))
}

/// More than any key set that is taken.
const MOST_KEY_BYTES: u64 = 64 * 1024;

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn none_if_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
