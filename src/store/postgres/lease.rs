//! A connection while one operation has it.

use std::{sync::Arc, time::Instant};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
    result::Error,
    sql_types::Untyped,
};
use diesel_async::{
    AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection, pooled_connection::deadpool::Object,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join},
    stream::BoxStream,
};

use super::{ENDED_WITHIN, pipeline::Shared};
use crate::store::condition::Condition;

/// It goes back to the pool only from an operation that came to its end. One that failed, or was given up half way,
/// leaves an answer outstanding or a transaction open: its connection is closed, and the database undoes it.
pub(in crate::store) struct Lease {
    /// `None` once it went back.
    conn: Option<Leased>,
    transaction: Transaction,
    /// Who is to know when what was said comes to no end.
    watched: Option<Arc<Condition>>,
    /// When what was said last was, as long as nothing is known of its answer.
    asked: Option<Instant>,
}

/// Alone, or with others that look something up as well.
enum Leased {
    Own(Box<Object<AsyncPgConnection>>),
    Shared(Arc<Shared>),
}

impl Leased {
    fn conn(&self) -> &AsyncPgConnection {
        match self {
            Self::Own(object) => object,
            Self::Shared(shared) => &shared.conn,
        }
    }
}

/// How far it is. `BEGIN` travels with the first statement, so that it costs no round trip of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Due,
    Open,
}

impl Lease {
    pub(super) fn own(conn: Object<AsyncPgConnection>) -> Self {
        Self::of(Leased::Own(Box::new(conn)))
    }

    /// For one statement, or several that need not see the same state.
    pub(super) fn shared(conn: Arc<Shared>) -> Self {
        Self::of(Leased::Shared(conn))
    }

    const fn of(conn: Leased) -> Self {
        Self { conn: Some(conn), transaction: Transaction::None, watched: None, asked: None }
    }

    /// What follows is one transaction.
    pub(super) fn begin(&mut self, condition: &Arc<Condition>) {
        self.watch(condition);
        self.transaction = Transaction::Due;
    }

    /// What follows changes something.
    pub(super) fn watch(&mut self, condition: &Arc<Condition>) {
        self.watched = Some(Arc::clone(condition));
    }

    /// What was said last has its answer, whatever that is.
    pub(super) const fn heard(&mut self) {
        self.asked = None;
    }

    /// Ends it, by `COMMIT` or `ROLLBACK`. One in which nothing was said needs no end.
    pub(super) async fn finish(&mut self, word: &str) -> QueryResult<()> {
        if std::mem::replace(&mut self.transaction, Transaction::None) != Transaction::Open {
            return Ok(());
        }
        self.batch_execute(word).await
    }

    /// Gives it back.
    pub(super) fn end(mut self) {
        drop(self.conn.take());
    }

    fn send<'c, T: Send + 'c>(
        &'c mut self,
        statement: impl FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>>,
    ) -> BoxFuture<'c, QueryResult<T>> {
        let begins = self.transaction == Transaction::Due;
        if begins {
            self.transaction = Transaction::Open;
        }
        self.asked = Some(Instant::now());
        let Some(conn) = self.conn.as_ref().map(Leased::conn) else {
            return async { Err(Error::BrokenTransactionManager) }.boxed();
        };
        let statement = statement(conn);
        if begins {
            join(begin(conn), statement).map(|(begun, done)| in_transaction(begun, done)).boxed()
        } else {
            statement
        }
    }
}

async fn begin(mut conn: &AsyncPgConnection) -> QueryResult<()> {
    conn.batch_execute("BEGIN").await
}

/// A statement whose `BEGIN` was refused (somebody cancels just that) was applied by itself: nothing is to follow it, and
/// it is not to be tried again.
fn in_transaction<T>(begun: QueryResult<()>, done: QueryResult<T>) -> QueryResult<T> {
    match (begun, done) {
        (Err(_), Ok(_)) => Err(Error::NotInTransaction),
        (_, done) => done,
    }
}

impl SimpleAsyncConnection for Lease {
    async fn batch_execute(&mut self, words: &str) -> QueryResult<()> {
        self.asked = Some(Instant::now());
        self.conn.as_ref().map(Leased::conn).ok_or(Error::BrokenTransactionManager)?.batch_execute(words).await
    }
}

impl AsyncConnectionCore for Lease {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<Self::Row<'conn, 'query>>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let query = source.as_query();
        self.send(|mut conn| AsyncConnectionCore::load(&mut conn, Any(&query)))
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        self.send(|mut conn| AsyncConnectionCore::execute_returning_count(&mut conn, Any(&source)))
    }
}

/// One type for all statements: what sends them is there once, and not once for each of the two hundred. Their text, which
/// is written anyway, is what they are found again by.
struct Any<'q>(&'q dyn QueryFragment<Pg>);

impl Query for Any<'_> {
    /// Nobody asks: whoever reads the rows knows.
    type SqlType = Untyped;
}

impl QueryId for Any<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Any<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, database: &Pg) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(database)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if let (Some(condition), Some(asked)) = (&self.watched, self.asked)
            && asked.elapsed() >= ENDED_WITHIN
        {
            condition.waited_in_vain();
        }
        match conn {
            Leased::Own(conn) => drop(Object::take(*conn)),
            Leased::Shared(conn) => conn.give_up(),
        }
    }
}
