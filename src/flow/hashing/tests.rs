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
