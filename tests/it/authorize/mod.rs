//! The authorization endpoint.

mod consent;
mod errors;
mod implicit;
mod interaction;
mod prompt;
pub(crate) mod redirect_uri;
mod request;
mod scope;

pub(crate) use redirect_uri::public;
