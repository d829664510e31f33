//! The GitHub-shaped dialect: how that service writes scopes, errors and people.

pub mod answer;
pub mod multipart;

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use serde::Serialize;

use crate::{
    clock::Ts,
    protocol::{ErrorCode, Refusal, client_auth, grant::GrantType, params::Params, scope::Scope},
};

/// Where a developer reads about errors of an authorization request.
const ABOUT_REQUESTS: &str = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1";
/// The same for errors of a token request.
const ABOUT_TOKENS: &str = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2";
/// The same for access tokens at the API.
pub const ABOUT_BEARERS: &str = "https://www.rfc-editor.org/rfc/rfc6750#section-3.1";

/// An authorization request in the standard's words. Scopes may be separated by commas, spaces or both; the literal
/// `(no scope)` of old programs means none; `login` suggests an account. What else that service takes is ignored.
#[must_use]
pub fn authorization(params: Params) -> Params {
    let known = ["client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    let scope = params.find("scope").map(scopes);
    let login = params.find("login").map(str::to_owned);
    let asked = params.only(&known).put("response_type", Some("code")).put("scope", scope.as_deref());
    asked.put("login_hint", login.as_deref())
}

/// Scopes as the standard has them: with spaces between.
#[must_use]
pub fn scopes(text: &str) -> String {
    if text.trim() == "(no scope)" {
        return String::new();
    }
    text.split([',', ' ']).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Scopes as a token's answer has them: with commas between.
#[must_use]
pub fn comma_separated(scope: &Scope) -> String {
    scope.iter().collect::<Vec<_>>().join(",")
}

/// Scopes as the API's headers have them: with a comma and a space between (UX Q37).
#[must_use]
pub fn in_header(scope: &Scope) -> String {
    scope.iter().collect::<Vec<_>>().join(", ")
}

/// The parameters of a redirect that carries an error.
#[must_use]
pub fn redirect_error(why: &Refusal) -> Vec<(&'static str, String)> {
    let words = match why.code() {
        ErrorCode::AccessDenied => "The user has denied your application access.".to_owned(),
        _ => why.description(),
    };
    vec![
        ("error", why.code().text().to_owned()),
        ("error_description", words),
        ("error_uri", ABOUT_REQUESTS.to_owned()),
    ]
}

/// An error of the token endpoint, in that service's own names; programs compare them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenError {
    /// `bad_verification_code` and the like.
    pub error: &'static str,
    /// One sentence.
    pub error_description: String,
    /// Where to read about it.
    pub error_uri: &'static str,
}

impl TokenError {
    /// Of a refusal. One that has no name there keeps the standard's.
    #[must_use]
    pub fn of(why: &Refusal) -> Self {
        let (error, words) = match why {
            Refusal::MethodNotRegistered(..) => ("incorrect_client_credentials", Some(why.description())),
            _ if why.code() == ErrorCode::InvalidClient || matches!(why, Refusal::NotOfDialect(_)) => (
                "incorrect_client_credentials",
                Some("The client_id and/or client_secret passed are incorrect.".to_owned()),
            ),
            Refusal::DeviceCodeUnknown
            | Refusal::DeviceCodeSpent
            | Refusal::DeviceCodeOfAnotherClient
            | Refusal::ParameterMissing("device_code") => {
                ("incorrect_device_code", Some("The device_code provided is not valid.".to_owned()))
            }
            Refusal::GrantTypeNotAllowed(grant) if *grant == GrantType::DeviceCode.name() => {
                ("device_flow_disabled", Some("Device login is not switched on for this application.".to_owned()))
            }
            Refusal::RedirectUriDiffers => (
                "redirect_uri_mismatch",
                Some("The redirect_uri MUST match the registered callback URL for this application.".to_owned()),
            ),
            _ if why.code() == ErrorCode::InvalidGrant || matches!(why, Refusal::ParameterMissing("code")) => {
                ("bad_verification_code", Some("The code passed is incorrect or expired.".to_owned()))
            }
            _ => (why.code().text(), None),
        };
        Self { error, error_description: words.unwrap_or_else(|| why.description()), error_uri: ABOUT_TOKENS }
    }
}

/// What is known of a person, and of where their data is served.
pub struct Known<'a> {
    /// A number below 2³¹.
    pub id: i64,
    /// User name.
    pub login: &'a str,
    /// Name, when there is one.
    pub name: Option<&'a str>,
    /// Address, when the token's scopes show it.
    pub email: Option<&'a str>,
    /// When the account was made.
    pub created_at: Ts,
    /// When it was changed.
    pub updated_at: Ts,
    /// Our own address.
    pub issuer: &'a str,
    /// Of a picture that stands for everybody.
    pub avatar_url: String,
}

