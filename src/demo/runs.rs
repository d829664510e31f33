//! The runs of one demonstration, the latest of them, and the walks that are under way.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    breaks::Break,
    cast::Cast,
    errors::{self, Explained},
    flows::{ASKING, Asked, Flow, Pending, Play},
    stage::{Stage, Why},
    step::{Actor, Step},
    wire::{Received, Sent},
};

/// A run that has ended.
pub(crate) struct Run {
    /// Counted from 1.
    pub(crate) id: u64,
    /// Which flow.
    pub(crate) flow: &'static Flow,
    /// What was done to it.
    pub(crate) broken: Option<&'static Break>,
    /// Did somebody walk through it?
    pub(crate) walked: bool,
    /// What happened.
    pub(crate) steps: Vec<Step>,
    /// Why it ended early.
    pub(crate) problem: Option<String>,
}

impl Run {
    /// The row of docs/errors.md about what was done.
    pub(crate) fn explained(&self) -> Option<Explained> {
        errors::find(self.broken?.refusal)
    }

    /// What was played, in a few words.
    pub(crate) fn title(&self) -> &'static str {
        self.broken.map_or(self.flow.title, |broken| broken.title)
    }
}

/// Hears of every run.
pub(crate) type Watcher = Box<dyn Fn(&Run) + Send + Sync>;

/// Somebody's own browser is at the server.
struct Walk {
    flow: &'static Flow,
    asked: Asked,
    steps: Vec<Step>,
}

/// Somebody enters a device's code in a browser of theirs.
pub(crate) struct Wait {
    /// Which flow.
    pub(crate) flow: &'static Flow,
    /// The codes.
    pub(crate) pending: Pending,
    steps: Vec<Step>,
}

impl Wait {
    /// What the last question was answered with, in OAuth's word.
    pub(crate) fn last_answer(&self) -> Option<String> {
        self.steps.last().and_then(Step::error)
    }
}

/// All runs.
pub(crate) struct Runs {
    /// Who plays.
    pub(crate) cast: Arc<Cast>,
    /// What every form of the page must carry.
    pub(crate) csrf: String,
    watcher: Watcher,
    kept: Mutex<Kept>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    runs: VecDeque<Arc<Run>>,
    walks: VecDeque<Walk>,
    waits: VecDeque<Wait>,
}

/// Runs that can still be looked at.
const MOST_RUNS: usize = 50;
/// Walks that can still come back.
const MOST_WALKS: usize = 20;

impl Runs {
    /// None yet.
    pub(crate) fn new(cast: Arc<Cast>, watcher: Watcher) -> Self {
        let csrf = crate::secret::base62::encode(&crate::secret::random::<16>());
        Self { cast, csrf, watcher, kept: Mutex::default(), one_at_a_time: tokio::sync::Mutex::default() }
    }

    /// Plays a flow, whole or broken.
    pub(crate) async fn run(&self, flow: &'static Flow, broken: Option<&'static Break>) -> Arc<Run> {
        let _turn = self.one_at_a_time.lock().await;
        let mut stage = Stage::new(Arc::clone(&self.cast));
        let played = match broken {
            Some(broken) => (broken.script)(&mut stage).await,
            None => flow.run(&mut stage).await,
        };
        let problem = played.err().map(|halt| halt.to_string());
        self.keep(Run { id: 0, flow, broken, walked: false, steps: stage.steps, problem })
    }

    /// Sends somebody's own browser to the server; the address to send it to. `begun` is the request that asked for it.
    pub(crate) fn walk(&self, flow: &'static Flow, begun: Sent) -> Option<String> {
        let Play::Redirect { ask, .. } = flow.play else { return None };
        let asked = ask(&self.cast);
        let mut stage = Stage::new(Arc::clone(&self.cast));
        let reply =
            Received { status: 303, headers: vec![("location".to_owned(), asked.url.clone())], body: String::new() };
        stage.keep(Actor::Browser, ASKING, begun, reply);
        let url = asked.url.clone();
        let mut kept = self.kept();
        kept.walks.push_back(Walk { flow, asked, steps: stage.steps });
        if kept.walks.len() > MOST_WALKS {
            kept.walks.pop_front();
        }
        Some(url)
    }

