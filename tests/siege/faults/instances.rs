//! One of several instances is killed: who uses the others does not notice, and what it had acknowledged is there.

use futures_util::future::{join, join_all};

use super::{app, furnish, is_calm, load::Load, within};
use crate::{
    effort::{alone, effort},
    support::{App, Door, Served, Shell, Tokens, is_postgres},
};

const ISSUER: &str = "http://localhost:4100";

fn serve(shell: &Shell) -> Served {
    Served::start(shell, &["--listen", "127.0.0.1:0"])
}

/// Somebody who uses the instance that is killed.
struct Victim {
    refresh: String,
    alive: Vec<String>,
}

impl Victim {
    async fn begin(app: &App<'_>, name: &str) -> Self {
        let mut browser = app.server.browser();
        within(browser.sign_in(name)).await.has_status(303);
        let tokens = within(app.tokens(&mut browser, &[])).await;
        Self { refresh: tokens.refresh_token, alive: vec![tokens.access_token] }
    }

    /// Goes on until nobody answers any more.
    async fn use_up(&mut self, app: &App<'_>) {
        while let Ok(reply) = within(app.try_refresh(&self.refresh)).await {
            if !super::is_busy(&reply) {
                let tokens = Tokens::of(&reply);
                self.refresh = tokens.refresh_token;
                self.alive.push(tokens.access_token);
            }
        }
    }

    /// All that it was told is so, at another instance.
    async fn is_as_acknowledged(&mut self, app: &App<'_>) {
        for token in self.alive.drain(..) {
            within(app.server.resource(&token)).await.has_status(200);
        }
        let tokens = Tokens::of(&within(app.refresh(&self.refresh)).await);
        self.refresh = tokens.refresh_token;
        self.alive.push(tokens.access_token);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_costs_those_at_the_others_nothing_and_nobody_what_was_acknowledged() {
    let _alone = alone().await;
    if !is_postgres() {
        return;
    }
    let shell = Shell::new().await.with("COUNTERSIGN_ISSUER", ISSUER);
    let client = furnish(&shell, 6);
    let (one, two) = (serve(&shell), serve(&shell));
    let both = Door::before([&one.door, &two.door]);
    let mut load = Load::of(&both, &client, 4).await;
    let everybody_else = app(&both, &client);
    for _ in 0..2 * effort() {
        let mut killed = serve(&shell);
        let door = Door::new(killed.address.clone(), killed.issuer.clone());
        let there = app(&door, &client);
        let mut victims = join_all(["person4", "person5"].map(|name| Victim::begin(&there, name))).await;
        load.during(async |told| {
            let kill = async {
                told.served(40).await;
                killed.kill();
            };
            join(kill, join_all(victims.iter_mut().map(|victim| victim.use_up(&there)))).await;
            told.served(80).await;
            // what the dead one held, nobody waits for; a machine that stands still for seconds is another matter
            let (refused, all) = told.so_far();
            assert!(refused * 50 <= all, "{refused} of {all} were refused at the instances that live");
        })
        .await;
        for victim in &mut victims {
            victim.is_as_acknowledged(&everybody_else).await;
        }
        load.is_as_acknowledged().await;
    }
    is_calm(&one, &shell);
    is_calm(&two, &shell);
}