/// A person, as `/user` shows them. Members without a meaning here are there, empty, because programs read them.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "that service's own names")]
pub struct Profile<'a> {
    pub login: &'a str,
    pub id: i64,
    pub node_id: String,
    pub avatar_url: String,
    pub gravatar_id: &'static str,
    pub url: String,
    pub html_url: String,
    pub followers_url: String,
    pub following_url: String,
    pub gists_url: String,
    pub starred_url: String,
    pub subscriptions_url: String,
    pub organizations_url: String,
    pub repos_url: String,
    pub events_url: String,
    pub received_events_url: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub site_admin: bool,
    pub name: Option<&'a str>,
    pub company: Option<&'a str>,
    pub blog: &'static str,
    pub location: Option<&'a str>,
    pub email: Option<&'a str>,
    pub hireable: Option<bool>,
    pub bio: Option<&'a str>,
    pub twitter_username: Option<&'a str>,
    pub public_repos: u32,
    pub public_gists: u32,
    pub followers: u32,
    pub following: u32,
    pub created_at: String,
    pub updated_at: String,
}

impl<'a> Profile<'a> {
    /// Of a person.
    #[must_use]
    pub fn of(known: Known<'a>) -> Self {
        let own = |path: &str| format!("{}/api/v3/user{path}", known.issuer);
        Self {
            login: known.login,
            id: known.id,
            node_id: B64.encode(format!("04:User{}", known.id)),
            url: own(""),
            // people have no public page here; this one is theirs
            html_url: format!("{}/account#{}", known.issuer, in_address(known.login)),
            followers_url: own("/followers"),
            following_url: own("/following{/other_user}"),
            gists_url: own("/gists{/gist_id}"),
            starred_url: own("/starred{/owner}{/repo}"),
            subscriptions_url: own("/subscriptions"),
            organizations_url: own("/orgs"),
            repos_url: own("/repos"),
            events_url: own("/events{/privacy}"),
            received_events_url: own("/received_events"),
            avatar_url: known.avatar_url,
            gravatar_id: "",
            kind: "User",
            site_admin: false,
            name: known.name,
            company: None,
            blog: "",
            location: None,
            email: known.email,
            hireable: None,
            bio: None,
            twitter_username: None,
            public_repos: 0,
            public_gists: 0,
            followers: 0,
            following: 0,
            created_at: known.created_at.to_rfc3339(),
            updated_at: known.updated_at.to_rfc3339(),
        }
    }
}

fn in_address(login: &str) -> String {
    url::form_urlencoded::byte_serialize(login.as_bytes()).collect()
}

/// An item of `/user/emails`: exactly these members (UX Q37).
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "that service's own names")]
pub struct Email<'a> {
    pub email: &'a str,
    pub primary: bool,
    pub verified: bool,
    pub visibility: &'static str,
}

/// A token as `Authorization` presents it to the API: `token X`, `Bearer X`, or Basic with the token as password, or as
/// user name where the password is `x-oauth-basic` or empty. `None` for anything else.
#[must_use]
pub fn presented(header: &str) -> Option<String> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer") {
        return (!rest.is_empty()).then(|| rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = client_auth::basic_text(rest)?;
    let token = match text.split_once(':')? {
        (name, "" | "x-oauth-basic") => name,
        (_, password) => password,
    };
    (!token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests;
