//! countersign itself, as it is shipped: the release binary in a folder of its own, prepared from the command line.

use std::{
    cell::RefCell,
    collections::VecDeque,
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
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
    process::{Server, output},
};

/// Whoever signs in.
pub(crate) const PERSON: (&str, &str) = ("ada", "correct horse battery staple");
/// Answers without a page that one session gets in a minute (PROTOCOL R-e1).
const SILENT_A_SESSION: usize = 30;
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

/// An installation, running.
pub(crate) struct Subject {
    /// The process.
    pub(crate) server: Server,
    /// Its database, config and log; removed at the end.
    pub(crate) folder: TempDir,
    passwords: Passwords,
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
    pub(crate) fn start(passwords: Passwords) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-").tempdir()?;
        let server = Server::start(
            command(folder.path(), passwords).args(["serve", "--listen", "127.0.0.1:0"]),
            &folder.path().join("log"),
        )?;
        let subject = Self { server, folder, passwords };
        let (name, password) = PERSON;
        subject.run(&["user", "create", name, "--password-stdin"], &format!("{password}\n"))?;
        subject.run(&["scope", "create", "read", "--description", "Read your notes"], "")?;
        Ok(subject)
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

    fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A], stdin: &str) -> Result<String> {
        output(&mut command(self.folder.path(), self.passwords), arguments, stdin)
    }
}

/// Starts the server again on a folder that was used before; gives the time until it is ready.
pub(crate) fn time_to_ready(folder: &Path) -> Result<Duration> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = command(folder, Passwords::Default);
    let command = command.args(["serve", "--listen", &address.to_string()]);
    let began = Instant::now();
    let server = Server::start_at(command, address, &folder.join("log"))?;
    while !is_ready(address) {
        ensure!(began.elapsed() < READY_WITHIN, "not ready; {}", server.last_words());
        thread::sleep(Duration::from_micros(500));
    }
    let elapsed = began.elapsed();
    server.stop()?;
    Ok(elapsed)
}

fn is_ready(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    });
    asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn command(folder: &Path, passwords: Passwords) -> Command {
    let mut command = Command::new(binary());
    command.arg("--data-dir").arg(folder.join("data")).current_dir(folder);
    // what the person who runs this has configured is not what is measured
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
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

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    let named = env::var_os("COUNTERSIGN_BENCH_BINARY").map(PathBuf::from);
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_countersign").into())
}

/// Signed-in browsers, as cookie headers. Each is answered without a page only so often, so there are many.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Rc<RefCell<VecDeque<Session>>>);

/// Cookies, and the answers that are left.
type Session = (Rc<str>, usize);

impl Sessions {
    /// Signs in until there are enough for this many answers.
    pub(crate) async fn provide(&self, server: &Server, answers: usize) -> Result<()> {
        let (name, password) = PERSON;
        while self.0.borrow().iter().map(|(_, left)| left).sum::<usize>() < answers {
            let mut browser = Browser::open(server).await?;
            browser.sign_in(name, password).await.with_context(|| server.last_words())?;
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
