//! The answer to an authorization request (PROTOCOL R-b): one, whoever presses what how often.

use super::{
    got::{Got, code_of},
    world::Model,
};
use crate::support::effort;

#[tokio::test(flavor = "multi_thread")]
async fn of_allow_and_deny_the_first_is_the_answer() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world,
        |world| {
            vec![
                world.actor("allow", async |world| world.press("allow").await),
                world.actor("deny", async |world| world.press("deny").await),
            ]
        },
        async |world, ended| {
            let done = Some(Got::Page("already done"));
            let next = (*world).clone().with_request_for("profile email").pass().await;
            if ended.got[0] == done {
                assert!(ended.redirects()[0].contains("error=access_denied"));
                assert_eq!((next, world.is_listed().await), (Got::Page("consent"), false), "nothing was agreed to");
            } else {
                assert_eq!(ended.got[1], done);
                world.assert_alive(&world.redeem_from(ended.redirects()[0]).await.tokens()[0]).await;
                assert!(matches!(next, Got::Redirect(_)) && world.is_listed().await);
            }
        },
    );
    assert_eq!(explored.await, 20, "6! / (3! 3!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_allow_more_than_once_gets_one_code() {
    let model = Model::start().await;
    let (presses, orders) = if effort() > 1 { (3, 1680) } else { (2, 20) };
    let explored = model.explore(
        async |world| world,
        |world| (0..presses).map(|_| world.actor("allow", async |world| world.press("allow").await)).collect(),
        async |world, ended| {
            let redirects = ended.redirects();
            assert_eq!(redirects.len(), presses);
            assert!(redirects.iter().all(|location| *location == redirects[0]), "{redirects:?}");
            world.assert_alive(&world.redeem_from(redirects[0]).await.tokens()[0]).await;
            assert_eq!(world.press("allow").await, Got::Page("already done"));
        },
    );
    assert_eq!(explored.await, orders, "6! / 3!², 9! / 3!³");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_never_makes_a_second_code_nor_harms_the_first() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world,
        |world| {
            vec![
                world.actor("first", async |world| {
                    let Got::Redirect(location) = world.press("allow").await else { return Got::Done };
                    Got::Several(vec![world.redeem_from(&location).await, Got::Redirect(location)])
                }),
                world.actor("second", async |world| world.press("allow").await),
            ]
        },
        async |world, ended| {
            let Some(Got::Several(first)) = &ended.got[0] else { panic!("{:?}", ended.got[0]) };
            world.assert_alive(&first[0].tokens()[0]).await;
            assert!(ended.got[1] == Some(Got::Page("already done")) || ended.got[1].as_ref() == first.last());
        },
    );
    assert_eq!(explored.await, 56, "8! / (5! 3!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_is_cut_off_is_none() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world,
        |world| {
            vec![
                world.actor("allow", async |world| world.press("allow").await).mortal(),
                world.actor("deny", async |world| world.press("deny").await),
            ]
        },
        async |world, ended| {
            if ended.got[0].is_none() {
                assert!(ended.redirects()[0].contains("error=access_denied"));
                assert!(!world.is_listed().await, "half an answer was written");
            }
            assert_eq!(ended.redirects().len(), 1);
        },
    );
    // dying in the place of step k + 1 after k steps: as many orders as of k + 1 and 3 steps
    assert_eq!(explored.await, 20 + 10 + 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_removed_while_it_is_allowed_is_on_the_list_if_it_can_do_anything() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world,
        |world| {
            vec![
                world.actor("allow", async |world| world.press("allow").await),
                world.actor("remove", async |world| world.remove_app().await),
            ]
        },
        async |world, ended| {
            let redeemed = world.redeem_from(ended.redirects()[0]).await;
            assert_eq!(redeemed.tokens().len() == 1, world.is_listed().await, "{redeemed:?}");
        },
    );
    assert_eq!(explored.await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_tabs_agree_to_at_once_is_all_remembered() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world,
        |world| {
            let tab = |scope| {
                world.actor(scope, async move |world| (*world).clone().with_request_for(scope).press("allow").await)
            };
            vec![tab("profile"), tab("email")]
        },
        async |world, ended| {
            assert_eq!(ended.redirects().len(), 2);
            let next = (*world).clone().with_request_for("profile email").pass().await;
            assert!(matches!(next, Got::Redirect(_)), "one of them is forgotten");
        },
    );
    assert_eq!(explored.await, 20, "6! / (3! 3!)");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_agreed_to_while_an_app_is_removed_brings_nothing_of_before_back() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_request_for("profile").with_code().await,
        |world| {
            vec![
                world
                    .actor("allow more", async |world| (*world).clone().with_request_for("email").press("allow").await),
                world.actor("remove", async |world| world.remove_app().await),
            ]
        },
        async |world, _| {
            let next = (*world).clone().with_request_for("profile").pass().await;
            assert_eq!(next, Got::Page("consent"), "what was taken away is back");
        },
    );
    assert_eq!(explored.await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_removed_gets_nothing_by_what_was_agreed_to_before() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_consent().await,
        |world| {
            vec![
                world.actor("app", async |world| world.pass().await),
                world.actor("remove", async |world| world.remove_app().await),
            ]
        },
        async |world, ended| match &ended.got[0] {
            Some(Got::Redirect(location)) => {
                assert!(!code_of(location).is_empty() && !ended.in_order(1, 0));
                assert!(world.redeem_from(location).await.tokens().is_empty(), "removed, and has a code that works");
            }
            got => assert_eq!(got, &Some(Got::Page("consent"))),
        },
    );
    assert_eq!(explored.await, 4);
}
