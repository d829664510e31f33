//! What an app leaves behind when it is deleted: rows that name it, of which there may be millions.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{HasSqlType, Text},
};

/// Rows of one table that belong to an app.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leftover {
    table: &'static str,
    /// The columns of its key.
    key: &'static str,
    /// The same columns where the app is named: here, or in what these rows hang on.
    named: (&'static str, &'static str),
}

impl Leftover {
    /// In the order in which others lock: who refreshes a token has the chain and goes on to its grant.
    pub(super) const ALL: [Self; 5] = [
        Self::of("consents", "user_id, client_id"),
        Self::of("session_clients", "session_id, client_id"),
        Self { named: ("grants", "id"), ..Self::of("refresh_chains", "grant_id") },
        Self::of("grants", "id"),
        Self::of("access_tokens", "digest"),
    ];

    const fn of(table: &'static str, key: &'static str) -> Self {
        Self { table, key, named: (table, key) }
    }

    /// How many rows of this table deleted apps have left behind, if it is one that names them.
    pub(super) fn count(&self, table: &str) -> Option<String> {
        let Self { named: (naming, _), .. } = self;
        (self.table == table && naming == &table).then(|| {
            format!("SELECT count(*) AS rows FROM {table} WHERE client_id IN (SELECT client_id FROM deleted_clients)")
        })
    }

    /// Removes so many at most.
    pub(super) const fn remove(self, client_id: &str, most: usize) -> Removal<'_> {
        Removal { leftover: self, client_id, most }
    }
}

/// A statement that each connection prepares once for each table: found again by its text.
pub(super) struct Removal<'a> {
    leftover: Leftover,
    client_id: &'a str,
    most: usize,
}

impl QueryId for Removal<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Removal<'_>
where
    DB: HasSqlType<Text>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Leftover { table, key, named: (naming, named) } = self.leftover;
        out.push_sql(&format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {named} FROM {naming} WHERE client_id = "));
        out.push_bind_param::<Text, _>(self.client_id)?;
        out.push_sql(&format!(" LIMIT {})", self.most));
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for Removal<'_> {}
