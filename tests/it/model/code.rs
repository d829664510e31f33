//! Redeeming a code.

use super::{
    got::Got,
    scheduler::{advance, step},
    world::Model,
};
use crate::support::{VERIFIER, effort};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_redemptions_one_wins_and_nothing_of_the_code_lives_afterwards() {
    let model = Model::start().await;
    let (rivals, orders) = if effort() > 1 { (4, 2520) } else { (3, 90) };
    let explored = model.explore(
        async |world| world.with_code().await,
        |world| (0..rivals).map(|_| world.actor("app", async |world| world.redeem().await)).collect(),
        async |world, ended| {
            assert_eq!(ended.tokens().len(), 1, "one wins");
            world.assert_dead(&ended.tokens()).await;
        },
    );
    assert_eq!(explored.await, orders);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_tries_take_nothing_from_the_app() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_code().await,
        |world| {
            let wrong = "the-verifier-of-somebody-who-only-found-the-code";
            vec![
                world.actor("app", async |world| world.redeem().await),
                world.actor("finder", async |world| world.redeem_as(&world.app, &world.code, wrong).await),
                world.actor("other app", async |world| world.redeem_as(&world.other, &world.code, VERIFIER).await),
            ]
        },
        async |world, ended| {
            let Some(Got::Tokens(tokens)) = &ended.got[0] else { panic!("{:?}", ended.got[0]) };
            world.assert_alive(tokens).await;
            assert!(matches!(ended.got[1], Some(Got::Refused("VerifierWrong" | "CodeSpent"))), "{:?}", ended.got[1]);
            assert!(ended.is_refused(2, "CodeOfAnotherClient"));
        },
    );
    assert_eq!(explored.await, 12, "4! / (2! 1! 1!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_ends_also_what_came_by_refreshing_in_between() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_code().await,
        |world| {
            vec![
                world.actor("app", async |world| {
                    let Got::Tokens(first) = world.redeem().await else { return Got::Done };
                    let second = world.refresh(&first.refresh).await;
                    Got::Several(vec![Got::Tokens(first), second])
                }),
                world.actor("thief", async |world| world.redeem().await),
            ]
        },
        async |world, ended| world.assert_dead(&ended.tokens()).await,
    );
    assert_eq!(explored.await, 15, "as many as of 4 and 2 steps, less those in which the app ended earlier");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_redeemed_in_time_is_dead_whatever_was_under_way() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_code().await,
        |world| {
            vec![
                world.actor("app", async |world| world.redeem().await),
                world.actor("clock", async |_| {
                    step("the code's minute passes").await;
                    advance(61);
                    Got::Done
                }),
            ]
        },
        async |world, ended| match &ended.got[0] {
            Some(Got::Tokens(tokens)) => {
                assert!(!ended.in_order(1, 0), "it had begun in time");
                world.assert_alive(tokens).await;
            }
            got => assert_eq!(got, &Some(Got::Refused("CodeExpired"))),
        },
    );
    assert_eq!(explored.await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_that_is_cut_off_leaves_the_code_whole_or_spent_and_never_half() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_code().await,
        |world| {
            vec![
                world.actor("app", async |world| world.redeem().await).mortal(),
                world.actor("app again", async |world| world.redeem().await),
            ]
        },
        async |world, ended| match &ended.got[..] {
            // what died had written nothing: the second is the first
            [None, Some(Got::Tokens(tokens))] => world.assert_alive(tokens).await,
            [Some(_), Some(_)] => world.assert_dead(&ended.tokens()).await,
            got => panic!("{got:?}"),
        },
    );
    assert_eq!(explored.await, 12, "4! / (2! 2!), and again with death in the place of the second step");
}
