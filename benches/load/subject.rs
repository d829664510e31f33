//! countersign itself, as it is shipped: the release binary in a folder of its own, prepared from the command line.

use std::{
    cell::RefCell,
    collections::VecDeque,
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::{
    browser::Browser,
    cluster::Cluster,
    process::{Server, output},
};

/// Whoever signs in, where it does not matter who.
pub(crate) const PERSON: (&str, &str) = ("ada", "correct horse battery staple");
/// So many people sign in to apps: what belongs to one person is seldom wanted twice at the same time.
const PEOPLE: usize = 16;
/// Answers without a page that one session gets in a minute (PROTOCOL R-e1).
const SILENT_A_SESSION: usize = 30;
/// Every installation's: what is written beside the server is made with it as well.
pub(crate) const SECRET_KEY: &str = "a key for installations that are measured and thrown away";
const READY_WITHIN: Duration = Duration::from_secs(20);
const CHEAP_PASSWORDS: [(&str, &str); 2] =
    [("COUNTERSIGN_PASSWORD__MEMORY", "8"), ("COUNTERSIGN_PASSWORD__ITERATIONS", "1")];

/// What a password hash costs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passwords {
    /// As configured by default.
    Default,
    /// Next to nothing: hundreds sign in, and that is not what is measured.
    Cheap,
}

/// What is measured: a program on a database.
#[derive(Clone)]
pub(crate) struct Kind {
    /// How the tables call it.
    pub(crate) name: String,
    /// The program.
    pub(crate) binary: PathBuf,
    /// `None`: `SQLite` in a folder of its own.
    pub(crate) cluster: Option<Rc<Cluster>>,
    /// Whoever asks gets the processor first, as if they asked from a machine of their own.
    pub(crate) gives_way: bool,
}

/// An installation, running.
pub(crate) struct Subject {
    /// The process.
    pub(crate) server: Server,
    /// Its database, config and log; removed at the end.
    pub(crate) folder: TempDir,
    /// What it is one of.
    pub(crate) kind: Kind,
    /// Of its `PostgreSQL` database.
    pub(crate) database_url: Option<String>,
    passwords: Passwords,
}

/// A server and what works for it.
#[derive(Clone, Copy)]
pub(crate) struct Watched<'a> {
    /// The server.
    pub(crate) server: &'a Server,
    /// Its database, where that is another process.
    pub(crate) cluster: Option<&'a Cluster>,
}

/// What they have used so far.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// The server's processor time.
    pub(crate) server: Duration,
    /// The database's.
    pub(crate) database: Option<Duration>,
    /// Bytes that went to the disk.
    pub(crate) written: u64,
}

impl Watched<'_> {
    /// What they have used so far.
    pub(crate) fn usage(self) -> Result<Usage> {
        let database = self.cluster.and_then(Cluster::usage);
        let written = self.server.written()? + database.map_or(0, |(_, written)| written);
        Ok(Usage { server: self.server.cpu()?, database: database.map(|(cpu, _)| cpu), written })
    }
}

impl Usage {
    /// What was used after `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            database: self.database.zip(before.database).map(|(now, before)| now.saturating_sub(before)),
            written: self.written.saturating_sub(before.written),
        }
    }
}

/// Everybody's name; they have one password.
pub(crate) fn people() -> impl Iterator<Item = String> + Clone {
    let (first, _) = PERSON;
    (0..PEOPLE).map(move |number| if number == 0 { first.to_owned() } else { format!("{first}{number}") })
}

/// A registered app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    /// `client_id`.
    pub(crate) id: String,
    /// `client_secret`.
    pub(crate) secret: String,
}

