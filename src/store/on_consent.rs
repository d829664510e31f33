//! An answer that rests on an earlier consent, as one statement: where there is no consent any more, nothing is written.

use diesel::{
    QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    sql_types::{BigInt, Binary, Bool, Nullable, Text},
    sqlite::Sqlite,
};

use super::models::Grant;
use crate::clock::Ts;

/// The insert. The consent cannot be changed or taken back until it is written; other answers that rest on it do not wait.
/// Of two answers to one interaction the first stays. The consent must not end before this instant.
pub(super) struct OnConsent(pub(super) Grant, pub(super) Ts);

/// The columns of a grant with their types; one that is missing here does not compile.
macro_rules! insert_on_consent {
    ($database:ty, $held:literal, $($column:ident: $sql:ty),*) => {
        impl QueryFragment<$database> for OnConsent {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $database>) -> QueryResult<()> {
                let Grant { $($column),* } = &self.0;
                out.push_sql(concat!("INSERT INTO grants (", insert_on_consent!(@names $($column)*), ") SELECT "));
                insert_on_consent!(@values out, $($column: $sql),*);
                out.push_sql(" FROM consents WHERE user_id = ");
                out.push_bind_param::<BigInt, _>(&self.0.user_id)?;
                out.push_sql(" AND client_id = ");
                out.push_bind_param::<Text, _>(&self.0.client_id)?;
                out.push_sql(" AND ends_at >= ");
                out.push_bind_param::<BigInt, _>(&self.1)?;
                out.push_sql(concat!(" AND NOT by_password", $held, " ON CONFLICT (interaction) DO NOTHING"));
                Ok(())
            }
        }
    };
    (@names $first:ident $($column:ident)*) => {
        concat!(stringify!($first), $(", ", stringify!($column)),*)
    };
    (@values $out:ident, $first:ident: $sql:ty, $($column:ident: $more:ty),*) => {
        $out.push_bind_param::<$sql, _>($first)?;
        $(
            $out.push_sql(", ");
            $out.push_bind_param::<$more, _>($column)?;
        )*
    };
    ($($database:ty: $held:literal),*) => { $(
        insert_on_consent! {
            $database, $held,
            id: Binary, kind: Text, interaction: Nullable<Binary>, client_id: Text, user_id: BigInt,
            session_id: Nullable<Binary>, scope: Text, resources: Text, redirect_uri: Nullable<Text>,
            redirect_uri_sent: Bool, challenge: Nullable<Text>, nonce: Nullable<Text>, auth_time: BigInt, amr: Text,
            code_digest: Nullable<Binary>, code_expires_at: Nullable<BigInt>, code_used_at: Nullable<BigInt>,
            revoked_at: Nullable<BigInt>, created_at: BigInt, ends_at: BigInt, dialect: Nullable<Text>,
            claims: Nullable<Text>, audience: Nullable<Text>
        }
    )* };
}

insert_on_consent!(Pg: " FOR SHARE", Sqlite: "");

impl<Conn> RunQueryDsl<Conn> for OnConsent {}
