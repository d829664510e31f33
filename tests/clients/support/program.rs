//! Client programs in other languages, each in a process of its own that ends with the value.
//!
//! They run with the libraries that `tests/clients/install` put into one folder: `COUNTERSIGN_TEST_CLIENTS`, else
//! `target/clients` of this checkout.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{sleep, timeout};

/// What runs a program, and the program: a path from the root of the checkout; for Go the name of what was built.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Python(&'static str),
    Node(&'static str),
    Go(&'static str),
    /// A script for `sh` that calls `curl`.
    Shell(&'static str),
    /// A program of this workspace, by its name, and one word for it.
    Rust(&'static str, Option<&'static str>),
}

/// What a program is told: names and values of its environment.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// A web site that somebody wrote with a published library.
pub(crate) struct Site {
    origin: String,
    process: Process,
}

/// A program in a terminal.
pub(crate) struct Terminal {
    keyboard: Option<ChildStdin>,
    screen: Lines<BufReader<ChildStdout>>,
    process: Process,
}

/// A process, where its words go, and its folder, which is empty at first.
struct Process {
    child: Child,
    folder: TempDir,
}

impl Program {
    /// `None`, said aloud: what it needs is not here.
    fn command(self) -> Result<Option<(Command, TempDir)>> {
        let needed = match self {
            Self::Python(_) => installed("venv/bin/python"),
            Self::Node(_) => installed("node/node_modules"),
            Self::Go(name) => installed(&format!("go/{name}")),
            Self::Shell(_) => super::on_path("curl"),
            Self::Rust(name, _) => beside_this_test(name)?,
        };
        let Some(needed) = needed else {
            super::skip(&format!("{} cannot run; tests/clients/install gets what it needs", self.name()));
            return Ok(None);
        };
        // Node looks for libraries in the folders above the program.
        let folder = match self {
            Self::Node(_) => TempDir::new_in(needed.parent().context("node_modules is in a folder")?)?,
            _ => TempDir::with_prefix("countersign-program-")?,
        };
        let command = match self {
            Self::Python(path) => with_program(&needed, &root().join(path)),
            Self::Node(path) => {
                let copy = folder.path().join("program.mjs");
                fs::copy(root().join(path), &copy).with_context(|| format!("{path} cannot be copied"))?;
                with_program(Path::new("node"), &copy)
            }
            Self::Shell(path) => with_program(Path::new("sh"), &root().join(path)),
            Self::Go(_) => Command::new(needed),
            Self::Rust(_, word) => {
                let mut command = Command::new(needed);
                command.args(word);
                command
            }
        };
        Ok(Some((command, folder)))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Python(name) | Self::Node(name) | Self::Go(name) | Self::Shell(name) | Self::Rust(name, _) => name,
        }
    }

    /// Its process, with these settings and nobody else's.
    fn start(self, settings: Settings<'_>, stdin: Stdio, stdout: Option<Stdio>) -> Result<Option<Process>> {
        let Some((mut command, folder)) = self.command()? else { return Ok(None) };
        let words = File::create(folder.path().join("words"))?;
        let child = command
            .env_clear()
            .envs(["PATH", "HOME", "LANG", "TMPDIR"].into_iter().filter_map(|name| Some((name, env::var_os(name)?))))
            // Their bytecode and caches stay out of the checkout.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .envs(settings.iter().copied())
            .current_dir(folder.path())
            .stdin(stdin)
            .stdout(stdout.map_or_else(|| words.try_clone().map(Stdio::from), Ok)?)
            .stderr(words)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", self.name()))?;
        Ok(Some(Process { child, folder }))
    }
}

impl Site {
    /// Starts it on a port that is its own, which it is told as `PORT`, and waits until it takes connections.
    pub(crate) async fn start(program: Program, port: u16, settings: Settings<'_>) -> Result<Option<Self>> {
        let port_text = port.to_string();
        let settings = [&[("PORT", port_text.as_str())], settings].concat();
        let Some(mut process) = program.start(&settings, Stdio::null(), None)? else { return Ok(None) };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            if let Some(ended) = process.child.try_wait()? {
                bail!("{} ended with {ended}", program.name());
            }
            if start.elapsed() > READY_WITHIN {
                bail!("{} takes no connections after {READY_WITHIN:?}", program.name());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Some(Self { origin: origin(port), process }))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What it has written so far.
    pub(crate) fn words(&self) -> String {
        self.process.words()
    }
}

impl Terminal {
    /// Starts it, and leaves it to its questions.
    pub(crate) fn start(program: Program, settings: Settings<'_>) -> Result<Option<Self>> {
        let Some(mut process) = program.start(settings, Stdio::piped(), Some(Stdio::piped()))? else { return Ok(None) };
        let keyboard = Some(process.child.stdin.take().context("its keyboard is piped")?);
        let screen = BufReader::new(process.child.stdout.take().context("its screen is piped")?).lines();
        Ok(Some(Self { keyboard, screen, process }))
    }

    /// Reads on until a line has `part`, and gives that line.
    pub(crate) async fn reads(&mut self, part: &str) -> Result<String> {
        loop {
            let line =
                timeout(SAID_WITHIN, self.screen.next_line()).await.with_context(|| format!("no {part:?} came"))?;
            let line = line?.with_context(|| format!("it ended without {part:?}"))?;
            if line.contains(part) {
                return Ok(line);
            }
        }
    }

    /// Reads on until a line has an address, and gives that.
    pub(crate) async fn reads_url(&mut self) -> Result<String> {
        let line = self.reads("http://").await?;
        let start = line.find("http://").context("just found")?;
        Ok(line[start..].split_whitespace().next().unwrap_or_default().to_owned())
    }

    pub(crate) async fn types(&mut self, line: &str) -> Result<()> {
        let keyboard = self.keyboard.as_mut().context("its keyboard is there until the end")?;
        keyboard.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(keyboard.flush().await?)
    }

    /// Waits for its end, which must be a good one, and gives its last line, which must be JSON.
    pub(crate) async fn ends(self) -> Result<Value> {
        let last = self.ends_with().await?;
        serde_json::from_str(&last).with_context(|| format!("its last line is no JSON: {last}"))
    }

    /// Waits for its end, which must be a good one, and gives its last line.
    async fn ends_with(mut self) -> Result<String> {
        drop(self.keyboard.take());
        let mut last = String::new();
        while let Some(line) = timeout(SAID_WITHIN, self.screen.next_line()).await.context("it does not end")?? {
            last = line;
        }
        let ended = timeout(SAID_WITHIN, self.process.child.wait()).await.context("it does not end")??;
        if !ended.success() {
            bail!("it ended with {ended}; its last line: {last}");
        }
        Ok(last)
    }
}

impl Process {
    fn words(&self) -> String {
        fs::read_to_string(self.folder.path().join("words")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.start_kill());
        // Its folder must not be removed under it.
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Shown where the test fails.
        eprintln!("the program's words:\n{}", self.words());
    }
}

/// A port for a program that has to be told one before it starts.
///
/// Below what systems give out by themselves, so that nobody gets it in between; each of a test run's is asked for
/// once, and runs beside one another begin at different places.
pub(crate) fn free_port() -> Result<u16> {
    const FROM: u16 = 10_240;
    const COUNT: u16 = 20_480;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id().wrapping_mul(61) % u32::from(COUNT))?;
    for _ in 0..COUNT {
        let port = FROM + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}

/// What a site on this port is called.
pub(crate) fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn with_program(interpreter: &Path, program: &Path) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(program);
    command
}

/// Something that `tests/clients/install` made.
fn installed(path: &str) -> Option<PathBuf> {
    let folder = env::var_os("COUNTERSIGN_TEST_CLIENTS").map_or_else(|| root().join("target/clients"), PathBuf::from);
    // As it is written, not where links lead: a virtual environment is known by its place.
    Some(folder.join(path)).filter(|path| path.exists())
}

/// A program that was built together with this test: `target/debug/NAME` beside `target/debug/deps/…`.
fn beside_this_test(name: &str) -> Result<Option<PathBuf>> {
    let this = env::current_exe()?;
    let found = this.ancestors().skip(2).take(1).map(|folder| folder.join(name)).find(|file| file.is_file());
    Ok(found)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Interpreters read thousands of files at their first start, on two busy cores.
const READY_WITHIN: Duration = Duration::from_mins(2);
const SAID_WITHIN: Duration = Duration::from_mins(2);
