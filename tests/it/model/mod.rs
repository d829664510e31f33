//! A model check: the server's own use cases, several at a time, with every order of their store operations tried.
//!
//! Each test names actors and what must hold however they come between one another, and says how many orders there are:
//! an exploration that shrinks by itself fails. `COUNTERSIGN_TEST_EFFORT` above 1 adds actors. docs/adr/0011 says why.

mod app;
mod code;
mod device;
mod ending;
mod got;
mod interaction;
mod refresh;
mod scheduler;
mod toys;
mod world;
