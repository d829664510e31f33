//! Rounds: a server starts, everybody works with it, it is killed in the middle.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    administrator::{Administrator, Terminal},
    beginnings::{LISTEN, SERVE, start_and_kill},
    chance::Chance,
    ledger::Tally,
    machine::Machine,
    member::Member,
    sound,
};
use crate::{
    effort::{alone, effort},
    support::{Database, Door, Served, Shell},
};

const MEMBERS: usize = 24;
const MACHINES: usize = 4;
const ADMINISTRATORS: usize = 2;
/// Of each unit of effort.
const ROUNDS: usize = 14;
/// Answers in a round at most, before it ends.
const ANSWERS: usize = 900;
/// What the issue demands of a restart.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// For what only a server that hangs does not do.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_every_kill_and_what_was_ended_stays_ended() {
    let _alone = alone().await;
    let mut town = Town::new().await;
    for _ in 0..ROUNDS * effort() {
        let commands_too = town.chance.one_in(2);
        town.round(Ending::Killed { commands_too }).await;
    }
    town.everything_is_as_it_was_told().await;
    town.report();
    assert!(town.tally().all_lost() > 0, "the kill never came between question and answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_restart_takes_nothing_from_anybody() {
    let _alone = alone().await;
    let mut town = Town::new().await;
    for _ in 0..3 * effort() {
        town.round(Ending::Told).await;
    }
    town.everything_is_as_it_was_told().await;
    town.report();
}

/// How a round ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// SIGKILL, for the server alone or for the commands beside it as well.
    Killed { commands_too: bool },
    /// SIGTERM.
    Told,
}

/// Somebody who works with the server and remembers what it said.
enum Actor {
    Member(Box<Member>),
    Machine(Box<Machine>),
    Administrator(Box<Administrator>),
}

impl Actor {
    /// Until the server is gone.
    async fn live(&mut self, server: &Door) {
        match self {
            Self::Member(member) => member.live(server).await,
            Self::Machine(machine) => machine.live(server).await,
            Self::Administrator(administrator) => administrator.live(server).await,
        }
    }

    /// Once through everything, before a server that stays.
    async fn check(&mut self, server: &Door) {
        match self {
            Self::Member(member) => member.check(server).await,
            Self::Machine(machine) => machine.check(server).await.unwrap(),
            Self::Administrator(administrator) => administrator.check(server).await,
        }
    }

    fn tally(&self) -> &Tally {
        match self {
            Self::Member(member) => &member.tally,
            Self::Machine(machine) => &machine.tally,
            Self::Administrator(administrator) => &administrator.tally,
        }
    }
}

struct Town {
    shell: Arc<Shell>,
    actors: Vec<Actor>,
    terminals: Vec<Arc<Terminal>>,
    /// Answers that anybody heard.
    heard: Arc<AtomicUsize>,
    keys: Option<Value>,
    starts: Starts,
    rounds: usize,
    chance: Chance,
}

impl Town {
    async fn new() -> Self {
        let mut chance = Chance::new();
        let heard = Arc::new(AtomicUsize::new(0));
        // windows that no pause of a busy machine outlasts; the issuer stays while the port is drawn anew
        let shell = Shell::at(Database::fresh().await)
            .with("COUNTERSIGN_ISSUER", "http://localhost:8080")
            .with("COUNTERSIGN_TOKENS__CODE_TTL", "10m")
            .with("COUNTERSIGN_TOKENS__REFRESH_REUSE_GRACE", "10m")
            .with("COUNTERSIGN_TOKENS__ACCESS_TTL", "1d");
        let shell = Arc::new(shell);
        let mut actors = Vec::new();
        for number in 0..MEMBERS {
            let member = Member::new(&shell, number, chance.fork(), Tally::new(&heard));
            actors.push(Actor::Member(Box::new(member)));
        }
        for _ in 0..MACHINES {
            actors.push(Actor::Machine(Box::new(Machine::new(&shell, chance.fork(), Tally::new(&heard)))));
        }
        let mut terminals = Vec::new();
        for number in 0..ADMINISTRATORS {
            let terminal = Arc::new(Terminal::new(&shell));
            let administrator = Administrator::new(&terminal, number, chance.fork(), Tally::new(&heard));
            actors.push(Actor::Administrator(Box::new(administrator)));
            terminals.push(terminal);
        }
        Self { shell, actors, terminals, heard, keys: None, starts: Starts::default(), rounds: 0, chance }
    }

