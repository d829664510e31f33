//! Values of flags.

use super::keys::KeyUse;
use crate::{
    config::duration,
    jose::{
        Algorithm, Protection,
        jwe::{ContentAlgorithm, Encryption, KeyAlgorithm, KeyFamily},
    },
    protocol::{
        client_metadata::{AuthMethod, TokenFormat},
        dialect::Dialect,
        grant::GrantType,
        response_type::ResponseType,
        scope,
        subject::SubjectType,
    },
};

/// A value, or the word `default` for the installation's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrDefault<T>(pub(super) Option<T>);

fn or_default<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<OrDefault<T>, String> {
    if text == "default" { Ok(OrDefault(None)) } else { parse(text).map(|value| OrDefault(Some(value))) }
}

/// `jwt`, `opaque` or `default`.
pub(super) fn format(text: &str) -> Result<OrDefault<TokenFormat>, String> {
    or_default(text, |text| TokenFormat::parse(text).ok_or_else(|| "write jwt, opaque or default".to_owned()))
}

/// `github`, `facebook` or `default`.
pub(super) fn dialect(text: &str) -> Result<OrDefault<Dialect>, String> {
    or_default(text, |text| Dialect::parse(text).ok_or_else(|| "write github, facebook or default".to_owned()))
}

/// The name of a signature, or `default`.
pub(super) fn algorithm_or_default(text: &str) -> Result<OrDefault<Algorithm>, String> {
    or_default(text, algorithm)
}

/// `RSA-OAEP-256` and the like, with `/A256GCM` and the like behind it, or `default` for none.
pub(super) fn encryption(text: &str) -> Result<OrDefault<Encryption>, String> {
    let words = || {
        let keys = KeyAlgorithm::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
        let contents = ContentAlgorithm::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
        format!("write one of {keys}, and if you like / and one of {contents}")
    };
    or_default(text, |text| {
        let (key, content) = text.split_once('/').map_or((text, None), |(key, content)| (key, Some(content)));
        let content = content.map(|content| ContentAlgorithm::parse(content).ok_or_else(words)).transpose()?;
        Encryption::of(KeyAlgorithm::parse(key), content).ok_or_else(words)
    })
}

/// `issuer`, or `token_endpoint` for what is accepted besides.
pub(super) fn assertion_audience(text: &str) -> Result<bool, String> {
    match text {
        "issuer" => Ok(false),
        "token_endpoint" => Ok(true),
        _ => Err("write issuer or token_endpoint".to_owned()),
    }
}

/// When PKCE is demanded: `required`, `optional`, or `default`.
pub(super) fn pkce(text: &str) -> Result<OrDefault<bool>, String> {
    or_default(text, |text| match text {
        "required" => Ok(true),
        "optional" => Ok(false),
        _ => Err("write required, optional or default".to_owned()),
    })
}

/// The name of a signature, `HS256` and the like, `none`, or `default`.
pub(super) fn protection_or_default(text: &str) -> Result<OrDefault<Protection>, String> {
    let names = || Protection::all().map(Protection::name).collect::<Vec<_>>().join(", ");
    or_default(text, |text| Protection::parse(text).ok_or_else(|| format!("write one of {}", names())))
}

/// The name of a signature.
pub(super) fn algorithm(text: &str) -> Result<Algorithm, String> {
    let names = || Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ");
    Algorithm::parse(text).ok_or_else(|| format!("write one of {}", names()))
}

/// The name of an algorithm that a key of the server is for: of a signature, or of what others encrypt.
pub(super) fn key_use(text: &str) -> Result<KeyUse, String> {
    let family = || KeyFamily::parse(text).map(KeyUse::Encrypt);
    let unknown = |words| {
        format!("{words}; or {}", KeyAlgorithm::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", "))
    };
    algorithm(text).map(KeyUse::Sign).or_else(|words| family().ok_or_else(|| unknown(words)))
}

/// Life of an access token: 1 s to 1 y, or `default`.
pub(super) fn access_ttl(text: &str) -> Result<OrDefault<u32>, String> {
    or_default(text, |text| seconds(text, 1, 365 * 86_400, "1s to 1y"))
}

