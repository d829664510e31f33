//! A file per table: the row.

mod access_token;
mod audit_event;
mod client;
mod client_secret;
mod consent;
mod device_grant;
mod grant;
mod initial_access_token;
mod instance;
mod link;
mod login_failures;
mod logout_notice;
mod refresh_chain;
mod resource;
mod scope;
mod session;
mod signing_key;
mod user;

pub use access_token::AccessTokenRow;
pub use audit_event::AuditEvent;
pub use client::ClientRow;
pub use client_secret::ClientSecretRow;
pub use consent::Consent;
pub use device_grant::DeviceGrant;
pub use grant::Grant;
pub use initial_access_token::InitialAccessToken;
pub use instance::Instance;
pub use link::LinkRow;
pub use login_failures::LoginFailures;
pub use logout_notice::LogoutNotice;
pub use refresh_chain::RefreshChain;
pub use resource::ResourceRow;
pub use scope::ScopeRow;
pub use session::Session;
pub use signing_key::SigningKeyRow;
pub use user::{PersonDetails, User};
