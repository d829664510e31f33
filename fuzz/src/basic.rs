//! The Basic header (RFC 7617, RFC 6749 §2.3.1).

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::protocol::{
    Refusal,
    client_auth::PresentedCredentials,
    client_metadata::AuthMethod,
    params::{Params, Repeatable},
};

/// Any header is read or refused; what was encoded by the book comes out again; two ways at once never pass.
pub fn holds(data: &[u8]) {
    let [header, id, secret] = super::lines(data);
    let none = Params::default();
    if let Ok(read) = PresentedCredentials::parse(Some(&header), &none) {
        assert!(!read.client_id.is_empty() && !read.client_id.contains('\0'));
        assert!(read.secret.is_none_or(|secret| secret.method == AuthMethod::ClientSecretBasic));
    }
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let by_the_book = format!("Basic {}", B64.encode(format!("{}:{}", encode(&id), encode(&secret))));
    match PresentedCredentials::parse(Some(&by_the_book), &none) {
        Ok(read) => {
            assert_eq!(read.client_id, id);
            assert_eq!(read.secret.as_ref().map_or("", |sent| sent.secret.expose()), secret);
        }
        Err(refusal) => assert!(id.is_empty() || id.contains('\0'), "{refusal:?}"),
    }
    let both = Params::from_form(b"client_secret=x", Repeatable::Protocol).unwrap();
    let twice = PresentedCredentials::parse(Some(&by_the_book), &both);
    assert!(matches!(twice, Err(Refusal::CredentialsTwice | Refusal::BasicMalformed)));
}
