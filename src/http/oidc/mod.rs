//! The `OpenID` Connect endpoints.

pub(crate) mod userinfo;
