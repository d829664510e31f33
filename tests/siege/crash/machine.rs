//! An app without a person: opaque tokens of its own, introspected and revoked.

use std::convert::Infallible;

use super::{
    chance::Chance,
    ledger::{Access, Life, Registered, Tally},
};
use crate::support::{App, Door, Lost, Shell, Tokens};

const TOKENS: usize = 6;

pub(super) struct Machine {
    client: Registered,
    tokens: Vec<Access>,
    chance: Chance,
    pub(super) tally: Tally,
}

impl Machine {
    pub(super) fn new(shell: &Shell, chance: Chance, tally: Tally) -> Self {
        let client = Registered::new(shell, &["--grant", "client_credentials", "--access-token", "opaque"]);
        Self { client, tokens: Vec::new(), chance, tally }
    }

    /// Checks what it holds and goes on until the server is gone.
    pub(super) async fn live(&mut self, server: &Door) {
        let Err(lost) = self.until_lost(server).await;
        self.tally.lost(&lost);
    }

    pub(super) async fn check(&mut self, server: &Door) -> Result<(), Lost> {
        let app = self.client.at(server);
        for token in &mut self.tokens {
            let active = app.try_post("/oauth2/introspect", &[("token", &token.text)]).await?;
            token.life.saw(active.has_status(200).json()["active"] == true, "a client's own token");
            self.tally.done("introspected");
        }
        Ok(())
    }

    async fn until_lost(&mut self, server: &Door) -> Result<Infallible, Lost> {
        self.check(server).await?;
        let app = self.client.at(server);
        loop {
            match self.chance.below(4) {
                0 => self.revoke(&app).await?,
                1 => self.check(server).await?,
                _ => self.obtain(&app).await?,
            }
        }
    }

    async fn obtain(&mut self, app: &App<'_>) -> Result<(), Lost> {
        let reply = app.try_post("/oauth2/access_token", &[("grant_type", "client_credentials")]).await?;
        if self.tokens.len() == TOKENS {
            let oldest = self.chance.index(TOKENS).unwrap();
            self.tokens.swap_remove(oldest);
        }
        self.tokens.push(Access::new(Tokens::of(&reply).access_token));
        self.tally.done("client's own token");
        Ok(())
    }

    async fn revoke(&mut self, app: &App<'_>) -> Result<(), Lost> {
        let Some(index) = self.chance.index(self.tokens.len()) else { return Ok(()) };
        let token = &mut self.tokens[index];
        if token.life == Life::Alive {
            token.life = Life::Either;
            app.try_post("/oauth2/revoke", &[("token", &token.text)]).await?.has_status(200);
            token.life = Life::Ended;
            self.tally.done("revoked");
        }
        Ok(())
    }
}
