//! The token endpoint.

mod access_token;
mod audience;
mod authorization_code;
mod bad_input;
mod client_credentials;
pub(crate) mod device_code;
mod introspection;
mod password;
mod refresh_token;
mod revocation;
