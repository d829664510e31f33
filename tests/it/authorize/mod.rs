//! The authorization endpoint.

mod consent;
mod errors;
mod implicit;
mod interaction;
mod prompt;
mod redirect_uri;
