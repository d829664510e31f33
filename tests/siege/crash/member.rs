//! A person with a browser and an app: signs in, allows, redeems, refreshes, revokes, removes, signs out.

mod tokens;

use std::convert::Infallible;

use super::{
    chance::Chance,
    ledger::{Access, CALLBACK, Life, Registered, Tally},
};
use crate::support::{Browser, Door, Lost, PASSWORD, Reply, Shell};

/// Grants at a time.
const GRANTS: usize = 3;

pub(super) struct Member {
    name: String,
    client: Registered,
    /// Ends nothing: what it holds lives through every round.
    faithful: bool,
    cookies: Vec<(String, String)>,
    session: Life,
    consent: Life,
    /// `csrf` and `interaction` of a consent form that was sent and not answered.
    form: Option<[String; 2]>,
    grants: Vec<Grant>,
    /// Codes that may have been made without a word reaching the browser.
    unheard: usize,
    gone: Vec<Gone>,
    chance: Chance,
    pub(super) tally: Tally,
}

struct Grant {
    life: Life,
    stage: Stage,
}

enum Stage {
    /// `presented`: and no answer was heard.
    Code { code: String, presented: bool },
    /// `used`: the code, later a refresh token, whose return ends the grant. `previous`: may still be retried.
    Tokens { used: Used, previous: Option<String>, refresh: String, access: Vec<Access>, generation: usize },
}

enum Used {
    Code(String),
    Refresh(String),
}

/// What must never open anything again.
enum Gone {
    Access(String),
    Refresh(String),
    Code(String),
    Session(Vec<(String, String)>),
}

impl Member {
    pub(super) fn new(shell: &Shell, number: usize, chance: Chance, tally: Tally) -> Self {
        let name = format!("person{number}");
        shell.run_with(&format!("{PASSWORD}\n"), &["user", "create", &name, "--password-stdin"]).done();
        let redirect = ["--redirect-uri", CALLBACK];
        let kind: &[&str] = match number % 3 {
            0 => &["--access-token", "opaque"],
            1 => &["--public"],
            _ => &[],
        };
        Self {
            name,
            client: Registered::new(shell, &[&redirect, kind].concat()),
            faithful: number.is_multiple_of(4),
            cookies: Vec::new(),
            session: Life::Ended,
            consent: Life::Ended,
            form: None,
            grants: Vec::new(),
            unheard: 0,
            gone: Vec::new(),
            chance,
            tally,
        }
    }

    /// Checks what it knows and goes on until the server is gone.
    pub(super) async fn live(&mut self, server: &Door) {
        let mut browser = self.browser(server);
        let Err(lost) = self.until_lost(&mut browser).await;
        self.cookies = browser.cookies;
        self.tally.lost(&lost);
    }

    /// Checks what it knows, before a server that stays.
    pub(super) async fn check(&mut self, server: &Door) {
        let mut browser = self.browser(server);
        self.look(&mut browser).await.unwrap();
        self.cookies = browser.cookies;
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client.client_id
    }

    /// How many live grants there are, right after a check: those it knows, and those it may not have heard of.
    pub(super) fn live_grants(&self) -> std::ops::RangeInclusive<usize> {
        self.grants.len()..=self.grants.len() + self.unheard
    }

    /// How often the longest chain it holds was refreshed.
    pub(super) fn longest_chain(&self) -> usize {
        let generation = |grant: &Grant| match grant.stage {
            Stage::Tokens { generation, .. } => generation,
            Stage::Code { .. } => 0,
        };
        self.grants.iter().map(generation).max().unwrap_or_default()
    }

