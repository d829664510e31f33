//! Statements whose text never changes, prepared once for each connection.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
};

/// Diesel prepares every `UPDATE` anew, because a changeset may leave columns out, and writes the text of an insert that
/// may meet a conflict each time. Those that go through here leave nothing out and have no list of values: their type says
/// what their text is, and they are found again by it.
pub(super) struct Kept<Q>(pub(super) Q);

impl<Q: 'static> QueryId for Kept<Q> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q, Conn> RunQueryDsl<Conn> for Kept<Q> {}
