use futures_util::{FutureExt, future::join_all};

use super::*;

fn now() -> Ts {
    Ts::from_unix_seconds(1_000_000)
}

fn looked_at(limits: &Limits, addresses: impl Iterator<Item = String>) -> usize {
    addresses.filter(|address| limits.try_address(address.parse().ok(), now()).is_some()).count()
}

#[test]
fn a_machine_has_a_hundred_tries_and_a_site_a_thousand_however_many_addresses_it_takes() {
    let limits = Limits::new(true);
    assert_eq!(looked_at(&limits, (0..300).map(|_| "203.0.113.9".to_owned())), 100);
    assert_eq!(looked_at(&limits, (0..300).map(|_| "::ffff:203.0.113.10".to_owned())), 100);
    assert_eq!(looked_at(&limits, (0..300).map(|n| format!("2001:db8:1:1::{n:x}"))), 100, "one /64");
    assert_eq!(looked_at(&limits, (0..3000).map(|n| format!("2001:db8:2:{n:x}::1"))), 1000, "one /48");
    assert_eq!(looked_at(&limits, (0..50).map(|n| format!("2001:db8:{:x}::1", n + 3))), 50, "other sites");
    assert!(limits.try_address(None, now()).is_some(), "nobody knows where it came from");
    assert_eq!(looked_at(&Limits::new(false), (0..300).map(|_| "203.0.113.9".to_owned())), 300);
}

#[test]
fn what_was_right_is_not_counted() {
    let limits = Limits::new(true);
    let address = "203.0.113.9".parse().ok();
    for _ in 0..500 {
        limits.forgive_address(&limits.try_address(address, now()).unwrap());
        limits.forgive_client(&limits.try_client([1; 32], address, now()).unwrap());
    }
    let tries = (0..30).filter(|_| limits.try_client([1; 32], address, now()).is_some()).count();
    assert_eq!(tries, 10);
}

#[test]
fn what_was_right_begins_no_wait_anew_unless_another_has_failed_meanwhile() {
    let limits = Limits::new(true);
    let at = |seconds| limits.try_address("203.0.113.9".parse().ok(), now().plus_seconds(seconds));
    for _ in 0..100 {
        assert!(at(0).is_some());
    }
    assert!(at(0).is_none());
    assert!(at(5).is_some());
    let right = at(10).unwrap();
    assert!(at(10).is_none(), "it counts while it is looked at");
    limits.forgive_address(&right);
    let slow = at(10).unwrap();
    let failed = at(12);
    assert!(failed.is_some());
    limits.forgive_address(&slow);
    assert!(at(12).is_none(), "the other one has failed");
}

#[test]
fn right_user_codes_are_bounded_for_whoever_types_them_and_cost_nobody_else_anything() {
    let limits = Limits::new(true);
    for person in 0..1000 {
        let entered = (0..40).filter(|_| limits.may_enter_user_code(person, now()));
        let looked_at = entered.filter(|_| {
            let looked_at = limits.may_try_user_code(now());
            limits.forgive_user_code();
            looked_at
        });
        assert_eq!(looked_at.count(), 30);
    }
    assert!(limits.may_enter_user_code(1, now().plus_seconds(60)), "and the next minute is another");
    let wrong = (0..5000).filter(|_| limits.may_try_user_code(now())).count();
    assert_eq!(wrong, 3000);
}

#[test]
fn of_invented_clients_a_machine_has_a_hundred_tries_and_people_sign_in_from_there_none_the_less() {
    let limits = Limits::new(true);
    let client = |n: u32| {
        let mut client = [0; 32];
        client[..4].copy_from_slice(&n.to_be_bytes());
        client
    };
    let tries = |address: &str| {
        (0..300).filter(|n| limits.try_client(client(*n), address.parse().ok(), now()).is_some()).count()
    };
    assert_eq!((tries("203.0.113.9"), tries("203.0.113.10"), tries("2001:db8::1")), (100, 100, 100));
    assert!(limits.try_address("203.0.113.9".parse().ok(), now()).is_some());
    // one that was not looked at has not failed
    assert_eq!((0..30).filter(|_| limits.try_client(client(299), None, now()).is_some()).count(), 10);
}