impl Subject {
    /// Starts a new installation.
    pub(crate) async fn start(kind: &Kind, passwords: Passwords) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-").tempdir()?;
        let database_url = match &kind.cluster {
            Some(cluster) => Some(cluster.make_database().await?),
            None => None,
        };
        let mut command = command(kind, folder.path(), database_url.as_deref(), passwords);
        let server = Server::start(command.args(["serve", "--listen", "127.0.0.1:0"]), &folder.path().join("log"))?;
        eprintln!("{} is process {}", kind.name, server.id());
        let subject = Self { server, folder, kind: kind.clone(), database_url, passwords };
        let (_, password) = PERSON;
        for name in people() {
            subject.run(&["user", "create", &name, "--password-stdin"], &format!("{password}\n"))?;
        }
        subject.run(&["scope", "create", "read", "--description", "Read your notes"], "")?;
        Ok(subject)
    }

    /// Itself, and its database.
    pub(crate) fn watched(&self) -> Watched<'_> {
        Watched { server: &self.server, cluster: self.kind.cluster.as_deref() }
    }

    /// Registers an app with further flags of `client create`.
    pub(crate) fn register(&self, name: &str, flags: &[&str]) -> Result<App> {
        let mut arguments = vec!["--json", "client", "create", "--name", name];
        arguments.extend(flags);
        let printed = self.run(&arguments, "")?;
        let made: serde_json::Value = serde_json::from_str(&printed).with_context(|| format!("no JSON: {printed}"))?;
        let member = |key: &str| made.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        match (member("client_id"), member("client_secret")) {
            (Some(id), Some(secret)) => Ok(App { id, secret }),
            _ => bail!("client create printed {printed}"),
        }
    }

    /// Runs a command of the program beside the server.
    pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A], stdin: &str) -> Result<String> {
        output(&mut self.command(), arguments, stdin)
    }

    /// The program with this installation's settings.
    pub(crate) fn command(&self) -> Command {
        command(&self.kind, self.folder.path(), self.database_url.as_deref(), self.passwords)
    }

    /// Stops it, lets `meanwhile` work on its database, starts it again; gives the time from the start until it is
    /// ready.
    pub(crate) async fn restart(
        self,
        meanwhile: impl AsyncFnOnce(&Path, Option<&str>) -> Result<()>,
    ) -> Result<(Self, Duration)> {
        let Self { server, folder, kind, database_url, passwords } = self;
        // its name holds the port, and what people agreed to holds its name
        let address = server.address;
        server.stop()?;
        meanwhile(folder.path(), database_url.as_deref()).await?;
        let mut command = command(&kind, folder.path(), database_url.as_deref(), passwords);
        let command = command.args(["serve", "--listen", &address.to_string()]);
        let began = Instant::now();
        let server = Server::start_at(command, address, &folder.path().join("log"))?;
        while !is_ready(address) {
            ensure!(began.elapsed() < READY_WITHIN, "not ready; {}", server.last_words());
            thread::sleep(Duration::from_micros(500));
        }
        let took = began.elapsed();
        Ok((Self { server, folder, kind, database_url, passwords }, took))
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    });
    asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn command(kind: &Kind, folder: &Path, database_url: Option<&str>, passwords: Passwords) -> Command {
    let mut command = if kind.gives_way { Command::new("nice") } else { Command::new(&kind.binary) };
    if kind.gives_way {
        command.args(["-n", "15"]).arg(&kind.binary);
    }
    command.arg("--data-dir").arg(folder.join("data")).current_dir(folder);
    // what the person who runs this has configured is not what is measured
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
    command.env("COUNTERSIGN_SECRET_KEY", SECRET_KEY);
    command.envs(database_url.map(|url| ("COUNTERSIGN_DATABASE_URL", url)));
    if passwords == Passwords::Cheap {
        command.envs(CHEAP_PASSWORDS);
    }
    for setting in env::var("COUNTERSIGN_BENCH_SETTINGS").unwrap_or_default().split_whitespace() {
        if let Some((name, value)) = setting.split_once('=') {
            command.env(name, value);
        }
    }
    command
}

/// Signed-in browsers, as cookie headers. Each is answered without a page only so often, so there are many.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Rc<RefCell<VecDeque<Session>>>);

/// Cookies, and the answers that are left.
type Session = (Rc<str>, usize);

impl Sessions {
    /// Signs in until there are enough for this many answers.
    pub(crate) async fn provide(&self, server: &Server, answers: usize) -> Result<()> {
        let ((_, password), mut names) = (PERSON, people().cycle());
        while self.0.borrow().iter().map(|(_, left)| left).sum::<usize>() < answers {
            let (mut browser, name) = (Browser::open(server).await?, names.next().context("nobody is there")?);
            browser.sign_in(&name, password).await.with_context(|| server.last_words())?;
            self.0.borrow_mut().push_back((browser.cookie_header().into(), SILENT_A_SESSION));
        }
        Ok(())
    }

    /// The cookies for one more answer.
    pub(crate) fn next(&self) -> Result<Rc<str>> {
        let mut all = self.0.borrow_mut();
        let (cookies, left) = all.pop_front().context("not enough browsers are signed in")?;
        if left > 1 {
            // to the back: at the same time the same browser is seldom asked twice
            all.push_back((Rc::clone(&cookies), left - 1));
        }
        Ok(cookies)
    }
}
