//! Tries every order in which the steps of several actors can happen, each from a fresh start.
//!
//! An actor is a future that runs the server's own functions. Its step is one operation of the store, and what it does
//! after it until it comes to the next: what lies between two operations touches nothing that others see. So nothing is
//! lost by beginning an actor with its first operation; but values it read or computed before an operation may be old by
//! the time of it, as they may be in a server. Orders are tried depth first: a run follows a path of choices, then takes
//! the first choice everywhere, and leaves a branch at each choice it did not take.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use countersign::{
    clock::{Clock, Ts},
    store::Pace,
};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, LocalBoxFuture},
    stream::FuturesUnordered,
};

use crate::support::is_postgres;

/// A step that takes longer waits for somebody whose turn it is not.
const STEP_WITHIN: Duration = Duration::from_mins(2);
/// Not steps: look-ups of what is cached, which depend on the machine's time and find what no actor changes; and the
/// audit log, which nothing is decided by.
const UNSEEN: &[&str] = &[
    "record_event",
    "find_epoch",
    "find_client",
    "find_client_facts",
    "find_instance",
    "list_scopes",
    "list_resources",
    "list_keys",
    "list_encryption_keys",
];

tokio::task_local! { static SEAT: Seat; }

/// Where the code of a run sits: its time, and, if it is an actor, whose turn it is.
#[derive(Clone)]
struct Seat {
    time: Arc<AtomicI64>,
    turn: Option<Arc<Mutex<Turn>>>,
}

#[derive(Clone, Copy, Default)]
struct Turn {
    granted: bool,
    /// It has come to its next step.
    waits: bool,
    /// The step it took last.
    step: Option<&'static str>,
}

/// Gives turns to actors, and lets everybody else pass: whoever prepares and checks, and tasks that were spawned (the
/// audit log's).
pub(super) struct Turns;

impl Pace for Turns {
    fn turn(&self, operation: &'static str) -> BoxFuture<'_, ()> {
        if UNSEEN.contains(&operation) { std::future::ready(()).boxed() } else { step(operation).boxed() }
    }
}

/// A step that is no operation of the store.
pub(super) async fn step(name: &'static str) {
    poll_fn(|_| SEAT.try_with(|seat| seat.step(name)).unwrap_or(Poll::Ready(()))).await;
}

/// Lets time pass for this run.
pub(super) fn advance(seconds: i64) {
    SEAT.with(|seat| seat.time.fetch_add(seconds * 1_000_000, Ordering::SeqCst));
}

impl Seat {
    fn step(&self, name: &'static str) -> Poll<()> {
        let Some(turn) = &self.turn else { return Poll::Ready(()) };
        let mut turn = turn.lock().unwrap();
        if turn.granted {
            *turn = Turn { granted: false, waits: false, step: Some(name) };
            return Poll::Ready(());
        }
        turn.waits = true;
        Poll::Pending
    }
}

/// Each run has a time of its own, which moves by a microsecond with each step.
pub(super) struct Time(pub(super) Ts);

impl Clock for Time {
    fn now(&self) -> Ts {
        SEAT.try_with(|seat| Ts::from_micros(seat.time.load(Ordering::SeqCst))).unwrap_or(self.0)
    }
}

/// Somebody who does something.
pub(super) struct Actor<T: 'static> {
    name: &'static str,
    life: LocalBoxFuture<'static, T>,
    mortal: bool,
}

impl<T: 'static> Actor<T> {
    pub(super) fn new(name: &'static str, life: impl Future<Output = T> + 'static) -> Self {
        Self { name, life: life.boxed_local(), mortal: false }
    }

    /// May also be dropped before any of its steps but the first: the caller has gone, or the process was killed.
    pub(super) fn mortal(self) -> Self {
        Self { mortal: true, ..self }
    }
}

/// How a run ended.
pub(super) struct Ended<T> {
    /// What each actor got; `None`: it died.
    pub(super) got: Vec<Option<T>>,
    /// With which step of the run each actor began, and with which it ended.
    pub(super) spans: Vec<(usize, usize)>,
}

impl<T> Ended<T> {
    /// Did one actor come to its end before the other did?
    pub(super) fn ends_first(&self, one: usize, other: usize) -> bool {
        self.spans[one].1 < self.spans[other].1
    }

    /// Had one actor come to its end before the other began?
    pub(super) fn in_order(&self, one: usize, other: usize) -> bool {
        self.spans[one].1 < self.spans[other].0
    }
}

/// Runs the actors in every order; `check` looks at each end. Answers how many orders there were.
pub(super) async fn explore<W, T: 'static>(
    begin: Ts,
    stage: impl AsyncFn() -> W,
    actors: impl Fn(&W) -> Vec<Actor<T>>,
    check: impl AsyncFn(W, Ended<T>),
) -> usize {
    let mut branches = vec![Branch::default()];
    let mut running = FuturesUnordered::new();
    let (mut orders, mut share) = (0, 0.0);
    // SQLite's share commits, PostgreSQL's a pool of connections
    let side_by_side = if is_postgres() { 8 } else { 24 };
    loop {
        while running.len() < side_by_side
            && let Some(branch) = branches.pop()
        {
            running.push(run(begin, branch, &stage, &actors, &check));
        }
        let Some(ran) = running.next().await else { break };
        orders += 1;
        share += ran.share;
        branches.extend(ran.branches);
    }
    // of n choices each has the nth part: all orders together are the whole, unless one is missing or came twice
    assert!((share - 1.0_f64).abs() < 1e-9, "{orders} orders are {share} of all");
    orders
}