    /// Now and then the first server is killed before it gets anywhere.
    async fn round(&mut self, ending: Ending) {
        if self.chance.one_in(3) {
            start_and_kill(&self.shell, SERVE, &mut self.chance).await;
        }
        let mut server = self.start().await;
        let door = Arc::new(Door::new(server.address.clone(), server.issuer.clone()));
        self.terminals.iter().for_each(|terminal| terminal.open());
        let mut working = JoinSet::new();
        for mut actor in self.actors.drain(..) {
            let door = Arc::clone(&door);
            working.spawn(async move {
                actor.live(&door).await;
                actor
            });
        }
        self.the_moment().await;
        match ending {
            Ending::Killed { .. } => server.kill(),
            Ending::Told => assert!(server.stop().success()),
        }
        self.terminals.iter().for_each(|terminal| terminal.close(ending == Ending::Killed { commands_too: true }));
        self.actors = timeout(PATIENCE, working.join_all()).await.expect("everybody notices that the server is gone");
        sound::is_sound(&self.shell.database).await;
        self.rounds += 1;
    }

    /// After so many answers, whatever time this machine takes for them, and a little.
    async fn the_moment(&mut self) {
        let answers = self.heard.load(Ordering::Relaxed) + self.chance.index(ANSWERS).unwrap();
        let began = Instant::now();
        while self.heard.load(Ordering::Relaxed) < answers && began.elapsed() < PATIENCE {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(self.chance.moment(Duration::from_millis(5))).await;
    }

    /// The same keys as ever, and ready in time.
    async fn start(&mut self) -> Served {
        let server = self.starts.again(&self.shell).await;
        let keys = server.get("/oauth2/jwks").await.has_status(200).json();
        assert_eq!(*self.keys.get_or_insert_with(|| keys.clone()), keys);
        server
    }

    /// A last look in peace, also at what nobody heard of: there is no grant that nobody can account for.
    async fn everything_is_as_it_was_told(&mut self) {
        let server = self.start().await;
        for actor in &mut self.actors {
            actor.check(&server).await;
        }
        let grants = self.shell.run(&["grant", "list", "--limit", "100000", "--json"]).json();
        let mut live: HashMap<&str, usize> = HashMap::new();
        for grant in grants.as_array().unwrap() {
            *live.entry(grant["client_id"].as_str().unwrap()).or_default() += 1;
        }
        for actor in &self.actors {
            if let Actor::Member(member) = actor {
                let found = live.get(member.client_id()).copied().unwrap_or_default();
                let known = member.live_grants();
                assert!(known.contains(&found), "{found} live grants, {known:?} accounted for");
            }
        }
        sound::indexes_are_sound(&self.shell.database).await;
    }

    /// Shown with `--nocapture`.
    fn report(&self) {
        let all = self.tally();
        let longest = |actor: &Actor| if let Actor::Member(member) = actor { member.longest_chain() } else { 0 };
        let longest = self.actors.iter().map(longest).max().unwrap();
        println!(
            "{} rounds, {} clients; the longest refresh chain went {longest} steps",
            self.rounds,
            self.actors.len()
        );
        all.report();
        self.starts.report();
        for what in ["signed in", "allowed", "code redeemed", "refreshed", "client's own token", "client made"] {
            assert!(all.of(what) > 0, "nobody was ever answered: {what}");
        }
    }

    /// Of everybody together.
    fn tally(&self) -> Tally {
        let mut all = Tally::default();
        self.actors.iter().for_each(|actor| all.add(actor.tally()));
        all
    }
}

/// How long it took to be ready.
#[derive(Default)]
struct Starts {
    worst: Duration,
    slow: usize,
}

impl Starts {
    /// Starts a server where one was killed, and measures until it says that it is ready. Two seconds is what is
    /// demanded; a machine that pauses for so long is not the server's fault, so it may try three times.
    async fn again(&mut self, shell: &Shell) -> Served {
        for _ in 0..3 {
            let began = Instant::now();
            let server = Served::start(shell, LISTEN);
            while server.get("/health/ready").await.status != 200 {
                assert!(began.elapsed() < PATIENCE, "it does not get ready");
                sleep(Duration::from_millis(2)).await;
            }
            let took = began.elapsed();
            self.worst = self.worst.max(took);
            if took < READY_WITHIN {
                return server;
            }
            self.slow += 1;
            println!("ready only after {took:?}: killed, and tried again");
        }
        panic!("three times in turn it was not ready within {READY_WITHIN:?}");
    }

    fn report(&self) {
        println!("ready after at most {:?}; {} starts took longer than {READY_WITHIN:?}", self.worst, self.slow);
    }
}
