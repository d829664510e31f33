//! Minting tokens; the only place that does. Signing happens here, outside any transaction.

use serde::Serialize;

use super::{Context, Error, Result, catalog::Snapshot, client_keys, client_secret, profile};
use crate::{
    clock::Ts,
    config::{AccessFormat, IdClaims, duration::seconds},
    jose::{
        self, Algorithm, Protection, Signer,
        jwe::{self, Encryption},
    },
    protocol::{
        Refusal, acr,
        claims::{self, Profile},
        claims_request::Told,
        client_metadata::{Client, TokenFormat},
        dialect::{self, Dialect, Life, secrets},
        resource::{Audience, Resource},
        scope::Scope,
        subject::{self, SubjectType},
        token::{
            access_token::{self, AccessToken},
            id_token::{self, PersonClaims},
            response::TokenResponse,
        },
    },
    secret::{Digest, Id, Secret, kind, random},
    store::models::{AccessTokenRow, Grant, User},
};

/// An access token that was made and, when it is opaque, the row that has to be written before it is given out.
pub struct Minted {
    /// What the client gets.
    pub text: String,
    /// What it says.
    pub token: AccessToken,
    /// Of an opaque one.
    pub row: Option<AccessTokenRow>,
}

/// For whom an access token is.
pub struct Holder<'a> {
    /// The app.
    pub client: &'a Client,
    /// `sub`.
    pub subject: &'a str,
    /// The grant it comes from; `None` for a client's own.
    pub grant: Option<Id>,
}

/// Makes an access token (RFC 9068, or an opaque one). `grant_ends_at`: of a grant that was made earlier, when lives may
/// have been shorter; a token that outlived it could not be revoked.
///
/// # Errors
/// [`Error`] when there is no key to sign with.
pub fn access_token(
    ctx: &Context,
    at: &Snapshot,
    holder: &Holder<'_>,
    audience: Audience,
    grant_ends_at: Option<Ts>,
) -> Result<Minted> {
    let now = ctx.now();
    let resources: Vec<&Resource> = audience.resources.iter().filter_map(|uri| at.resource(uri)).collect();
    let end = now.unix_seconds() + access_ttl_seconds(ctx, holder.client, &resources);
    let token = AccessToken {
        id: Id::new(now),
        grant: holder.grant,
        client_id: holder.client.client_id.clone(),
        subject: holder.subject.to_owned(),
        audience: audience.resources,
        scope: audience.scope,
        issued_at: now,
        // whole seconds, so that expires_in tells the truth
        expires_at: Ts::from_unix_seconds(grant_ends_at.map_or(end, |last| end.min(last.unix_seconds()))),
    };
    match format(ctx, holder.client, &resources) {
        TokenFormat::Jwt => {
            let key = at.keys.signer(algorithm(ctx, holder.client, &resources), now)?;
            let text = jose::sign(&key, access_token::TYP, &token.to_claims(ctx.issuer())).map_err(Error::internal)?;
            Ok(Minted { text, token, row: None })
        }
        TokenFormat::Opaque => {
            let secret = Secret::<kind::AccessToken>::generate();
            let row = row(&token, secret.digest());
            Ok(Minted { text: secret.expose().to_owned(), token, row: Some(row) })
        }
    }
}

/// Makes an access token of a dialect: an opaque one of its own kind, for that dialect's API alone (PROTOCOL R-f1).
#[must_use]
pub fn dialect_token(ctx: &Context, dialect: Dialect, holder: &Holder<'_>, scope: Scope, life: Life) -> Minted {
    let now = ctx.now();
    let (seconds, last_used_at) = match life {
        Life::Seconds(seconds) => (seconds, None),
        Life::WhileUsed => (dialect::UNUSED_SECONDS, Some(now)),
    };
    let token = AccessToken {
        id: Id::new(now),
        grant: holder.grant,
        client_id: holder.client.client_id.clone(),
        subject: holder.subject.to_owned(),
        audience: vec![dialect.audience().to_owned()],
        // tokens of one set of scopes are counted together
        scope: scope.sorted(),
        issued_at: now,
        expires_at: Ts::from_unix_seconds(now.unix_seconds() + seconds),
    };
    let (text, digest) = secrets::token(dialect, &random());
    let row = AccessTokenRow { last_used_at, ..row(&token, digest) };
    Minted { text, token, row: Some(row) }
}

/// What is kept of an opaque token.
fn row(token: &AccessToken, digest: Digest<kind::AccessToken>) -> AccessTokenRow {
    AccessTokenRow {
        digest,
        id: token.id,
        grant_id: token.grant,
        client_id: token.client_id.clone(),
        subject: token.subject.clone(),
        audience: token.audience.join(" "),
        scope: token.scope.to_string(),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        last_used_at: None,
    }
}

/// What an ID token is tied to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bound<'a> {
    /// That of the request; `None` on refresh (PROTOCOL P16).
    pub nonce: Option<&'a str>,
    /// The access token that comes with it: `at_hash`.
    pub access_token: Option<&'a str>,
    /// The code that comes with it: `c_hash`.
    pub code: Option<&'a str>,
    /// That of the request, where the answer comes through the browser: `s_hash`.
    pub state: Option<&'a str>,
    /// What it says of the person besides who they are.
    pub tells: Tells,
}

