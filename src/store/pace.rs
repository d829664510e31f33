//! Where somebody may decide whose turn it is.

use futures_util::future::BoxFuture;

/// Says when an operation may begin. A server has none: its operations begin at once, and the database decides who was
/// first. The model in `tests/it/model` has one, with which it tries every order of the operations of several use cases.
pub trait Pace: Send + Sync {
    /// Is over when `operation`, named as in the list of operations, may begin.
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()>;
}
