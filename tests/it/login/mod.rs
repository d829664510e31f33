//! Signing in.

mod alike;
mod guessing;
mod logout;
mod page;
mod session;
mod setup;
mod sign_up;
