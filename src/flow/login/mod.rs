//! Signing in: passwords, browsers that are known, sessions and the accounts of a browser, one-time links, sign-up; and what slows down guessing.

pub mod accounts;
pub mod device;
pub mod password;
pub mod session;
pub mod setup;
pub mod sign_up;
pub mod tries;
