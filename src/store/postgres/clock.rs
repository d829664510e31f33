//! The database's own clock. Each instance goes by that of its machine, and what one writes the others read: whose clock is
//! not the others' ends their sessions early, or keeps alive what has ended.

use std::time::Duration;

use diesel::{
    dsl::{select, sql},
    sql_types::BigInt,
};

use super::{Postgres, Result, Way, operation};
use crate::clock::{Clock, SystemClock, Ts};

/// Anybody may ask this.
const TIME: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";

impl Postgres {
    /// How far this machine's clock is from the database's, at least: an answer may have been under way for as long as it
    /// took.
    pub(in crate::store) async fn skew(&self) -> Result<Duration> {
        let asked = SystemClock.now();
        let there = operation(|conn| {
            Box::pin(async move { super::RunQueryDsl::get_result(select(sql::<BigInt>(TIME)), conn).await })
        });
        let there = self.drive(Way::Patient, there).await.map(Ts::from_micros)?;
        let apart = asked.micros().saturating_sub(there.micros());
        let apart = apart.max(there.micros().saturating_sub(SystemClock.now().micros()));
        Ok(Duration::from_micros(u64::try_from(apart).unwrap_or_default()))
    }
}
