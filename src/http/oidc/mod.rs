//! The `OpenID` Connect endpoints.

pub(crate) mod check_session;
pub(crate) mod userinfo;
