//! A standby that answers what may be late, and how late it is (PROTOCOL R-q5).
//!
//! That is proven, not taken from clocks: the database is asked where its log ends at this instant, and the standby how
//! far it has applied that log. Once it has come so far, all that was acknowledged before that instant is in its
//! answers. Nothing is written for it, and where nothing happens nothing is late.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::QueryResult;
use tokio::time::timeout;

use super::{Conn, Postgres, Result, Target, Way, operation};
use crate::store::{Error, ReplicaState};

/// What it does not say within so long is asked of the database instead.
const ANSWER_WITHIN: Duration = Duration::from_millis(250);
/// After that it is left alone for so long: the next ones are not to wait in vain as well.
const REST: Duration = Duration::from_secs(5);
/// How long until it is looked at again, at least and at most.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// Not known.
const UNKNOWN: u64 = u64::MAX;

/// Its connections, and what is known of its lag.
pub(in crate::store) struct Replica {
    /// What reads from it; nothing can be written there.
    pub(in crate::store) standby: Postgres,
    /// How late it may be.
    lag: Duration,
    began: Instant,
    /// Milliseconds after `began`: all that was acknowledged by then is there.
    proven: AtomicU64,
    /// Milliseconds after `began` until which it is left alone.
    rests_until: AtomicU64,
    watch: Mutex<Watch>,
}

/// What was seen so far.
#[derive(Default)]
struct Watch {
    /// Where the log ended, and when that was asked, in milliseconds after `began`: the latest last.
    marks: VecDeque<(u64, Place)>,
    /// How far it was.
    position: Option<i64>,
    /// What the log said last: is it asked?
    told: Option<bool>,
}

impl Replica {
    /// Connects when somebody asks.
    pub(in crate::store) fn new(url: &str, lag: Duration) -> Result<Self> {
        Ok(Self {
            standby: Postgres::over(url, one(url)?)?,
            lag,
            began: Instant::now(),
            proven: AtomicU64::new(UNKNOWN),
            rests_until: AtomicU64::new(0),
            watch: Mutex::default(),
        })
    }

    /// How long until it is to be looked after again: often enough that what was proven does not grow too old meanwhile.
    pub(in crate::store) fn pause(&self) -> Duration {
        (self.lag / 4).clamp(LOOK_AGAIN.0, LOOK_AGAIN.1)
    }

    /// Is it known to be late by no more than it may be, and not left alone?
    pub(in crate::store) fn is_current(&self) -> bool {
        self.proven().is_some()
    }

    /// What it says, provided that it says so in time, and is late by no more than it may be when it has.
    pub(in crate::store) async fn answer<T, E>(
        &self,
        look: impl Future<Output = std::result::Result<T, E>>,
    ) -> Option<T> {
        let proven = self.proven()?;
        if let Ok(found) = timeout(ANSWER_WITHIN, look).await {
            return found.ok().filter(|_| self.is_within(proven));
        }
        let until = self.since_began().saturating_add(u64::try_from(REST.as_millis()).unwrap_or(UNKNOWN));
        self.rests_until.store(until, Ordering::Relaxed);
        None
    }

    /// Finds out how late it is. When that changes whether it is asked, the log says so.
    pub(in crate::store) async fn look_after(&self, primary: &Postgres) {
        let seen = timeout(self.lag, self.measure(primary)).await.unwrap_or_else(|late| Err(late.to_string()));
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_err() {
            self.proven.store(UNKNOWN, Ordering::Relaxed);
        }
        let (is_current, lag) = (self.is_current(), self.lag);
        // at first it has not had the time to catch up
        let is_early = watch.told.is_none() && self.began.elapsed() < lag;
        if watch.told == Some(is_current) || !is_current && seen.is_ok() && is_early {
            return;
        }
        watch.told = Some(is_current);
        match seen {
            Ok(()) if is_current => tracing::info!(
                ?lag,
                "the read replica answers introspection and userinfo: what was revoked may be answered as alive for \
                 as long as that"
            ),
            Ok(()) => tracing::warn!(
                ?lag,
                "the read replica is later than that, or slow; the database answers until it is not"
            ),
            Err(error) => tracing::warn!(%error, "the read replica is left alone; the database answers meanwhile"),
        }
    }

