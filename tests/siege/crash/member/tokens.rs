//! What a person's app does with codes and tokens, and what must be true of them.

use super::{Gone, Grant, Member, Stage, Used};
use crate::{
    crash::ledger::{Access, Life, is_alive},
    support::{App, Browser, Lost, Tokens},
};

/// Access tokens kept of a grant.
const ACCESS: usize = 2;
/// What has ended and is still tried.
const GONE: usize = 60;

impl Member {
    pub(super) async fn redeem(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let grant = &mut self.grants[index];
        let Stage::Code { code, presented } = &mut grant.stage else { return Ok(()) };
        let before = std::mem::replace(presented, true);
        let code = code.clone();
        let reply = app.try_redeem(&code).await?;
        if reply.status == 200 {
            let tokens = Tokens::of(&reply);
            grant.stage = Stage::Tokens {
                used: Used::Code(code),
                previous: None,
                refresh: tokens.refresh_token,
                access: vec![Access::new(tokens.access_token)],
                generation: 0,
            };
            self.tally.done("code redeemed");
        } else {
            // it was redeemed without a word; coming back, it has ended what nobody holds
            reply.refused("invalid_grant");
            assert!(before, "a code that was acknowledged and never presented: {}", reply.body);
            self.end(index);
            self.tally.done("code lost with its answer");
        }
        Ok(())
    }

    /// The newest token that was heard of always leads on, whether an answer got lost or not (R-a).
    pub(super) async fn refresh(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let grant = &mut self.grants[index];
        let Stage::Tokens { used, previous, refresh, access, generation } = &mut grant.stage else { return Ok(()) };
        let reply = app.try_refresh(refresh).await?;
        if reply.status != 200 {
            reply.refused("invalid_grant");
        }
        grant.life.saw(reply.status == 200, "a refresh token");
        if grant.life == Life::Ended {
            self.end(index);
            return Ok(());
        }
        let tokens = Tokens::of(&reply);
        let presented = std::mem::replace(refresh, tokens.refresh_token);
        *generation += 1;
        // the successor of the one before has been used: that one must not come back
        if let Some(before) = previous.replace(presented.clone()) {
            *used = Used::Refresh(before);
        }
        access.push(Access::new(tokens.access_token));
        if access.len() > ACCESS {
            access.swap_remove(self.chance.index(ACCESS).unwrap());
        }
        self.tally.done("refreshed");
        if self.chance.one_in(4) {
            let again = Tokens::of(&app.try_refresh(&presented).await?);
            assert_eq!(again.refresh_token, *refresh, "one token, one successor");
            self.tally.done("refreshed again");
        }
        Ok(())
    }

    pub(super) async fn revoke(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let grant = &mut self.grants[index];
        let Stage::Tokens { refresh, .. } = &grant.stage else { return Ok(()) };
        grant.life = Life::Either;
        app.try_post("/oauth2/revoke", &[("token", refresh)]).await?.has_status(200);
        self.end(index);
        self.tally.done("grant revoked");
        Ok(())
    }

    pub(super) async fn revoke_access(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let Stage::Tokens { access, .. } = &mut self.grants[index].stage else { return Ok(()) };
        let Some(token) = access.iter_mut().find(|token| token.life == Life::Alive) else { return Ok(()) };
        token.life = Life::Either;
        app.try_post("/oauth2/revoke", &[("token", &token.text)]).await?.has_status(200);
        token.life = Life::Ended;
        self.tally.done("access token revoked");
        Ok(())
    }

    /// What was used up comes back: refused, and the grant has ended with everything of it.
    pub(super) async fn replay(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let grant = &mut self.grants[index];
        let Stage::Tokens { used, .. } = &grant.stage else { return Ok(()) };
        grant.life = Life::Either;
        let reply = match used {
            Used::Code(code) => app.try_redeem(code).await?,
            Used::Refresh(token) => app.try_refresh(token).await?,
        };
        reply.refused("invalid_grant");
        self.end(index);
        self.tally.done("replay refused");
        Ok(())
    }

    pub(super) async fn look_at_grant(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        match &self.grants[index].stage {
            Stage::Code { presented: true, .. } => self.redeem(app, index).await?,
            Stage::Code { presented: false, .. } => {}
            Stage::Tokens { .. } => {
                let before = self.grants.len();
                self.refresh(app, index).await?;
                // it may have ended, and with it every token
                if self.grants.len() == before {
                    self.look_at_access(app, index).await?;
                }
            }
        }
        Ok(())
    }

    async fn look_at_access(&mut self, app: &App<'_>, index: usize) -> Result<(), Lost> {
        let Stage::Tokens { access, .. } = &mut self.grants[index].stage else { return Ok(()) };
        for token in access {
            token.check(app, &mut self.chance).await?;
            self.tally.done("access token seen");
        }
        Ok(())
    }

    pub(super) async fn look_at_something_gone(&mut self, app: &App<'_>) -> Result<(), Lost> {
        let Some(index) = self.chance.index(self.gone.len()) else { return Ok(()) };
        match &self.gone[index] {
            Gone::Access(token) => {
                assert!(!is_alive(app, token, &mut self.chance).await?, "a revoked token is alive");
            }
            Gone::Refresh(token) => {
                app.try_refresh(token).await?.refused("invalid_grant");
            }
            Gone::Code(code) => {
                app.try_redeem(code).await?.refused("invalid_grant");
            }
            Gone::Session(cookies) => {
                let mut browser = Browser { cookies: cookies.clone(), ..app.server.browser() };
                browser.try_get("/account").await?.has_status(303);
            }
        }
        self.tally.done("still gone");
        Ok(())
    }

    pub(super) fn hold(&mut self, code: String) {
        self.grants.push(Grant { life: Life::Alive, stage: Stage::Code { code, presented: false } });
    }

    /// The end of a grant is the end of everything that came from it.
    pub(super) fn end(&mut self, index: usize) {
        match self.grants.swap_remove(index).stage {
            Stage::Code { code, .. } => self.bury(Gone::Code(code)),
            Stage::Tokens { used, refresh, access, .. } => {
                self.bury(Gone::Refresh(refresh));
                self.bury(match used {
                    Used::Code(code) => Gone::Code(code),
                    Used::Refresh(token) => Gone::Refresh(token),
                });
                for token in access {
                    self.bury(Gone::Access(token.text));
                }
            }
        }
    }

    pub(super) fn bury(&mut self, what: Gone) {
        if self.gone.len() == GONE {
            self.gone.swap_remove(self.chance.index(GONE).unwrap());
        }
        self.gone.push(what);
    }
}
