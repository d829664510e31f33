//! The resource owner password grant (RFC 6749 §4.3), legacy: for clients registered with it.

use crate::{
    credential::password::MAX_BYTES,
    protocol::{Refusal, client_metadata::Client, params::Params, redirect_uri},
};

/// Longest user name that is looked at, in bytes.
pub const MAX_USERNAME_BYTES: usize = 254;

/// What the client sends.
pub struct Request<'a> {
    /// A user name or email address.
    pub username: &'a str,
    /// The person's password.
    pub password: &'a str,
}

impl<'a> Request<'a> {
    /// From the parameters. Over-long credentials are wrong ones, without being looked at.
    ///
    /// # Errors
    /// [`Refusal`] for missing credentials.
    pub fn parse(params: &'a Params) -> Result<Self, Refusal> {
        let (username, password) = (params.need("username")?, params.need("password")?);
        if username.len() > MAX_USERNAME_BYTES || password.len() > MAX_BYTES {
            return Err(Refusal::PersonRefused);
        }
        Ok(Self { username, password })
    }
}

/// A page's visitors must not guess passwords for whoever wrote the page (PROTOCOL R-p1): a browser's `Origin` is
/// accepted only when it is one of the client's own.
///
/// # Errors
/// [`Refusal::PasswordFromBrowser`].
pub fn check_origin(origin: Option<&str>, client: &Client) -> Result<(), Refusal> {
    let Some(origin) = origin else { return Ok(()) };
    let own = client.metadata.redirect_uris.iter().filter_map(|uri| redirect_uri::origin(uri)).any(|own| own == origin);
    if own { Ok(()) } else { Err(Refusal::PasswordFromBrowser) }
}
