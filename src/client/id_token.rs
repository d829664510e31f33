//! What a client checks of an ID token before it believes it: `OpenID` Connect Core §3.1.3.7, §3.1.3.8.

use serde_json::{Map, Value, json};

use super::{
    Failure, Outcome,
    discovery::Provider,
    jwt, object, send,
    wire::{Sent, Wire},
};
use crate::jose::{self, Algorithm, PublicKey};

/// What a token is held to.
pub(crate) struct Expected<'a> {
    /// The client.
    pub(crate) client_id: &'a str,
    /// What was sent with the request, if there was one.
    pub(crate) nonce: Option<&'a str>,
    /// What came with it.
    pub(crate) access_token: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// How far another machine's clock may be off, in seconds.
const LEEWAY: i64 = 60;

/// Verifies an ID token by the server's published keys; gives its claims.
///
/// # Errors
/// [`Failure::Unfit`] when it is not to be believed; [`Failure`] when the keys cannot be had.
pub(crate) async fn check(
    wire: &Wire,
    provider: &Provider,
    token: &str,
    expected: &Expected<'_>,
) -> Outcome<Map<String, Value>> {
    let not = |why: &str| Failure::Unfit(format!("the ID token is not believed: {why}"));
    let (header, _) = jwt::decode(token).ok_or_else(|| not("it is no signed JWT"))?;
    let named = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let algorithm = Algorithm::parse(named)
        .ok_or_else(|| not(&format!("it is signed with {named:?}, which this client does not check")))?;
    let request = Sent::get(provider.need("key set", provider.jwks_uri.as_ref())?).with("Accept", "application/json");
    let keys = object(&request, &send(wire, &request).await?)?;
    let keys = keys.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    let kid = header.get("kid").and_then(Value::as_str);
    let mut usable = keys.into_iter().filter_map(|key| as_ours(key, kid, algorithm)).peekable();
    if usable.peek().is_none() {
        return Err(not(&format!("the server publishes no key {:?} for {named}", kid.unwrap_or_default())));
    }
    let claims = usable
        .find_map(|key| jose::verify_any::<Map<String, Value>>(&key, token).ok())
        .ok_or_else(|| not("its signature is wrong"))?;
    judge(&claims, &provider.issuer, algorithm, expected).map_err(|why| not(&why))?;
    Ok(claims)
}

/// A published key as one that can verify. Not every server writes `alg` or `kid` into its keys.
fn as_ours(mut key: Value, kid: Option<&str>, algorithm: Algorithm) -> Option<PublicKey> {
    let members = key.as_object_mut()?;
    let is = |name: &str, value: &str| members.get(name).is_none_or(|known| known == value);
    if !is("alg", algorithm.name()) || !is("use", "sig") || !kid.is_none_or(|kid| is("kid", kid)) {
        return None;
    }
    members.entry("alg").or_insert_with(|| json!(algorithm.name()));
    members.entry("kid").or_insert_with(|| json!(""));
    PublicKey::from_json(key).ok()
}

/// The claims, in the order in which the specification lists the checks.
pub(super) fn judge(
    claims: &Map<String, Value>,
    issuer: &str,
    algorithm: Algorithm,
    expected: &Expected<'_>,
) -> Result<(), String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| {
        let number = claims.get(name)?;
        #[expect(clippy::cast_possible_truncation, reason = "a date with a fraction; what is out of range saturates")]
        number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))
    };
    if text("iss") != Some(issuer) {
        return Err(format!("iss is {:?}", text("iss").unwrap_or_default()));
    }
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audience.contains(&expected.client_id) {
        return Err(format!("aud is {}, not this client", audience.join(" ")));
    }
    if text("azp").map_or(audience.len() > 1, |azp| azp != expected.client_id) {
        return Err("azp is not this client".to_owned());
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("it has no sub".to_owned());
    }
    if seconds("exp").is_none_or(|exp| exp.saturating_add(LEEWAY) <= expected.now) {
        return Err("it has expired".to_owned());
    }
    if seconds("iat").is_none_or(|iat| iat > expected.now.saturating_add(LEEWAY)) {
        return Err("it is issued in the future, or does not say when".to_owned());
    }
    if let Some(nonce) = expected.nonce
        && text("nonce") != Some(nonce)
    {
        return Err("nonce is not the one that was sent".to_owned());
    }
    match text("at_hash") {
        Some(hash) if hash != jose::half_hash(algorithm, expected.access_token) => {
            Err("at_hash belongs to another access token".to_owned())
        }
        _ => Ok(()),
    }
}
