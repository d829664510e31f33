//! The scheduler itself: it finds what can go wrong, leaves no order out, and notices when it cannot know.

use std::{cell::Cell, rc::Rc};

use countersign::clock::{Clock, Ts};

use super::scheduler::{Actor, Time, advance, explore, step};

/// An actor of so many steps, which answers how often it was stepped.
fn walker(name: &'static str, steps: usize) -> Actor<usize> {
    Actor::new(name, async move {
        for _ in 0..steps {
            step("walk").await;
        }
        steps
    })
}

async fn orders_of(walkers: impl Fn() -> Vec<Actor<usize>>) -> usize {
    explore(Ts::ZERO, async || (), |()| walkers(), async |(), _| {}).await
}

#[tokio::test]
async fn a_counter_that_is_read_and_then_written_loses_a_count_in_some_orders() {
    let ends = Rc::new(Cell::new((0, 0)));
    let count_up = |counter: &Rc<Cell<i32>>| {
        let counter = Rc::clone(counter);
        Actor::new("count", async move {
            step("read").await;
            let found = counter.get();
            step("write").await;
            counter.set(found + 1);
        })
    };
    let found = Rc::clone(&ends);
    let orders = explore(
        Ts::ZERO,
        async || Rc::new(Cell::new(0)),
        |counter| vec![count_up(counter), count_up(counter)],
        async |counter: Rc<Cell<i32>>, _| {
            let (right, lost) = found.get();
            found.set(if counter.get() == 2 { (right + 1, lost) } else { (right, lost + 1) });
        },
    )
    .await;
    assert_eq!((orders, ends.get()), (6, (2, 4)), "only one after the other is right");
}

#[tokio::test]
async fn there_are_as_many_orders_as_combinatorics_says() {
    assert_eq!(orders_of(|| vec![walker("one", 4)]).await, 1);
    assert_eq!(orders_of(|| vec![walker("one", 2), walker("two", 3)]).await, 10, "5! / (2! 3!)");
    assert_eq!(orders_of(|| vec![walker("one", 2), walker("two", 1), walker("three", 3)]).await, 60, "6! / (2! 3!)");
    assert_eq!(orders_of(|| (0..4).map(|_| walker("one", 2)).collect()).await, 2520, "8! / 2!⁴");
}

#[tokio::test]
async fn somebody_who_may_die_dies_before_each_step_but_the_first() {
    assert_eq!(orders_of(|| vec![walker("one", 4).mortal()]).await, 4);
    // of 2 steps: dying takes the place of the second
    assert_eq!(orders_of(|| vec![walker("one", 2).mortal(), walker("two", 1)]).await, 6);
}

#[tokio::test]
async fn each_run_has_its_own_time() {
    let clock = || {
        Actor::new("clock", async {
            step("a minute passes").await;
            advance(60);
            1
        })
    };
    let a_minute_and_a_microsecond_a_step = Ts::from_micros(60_000_000 + 3);
    let check = async |(), _| assert_eq!(Time(Ts::ZERO).now(), a_minute_and_a_microsecond_a_step);
    assert_eq!(explore(Ts::ZERO, async || (), |()| vec![clock(), walker("one", 2)], check).await, 3);
}

#[tokio::test]
#[should_panic(expected = "a run cannot be repeated")]
async fn a_run_that_depends_on_anything_else_is_noticed() {
    let runs = Rc::new(Cell::new(0));
    let actors = |(): &()| {
        runs.set(runs.get() + 1);
        vec![walker("one", runs.get()), walker("two", 1), walker("three", 1)]
    };
    explore(Ts::ZERO, async || (), actors, async |(), _| {}).await;
}

#[tokio::test]
async fn an_actor_that_ended_before_another_began_is_known() {
    let orders = explore(
        Ts::ZERO,
        async || (),
        |()| vec![walker("one", 1), walker("two", 1)],
        async |(), ended| assert_ne!(ended.in_order(0, 1), ended.in_order(1, 0)),
    );
    assert_eq!(orders.await, 2);
}
