//! Our newtypes as columns. The types are pure, so what `#[derive(AsExpression)]` would write is written here.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, Queryable},
    expression::AsExpression,
    internal::derives::as_expression::Bound,
    serialize::{self, Output, ToSql},
    sql_types::{BigInt, Binary, Nullable, SingleValue},
};

use crate::{
    clock::Ts,
    secret::{Digest, Id},
};

/// `column!([generics] Type, sql type, borrowed form, owned form, to, from)`
macro_rules! column {
    ([$($g:ident)?] $ty:ty, $sql:ty, $in:ty, $out:ty, $to:expr, $from:expr) => {
        column!(@expression [$($g)?] $ty, $sql, $sql);
        column!(@expression [$($g)?] $ty, Nullable<$sql>, $sql);
        impl<DB: Backend, $($g)?> ToSql<Nullable<$sql>, DB> for $ty
        where
            Self: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
        impl<DB: Backend, $($g)?> ToSql<$sql, DB> for $ty
        where
            $in: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                let to: fn(&$ty) -> &$in = $to;
                to(self).to_sql(out)
            }
        }
        impl<DB: Backend, $($g)?> FromSql<$sql, DB> for $ty
        where
            $out: FromSql<$sql, DB>,
        {
            fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let from: fn($out) -> deserialize::Result<$ty> = $from;
                from(<$out>::from_sql(raw)?)
            }
        }
        impl<DB: Backend, St: SingleValue, $($g)?> Queryable<St, DB> for $ty
        where
            Self: FromSql<St, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    };
    (@expression [$($g:ident)?] $ty:ty, $sql:ty, $base:ty) => {
        impl<$($g)?> AsExpression<$sql> for $ty {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a, $($g)?> AsExpression<$sql> for &'a $ty {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
    };
}

column!([] Ts, BigInt, i64, i64, Ts::as_micros, |micros| Ok(Ts::from_micros(micros)));
column!([] Id, Binary, [u8], Vec<u8>, |id| id.as_bytes().as_slice(), |bytes| Ok(Id::from_bytes(sized(&bytes)?)));
column!([K] Digest<K>, Binary, [u8], Vec<u8>, |digest| digest.as_bytes().as_slice(), |bytes| Ok(Digest::from_bytes(sized(&bytes)?)));

fn sized<const N: usize>(bytes: &[u8]) -> deserialize::Result<[u8; N]> {
    bytes.try_into().map_err(|_| format!("{} bytes, not {N}", bytes.len()).into())
}
