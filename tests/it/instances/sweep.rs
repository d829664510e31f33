//! One instance sweeps at a time; another one does when it is gone.

use std::sync::Arc;

use countersign::{
    clock::{Clock, SystemClock, TestClock, Ts},
    flow::{Context, start},
    jobs::sweep::Sweeper,
    store::Migrate,
};

use crate::support::{Database, config};

/// An instance without a door, so that nothing of it happens by itself.
async fn instance(database: &Database, clock: &Arc<TestClock>) -> Arc<Context> {
    let config = config(database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &database.url)]);
    let clock: Arc<dyn Clock> = clock.clone();
    Box::pin(start::open(config, clock, Migrate::Yes)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_sweeps_and_when_it_is_gone_another_does() {
    let database = Database::fresh().await;
    let clock = Arc::new(TestClock::at(Ts::from_micros(SystemClock.now().micros() + 5_000_123)));
    let (one, other) = (instance(&database, &clock).await, instance(&database, &clock).await);
    let (first, second) = (Sweeper::new(&one), Sweeper::new(&other));
    for _ in 0..4 {
        assert!(first.run(&one).await.unwrap().is_some());
        assert!(second.run(&other).await.unwrap().is_none(), "two sweep at once");
        clock.advance(60);
    }
    // the first is gone
    assert!(second.run(&other).await.unwrap().is_none());
    clock.advance(60);
    assert!(second.run(&other).await.unwrap().is_some());
    assert!(first.run(&one).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_ask_at_once_one_sweeps() {
    let database = Database::fresh().await;
    let clock = Arc::new(TestClock::at(Ts::from_micros(SystemClock.now().micros() + 5_000_123)));
    let ctx = instance(&database, &clock).await;
    for _ in 0..4 {
        let asked = (0..16).map(|_| async {
            let sweeper = Sweeper::new(&ctx);
            sweeper.run(&ctx).await.unwrap().is_some()
        });
        let swept = futures_util::future::join_all(asked).await;
        assert_eq!(swept.into_iter().filter(|swept| *swept).count(), 1);
        clock.advance(91);
    }
}

/// What it took lasts until a year from now; nobody waits for that.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_clock_was_ahead_keeps_nobody_from_sweeping() {
    let database = Database::fresh().await;
    let right = Arc::new(TestClock::at(Ts::from_micros(SystemClock.now().micros() + 5_000_123)));
    let ahead = Arc::new(TestClock::at(right.now().plus_seconds(365 * 24 * 3600)));
    let (one, other) = (instance(&database, &right).await, instance(&database, &ahead).await);
    assert!(Sweeper::new(&other).run(&other).await.unwrap().is_some());
    assert!(Sweeper::new(&one).run(&one).await.unwrap().is_some());
}
