//! Sending a browser to the server and judging what it comes back with: RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 9700 §2.1.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use url::{Url, form_urlencoded};

use super::{Failure, Outcome, discovery::Provider};
use crate::secret::{base62, random};

/// An authorization request, and what the client keeps of it until the answer comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Where the browser is sent.
    pub(crate) url: String,
    /// Recognises the answer.
    pub(crate) state: String,
    /// What the challenge was made of.
    pub(crate) verifier: String,
    /// Expected back in the ID token.
    pub(crate) nonce: String,
}

/// A request without its address yet, and the parameters that carry what was drawn for it: state, nonce and PKCE.
pub(crate) fn draw() -> (Asked, [(&'static str, String); 4]) {
    let (state, nonce) = (base62::encode(&random::<16>()), base62::encode(&random::<16>()));
    let verifier = B64.encode(random::<32>());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let parameters = [
        ("state", state.clone()),
        ("nonce", nonce.clone()),
        ("code_challenge", B64.encode(digest)),
        ("code_challenge_method", "S256".to_owned()),
    ];
    (Asked { url: String::new(), state, verifier, nonce }, parameters)
}

/// A request for a code. `parameters` are the client's own: `client_id`, `redirect_uri`, `scope` … A query that the
/// endpoint has already stays (RFC 6749 §3.1).
///
/// # Errors
/// [`Failure::Unfit`] when the endpoint is no URL.
pub(crate) fn ask(endpoint: &str, parameters: &[(&str, &str)]) -> Outcome<Asked> {
    let (asked, drawn) = draw();
    let mut url = Url::parse(endpoint).map_err(|_| Failure::Unfit(format!("{endpoint} is no URL")))?;
    url.query_pairs_mut().append_pair("response_type", "code").extend_pairs(parameters).extend_pairs(drawn);
    Ok(Asked { url: url.into(), ..asked })
}

/// A parameter of an answer.
///
/// # Errors
/// [`Failure::Unfit`] when it is there twice (RFC 6749 §3.1).
fn parameter(query: &str, name: &str) -> Outcome<Option<String>> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        return Failure::unfit(format!("the answer is not used: it has more than one {name}"));
    }
    Ok(first)
}

impl Asked {
    /// Is this query an answer to this request?
    pub(crate) fn is_answered_by(&self, query: &str) -> bool {
        parameter(query, "state").is_ok_and(|state| state.as_deref() == Some(self.state.as_str()))
    }

    /// The code of an answer.
    ///
    /// # Errors
    /// [`Failure::Refused`] for the server's no, [`Failure::Unfit`] when this is no answer to this request of this server.
    pub(crate) fn code(&self, provider: &Provider, query: &str) -> Outcome<String> {
        if !self.is_answered_by(query) {
            return Failure::unfit("the answer is not used: its state is not the one that was sent");
        }
        match parameter(query, "iss")? {
            Some(iss) if iss != provider.issuer => {
                return Failure::unfit(format!("the answer is not used: it comes from {iss}, another server"));
            }
            None if provider.authorization_response_iss_parameter_supported => {
                return Failure::unfit("the answer is not used: it does not say which server it comes from");
            }
            _ => {}
        }
        if let Some(error) = parameter(query, "error")? {
            return Err(Failure::Refused { error, words: parameter(query, "error_description")? });
        }
        match parameter(query, "code")? {
            Some(code) => Ok(code),
            None => Failure::unfit("the answer has neither a code nor an error"),
        }
    }
}