    /// Somebody's browser is back with an answer. `None` when it answers no request of ours.
    pub(crate) async fn come_back(&self, answers: &str, callback: &Sent) -> Option<Arc<Run>> {
        let _turn = self.one_at_a_time.lock().await;
        let walk = {
            let mut kept = self.kept();
            let at = kept.walks.iter().position(|walk| walk.asked.state == answers)?;
            kept.walks.remove(at)?
        };
        let Play::Redirect { finish, .. } = walk.flow.play else { return None };
        let mut stage = Stage::new(Arc::clone(&self.cast));
        stage.steps = walk.steps;
        let why = Why(
            "Back at the app",
            "What was on the server’s pages stayed between you and the server. The app gets this address and no more.",
        );
        let to = vec![("location".to_owned(), format!("{}/run/…", self.cast.app))];
        stage.keep(Actor::Browser, why, callback.clone(), Received { status: 303, headers: to, body: String::new() });
        let problem = finish(&mut stage, &walk.asked, &callback.url).await.err().map(|halt| halt.to_string());
        Some(self.keep(Run { id: 0, flow: walk.flow, broken: None, walked: true, steps: stage.steps, problem }))
    }

    /// A device asks for codes, which somebody enters in a browser of theirs; the code to type. `begun` is the request
    /// that asked for it. A device that gets none has had its run.
    pub(crate) async fn show_code(&self, flow: &'static Flow, begun: Sent) -> Option<Result<String, Arc<Run>>> {
        let Play::Device { begin, .. } = flow.play else { return None };
        let _turn = self.one_at_a_time.lock().await;
        let mut stage = Stage::new(Arc::clone(&self.cast));
        let why =
            Why("Walk through it yourself", "You pressed the button; in the television’s place that is: sign in.");
        stage.keep(Actor::Browser, why, begun, Received { status: 303, ..Received::default() });
        let begun = begin(&mut stage).await;
        let steps = stage.steps;
        Some(match begun {
            Ok(pending) => {
                let code = pending.user_code.clone();
                let mut kept = self.kept();
                kept.waits.push_back(Wait { flow, pending, steps });
                if kept.waits.len() > MOST_WALKS {
                    kept.waits.pop_front();
                }
                Ok(code)
            }
            Err(halt) => {
                let problem = Some(halt.to_string());
                Err(self.keep(Run { id: 0, flow, broken: None, walked: true, steps, problem }))
            }
        })
    }

    /// Looks at a code that somebody is entering.
    pub(crate) fn look_at_code<T>(&self, user_code: &str, look: impl FnOnce(&Wait) -> T) -> Option<T> {
        self.kept().waits.iter().find(|wait| wait.pending.user_code == user_code).map(look)
    }

    /// The device asks once what came of its code: the run, once somebody has decided. `None` for a code that nobody is
    /// entering.
    pub(crate) async fn ask_about_code(&self, user_code: &str) -> Option<Option<Arc<Run>>> {
        let _turn = self.one_at_a_time.lock().await;
        let mut wait = {
            let mut kept = self.kept();
            let at = kept.waits.iter().position(|wait| wait.pending.user_code == user_code)?;
            kept.waits.remove(at)?
        };
        let Play::Device { poll, finish, .. } = wait.flow.play else { return None };
        let mut stage = Stage::new(Arc::clone(&self.cast));
        stage.steps = std::mem::take(&mut wait.steps);
        let outcome = match poll(&mut stage, &wait.pending).await {
            Ok(None) => {
                wait.steps = stage.steps;
                self.kept().waits.push_back(wait);
                return Some(None);
            }
            Ok(Some(outcome)) => finish(&mut stage, &wait.pending, &outcome).await,
            Err(halt) => Err(halt),
        };
        let problem = outcome.err().map(|halt| halt.to_string());
        Some(Some(self.keep(Run { id: 0, flow: wait.flow, broken: None, walked: true, steps: stage.steps, problem })))
    }

    /// A run by its number.
    pub(crate) fn find(&self, id: u64) -> Option<Arc<Run>> {
        self.kept().runs.iter().find(|run| run.id == id).cloned()
    }

    /// The last run.
    pub(crate) fn latest(&self) -> Option<Arc<Run>> {
        self.kept().runs.back().cloned()
    }

    fn keep(&self, mut run: Run) -> Arc<Run> {
        let mut kept = self.kept();
        kept.last += 1;
        run.id = kept.last;
        let run = Arc::new(run);
        kept.runs.push_back(Arc::clone(&run));
        if kept.runs.len() > MOST_RUNS {
            kept.runs.pop_front();
        }
        drop(kept);
        (self.watcher)(&run);
        run
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