/// What an ID token says of the person, of what its scopes release (OIDC Core §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tells {
    /// What libraries look for there although an access token beside it opens userinfo.
    #[default]
    Usual,
    /// All of it: it comes alone.
    Everything,
    /// Nothing: it comes through the browser, and an access token or a code with it.
    Nothing,
}

/// Makes an ID token (OIDC Core §2). `scope` is what the client has of the grant's.
///
/// # Errors
/// [`Error`] when there is no key to sign with.
pub fn id_token(
    ctx: &Context,
    at: &Snapshot,
    client: &Client,
    grant: &Grant,
    scope: &Scope,
    user: &User,
    bound: &Bound<'_>,
) -> Result<String> {
    let now = ctx.now();
    let protection = id_token_protection(ctx, client);
    let told = |claim: &str, of: &Profile| match bound.tells {
        Tells::Usual => ctx.config.tokens.id_claims == IdClaims::Usual && claims::is_in_every_id_token(claim, of),
        Tells::Everything => true,
        Tells::Nothing => false,
    };
    let half_hash = |text| jose::half_hash(protection, text);
    let amr: Vec<String> = grant.amr.split(' ').filter(|how| !how.is_empty()).map(str::to_owned).collect();
    let claims = id_token::Claims {
        iss: ctx.issuer(),
        person: person_claims(
            at,
            client,
            subject(ctx, client, user),
            user,
            scope,
            told,
            &parse_told(grant.claims.as_deref())?.id_token,
        )?,
        aud: &client.client_id,
        exp: now.unix_seconds() + seconds(ctx.config.tokens.id_ttl),
        iat: now.unix_seconds(),
        auth_time: grant.auth_time.unix_seconds(),
        amr: &amr,
        acr: acr::of(&grant.amr),
        nonce: bound.nonce,
        at_hash: bound.access_token.map(half_hash),
        c_hash: bound.code.map(half_hash),
        s_hash: bound.state.map(half_hash),
        sid: grant.session_id.map(|session| id_token::sid(session, &client.client_id)),
    };
    for_client_alone(ctx, at, client, protection, id_token::TYP, &claims)
}

/// Signs what a client reads itself, and encrypts it where its ID tokens are: these, and logout tokens (Back-Channel
/// Logout §2.4).
///
/// # Errors
/// [`Error`] when there is no key to sign with; [`Refusal::ClientKeyMissing`].
pub fn for_client_alone(
    ctx: &Context,
    at: &Snapshot,
    client: &Client,
    protection: Protection,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String> {
    let signed = for_client(ctx, at, client, protection, typ, claims)?;
    match client.metadata.id_token_encryption() {
        Some(encryption) => encrypt(ctx, client, encryption, Some("JWT"), signed.as_bytes()),
        None => Ok(signed),
    }
}

/// Encrypts for a client what only it is to read. `cty` is `JWT` when a signed token is inside (RFC 7519 §5.2).
///
/// # Errors
/// [`Refusal::ClientKeyMissing`].
pub fn encrypt(
    ctx: &Context,
    client: &Client,
    encryption: Encryption,
    cty: Option<&str>,
    plain: &[u8],
) -> Result<String> {
    let key = client_keys::encrypting(ctx, client, encryption.key).ok_or(Refusal::ClientKeyMissing)?;
    let token = jwe::encrypt(&key, encryption.key, encryption.content, cty, plain);
    token.map_err(|_| Refusal::ClientKeyMissing.into())
}

/// How this client's ID tokens are protected: as it is registered, else as the installation has it.
#[must_use]
pub fn id_token_protection(ctx: &Context, client: &Client) -> Protection {
    client.metadata.id_token_signed_response_alg.unwrap_or_else(|| ctx.config.tokens.id_alg.into())
}

/// Signs what a client reads itself: an ID token, userinfo, a logout token.
///
/// # Errors
/// [`Error`] when there is no key to sign with.
pub fn for_client(
    ctx: &Context,
    at: &Snapshot,
    client: &Client,
    protection: Protection,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String> {
    let now = ctx.now();
    let signed = match protection {
        Protection::Signature(algorithm) => jose::sign(&at.keys.signer(algorithm, now)?, typ, claims),
        Protection::Mac(algorithm) => {
            let key = client_secret::keys(ctx, client, algorithm, now)?.into_iter().next();
            let missing = || format!("client {} has no secret fit for {}", client.client_id, algorithm.name());
            jose::sign(&key.ok_or_else(|| Error::internal(missing()))?, typ, claims)
        }
        Protection::Unsecured => jose::sign(Signer::Unsecured, typ, claims),
    };
    signed.map_err(Error::internal)
}

/// Who a person is to an app: in ID tokens, in userinfo, and wherever a token is for us (OIDC Core §8, PROTOCOL P27).
#[must_use]
pub fn subject(ctx: &Context, client: &Client, user: &User) -> String {
    subject_of(ctx, client, &user.sub)
}

/// The same from what we call the person: they may be gone.
#[must_use]
pub fn subject_of(ctx: &Context, client: &Client, sub: &str) -> String {
    subject_in(ctx, client, sub, || None)
}

/// Who a person is in an access token: to the app where it is for us, otherwise to the API it is for (PROTOCOL P27).
#[must_use]
pub fn subject_at(ctx: &Context, client: &Client, user: &User, audience: &[String]) -> String {
    subject_in(ctx, client, &user.sub, || {
        let for_us = audience.iter().any(|uri| uri == ctx.issuer());
        if for_us { None } else { audience.first().and_then(|uri| subject::host(uri)) }
    })
}

/// `sector`: of another than the app itself. Addresses are read for those alone to whom a sector matters.
fn subject_in(ctx: &Context, client: &Client, sub: &str, sector: impl FnOnce() -> Option<String>) -> String {
    if client.metadata.subject_type != Some(SubjectType::Pairwise) {
        return sub.to_owned();
    }
    let sector = sector().or_else(|| subject::sector(&client.metadata));
    // its registration demanded a sector; one without is known to itself alone
    let sector = sector.unwrap_or_else(|| client.client_id.clone());
    subject::pairwise(&ctx.pairwise_key, &sector, sub)
}

/// What the granted scopes say of a person (OIDC Core §5.4), of which `keep` keeps some; and the claims that were asked
/// for by name (§5.5), of which the client may still name some.
///
/// # Errors
/// [`Error`] when the person's row is damaged.
pub fn person_claims(
    at: &Snapshot,
    client: &Client,
    subject: String,
    user: &User,
    scope: &Scope,
    keep: impl Fn(&str, &Profile) -> bool,
    by_name: &[String],
) -> Result<PersonClaims> {
    let profile = profile::of(user)?;
    let by_name = by_name.iter().map(String::as_str).filter(|name| may_name(at, client, name));
    let names = at.scopes.claims(scope).filter(|name| keep(name, &profile)).chain(by_name);
    Ok(PersonClaims { sub: subject, claims: profile::person(user, &profile).claims(names) })
}

/// Of claims that were asked for by name a while ago, one that the client may not name any more. A part, like a
/// refusal, never comes from a cache: where one is left out, it is to be looked at once more.
#[must_use]
pub fn lost<'n>(at: &Snapshot, client: &Client, by_name: &'n [String]) -> Option<&'n str> {
    by_name.iter().map(String::as_str).find(|name| !may_name(at, client, name))
}

