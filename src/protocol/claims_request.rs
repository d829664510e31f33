//! The `claims` parameter (OIDC Core §5.5): single facts about a person, asked for by name, and who and how surely they
//! have to be.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Refusal, claims,
    client_metadata::ClientMetadata,
    params::Params,
    scope::{Scope, ScopeTable},
};

/// Longest parameter, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// What is asked for. Claims that nobody here knows are left out (OIDC Core §5.5.1), as are those of other members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// What is to be told of the person.
    pub told: Told,
    /// One of these the person must be, if any are named (OIDC Core §3.1.2.2).
    pub subjects: Option<Vec<String>>,
    /// Of one of these classes the sign-in must be, if any are named (OIDC Core §5.5.1.1).
    pub classes: Option<Vec<String>>,
    /// Was something left out that could be a claim about a person? By now it may be one, and this client's.
    pub is_part: bool,
}

/// Names of claims, by where they are told; what a grant remembers of the parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// In ID tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// By userinfo.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
}

impl Told {
    /// Is nothing told?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id_token.is_empty() && self.userinfo.is_empty()
    }

    /// Every name, once.
    #[must_use]
    pub fn names(&self) -> Scope {
        self.id_token.iter().chain(&self.userinfo).map(String::as_str).collect()
    }

    /// Only the claims that `keep` keeps.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept = |names: &[String]| names.iter().filter(|name| keep(name)).cloned().collect();
        Self { id_token: kept(&self.id_token), userinfo: kept(&self.userinfo) }
    }

    /// As a row keeps it; `None` when nothing is told.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn from_text(text: Option<&str>) -> serde_json::Result<Self> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }
}

impl ClaimsRequest {
    /// Of this request, what this client [may name](ScopeTable::may_name).
    ///
    /// # Errors
    /// [`Refusal::ParameterMalformed`] for what is not of the form OIDC Core §5.5 gives, or too long.
    pub fn parse(params: &Params, client: &ClientMetadata, known: &ScopeTable) -> Result<Self, Refusal> {
        let Some(text) = params.find("claims") else { return Ok(Self::default()) };
        if text.len() > MAX_BYTES {
            return Err(Refusal::ParameterMalformed("claims", "is too long"));
        }
        // nested deeper than the library goes, it is not read at all
        let Ok(Value::Object(members)) = serde_json::from_str(text) else { return Err(MALFORMED) };
        let (id_token, userinfo) = (member(&members, "id_token")?, member(&members, "userinfo")?);
        let scopes = client.all_scopes();
        let may = |name: &str| known.may_name(name, &scopes);
        let names = |asked: &[(&str, Asked)]| {
            asked.iter().map(|(name, _)| *name).filter(|name| may(name)).map(str::to_owned).collect()
        };
        let is_lost = |name: &str| !may(name) && (claims::is_standard(name) || claims::is_own_name(name));
        let acr = find(&id_token, "acr").filter(|asked| asked.essential);
        Ok(Self {
            told: Told { id_token: names(&id_token), userinfo: names(&userinfo) },
            subjects: both(wanted(find(&id_token, "sub")), wanted(find(&userinfo, "sub"))),
            classes: wanted(acr),
            is_part: id_token.iter().chain(&userinfo).any(|(name, _)| is_lost(name)),
        })
    }
}

const MALFORMED: Refusal =
    Refusal::ParameterMalformed("claims", "must be a JSON object with userinfo and id_token, as OIDC Core 5.5 has it");

/// How a claim is asked for (OIDC Core §5.5.1).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    essential: bool,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Result<Vec<(&'m str, Asked)>, Refusal> {
    let claims = match members.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(claims)) => claims,
        Some(_) => return Err(MALFORMED),
    };
    let asked = |(name, how): (&'m String, &'m Value)| match how {
        Value::Null => Ok((name.as_str(), Asked::default())),
        Value::Object(_) => Asked::deserialize(how).map(|how| (name.as_str(), how)).map_err(|_| MALFORMED),
        _ => Err(MALFORMED),
    };
    claims.iter().map(asked).collect()
}

fn find<'a>(asked: &'a [(&str, Asked)], name: &str) -> Option<&'a Asked> {
    asked.iter().find(|(known, _)| *known == name).map(|(_, how)| how)
}

/// The values that are good enough; `None` when any is. What is no text is nobody's and of no class.
fn wanted(asked: Option<&Asked>) -> Option<Vec<String>> {
    let asked = asked.filter(|asked| asked.value.is_some() || asked.values.is_some())?;
    let values = asked.value.iter().chain(asked.values.iter().flatten());
    Some(values.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// What is good enough for both.
fn both(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.into_iter().filter(|value| other.contains(value)).collect()),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
