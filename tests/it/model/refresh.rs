//! Refresh chains (PROTOCOL R-a): one branch, which nobody is thrown off by coming twice.

use std::rc::Rc;

use super::{
    got::{Got, Tokens},
    scheduler::{Actor, Ended, advance, step},
    world::{Model, World},
};
use crate::support::effort;

/// The app, with the token that it has.
fn refresher(world: &Rc<World>, name: &'static str) -> Actor<Got> {
    world.actor(name, async |world| world.refresh(&world.tokens.refresh).await)
}

/// All who got something hold the same refresh token.
fn one_successor(ended: &Ended<Got>) -> Option<Tokens> {
    let tokens = ended.tokens();
    let first = tokens.first()?;
    assert!(tokens.iter().all(|other| other.refresh == first.refresh), "two branches: {tokens:?}");
    Some(first.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_refresh_with_one_token_hold_the_same_successor_and_using_it_ends_the_old_one() {
    let model = Model::start().await;
    let (many, orders) = if effort() > 1 { (4, 2520) } else { (3, 90) };
    let explored = model.explore(
        async |world| world.with_tokens().await,
        |world| (0..many).map(|_| refresher(world, "app")).collect(),
        async |world, ended| {
            assert_eq!(ended.tokens().len(), many, "nobody is refused");
            let successor = one_successor(&ended).unwrap();
            for tokens in ended.tokens() {
                world.assert_alive(&tokens).await;
            }
            let next = world.refresh(&successor.refresh).await;
            world.assert_alive(&next.tokens()[0]).await;
            assert_eq!(world.refresh(&world.tokens.refresh).await, Got::Refused("RefreshReused"));
            world.assert_dead(&[ended.tokens(), next.tokens(), vec![world.tokens.clone()]].concat()).await;
        },
    );
    assert_eq!(explored.await, orders);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_retry_beside_an_app_that_goes_on_gets_the_same_or_ends_everything() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_tokens().await,
        |world| {
            let goes_on = world.actor("app", async |world| {
                let Got::Tokens(first) = world.refresh(&world.tokens.refresh).await else { return Got::Done };
                let second = world.refresh(&first.refresh).await;
                Got::Several(vec![Got::Tokens(first), second])
            });
            vec![goes_on, refresher(world, "retry")]
        },
        async |world, ended| {
            let mut held = ended.tokens();
            held.push(world.tokens.clone());
            if ended.is_refused(1, "RefreshReused") {
                return world.assert_dead(&held).await;
            }
            let app = ended.got[0].as_ref().unwrap().tokens();
            let retried = ended.got[1].as_ref().unwrap().tokens();
            assert_eq!((app.len(), &retried[0].refresh), (2, &app[0].refresh));
            let mut alive = Vec::new();
            for tokens in &held {
                if world.is_active(&tokens.refresh).await {
                    alive.push(&tokens.refresh);
                }
            }
            assert_eq!(alive, [&app[1].refresh], "one branch");
        },
    );
    assert_eq!(explored.await, 15, "6! / (4! 2!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_window_closes_and_its_salt_is_erased_in_between_there_is_still_one_branch_or_none() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_tokens().await,
        |world| {
            let clock = world.actor("clock", async |_| {
                step("the window's minute passes").await;
                advance(61);
                Got::Done
            });
            let sweep = world.actor("sweep", async |world| world.clean_up().await);
            vec![refresher(world, "one"), refresher(world, "two"), clock, sweep]
        },
        async |world, ended| {
            let successor = one_successor(&ended).expect("the first one is not refused");
            if ended.tokens().len() == 2 {
                world.assert_alive(&successor).await;
            } else {
                assert!(ended.is_refused(0, "RefreshReused") || ended.is_refused(1, "RefreshReused"));
                world.assert_dead(&[ended.tokens(), vec![world.tokens.clone()]].concat()).await;
            }
        },
    );
    assert_eq!(explored.await, 180, "6! / (2! 2! 1! 1!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_refresh_ends_nothing() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_tokens().await,
        |world| {
            let other =
                world.actor("other app", async |world| world.refresh_as(&world.other, &world.tokens.refresh).await);
            vec![refresher(world, "one"), refresher(world, "two"), other]
        },
        async |world, ended| {
            assert!(ended.is_refused(2, "RefreshOfAnotherClient"));
            assert_eq!(ended.tokens().len(), 2);
            world.assert_alive(&one_successor(&ended).unwrap()).await;
        },
    );
    assert_eq!(explored.await, 30, "5! / (2! 2! 1!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_cut_off_costs_nothing() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_tokens().await,
        |world| vec![refresher(world, "app").mortal(), refresher(world, "app again")],
        async |world, ended| {
            let successor = one_successor(&ended).unwrap();
            let retried = world.refresh(&world.tokens.refresh).await.tokens().remove(0);
            assert_eq!(retried.refresh, successor.refresh);
            world.assert_alive(&retried).await;
        },
    );
    assert_eq!(explored.await, 12, "4! / (2! 2!), and again with death in the place of the second step");
}