fn may_name(at: &Snapshot, client: &Client, name: &str) -> bool {
    at.scopes.may_name(name, &client.metadata.all_scopes())
}

/// The answer with an access token and whatever comes with it.
#[must_use]
pub fn response(minted: Minted, refresh_token: Option<String>, id_token: Option<String>) -> TokenResponse {
    TokenResponse {
        access_token: minted.text,
        token_type: "Bearer",
        expires_in: minted.token.expires_at.unix_seconds() - minted.token.issued_at.unix_seconds(),
        scope: minted.token.scope.to_string(),
        refresh_token,
        id_token,
    }
}

/// A scope that we stored.
///
/// # Errors
/// [`Error`] when the row is damaged.
pub fn parse_scope(text: &str) -> Result<Scope> {
    Scope::parse(text).map_err(|_| Error::internal("a stored scope is damaged"))
}

/// What a row keeps of the `claims` parameter.
///
/// # Errors
/// [`Error`] when the row is damaged.
pub fn parse_told(text: Option<&str>) -> Result<Told> {
    Told::from_text(text).map_err(Error::internal)
}

/// Resources as rows have them: with spaces between.
#[must_use]
pub fn parse_list(text: &str) -> Vec<String> {
    text.split_terminator(' ').map(str::to_owned).collect()
}

/// The shorter of the client's life and those of the resources.
fn access_ttl_seconds(ctx: &Context, client: &Client, resources: &[&Resource]) -> i64 {
    let own = client.metadata.access_token_ttl.map_or_else(|| seconds(ctx.config.tokens.access_ttl), i64::from);
    resources.iter().filter_map(|resource| resource.access_ttl).map(i64::from).fold(own, i64::min)
}

fn format(ctx: &Context, client: &Client, resources: &[&Resource]) -> TokenFormat {
    let configured = match ctx.config.tokens.access_format {
        AccessFormat::Jwt => TokenFormat::Jwt,
        AccessFormat::Opaque => TokenFormat::Opaque,
    };
    let wanted = resources.iter().find_map(|resource| resource.format);
    wanted.or(client.metadata.access_token_format).unwrap_or(configured)
}

fn algorithm(ctx: &Context, client: &Client, resources: &[&Resource]) -> Algorithm {
    let wanted = resources.iter().find_map(|resource| resource.algorithm);
    wanted.or(client.metadata.access_token_alg).unwrap_or(ctx.config.tokens.access_alg)
}
