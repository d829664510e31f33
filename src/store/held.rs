//! Look-ups whose rows stay as they are until the transaction is over. On `SQLite` nobody else writes meanwhile.

use diesel::{
    QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sqlite::Sqlite,
};

macro_rules! held {
    ($($(#[$doc:meta])* $name:ident: $words:literal;)*) => { $(
        $(#[$doc])*
        #[derive(QueryId)]
        pub(super) struct $name<Q>(pub(super) Q);

        impl<Q: Query> Query for $name<Q> {
            type SqlType = Q::SqlType;
        }

        impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for $name<Q> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk_ast(out.reborrow())?;
                out.push_sql($words);
                Ok(())
            }
        }

        impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for $name<Q> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                self.0.walk_ast(out)
            }
        }

        impl<Q, Conn> RunQueryDsl<Conn> for $name<Q> {}
    )* };
}

held! {
    /// Whoever else would change the rows waits.
    Held: " FOR NO KEY UPDATE";
    /// Whoever would delete the rows waits, and nobody else: as long as what is added refers to them.
    Referred: " FOR KEY SHARE";
}
