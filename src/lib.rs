//! countersign: an OAuth 2.0 and `OpenID` Connect authorization server.
//!
//! The upper half is pure: plain functions over plain values, no socket, no file, no database.
//! The lower half (feature `server`) carries values to them and answers back. `docs/architecture.md` has the picture.
#![forbid(unsafe_code)]

// ── pure ──────────────────────────────────────────
pub mod clock;
pub mod credential;
pub mod jose;
pub mod protocol;
pub mod secret;

// ── server ────────────────────────────────────────
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
mod client;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
mod demo;
#[cfg(feature = "server")]
pub mod flow;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "server")]
pub mod jobs;
#[cfg(feature = "server")]
pub mod observe;
#[cfg(feature = "server")]
pub mod outbound;
#[cfg(feature = "server")]
pub mod patience;
#[cfg(feature = "server")]
pub mod store;