    /// The database first: what was acknowledged before it was asked is in the standby when that has come as far.
    async fn measure(&self, primary: &Postgres) -> std::result::Result<(), String> {
        let asked_at = self.since_began();
        let own = primary.place().await.map_err(|error| format!("database_url: {error}"))?;
        let standby = self.standby.place().await.map_err(|error| format!("database_replica_url: {error}"))?;
        if let Some(why) = standby.unfit_for(&own) {
            return Err(why.to_owned());
        }
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if standby.position < std::mem::replace(&mut watch.position, standby.position) {
            return Err("it has gone back, as after a crash".to_owned());
        }
        watch.marks.push_back((asked_at, own));
        // it may have come as far as the log did a while ago
        if let Some(reached) = watch.marks.iter().rposition(|(_, mark)| standby.has_reached(mark)) {
            watch.marks.drain(..reached);
            if let Some((at, _)) = watch.marks.front() {
                self.proven.store(*at, Ordering::Relaxed);
            }
        }
        watch.marks.retain(|(at, _)| self.is_within(*at));
        Ok(())
    }

    /// By when all is there, where that is good enough.
    fn proven(&self) -> Option<u64> {
        let proven = self.proven.load(Ordering::Relaxed);
        let is_rested = self.since_began() >= self.rests_until.load(Ordering::Relaxed);
        (proven != UNKNOWN && is_rested && self.is_within(proven)).then_some(proven)
    }

    fn is_within(&self, at: u64) -> bool {
        self.began.elapsed().saturating_sub(Duration::from_millis(at)) < self.lag
    }

    fn since_began(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(UNKNOWN)
    }
}

/// Which database this is, and how far its log goes.
#[derive(Debug, diesel::QueryableByName)]
struct Place {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_standby: bool,
    /// The installation of `PostgreSQL`, the same on its standbys.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    system: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    /// A standby that takes over begins a new one. Of a standby: the one it was on when it last wrote that down.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    timeline: i64,
    /// The byte of the log: flushed, as everything is before it is acknowledged; or applied, on a standby.
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
    position: Option<i64>,
}

/// Anybody may ask this.
const PLACE: &str = "SELECT pg_is_in_recovery() AS is_standby, kept.system_identifier AS system, \
     current_database()::text AS name, \
     (CASE WHEN pg_is_in_recovery() THEN greatest(noted.timeline_id, met.min_recovery_end_timeline) \
     ELSE ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int END)::bigint AS timeline, \
     ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END) \
     - '0/0'::pg_lsn)::bigint AS position \
     FROM pg_control_system() kept, pg_control_checkpoint() noted, pg_control_recovery() met";

impl Place {
    async fn of(conn: &mut Conn) -> QueryResult<Self> {
        super::RunQueryDsl::get_result(diesel::sql_query(PLACE), conn).await
    }

    /// Why this is no standby of that.
    fn unfit_for(&self, primary: &Self) -> Option<&'static str> {
        match () {
            () if primary.is_standby => Some("database_url is a standby itself"),
            () if !self.is_standby => Some("it is no standby: it takes changes itself"),
            () if self.system != primary.system => Some("it is a standby of another PostgreSQL than database_url"),
            () if self.name != primary.name => Some("it is another database than database_url, by its name"),
            () => None,
        }
    }

    /// One of another timeline may have applied what its database never had.
    fn has_reached(&self, mark: &Self) -> bool {
        self.timeline == mark.timeline && self.position >= mark.position && mark.position.is_some()
    }
}

impl Postgres {
    async fn place(&self) -> Result<Place> {
        self.drive(Way::Patient, operation(|conn| Box::pin(Place::of(conn)))).await
    }
}

/// How one stands to its database, by a connection to each.
pub(in crate::store) async fn state(primary: &str, replica: &str) -> Result<ReplicaState> {
    let own = Postgres::over(primary, Target::parse(primary)?)?.place().await?;
    let standby = match one(replica) {
        Ok(target) => Postgres::over(replica, target)?.place().await,
        Err(error) => return Ok(ReplicaState::Unfit(error.to_string())),
    };
    let standby = match standby {
        Ok(standby) => standby,
        Err(error) => return Ok(ReplicaState::Away(error.to_string())),
    };
    if let Some(why) = standby.unfit_for(&own) {
        return Ok(ReplicaState::Unfit(why.to_owned()));
    }
    if own.timeline != standby.timeline {
        return Ok(ReplicaState::Away("it has not followed database_url to its new timeline yet".to_owned()));
    }
    let behind = own.position.unwrap_or_default().saturating_sub(standby.position.unwrap_or_default());
    Ok(ReplicaState::Following { behind: u64::try_from(behind).unwrap_or_default() })
}

/// Of several each connection might go to another one, and what was proven of one says nothing of the others.
fn one(url: &str) -> Result<Target> {
    let target = Target::parse(url)?;
    if target.config.get_hosts().len() > 1 {
        return Err(Error::Unreadable("its URL must name one standby".into()));
    }
    Ok(target)
}