/// Life of a refresh token: 1 s to 10 y, or `default`.
pub(super) fn refresh_ttl(text: &str) -> Result<OrDefault<u32>, String> {
    or_default(text, |text| seconds(text, 1, 3650 * 86_400, "1s to 10y"))
}

/// 0 s to 10 m, or `default`.
pub(super) fn reuse_grace(text: &str) -> Result<OrDefault<u32>, String> {
    or_default(text, |text| seconds(text, 0, 600, "0s to 10m"))
}

/// 0 s to 1 y.
pub(super) fn keep_old(text: &str) -> Result<u32, String> {
    if text == "0" { Ok(0) } else { seconds(text, 0, 365 * 86_400, "0s to 1y") }
}

/// Life of an initial access token: 1 m to 1 y.
pub(super) fn token_life(text: &str) -> Result<u32, String> {
    seconds(text, 60, 365 * 86_400, "1m to 1y")
}

fn seconds(text: &str, least: u32, greatest: u32, range: &str) -> Result<u32, String> {
    let duration = duration::parse(text).ok_or("write a number and s, m, h, d or y, as in 15m")?;
    let whole = u32::try_from(duration.as_secs()).ok().filter(|_| duration.subsec_nanos() == 0);
    whole.filter(|whole| (least..=greatest).contains(whole)).ok_or_else(|| format!("must be from {range}"))
}

/// Grants of one `--grant`: one name, or several with spaces or commas between.
#[derive(Debug, Clone)]
pub(super) struct Grants(pub(super) Vec<GrantType>);

/// Names of grants.
pub(super) fn grants(text: &str) -> Result<Grants, String> {
    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
    let unknown = |name: &str| {
        let known = GrantType::ALL.iter().map(|grant| grant.short_name()).collect::<Vec<_>>().join(", ");
        format!("{name:?} is none of {known}")
    };
    let grants: Vec<_> =
        names.map(|name| GrantType::parse_short(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>()?;
    if grants.is_empty() { Err(unknown(text)) } else { Ok(Grants(grants)) }
}

/// A response type, or `default` for those of the grants.
pub(super) fn response_type(text: &str) -> Result<OrDefault<ResponseType>, String> {
    let known = || ResponseType::ALL.iter().map(|asked| format!("{:?}", asked.name())).collect::<Vec<_>>().join(", ");
    or_default(text, |text| ResponseType::parse(text).ok_or_else(|| format!("write one of {}, or default", known())))
}

/// The name of a method.
pub(super) fn auth_method(text: &str) -> Result<AuthMethod, String> {
    let names = || AuthMethod::ALL.iter().map(|method| method.name()).collect::<Vec<_>>().join(", ");
    AuthMethod::parse(text).ok_or_else(|| format!("write one of {}", names()))
}

/// Scope names, with spaces between them.
pub(super) fn scopes(text: &str) -> Result<scope::Scope, String> {
    scope::Scope::parse(text).map_err(|_| "write names with spaces between them, as in \"openid profile\"".to_owned())
}

/// `public` or `pairwise`.
pub(super) fn subject_type(name: &str) -> Result<SubjectType, String> {
    SubjectType::parse(name).ok_or_else(|| "write public or pairwise".to_owned())
}

/// The name of a ready set.
pub(super) fn scope_set(name: &str) -> Result<scope::ScopeSet, String> {
    let names = || scope::ScopeSet::ALL.iter().map(|set| set.name()).collect::<Vec<_>>().join(" or ");
    scope::ScopeSet::ALL.iter().copied().find(|set| set.name() == name).ok_or_else(|| format!("write {}", names()))
}

/// `NAME=text` or `NAME:=JSON`.
pub(super) fn claim(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in given_name=Ada")?;
    match name.strip_suffix(':') {
        Some(name) => {
            let value = serde_json::from_str(value).map_err(|error| format!("this is no JSON: {error}"))?;
            Ok((name.to_owned(), value))
        }
        None => Ok((name.to_owned(), value.into())),
    }
}

/// All of several flags together.
pub(super) fn union(scopes: &[scope::Scope]) -> scope::Scope {
    scopes.iter().fold(scope::Scope::default(), |all, one| all.union(one))
}

/// In the order in which they were first given.
pub(super) fn once_each<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}
