use super::*;

#[tokio::test]
async fn a_hash_that_panics_fails_alone_and_gives_its_place_back() {
    let lane = Lane::new("hash-test", 1, Duration::MAX).unwrap();
    for _ in 0..200 {
        let failed = lane.run(|| panic!("as it was told to")).await;
        assert!(matches!(failed, Err(Error::Fault(Fault::Internal(_)))));
    }
    assert_eq!(lane.run(|| 7).await.unwrap(), 7);
}

/// Each takes a twentieth of a second: the queue is there for longer than it is borne with, however fast the machine is.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_overload_who_waited_too_long_for_a_hash_is_refused_and_none_is_made() {
    let lane = Lane::new("hash-test", 1, Duration::from_millis(1)).unwrap();
    let made = AtomicU64::new(0);
    let all = futures_util::future::join_all((0..64).map(async |_| {
        let hashed = lane.run(|| thread::sleep(Duration::from_millis(50))).await;
        if hashed.is_ok() {
            made.fetch_add(1, Ordering::Relaxed);
        }
        hashed
    }))
    .await;
    let refused = all.iter().filter(|hashed| matches!(hashed, Err(Error::Fault(Fault::HashQueueFull)))).count();
    let made = made.into_inner();
    assert!(refused > 0 && made > 0, "{made} {refused}");
    assert_eq!(lane.spent.load(Ordering::Relaxed), made);
    // it is over by itself
    while lane.run(|| ()).await.is_err() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_waited_for_as_long_as_twelve_take() {
    let cost = Cost { memory: 19 * 1024, iterations: 2, parallelism: 1 };
    let hashing = Hashing::new(cost, Duration::from_micros(1)).unwrap();
    assert_eq!(hashing.limit(), Duration::from_micros(1), "nobody knows yet");
    let began = Instant::now();
    hashing.warm_up().await.unwrap();
    assert!((Duration::from_millis(12)..12 * began.elapsed()).contains(&hashing.limit()), "{:?}", hashing.limit());
    let hashing = Hashing::new(cost, Duration::from_mins(1)).unwrap();
    hashing.warm_up().await.unwrap();
    assert_eq!(hashing.limit(), Duration::from_mins(1), "anything is waited for as long");
}
