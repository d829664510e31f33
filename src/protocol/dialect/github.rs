//! The GitHub-shaped dialect: how that service writes scopes, errors and answers.

use crate::protocol::{ErrorCode, Refusal, params::Params};

/// Where a developer reads about errors of an authorization request.
const ABOUT_REQUESTS: &str = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1";

/// An authorization request in the standard's words. Scopes may be separated by commas, spaces or both; the literal
/// `(no scope)` of old programs means none; `login` suggests an account. What else that service takes is ignored.
#[must_use]
pub fn authorization(params: Params) -> Params {
    let known = ["client_id", "redirect_uri", "scope", "state", "login", "code_challenge", "code_challenge_method"];
    let scope = params.find("scope").map(scopes);
    let login = params.find("login").map(str::to_owned);
    let asked = params.only(&known).with("response_type", Some("code")).with("scope", scope.as_deref());
    asked.with("login_hint", login.as_deref())
}

/// Scopes with spaces between.
fn scopes(text: &str) -> String {
    if text.trim() == "(no scope)" {
        return String::new();
    }
    text.split([',', ' ']).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ")
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
