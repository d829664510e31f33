//! The authorization endpoint.

mod accounts;
mod consent;
mod errors;
mod form_post;
mod front_channel;
mod hint;
mod implicit;
mod interaction;
mod pkce;
mod prompt;
mod prompt_create;
pub(crate) mod redirect_uri;
mod request;
mod request_object;
mod request_object_encryption;
mod request_object_keys;
mod request_uri;
mod scope;
mod unsupported;

pub(crate) use redirect_uri::public;
