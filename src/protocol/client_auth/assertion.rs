//! Assertions in place of a secret (RFC 7521 §4.2, RFC 7523 §2.2 and §3, OIDC Core §9): `private_key_jwt` and
//! `client_secret_jwt`.

use serde::Deserialize;
use serde_json::Number;

use crate::{
    clock::Ts,
    jose::{self, Header, Protection},
    protocol::{
        Refusal,
        client_metadata::{AuthMethod, ClientMetadata},
        numeric_date::seconds,
        params::Params,
    },
};

/// RFC 7523 §2.2.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead a client's clock may be without harm, in seconds (FAPI 2.0 §5.3.2.1).
pub const AHEAD_SECONDS: i64 = 10;
/// How long an assertion may live from now on, in seconds: libraries say up to an hour, and their clocks may be ahead. As
/// long is remembered that it was used.
pub const LONGEST_SECONDS: i64 = 3600 + 60;

const MAX_BYTES: usize = 16 * 1024;
const MAX_JTI_BYTES: usize = 256;

/// An assertion as it came; nothing is believed yet.
#[derive(Debug, Clone)]
pub struct PresentedAssertion {
    /// The JWT.
    pub text: String,
    /// What it says of itself.
    pub header: Header,
    /// How it says it is protected.
    pub protection: Protection,
}

/// What a client claims of itself (RFC 7523 §3).
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<Number>,
    nbf: Option<Number>,
    iat: Option<Number>,
    jti: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What has to be remembered of an assertion that is accepted, so that it is accepted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// Its name among those of its client.
    pub jti: String,
    /// From then on it would be refused anyway.
    pub expires_at: Ts,
}

/// Who may be meant by `aud`.
#[derive(Debug, Clone, Copy)]
pub struct Audiences<'a> {
    /// Our name.
    pub issuer: &'a str,
    /// The token endpoint's address, for clients of before (PROTOCOL P36).
    pub token_endpoint: Option<&'a str>,
}

impl PresentedAssertion {
    /// The assertion of a request and the client it names; `None` when the request has none.
    ///
    /// # Errors
    /// [`Refusal::AssertionMalformed`]; [`Refusal::CredentialsConflict`] when `client_id` names another client
    /// (RFC 7521 §4.2).
    pub fn parse(params: &Params) -> Result<Option<(String, Self)>, Refusal> {
        #[derive(Deserialize)]
        struct Named {
            sub: String,
        }
        let (kind, text) = match (params.find("client_assertion_type"), params.find("client_assertion")) {
            (None, None) => return Ok(None),
            (Some(kind), Some(text)) => (kind, text),
            _ => return Err(Refusal::AssertionMalformed),
        };
        let read = || {
            let header = jose::peek_header(text).filter(|_| kind == TYPE && text.len() <= MAX_BYTES)?;
            let protection =
                Protection::parse(&header.alg).filter(|protection| *protection != Protection::Unsecured)?;
            let named: Named = jose::peek_claims(text)?;
            let sane = !named.sub.is_empty() && !named.sub.contains('\0');
            sane.then_some((named.sub, Self { text: text.to_owned(), header, protection }))
        };
        let (client_id, presented) = read().ok_or(Refusal::AssertionMalformed)?;
        if params.find("client_id").is_some_and(|named| named != client_id) {
            return Err(Refusal::CredentialsConflict);
        }
        Ok(Some((client_id, presented)))
    }

    /// The method that it is.
    #[must_use]
    pub const fn method(&self) -> AuthMethod {
        match self.protection {
            Protection::Mac(_) => AuthMethod::ClientSecretJwt,
            Protection::Signature(_) | Protection::Unsecured => AuthMethod::PrivateKeyJwt,
        }
    }

    /// Is it made as the client is registered to make it? `typ` keeps tokens of other kinds out, which the same key may
    /// have signed (RFC 8725 §3.11, PROTOCOL P22).
    ///
    /// # Errors
    /// [`Refusal::AssertionUnfit`].
    pub fn check_header(&self, client: &ClientMetadata) -> Result<(), Refusal> {
        if client.token_endpoint_auth_signing_alg.is_some_and(|registered| registered != self.protection) {
            return unfit("is signed with another algorithm than the client is registered for");
        }
        match self.header.typ.as_deref() {
            None => Ok(()),
            Some(typ) if ["jwt", "client-authentication+jwt"].iter().any(|own| typ.eq_ignore_ascii_case(own)) => Ok(()),
            Some(_) => unfit("is a JWT of another kind (typ)"),
        }
    }
}

/// Is this an assertion of the client, for us, now?
///
/// # Errors
/// [`Refusal::AssertionUnfit`] says what to mend: only the client itself could have signed it.
pub fn check(claims: &Claims, client_id: &str, audiences: Audiences<'_>, now: Ts) -> Result<Single, Refusal> {
    let names = [&claims.iss, &claims.sub];
    if names.into_iter().any(|name| name.as_deref() != Some(client_id)) {
        return unfit("must have the client_id as iss and as sub");
    }
    if !claims.aud.as_ref().is_some_and(|aud| audiences.holds(aud)) {
        return unfit("must have the issuer of this server, and nothing else, as aud");
    }
    let now_seconds = now.unix_seconds();
    let Some(exp) = claims.exp.as_ref().and_then(seconds) else { return unfit("has no exp") };
    if exp <= now_seconds {
        return unfit("has expired");
    }
    if exp > now_seconds + LONGEST_SECONDS {
        return unfit("lives too long; exp may be an hour ahead at most");
    }
    for begins in [&claims.nbf, &claims.iat].into_iter().flatten() {
        match seconds(begins) {
            Some(at) if at <= now_seconds + AHEAD_SECONDS => {}
            _ => return unfit("begins in the future (nbf, iat); the clock of one of us is wrong"),
        }
    }
    match &claims.jti {
        Some(jti) if (1..=MAX_JTI_BYTES).contains(&jti.len()) => {
            Ok(Single { jti: jti.clone(), expires_at: Ts::from_unix_seconds(exp) })
        }
        _ => unfit("must have a jti of its own, of at most 256 bytes"),
    }
}

impl Audiences<'_> {
    /// One name, exactly (PROTOCOL P36): what is also meant for another server could be played on to us by it.
    fn holds(&self, aud: &Audience) -> bool {
        let only = match aud {
            Audience::One(only) => only,
            Audience::Many(all) => match all.as_slice() {
                [only] => only,
                _ => return false,
            },
        };
        only == self.issuer || self.token_endpoint == Some(only)
    }
}

fn unfit<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::AssertionUnfit(why))
}

#[cfg(test)]
mod tests;