    fn browser<'a>(&mut self, server: &'a Door) -> Browser<'a> {
        Browser { cookies: std::mem::take(&mut self.cookies), ..server.browser() }
    }

    async fn until_lost(&mut self, browser: &mut Browser<'_>) -> Result<Infallible, Lost> {
        self.look(browser).await?;
        loop {
            self.step(browser).await?;
        }
    }

    /// Whatever was acknowledged is true, and what was left open is made out.
    async fn look(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        self.look_at_session(browser).await?;
        if self.session == Life::Ended {
            self.sign_in(browser).await?;
        }
        if self.form.is_some() {
            self.decide(browser).await?;
        }
        self.look_at_consent(browser).await?;
        let app = self.client.at(browser.server);
        for index in (0..self.grants.len()).rev() {
            self.look_at_grant(&app, index).await?;
        }
        for _ in 0..3 {
            self.look_at_something_gone(&app).await?;
        }
        Ok(())
    }

    async fn step(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let app = self.client.at(browser.server);
        if self.session == Life::Ended {
            return self.sign_in(browser).await;
        }
        let ending = if self.faithful { 0 } else { self.chance.below(16) };
        match (ending, self.chance.index(self.grants.len())) {
            (1, _) if self.chance.one_in(2) => self.sign_out(browser).await,
            (2, _) if self.chance.one_in(2) => self.remove_app(browser).await,
            (3, Some(index)) => self.revoke(&app, index).await,
            (4, Some(index)) => self.revoke_access(&app, index).await,
            (5, Some(index)) => self.replay(&app, index).await,
            (6, _) => self.look_at_something_gone(&app).await,
            (_, Some(index)) if self.grants.len() == GRANTS || !self.chance.one_in(4) => {
                match self.grants[index].stage {
                    Stage::Code { .. } => self.redeem(&app, index).await,
                    Stage::Tokens { .. } => self.refresh(&app, index).await,
                }
            }
            _ => self.ask(browser).await,
        }
    }

    async fn sign_in(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let csrf = browser.try_get("/login").await?.field("csrf");
        let fields = [("username", self.name.as_str()), ("password", PASSWORD), ("csrf", &csrf)];
        browser.try_post("/login", &fields).await?.has_status(303);
        self.session = Life::Alive;
        self.tally.done("signed in");
        Ok(())
    }

    async fn sign_out(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let csrf = browser.try_get("/oauth2/logout").await?.field("csrf");
        let cookies = browser.cookies.clone();
        self.session = Life::Either;
        browser.try_post("/oauth2/logout", &[("csrf", &csrf), ("logout", "yes")]).await?.has_status(303);
        self.session = Life::Ended;
        self.bury(Gone::Session(cookies));
        self.tally.done("signed out");
        Ok(())
    }

    async fn look_at_session(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let before = self.session;
        self.session.saw(browser.try_get("/account").await?.status == 200, "a session");
        if (before, self.session) == (Life::Either, Life::Ended) {
            self.bury(Gone::Session(browser.cookies.clone()));
        }
        self.tally.done("session seen");
        Ok(())
    }

    /// The app asks; without a page where the person agreed before.
    async fn ask(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let prompted = self.chance.one_in(3);
        let more: &[(&str, &str)] = if prompted { &[("prompt", "consent")] } else { &[] };
        let silent = usize::from(!prompted && self.consent == Life::Alive);
        self.unheard += silent;
        let reply = browser.try_get(&self.client.at(browser.server).authorize_path(more)).await?;
        self.unheard -= silent;
        if prompted {
            reply.has_status(200);
        } else {
            self.consent.saw(reply.status.is_redirection(), "a consent");
        }
        if reply.status == 200 {
            self.form = Some([reply.field("csrf"), reply.field("interaction")]);
            return self.decide(browser).await;
        }
        self.hold(code(&reply));
        self.tally.done("answered without a page");
        Ok(())
    }

    /// Allow is pressed, perhaps for a second time: the first answer may not have been heard.
    async fn decide(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let Some([csrf, interaction]) = self.form.clone() else { return Ok(()) };
        let fields = [("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "allow")];
        if self.consent == Life::Ended {
            self.consent = Life::Either;
        }
        let first = code(&browser.try_post("/oauth2/authorize", &fields).await?);
        self.consent = Life::Alive;
        self.form = None;
        self.hold(first.clone());
        self.tally.done("allowed");
        if self.chance.one_in(4) {
            let second = code(&browser.try_post("/oauth2/authorize", &fields).await?);
            assert_eq!(first, second, "one form, one code");
        }
        Ok(())
    }

    async fn remove_app(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        if self.consent == Life::Ended {
            return Ok(());
        }
        let csrf = browser.try_get("/account/apps").await?.field("csrf");
        self.consent = Life::Either;
        for grant in &mut self.grants {
            grant.life = Life::Either;
        }
        let path = format!("/account/apps/{}", self.client.client_id);
        browser.try_post(&path, &[("csrf", &csrf), ("remove", "yes")]).await?.has_status(303);
        self.removed(false);
        self.tally.done("app removed");
        Ok(())
    }

    /// A removal that was not answered was done for consent and every grant, or for none.
    async fn look_at_consent(&mut self, browser: &mut Browser<'_>) -> Result<(), Lost> {
        let left_open = self.consent == Life::Either;
        let page = browser.try_get("/account/apps").await?;
        let listed = page.has_status(200).body.contains(&format!("/account/apps/{}\"", self.client.client_id));
        self.consent.saw(listed, "a consent");
        if left_open {
            self.removed(listed);
        }
        self.tally.done("consent seen");
        Ok(())
    }

    fn removed(&mut self, still_there: bool) {
        if still_there {
            self.grants.iter_mut().for_each(|grant| grant.life = Life::Alive);
            return;
        }
        self.consent = Life::Ended;
        self.unheard = 0;
        for index in (0..self.grants.len()).rev() {
            self.end(index);
        }
    }
}

/// The code that an answer carries to the app.
#[track_caller]
fn code(reply: &Reply) -> String {
    reply.redirected().remove("code").unwrap_or_else(|| panic!("no code: {} {}", reply.header("location"), reply.body))
}
