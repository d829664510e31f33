//! Signing in: passwords, browsers that are known, sessions, one-time links; and what slows down guessing.

pub mod device;
pub mod limits;
pub mod password;
pub mod session;
pub mod setup;
