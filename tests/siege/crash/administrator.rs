//! Commands beside the server: clients made, given new secrets, deleted. They are killed as well.

use std::{
    convert::Infallible,
    io::Read,
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;

use super::{
    chance::Chance,
    ledger::{Life, Registered, Tally},
};
use crate::support::{Door, Lost, Reply, Said, Shell};

/// Clients at a time.
const CLIENTS: usize = 10;

pub(super) struct Administrator {
    number: usize,
    made: usize,
    clients: Vec<Client>,
    gone: Vec<Registered>,
    terminal: Arc<Terminal>,
    chance: Chance,
    pub(super) tally: Tally,
}

struct Client {
    known: Registered,
    life: Life,
    /// Another secret may have taken the place of the one that is known.
    rotating: bool,
}

/// A command was killed before it had said how it ended.
struct Killed;

impl Administrator {
    pub(super) fn new(terminal: &Arc<Terminal>, number: usize, chance: Chance, tally: Tally) -> Self {
        let terminal = Arc::clone(terminal);
        Self { number, made: 0, clients: Vec::new(), gone: Vec::new(), terminal, chance, tally }
    }

    /// Checks what it knows and goes on until the server is gone, or the command that it waits for.
    pub(super) async fn live(&mut self, server: &Door) {
        match self.look(server).await {
            Err(lost) => self.tally.lost(&lost),
            Ok(Err(Killed)) => self.tally.killed(),
            Ok(Ok(())) => {
                let Err(Killed) = self.until_killed().await;
                self.tally.killed();
            }
        }
    }

    /// Checks what it knows, before a server that stays.
    pub(super) async fn check(&mut self, server: &Door) {
        self.terminal.open();
        assert!(self.look(server).await.unwrap().is_ok());
    }

    async fn look(&mut self, server: &Door) -> Result<Result<(), Killed>, Lost> {
        for index in (0..self.clients.len()).rev() {
            if self.settle(index).await.is_err() {
                return Ok(Err(Killed));
            }
        }
        for client in &mut self.clients {
            let works = enters(server, &client.known).await?;
            if client.rotating && !works {
                // the new one came, and nobody heard it
                let Ok(rotated) = rotate(&self.terminal, &client.known.client_id).await else { return Ok(Err(Killed)) };
                client.known = rotated;
            } else {
                client.life.saw(works, "a client");
            }
            client.rotating = false;
            self.tally.done("client seen");
        }
        if let Some(index) = self.chance.index(self.gone.len()) {
            assert!(!enters(server, &self.gone[index]).await?, "a deleted client or secret works");
            self.tally.done("still gone");
        }
        Ok(Ok(()))
    }

    /// Was it made, was it deleted? Only a client with a secret that is known stays on the list.
    async fn settle(&mut self, index: usize) -> Result<(), Killed> {
        let client = &mut self.clients[index];
        if client.life != Life::Either {
            return Ok(());
        }
        let id = client.known.client_id.clone();
        let shown = self.terminal.run(&["client", "show", &id, "--json"]).await?;
        if shown.code == Some(5) {
            let gone = self.clients.swap_remove(index);
            self.gone.extend(gone.known.secret.is_some().then_some(gone.known));
            return Ok(());
        }
        shown.done();
        if client.known.secret.is_none() {
            client.known = rotate(&self.terminal, &id).await?;
        }
        client.life = Life::Alive;
        Ok(())
    }

    async fn until_killed(&mut self) -> Result<Infallible, Killed> {
        loop {
            match (self.chance.below(4), self.chance.index(self.clients.len())) {
                (0, Some(index)) => self.rotate(index).await?,
                (1, Some(index)) if self.clients.len() > CLIENTS / 2 => self.delete(index).await?,
                (_, Some(index)) if self.clients.len() == CLIENTS => self.delete(index).await?,
                _ => self.create().await?,
            }
        }
    }

    async fn create(&mut self) -> Result<(), Killed> {
        self.made += 1;
        let client_id = format!("made-{}-{}", self.number, self.made);
        let args =
            ["client", "create", "--id", &client_id, "--name", "Made", "--grant", "client_credentials", "--json"];
        let known = Registered { client_id: client_id.clone(), secret: None };
        self.clients.push(Client { known, life: Life::Either, rotating: false });
        let made = Registered::printed(&self.terminal.run(&args).await?.json());
        let last = self.clients.last_mut().unwrap();
        (last.known, last.life) = (made, Life::Alive);
        self.tally.done("client made");
        Ok(())
    }

    async fn rotate(&mut self, index: usize) -> Result<(), Killed> {
        let client = &mut self.clients[index];
        client.rotating = true;
        let rotated = rotate(&self.terminal, &client.known.client_id).await?;
        self.gone.push(std::mem::replace(&mut client.known, rotated));
        client.rotating = false;
        self.tally.done("secret replaced");
        Ok(())
    }

    async fn delete(&mut self, index: usize) -> Result<(), Killed> {
        self.clients[index].life = Life::Either;
        let id = self.clients[index].known.client_id.clone();
        self.terminal.run(&["client", "delete", &id, "--yes"]).await?.done();
        self.gone.push(self.clients.swap_remove(index).known);
        self.tally.done("client deleted");
        Ok(())
    }
}

async fn rotate(terminal: &Arc<Terminal>, client_id: &str) -> Result<Registered, Killed> {
    let said: Value = terminal.run(&["client", "rotate-secret", client_id, "--json"]).await?.json();
    let secret = said["client_secret"].as_str().map(str::to_owned);
    Ok(Registered { client_id: client_id.to_owned(), secret })
}

/// Does this client get a token with what it knows?
async fn enters(server: &Door, client: &Registered) -> Result<bool, Lost> {
    let app = client.at(server);
    let reply: Reply = app.try_post("/oauth2/access_token", &[("grant_type", "client_credentials")]).await?;
    if reply.status != 200 {
        reply.refused("invalid_client");
    }
    Ok(reply.status == 200)
}

/// Where one command runs at a time; it may be killed.
pub(super) struct Terminal {
    shell: Arc<Shell>,
    closed: AtomicBool,
    running: Mutex<Option<Child>>,
}

impl Terminal {
    pub(super) fn new(shell: &Arc<Shell>) -> Self {
        Self { shell: Arc::clone(shell), closed: AtomicBool::new(false), running: Mutex::new(None) }
    }

    /// Commands run again.
    pub(super) fn open(&self) {
        self.closed.store(false, Ordering::SeqCst);
    }

    /// No more commands; the one that runs is killed, or may end by itself.
    pub(super) fn close(&self, kill: bool) {
        let mut running = self.running.lock().unwrap();
        self.closed.store(true, Ordering::SeqCst);
        if let Some(child) = running.as_mut().filter(|_| kill) {
            child.kill().unwrap();
        }
    }

    async fn run(self: &Arc<Self>, args: &[&str]) -> Result<Said, Killed> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let own = Arc::clone(self);
        tokio::task::spawn_blocking(move || own.run_here(&args)).await.unwrap()
    }

    fn run_here(&self, args: &[String]) -> Result<Said, Killed> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = self.shell.command(&args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut out, mut err) = {
            let mut running = self.running.lock().unwrap();
            if self.closed.load(Ordering::SeqCst) {
                return Err(Killed);
            }
            let child = running.insert(command.spawn().unwrap());
            (child.stdout.take().unwrap(), child.stderr.take().unwrap())
        };
        // what a command says is short: it fits into the pipes
        let (mut said, mut complained) = (String::new(), String::new());
        out.read_to_string(&mut said).unwrap();
        err.read_to_string(&mut complained).unwrap();
        let ended = self.running.lock().unwrap().take().unwrap().wait().unwrap();
        match ended.code() {
            Some(code) => Ok(Said { code: Some(code), out: said, err: complained }),
            None => Err(Killed),
        }
    }
}
