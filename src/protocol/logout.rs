//! Signing out: where people are sent afterwards (OIDC RP-Initiated Logout 1.0), and what ends with their session.

use url::form_urlencoded::Serializer;

use super::{Refusal, client_metadata::ClientMetadata, params::Params, scope::Scope};

/// An address this client registered for the way back; the only thing that signing out redirects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostLogoutRedirect {
    uri: String,
    state: Option<String>,
}

impl PostLogoutRedirect {
    /// The request's `post_logout_redirect_uri`, if it is one of the client's, byte for byte (RP-Initiated Logout §3).
    /// `None` when there is none.
    ///
    /// # Errors
    /// [`Refusal::LogoutRedirectUnregistered`]; [`Refusal::LogoutClientMissing`] when nobody can tell whose it is.
    pub fn trust(params: &Params, client: Option<&ClientMetadata>) -> Result<Option<Self>, Refusal> {
        let Some(sent) = params.find("post_logout_redirect_uri") else { return Ok(None) };
        let client = client.ok_or(Refusal::LogoutClientMissing)?;
        if client.post_logout_redirect_uris.iter().any(|uri| uri == sent) {
            let state = params.find("state").map(str::to_owned);
            Ok(Some(Self { uri: sent.to_owned(), state }))
        } else {
            Err(Refusal::LogoutRedirectUnregistered)
        }
    }

    /// The address with `state` as it was sent. What the address has of a query stays.
    #[must_use]
    pub fn location(&self) -> String {
        let Some(state) = &self.state else { return self.uri.clone() };
        let joint = match self.uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let state = Serializer::new(String::new()).append_pair("state", state).finish();
        format!("{}{joint}{state}", self.uri)
    }
}

/// Does what was granted end with the session in which it was? Signing in does; what is to go on while the person is away
/// does not (OIDC Back-Channel Logout §2.7, PROTOCOL P17).
#[must_use]
pub fn ends_with_session(scope: &Scope) -> bool {
    takes_part(scope) && !scope.has("offline_access")
}

/// Is somebody signed in to the app by this grant, so that the app is part of their session here?
#[must_use]
pub fn takes_part(scope: &Scope) -> bool {
    scope.has("openid")
}

#[cfg(test)]
mod tests;
