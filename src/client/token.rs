//! Asking the token endpoint: RFC 6749 §2.3.1, §3.2, §5.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use serde_json::{Map, Value};
use url::form_urlencoded::byte_serialize;

use super::{
    Failure, Outcome,
    discovery::Provider,
    object, send,
    wire::{Sent, Wire},
};

/// Who the client is.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// `client_id`
    pub(crate) id: String,
    /// `client_secret`; a public client has none.
    pub(crate) secret: Option<String>,
}

/// A successful answer of the token endpoint (RFC 6749 §5.1), whole.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(pub(crate) Map<String, Value>);

impl Tokens {
    /// A member that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The access token.
    pub(crate) fn access(&self) -> &str {
        self.text("access_token").unwrap_or_default()
    }
}

/// A form to an endpoint that clients prove themselves at: in the header where the server takes that, else in the form.
/// Both halves of the header are form-encoded before (RFC 6749 §2.3.1).
pub(crate) fn form(provider: &Provider, client: &Credentials, endpoint: &str, pairs: &[(&str, &str)]) -> Sent {
    let supported = provider.token_endpoint_auth_methods_supported.as_ref();
    let takes = |method: &str| supported.is_some_and(|all| all.iter().any(|one| one == method));
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let sent = match &client.secret {
        Some(secret) if takes("client_secret_basic") || !takes("client_secret_post") => {
            let basic = format!("Basic {}", B64.encode(format!("{}:{}", encoded(&client.id), encoded(secret))));
            Sent::post(endpoint, pairs).with("Authorization", basic)
        }
        Some(secret) => {
            let own = [("client_id", client.id.as_str()), ("client_secret", secret.as_str())];
            Sent::post(endpoint, &[pairs, &own].concat())
        }
        None => Sent::post(endpoint, &[pairs, &[("client_id", client.id.as_str())]].concat()),
    };
    sent.with("Accept", "application/json")
}

/// Asks for tokens.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn ask(
    wire: &Wire,
    provider: &Provider,
    client: &Credentials,
    pairs: &[(&str, &str)],
) -> Outcome<Tokens> {
    let endpoint = provider.need("token endpoint", provider.token_endpoint.as_ref())?;
    let request = form(provider, client, endpoint, pairs);
    let reply = send(wire, &request).await?;
    let tokens = Tokens(object(&request, &reply)?);
    if tokens.access().is_empty() {
        return Failure::unfit("the server answers without an access token");
    }
    // a client must not use a kind of token that it does not know (RFC 6749 §7.1)
    match tokens.text("token_type") {
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => Ok(tokens),
        Some(kind) => Failure::unfit(format!("the token is of the kind {kind}, which this client cannot use")),
        None => Failure::unfit("the server does not say of which kind the token is"),
    }
}
