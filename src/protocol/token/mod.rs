//! What tokens say: access tokens (RFC 9068), ID tokens (OIDC Core §2), and the answers about them.

pub mod access_token;
pub mod id_token;
pub mod introspection;
pub mod response;
