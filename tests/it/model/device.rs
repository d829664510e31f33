//! A device that waits for a person (RFC 8628): one answer, and tokens once.

use super::{
    got::Got,
    scheduler::{advance, step},
    world::Model,
};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_polls_after_a_yes_one_gets_the_tokens() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_device().await,
        |world| {
            vec![
                world.actor("person", async |world| world.answer_device(true).await),
                world.actor("device", async |world| world.poll_device().await),
                world.actor("its retry", async |world| world.poll_device().await),
            ]
        },
        async |world, ended| {
            let first = ended.tokens();
            assert!(first.len() <= 1, "{:?}", ended.got);
            // whoever came too early asks again
            advance(30);
            let all = if first.is_empty() { world.poll_device().await.tokens() } else { first };
            assert_eq!(all.len(), 1, "{:?}", ended.got);
            world.assert_alive(&all[0]).await;
            assert_eq!(world.poll_device().await, Got::Refused("DeviceCodeSpent"));
        },
    );
    assert!(explored.await > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_yes_and_a_no_the_first_is_the_answer() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_device().await,
        |world| {
            vec![
                world.actor("yes", async |world| world.answer_device(true).await),
                world.actor("no", async |world| world.answer_device(false).await),
            ]
        },
        async |world, ended| {
            let got = world.poll_device().await;
            match (&ended.got[0], &ended.got[1]) {
                (Some(Got::Done), Some(Got::Page("already done"))) => assert_eq!(got.tokens().len(), 1),
                (Some(Got::Page("already done")), Some(Got::Done)) => assert_eq!(got, Got::Refused("Denied")),
                other => panic!("{other:?}"),
            }
        },
    );
    assert!(explored.await > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_or_ends_meanwhile_gives_nothing_that_lives() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| {
            let world = world.with_device().await;
            assert_eq!(world.answer_device(true).await, Got::Done);
            world
        },
        |world| {
            vec![
                world.actor("device", async |world| world.poll_device().await),
                world.actor("person", async |world| world.remove_app().await),
                world.actor("clock", async |_| {
                    step("the code's ten minutes pass").await;
                    advance(601);
                    Got::Done
                }),
            ]
        },
        async |world, ended| {
            for tokens in ended.tokens() {
                assert!(!world.opens(&tokens.access).await, "the app was removed");
            }
            assert!(matches!(world.poll_device().await, Got::Refused(_)));
        },
    );
    assert!(explored.await > 5);
}
