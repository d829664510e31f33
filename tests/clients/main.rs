//! Published clients and a real browser against the real binary.
//!
//! Each test starts the binary of its own accord, with a data directory of its own, and sets it up by the command
//! line, as a newcomer would. Nothing here knows the server's code: what fails here fails for people.
//!
//! - `COUNTERSIGN_TEST_BINARY`: the binary; else `target/debug/countersign` of this checkout.
//! - `COUNTERSIGN_TEST_CHROMIUM`: the browser; else `chromium`, `chromium-browser` or `google-chrome` from `PATH`.
//! - `COUNTERSIGN_TEST_REQUIRE_ALL=1`: what would be skipped for want of one of these fails instead.
//! - `COUNTERSIGN_PAGES`: a folder for pictures of every page, phone and desktop, light and dark.

mod authorize;
mod device;
mod documents;
mod examples;
mod facebook;
mod github;
mod login;
mod logout;
mod oauth2_crate;
mod openidconnect_crate;
mod pages;
mod setup;
mod standard;
mod support;
