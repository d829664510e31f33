//! The specifications, as plain functions over plain values: no clock, no database, no request.
//!
//! | file | specification |
//! | --- | --- |
//! | `params` | RFC 6749 §3.1, §3.2: parameters, once each |
//! | `refusal` | every reason to say no, and its wire form |
//! | `scope`, `resource` | RFC 6749 §3.3; RFC 8707 |
//! | `redirect_uri` | RFC 6749 §3.1.2, RFC 8252 §7.3, RFC 9700 §2.1 |
//! | `pkce` | RFC 7636 |
//! | `claims` | OIDC Core §5: what may be said of a person |
//! | `response_type`, `response_mode` | RFC 6749 §3.1.1; Multiple Response Types; Form Post Response Mode |
//! | `client_metadata`, `client_auth` | RFC 7591 §2; RFC 6749 §2.3 |
//! | `client_logo` | OIDC Registration §2: `logo_uri` |
//! | `dialect` | none: other services' manners |
//! | `authorize` | RFC 6749 §4.1.1, §4.2.1; OIDC Core §3.1.2, §6; RFC 9101; RFC 9207 |
//! | `document` | RFC 8259: JSON whose names are unique |
//! | `acr`, `claims_request` | OIDC Core §2, §5.5 |
//! | `grant` | RFC 6749 §4.1.3, §4.3, §4.4, §6 |
//! | `token` | RFC 9068, OIDC Core §2, RFC 7662, RFC 7009 |
//! | `bearer` | RFC 6750 |
//! | `logout` | OIDC RP-Initiated, Front-Channel and Back-Channel Logout |
//! | `registration` | RFC 7591, RFC 7592, OIDC Registration |
//! | `session_management` | OIDC Session Management |
//! | `metadata` | RFC 8414, OIDC Discovery |
//! | `subject` | OIDC Core §8 |
//! | `webfinger` | OIDC Discovery §2, RFC 7033 |
//! | `accounts` | several accounts in one browser |
//! | `plain_text` | what people may be shown of what strangers wrote |
//! | `throttle` | guessing: PROTOCOL R-g |

pub mod accounts;
pub mod acr;
pub mod authorize;
pub mod bearer;
pub mod claims;
pub mod claims_request;
pub mod client_auth;
pub mod client_logo;
pub mod client_metadata;
pub mod dialect;
pub mod document;
pub mod grant;
pub mod logout;
pub mod metadata;
mod numeric_date;
pub mod params;
pub mod pkce;
pub mod plain_text;
pub mod redirect_uri;
pub mod refusal;
pub mod registration;
pub mod resource;
pub mod response_mode;
pub mod response_type;
pub mod scope;
pub mod session_management;
pub mod subject;
pub mod throttle;
pub mod token;
pub mod webfinger;

pub use refusal::{ErrorCode, Refusal};
