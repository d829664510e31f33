//! Rows of an app or a person of which there may be millions, removed a few at a time: what an app leaves behind when it
//! is deleted, and the grants of a person who is locked or deleted, or takes an app's access back.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text},
};

/// Whose rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose<'a> {
    App(&'a str),
    Person(i64),
    /// Of a person, with an app.
    Both(i64, &'a str),
}

/// Rows of one table that belong to somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leftover {
    table: &'static str,
    /// The columns of its key.
    key: &'static str,
    /// The same columns where it is named whose they are: here, or in what these rows hang on.
    named: (&'static str, &'static str),
}

impl Leftover {
    /// In the order in which others lock: who refreshes a token has the chain and goes on to its grant.
    pub(super) const ALL: [Self; 5] = [
        Self::of("consents", "user_id, client_id"),
        Self::of("session_clients", "session_id, client_id"),
        Self::CHAINS,
        Self::GRANTS,
        Self::of("access_tokens", "digest"),
    ];
    /// Refresh chains, by their grants.
    pub(super) const CHAINS: Self = Self { named: ("grants", "id"), ..Self::of("refresh_chains", "grant_id") };
    /// Grants, with the tokens that hang on them.
    pub(super) const GRANTS: Self = Self::of("grants", "id");

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

    /// Removes `most` at most, and leaves the first `spared` alone.
    pub(super) const fn remove(self, whose: Whose<'_>, most: usize, spared: usize) -> Removal<'_> {
        Removal { leftover: self, whose, most, spared }
    }
}

/// A statement that each connection prepares once for each table and kind of owner: found again by its text.
pub(super) struct Removal<'a> {
    leftover: Leftover,
    whose: Whose<'a>,
    most: usize,
    spared: usize,
}

impl QueryId for Removal<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Removal<'_>
where
    DB: HasSqlType<Text> + HasSqlType<BigInt>,
    str: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Leftover { table, key, named: (naming, named) } = self.leftover;
        out.push_sql(&format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {named} FROM {naming} WHERE "));
        let ordered = match &self.whose {
            Whose::App(app) => only::<Text, _, DB>(&mut out, "client_id", *app)?,
            Whose::Person(person) => only::<BigInt, _, DB>(&mut out, "user_id", person)?,
            Whose::Both(person, app) => {
                out.push_sql("user_id = ");
                out.push_bind_param::<BigInt, _>(person)?;
                out.push_sql(" AND ");
                only::<Text, _, DB>(&mut out, "client_id", *app)?
            }
        };
        out.push_sql(&format!(" ORDER BY {ordered} LIMIT {} OFFSET {})", self.most, self.spared));
        Ok(())
    }
}

/// That a column is this, said as a range that is read in order: an index has that, and who walks through the table would
/// have to sort. `PostgreSQL` walks otherwise, since the first few of so many are soon found, and each time passes by all
/// that went before.
fn only<'b, Type, Value, DB>(
    out: &mut AstPass<'_, 'b, DB>,
    column: &'static str,
    value: &'b Value,
) -> QueryResult<&'static str>
where
    DB: Backend + HasSqlType<Type>,
    Value: ToSql<Type, DB> + ?Sized,
{
    out.push_sql(&format!("{column} >= "));
    out.push_bind_param::<Type, _>(value)?;
    out.push_sql(&format!(" AND {column} <= "));
    out.push_bind_param::<Type, _>(value)?;
    Ok(column)
}

impl<Conn> RunQueryDsl<Conn> for Removal<'_> {}
