//! Taking back: what was ended stays ended, whatever was being issued meanwhile (PROTOCOL R-m).

use std::rc::Rc;

use countersign::protocol::grant::GrantType;

use super::{
    got::Got,
    scheduler::{Actor, Ended},
    world::{Model, World},
};
use crate::support::scope;

/// Makes somebody who does something in a world.
type Act = fn(&Rc<World>) -> Actor<Got>;

/// A way to end everything an app has of a person.
#[derive(Clone, Copy)]
struct Ending {
    actor: Act,
    /// In the grant's own row, which whoever issues looks at while writing.
    in_grant: bool,
}

/// Of one step, of two, and of four.
const ENDINGS: [Ending; 3] = [
    Ending { actor: |world| world.actor("remove", async |world| world.remove_app().await), in_grant: true },
    Ending { actor: |world| world.actor("lock", async |world| world.set_locked(true).await), in_grant: false },
    LOCK_AND_UNLOCK,
];

const LOCK_AND_UNLOCK: Ending = Ending {
    actor: |world| {
        world.actor("lock and unlock", async |world| {
            world.set_locked(true).await;
            world.set_locked(false).await
        })
    },
    in_grant: false,
};

/// Everything that the first actor got is dead, and what the app had before as well.
async fn nothing_lives(world: Rc<World>, ended: Ended<Got>, ending: Ending) {
    if ending.in_grant && ended.ends_first(1, 0) {
        assert_eq!(ended.tokens(), Vec::new(), "of a grant that had ended");
    }
    world.assert_dead(&ended.tokens()).await;
    if !world.tokens.access.is_empty() {
        world.assert_dead(std::slice::from_ref(&world.tokens)).await;
    }
}

