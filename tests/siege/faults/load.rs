//! People and an app that use the server all the time, and remember what it said.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{join, join_all};

use super::{app, is_busy, is_ready, within};
use crate::support::{App, Browser, Door, Reply, Tokens};

/// Everybody who asks, and how it went.
pub(super) struct Load<'a> {
    server: &'a Door,
    people: Vec<Person<'a>>,
    stop: AtomicBool,
    served: AtomicUsize,
    refused: AtomicUsize,
}

struct Person<'a> {
    browser: Browser<'a>,
    app: App<'a>,
    /// Of the chain that is refreshed all the time.
    refresh: String,
    alive: Vec<String>,
    revoked: Vec<String>,
    /// Codes whose redemption was answered 503.
    open_codes: Vec<String>,
}

impl<'a> Load<'a> {
    /// `person0` … sign in and agree, while all is well.
    pub(super) async fn of(server: &'a Door, client: &(String, String), people: usize) -> Self {
        let begin = |n| async move {
            let (mut browser, app) = (server.browser(), app(server, client));
            within(browser.sign_in(&format!("person{n}"))).await.has_status(303);
            let tokens = within(app.tokens(&mut browser, &[])).await;
            let (alive, refresh) = (vec![tokens.access_token], tokens.refresh_token);
            Person { browser, app, refresh, alive, revoked: Vec::new(), open_codes: Vec::new() }
        };
        let people = join_all((0..people).map(begin)).await;
        Self { server, people, stop: AtomicBool::new(false), served: AtomicUsize::new(0), refused: AtomicUsize::new(0) }
    }

    /// Everybody uses the server while `script` goes through the fault; `script` is told how it goes.
    pub(super) async fn during(&mut self, script: impl AsyncFnOnce(Told<'_>)) {
        let (stop, served, refused) = (&self.stop, &self.served, &self.refused);
        let everybody = join_all(self.people.iter_mut().map(|person| async move {
            while !stop.load(Ordering::Relaxed) {
                let (good, bad) = person.act().await;
                served.fetch_add(good, Ordering::Relaxed);
                refused.fetch_add(bad, Ordering::Relaxed);
                if bad > 0 {
                    // as Retry-After asks, only sooner
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }));
        let script = async {
            script(Told { served, refused }).await;
            stop.store(true, Ordering::Relaxed);
        };
        join(everybody, script).await;
        self.stop = AtomicBool::new(false);
    }

    /// Everything that was acknowledged is there, everything that was refused is not half there.
    pub(super) async fn is_as_acknowledged(&mut self) {
        super::until(async || is_ready(self.server).await).await;
        for person in &mut self.people {
            person.settle().await;
        }
    }
}

/// How many requests were served and refused so far.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    served: &'a AtomicUsize,
    refused: &'a AtomicUsize,
}

impl Told<'_> {
    /// Waits until so many more were served.
    pub(super) async fn served(self, more: usize) {
        Self::rises(self.served, more).await;
    }

    /// Waits until so many more were refused.
    pub(super) async fn refused(self, more: usize) {
        Self::rises(self.refused, more).await;
    }

    /// How many were refused so far, of how many.
    pub(super) fn so_far(self) -> (usize, usize) {
        let (served, refused) = (self.served.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed));
        (refused, served + refused)
    }

    async fn rises(count: &AtomicUsize, more: usize) {
        let enough = count.load(Ordering::Relaxed) + more;
        super::until(async || count.load(Ordering::Relaxed) >= enough).await;
    }
}

impl Person<'_> {
    /// A round of everything; how many answers were 2xx or as good, and how many 503.
    async fn act(&mut self) -> (usize, usize) {
        let (mut good, mut bad) = (0, 0);
        let mut count = |reply: &Reply| {
            let busy = is_busy(reply);
            *(if busy { &mut bad } else { &mut good }) += 1;
            !busy
        };
        let refreshed = within(self.app.refresh(&self.refresh)).await;
        if count(&refreshed) {
            let tokens = Tokens::of(&refreshed);
            self.alive.push(tokens.access_token);
            self.refresh = tokens.refresh_token;
        }
        let page = within(self.browser.authorize(&self.app, &[])).await;
        let mut answered = count(&page).then_some(page);
        if let Some(page) = answered.take_if(|page| page.status == 200) {
            // not silently any more: too often in one minute
            let decided = within(self.browser.decide(&page, "allow", &[])).await;
            answered = count(&decided).then_some(decided);
        }
        if let Some(code) = answered.and_then(|reply| reply.redirected().remove("code")) {
            let redeemed = within(self.app.redeem(&code)).await;
            if count(&redeemed) {
                self.alive.push(Tokens::of(&redeemed).access_token);
            } else {
                self.open_codes.push(code);
            }
        }
        if self.alive.len() > 3 {
            let token = self.alive.remove(0);
            let revoked = within(self.app.revoke(&token)).await;
            // answered 503 it may be revoked or not: nothing was said
            if count(&revoked) {
                revoked.has_status(200);
                self.revoked.push(token);
            }
        }
        if let Some(token) = self.alive.last() {
            let seen = within(self.app.introspect(token)).await;
            if count(&seen) {
                assert_eq!(seen.json()["active"], true, "acknowledged and not there: {}", seen.body);
            }
        }
        count(&within(self.browser.get("/account")).await);
        count(&within(self.browser.get("/login")).await);
        (good, bad)
    }

    async fn settle(&mut self) {
        for token in &self.alive {
            within(self.browser.server.resource(token)).await.has_status(200);
        }
        for token in &self.revoked {
            within(self.browser.server.resource(token)).await.has_status(401);
        }
        for code in &self.open_codes {
            // unused, or used with the answer lost, or past its minute
            let again = within(self.app.redeem(code)).await;
            assert!(again.status == 200 || again.json()["error"] == "invalid_grant", "{}", again.body);
        }
        let refreshed = Tokens::of(&within(self.app.refresh(&self.refresh)).await);
        within(self.browser.server.resource(&refreshed.access_token)).await.has_status(200);
        self.refresh = refreshed.refresh_token;
    }
}