/// A path of choices to follow, and what happened on it when it was found.
#[derive(Default, Clone)]
struct Branch {
    path: Vec<usize>,
    history: Vec<String>,
}

struct Ran {
    branches: Vec<Branch>,
    share: f64,
}

async fn run<W, T: 'static>(
    begin: Ts,
    branch: Branch,
    stage: &impl AsyncFn() -> W,
    actors: &impl Fn(&W) -> Vec<Actor<T>>,
    check: &impl AsyncFn(W, Ended<T>),
) -> Ran {
    let history = Mutex::new(Vec::new());
    let whole = async {
        let free = Seat { time: Arc::new(AtomicI64::new(begin.micros())), turn: None };
        let world = SEAT.scope(free.clone(), stage()).await;
        let mut players: Vec<Player<T>> =
            actors(&world).into_iter().map(|actor| Player::seated(actor, &free.time)).collect();
        let ran = play(&mut players, &branch, &free, &history).await;
        let ended = Ended {
            spans: players.iter().map(|player| player.span).collect(),
            got: players.into_iter().map(|player| player.got).collect(),
        };
        SEAT.scope(free, check(world, ended)).await;
        ran
    };
    AssertUnwindSafe(whole).catch_unwind().await.unwrap_or_else(|panic| tell(&history, panic))
}

/// Fails with the order that led here.
fn tell(history: &Mutex<Vec<String>>, panic: Box<dyn Any + Send>) -> ! {
    eprintln!("in this order:\n  {}", history.lock().unwrap().join("\n  "));
    resume_unwind(panic)
}

async fn play<T: 'static>(
    players: &mut [Player<T>],
    branch: &Branch,
    free: &Seat,
    history: &Mutex<Vec<String>>,
) -> Ran {
    let (mut path, mut ran) = (Vec::new(), Ran { branches: Vec::new(), share: 1.0 });
    loop {
        let choices: Vec<Choice> = players.iter().enumerate().flat_map(|(at, player)| player.choices(at)).collect();
        if choices.is_empty() {
            return ran;
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let ways = choices.len() as f64;
        ran.share /= ways;
        let depth = path.len();
        let chosen = branch.path.get(depth).copied().unwrap_or_else(|| {
            let taken = history.lock().unwrap().clone();
            let others = (1..choices.len()).map(|other| [path.as_slice(), &[other]].concat());
            ran.branches.extend(others.map(|path| Branch { path, history: taken.clone() }));
            0
        });
        path.push(chosen);
        free.time.fetch_add(1, Ordering::SeqCst);
        let done = match choices[chosen] {
            Choice::Go(at) => players[at].go_on(depth).await,
            Choice::Die(at) => players[at].die(depth),
        };
        // the same path has to lead to the same place, or nothing was explored
        if let Some(before) = branch.history.get(depth) {
            assert_eq!(&done, before, "a run cannot be repeated");
        }
        history.lock().unwrap().push(done);
    }
}

#[derive(Clone, Copy)]
enum Choice {
    Go(usize),
    Die(usize),
}

/// An actor in a run.
struct Player<T: 'static> {
    name: &'static str,
    mortal: bool,
    turn: Arc<Mutex<Turn>>,
    /// `None` once it has ended.
    life: Option<LocalBoxFuture<'static, T>>,
    got: Option<T>,
    began: bool,
    span: (usize, usize),
}

impl<T: 'static> Player<T> {
    fn seated(actor: Actor<T>, time: &Arc<AtomicI64>) -> Self {
        let turn = Arc::new(Mutex::new(Turn::default()));
        let seat = Seat { time: Arc::clone(time), turn: Some(Arc::clone(&turn)) };
        let life = Some(SEAT.scope(seat, actor.life).boxed_local());
        Self { name: actor.name, mortal: actor.mortal, turn, life, got: None, began: false, span: (0, 0) }
    }

    fn choices(&self, at: usize) -> impl Iterator<Item = Choice> {
        let lives = self.life.is_some();
        let may_die = lives && self.mortal && self.began;
        lives.then_some(Choice::Go(at)).into_iter().chain(may_die.then_some(Choice::Die(at)))
    }

    /// One step; what it was.
    async fn go_on(&mut self, at: usize) -> String {
        if !self.began {
            (self.began, self.span.0) = (true, at);
        }
        *self.turn.lock().unwrap() = Turn { granted: true, ..Turn::default() };
        let (life, turn) = (self.life.as_mut().unwrap(), &self.turn);
        let came_to = poll_fn(|cx| match life.as_mut().poll(cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            Poll::Pending if turn.lock().unwrap().waits => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let came_to = tokio::time::timeout(STEP_WITHIN, came_to).await;
        let came_to = came_to.unwrap_or_else(|_| panic!("{} waits for what another one holds", self.name));
        let ends = came_to.is_some();
        if ends {
            (self.got, self.life, self.span.1) = (came_to, None, at);
        }
        let what = self.turn.lock().unwrap().step.unwrap_or("goes on");
        format!("{}: {what}{}", self.name, if ends { ", done" } else { "" })
    }

    fn die(&mut self, at: usize) -> String {
        (self.life, self.span.1) = (None, at);
        format!("{} dies", self.name)
    }
}