#[test]
fn a_site_of_many_networks_has_three_times_what_one_has_whatever_is_counted() {
    let limits = Limits::new(true);
    let most = |of: &dyn Fn(Option<IpAddr>) -> bool, site: u16| {
        (0..2000).filter(|n| of(format!("2001:db8:{site:x}:{n:x}::1").parse().ok())).count()
    };
    let by = |by| move |limits: &Limits, address| limits.may_register(address, by, 20, now());
    assert_eq!(most(&|address| by(RegisteredBy::Open)(&limits, address), 1), 60);
    assert_eq!(most(&|address| by(RegisteredBy::Token)(&limits, address), 1), 60, "strangers used nothing of it up");
    assert_eq!(most(&|address| limits.may_begin_device(address, "app", now()), 1), 90);
    assert_eq!(most(&|address| limits.may_sign_up(address, now()), 1), 60);
    assert_eq!(most(&|address| limits.try_initial_token(address, now()), 1), 180);
    let app = std::cell::Cell::new(0);
    let another_app = |address| {
        app.set(app.get() + 1);
        limits.may_change_registration(address, &app.get().to_string(), 20, now())
    };
    assert_eq!(most(&another_app, 1), 60);
    assert_eq!(most(&|address| limits.may_change_registration(address, "app", 20, now()), 2), 10);
}

#[test]
fn a_good_token_is_not_counted_as_an_unknown_one() {
    let limits = Limits::new(true);
    let address = "203.0.113.9".parse().ok();
    for _ in 0..500 {
        assert!(limits.try_initial_token(address, now()));
        limits.forgive_initial_token(address);
    }
    assert_eq!((0..500).filter(|_| limits.try_initial_token(address, now())).count(), 60);
}

#[test]
fn what_strangers_make_up_is_remembered_within_bounds() {
    let limits = Limits::new(true);
    for n in 0..200_000_u32 {
        let mut client = [0; 32];
        client[..4].copy_from_slice(&n.to_be_bytes());
        assert!(limits.try_client(client, Some(IpAddr::V4(n.into())), now()).is_some());
        assert!(limits.try_address(Some(IpAddr::V4(n.into())), now()).is_some());
    }
    assert!(limits.clients.held().len() <= REMEMBERED && limits.addresses.held().len() <= REMEMBERED);
}

#[tokio::test]
async fn turns_come_one_at_a_time_and_leave_nothing_behind_also_when_somebody_gives_up_waiting() {
    let limits = Limits::new(true);
    let first = limits.turn([1; 32]).await;
    let mut second = Box::pin(limits.turn([1; 32]));
    assert!(second.as_mut().now_or_never().is_none(), "it waits");
    let other = limits.turn([2; 32]).await;
    assert_eq!(limits.turns(), 2);
    drop(first);
    // its turn has come, and it has gone away without taking it
    drop(second);
    drop(other);
    assert_eq!(limits.turns(), 0);
    let (limits, count) = (&limits, &std::sync::atomic::AtomicUsize::new(0));
    join_all((0..100).map(|_| async move {
        let _turn = limits.turn([3; 32]).await;
        let others = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(others, 0);
        tokio::task::yield_now().await;
        count.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }))
    .await;
    assert_eq!(limits.turns(), 0);
}

/// Each takes a twentieth of a second: they wait for longer than is borne, however fast the machine is.
#[tokio::test]
async fn in_an_overload_of_one_account_who_waited_too_long_is_refused_and_another_account_is_not() {
    let (limits, limit) = (&Limits::new(true), Duration::from_millis(1));
    let all = join_all((0..60).map(|_| async move {
        let turn = limits.turn_in_time([4; 32], limit).await;
        if turn.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        turn.is_ok()
    }));
    let others = async {
        for _ in 0..40 {
            // nobody is before it
            assert!(limits.turn_in_time([5; 32], limit).await.is_ok());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (all, ()) = tokio::join!(all, others);
    let made = all.iter().filter(|made| **made).count();
    assert!((1..60).contains(&made), "{made}");
    assert_eq!(limits.turns(), 0);
}