/// Orders of so many steps of one actor and of another.
fn orders_of(one: usize, other: usize) -> usize {
    (1..=other).fold(1, |orders, step| orders * (one + step) / step)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_beside_an_ending_leaves_nothing_alive() {
    let model = Model::start().await;
    // whoever comes between the lock and its end is refused at the first step
    for (ending, orders) in ENDINGS.into_iter().zip([3, 6, 12]) {
        let explored = model.explore(
            async |world| world.with_code().await,
            |world| vec![world.actor("app", async |world| world.redeem().await), (ending.actor)(world)],
            async |world, ended| nothing_lives(world, ended, ending).await,
        );
        assert_eq!(explored.await, orders);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_beside_an_ending_leaves_nothing_alive() {
    let model = Model::start().await;
    let actor = |world: &Rc<World>| world.actor("revoke", async |world| world.revoke(&world.tokens.refresh).await);
    let revoke = Ending { actor, in_grant: true };
    for (ending, orders) in ENDINGS.into_iter().chain([revoke]).zip([3, 6, 12, 6]) {
        let explored = model.explore(
            async |world| world.with_tokens().await,
            |world| {
                let refresh = world.actor("app", async |world| world.refresh(&world.tokens.refresh).await);
                vec![refresh, (ending.actor)(world)]
            },
            async |world, ended| nothing_lives(world, ended, ending).await,
        );
        assert_eq!(explored.await, orders);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_allowed_while_the_person_was_locked_is_dead_also_after_unlocking() {
    let model = Model::start().await;
    for (ending, orders) in ENDINGS.into_iter().skip(1).zip([10, 28]) {
        let explored = model.explore(
            async |world| world,
            |world| vec![world.actor("allow", async |world| world.press("allow").await), (ending.actor)(world)],
            async |world, ended| {
                for location in ended.redirects() {
                    assert!(world.redeem_from(location).await.tokens().is_empty(), "a code is alive");
                }
            },
        );
        assert_eq!(explored.await, orders);
    }
}

/// OIDC Back-Channel Logout §2.3: whoever was told of a sign-in is told of its end.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_answered_while_the_person_signs_out_is_told_of_it_and_what_it_got_is_dead() {
    let model = Model::with(|app| {
        app.scope = scope("openid profile");
        app.backchannel_logout_uri = Some("https://app.example/out".to_owned());
    });
    let model = model.await;
    let answers: [Act; 2] = [
        |world| world.actor("allow", async |world| world.press("allow").await),
        |world| world.actor("app", async |world| world.pass().await),
    ];
    for (answer, orders) in answers.into_iter().zip([10, 10]) {
        let explored = model.explore(
            // agreed to in another session, of which nobody is told here
            async |world| Box::pin(world.with_consent_elsewhere("openid profile")).await,
            |world| vec![answer(world), world.actor("sign out", async |world| world.sign_out().await)],
            async |world, ended| match &ended.got[0] {
                Some(Got::Redirect(location)) => {
                    assert!(world.is_to_be_told().await, "it has an answer, and will not hear of the end");
                    assert!(world.redeem_from(location).await.tokens().is_empty(), "a code is alive");
                }
                got => {
                    assert_eq!(got, &Some(Got::Page("sign in")));
                    assert!(!world.is_to_be_told().await, "it knows of no sign-in");
                }
            },
        );
        assert_eq!(explored.await, orders);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_has_closed_to_a_token_stays_closed() {
    let model = Model::start().await;
    let access: Act = |world| world.actor("revoke", async |world| world.revoke(&world.tokens.access).await);
    let refresh: Act = |world| world.actor("revoke all", async |world| world.revoke(&world.tokens.refresh).await);
    for (ending, steps) in ENDINGS.map(|ending| ending.actor).into_iter().chain([access, refresh]).zip([1, 2, 4, 2, 2])
    {
        let explored = model.explore(
            async |world| world.with_tokens().await,
            |world| {
                let looks = world.actor("door", async |world| {
                    let mut seen = Vec::new();
                    for _ in 0..2 {
                        seen.push(world.opens(&world.tokens.access).await);
                    }
                    Got::Seen(seen)
                });
                vec![looks, ending(world)]
            },
            async |world, ended| {
                let Some(Got::Seen(seen)) = &ended.got[0] else { panic!("{:?}", ended.got[0]) };
                assert!(seen.is_sorted_by(|before, after| before >= after), "{seen:?}");
                assert!(!ended.in_order(1, 0) || seen == &[false, false]);
                assert!(!world.opens(&world.tokens.access).await);
            },
        );
        assert_eq!(explored.await, orders_of(4, steps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begun_with_a_password_that_was_changed_meanwhile_is_none() {
    let model = Model::start().await;
    let explored = model.explore(
        async |world| world.with_password().await,
        |world| {
            vec![
                world.actor("sign in", async |world| world.sign_in().await),
                world.actor("change", async |world| world.change_password().await),
            ]
        },
        async |world, ended| match &ended.got[0] {
            Some(Got::Session(secret)) => assert!(!world.is_session(secret).await, "signed in with the old password"),
            got => assert_eq!(got, &Some(Got::Refused("PersonRefused"))),
        },
    );
    assert_eq!(explored.await, orders_of(3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_while_being_locked_is_not_signed_in_after_unlocking() {
    let model = Model::with(|app| app.grant_types.push(GrantType::Password)).await;
    // Of a look-up before the lock's first step and before its second. The page looks once more where it comes too late.
    let doors: [(Act, usize); 2] = [
        (|world| world.actor("page", async |world| world.sign_in().await), 25 + 17),
        (|world| world.actor("password grant", async |world| world.present_password().await), 15 + 10),
    ];
    for (door, before) in doors {
        let explored = model.explore(
            async |world| world.with_password().await,
            |world| vec![door(world), (LOCK_AND_UNLOCK.actor)(world)],
            async |world, ended| {
                let anew = ended.in_order(1, 0);
                match &ended.got[0] {
                    Some(Got::Session(secret)) => assert_eq!(world.is_session(secret).await, anew),
                    Some(Got::Tokens(tokens)) if anew => world.assert_alive(tokens).await,
                    Some(Got::Tokens(tokens)) => world.assert_dead(std::slice::from_ref(tokens)).await,
                    got => assert_eq!(got, &Some(Got::Refused("PersonRefused"))),
                }
            },
        );
        // Who is looked up between locking and unlocking comes to an end one step earlier: that a try has failed is
        // counted whether or not anybody waits for it. So many follow a look-up before the third step, the fourth, and
        // after all.
        assert_eq!(explored.await, before + 3 + 2 + 1);
    }
}
